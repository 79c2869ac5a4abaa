import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatHardwareAddress,
  formatLinkLayerAddress,
  parseLinkLayerAddress,
} from '../../../src/net/link-layer.ts';
import { decodeLink, encodeLinkChange } from '../../../src/net/link-message.ts';
import {
  checkLinkName,
  checkLinkReference,
  describeLink,
} from '../../../src/net/link-reference.ts';

describe('link-layer addresses', () => {
  it('print and read back the same', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 32 }), (bytes) => {
        expect(parseLinkLayerAddress(formatLinkLayerAddress(bytes), 'address')).toEqual(bytes);
      }),
    );
  });

  it.each(['', '0', '000', '0:0', '00:', ':00', '00-11', 'gg', '00:1', ' 00', '00:11\n'])(
    'are refused when they are none: %j',
    (text) => {
      expect(() => parseLinkLayerAddress(text, 'mac')).toThrow(/^mac ".*" is not a link-layer/);
    },
  );

  it('of tunnels are IP addresses', () => {
    expect(formatHardwareAddress(Uint8Array.of(192, 0, 2, 1), 768)).toBe('192.0.2.1');
    expect(formatHardwareAddress(Uint8Array.of(192, 0, 2, 1), 1)).toBe('c0:00:02:01');
    expect(formatHardwareAddress(new Uint8Array(16), 769)).toBe('::');
    expect(formatHardwareAddress(new Uint8Array(4), 769)).toBe('00:00:00:00');
  });
});

describe('references to links', () => {
  it.each(['lo', 'eth0', 'br-1a2b3c4d5e6f', 'a.b', 'ä', '日本'])('may be the name %j', (name) => {
    expect(() => checkLinkName(name)).not.toThrow();
  });

  it.each([
    '',
    '.',
    '..',
    'a/b',
    'a b',
    'a\tb',
    'a:0',
    'v%d',
    'a\0',
    '日本日本日本',
    'x'.repeat(16),
  ])('may not be the name %j', (name) => {
    expect(() => checkLinkName(name, 'peer name')).toThrow(/^peer name ".*" must have 1 to 15/);
  });

  it('may be an index from 1', () => {
    expect(() => checkLinkReference(1)).not.toThrow();
    for (const index of [0, -1, 1.5, Number.NaN, 2 ** 31]) {
      expect(() => checkLinkReference(index, 'master')).toThrow(/^master index must be/);
    }
    expect(() => checkLinkReference(null as never)).toThrow('link must be a name or an index');
    expect(describeLink(7)).toBe('link 7');
    expect(describeLink('eth0')).toBe('eth0');
  });
});

describe('messages about links', () => {
  it('that lack what old kernels do not send are read all the same', () => {
    const link = { family: 0, hardwareType: 1, index: 4, flags: 0x1003, changedFlags: 0 };
    expect(decodeLink(link, new Map())).toStrictEqual({
      index: 4,
      name: '',
      alternativeNames: [],
      hardwareType: 'ether',
      mtu: 0,
      up: true,
      carrier: false,
      arp: true,
      operationalState: 'unknown',
      flags: ['up', 'broadcast', 'multicast'],
      queueLength: 0,
    });
    const odd = { ...link, hardwareType: 4711, operationalState: 99 };
    expect(decodeLink(odd, new Map())).toMatchObject({
      hardwareType: 4711,
      operationalState: 'unknown',
    });
  });

  it('change the flags they name and no others', () => {
    expect(encodeLinkChange(3, {}, {})).toStrictEqual({ index: 3, flags: 0, changedFlags: 0 });
    expect(encodeLinkChange(3, { up: false, arp: false }, {})).toMatchObject({
      flags: 0x80,
      changedFlags: 0x81,
    });
    expect(encodeLinkChange(3, { master: null }, {})).toMatchObject({ master: 0 });
  });
});
