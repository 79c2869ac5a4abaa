import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/load.ts';
import type { NativeArpFrame, NativeNdpFrame } from '../../src/native/packet.ts';
import { parseIp } from '../../src/net/ip.ts';
import { multicastMac, solicitedNode } from '../../src/net/ndp.ts';

const addon = loadAddon();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const mac = bytes('020000000001');
const everybody = bytes('ffffffffffff');

const request: NativeArpFrame = {
  destination: everybody,
  source: mac,
  operation: 1,
  senderMac: mac,
  senderIp: parseIp('10.0.0.1').bytes,
  targetMac: new Uint8Array(6),
  targetIp: parseIp('192.0.2.10').bytes,
};

const requestBytes = `
  ffffffffffff 020000000001 0806
  0001 0800 06 04 0001
  020000000001 0a000001 000000000000 c000020a`;

const group = solicitedNode(parseIp('2001:db8::1234:5678').bytes);

const solicitation: NativeNdpFrame = {
  destination: multicastMac(group),
  source: mac,
  sourceIp: parseIp('fe80::1').bytes,
  destinationIp: group,
  isAdvertisement: false,
  router: false,
  solicited: false,
  override: false,
  target: parseIp('2001:db8::1234:5678').bytes,
  linkLayer: mac,
};

const solicitationBytes = `
  3333ff345678 020000000001 86dd
  60000000 0020 3a ff
  fe800000000000000000000000000001 ff0200000000000000000001ff345678
  87 00 CHECKSUM 00000000 20010db8000000000000000012345678
  01 01 020000000001`;

const advertisementBytes = `
  333300000001 020000000001 86dd
  60000000 0020 3a ff
  20010db8000000000000000000000001 ff020000000000000000000000000001
  88 00 CHECKSUM a0000000 20010db8000000000000000000000001
  02 01 020000000001`;

/** Fills in the checksum as RFC 1071 describes it, apart from the addon's own way. */
function withChecksum(text: string): Uint8Array {
  const frame = bytes(text.replace('CHECKSUM', '0000'));
  const covered = [...frame.subarray(22, 54), 0, 0, 0, frame.length - 54, 0, 0, 0, 58];
  covered.push(...frame.subarray(54));
  let sum = 0;
  for (let at = 0; at < covered.length; at += 2) {
    sum += (covered[at] ?? 0) * 256 + (covered[at + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  new DataView(frame.buffer).setUint16(56, 0xffff - sum);
  return frame;
}

describe('ARP frames', () => {
  it('are on the wire as RFC 826 has them', () => {
    expect(hex(addon.encodeArp(request))).toBe(hex(bytes(requestBytes)));
    expect(addon.decodeArp(bytes(requestBytes))).toEqual(request);
  });

  it('come back as they were, padded or not', () => {
    const frames = fc.record({
      destination: octets(6),
      source: octets(6),
      operation: fc.integer({ min: 0, max: 0xffff }),
      senderMac: octets(6),
      senderIp: octets(4),
      targetMac: octets(6),
      targetIp: octets(4),
    });
    fc.assert(
      fc.property(frames, fc.uint8Array({ maxLength: 20 }), (frame, padding) => {
        const encoded = addon.encodeArp(frame);
        expect(addon.decodeArp(Uint8Array.of(...encoded, ...padding))).toEqual(frame);
      }),
    );
  });

  it('are told from everything else', () => {
    const good = bytes(requestBytes);
    for (let length = 0; length < good.length; length++) {
      expect(addon.decodeArp(good.subarray(0, length))).toBeUndefined();
    }
    const tagged = Uint8Array.of(...good.subarray(0, 12), 0x81, 0, 0, 5, ...good.subarray(12));
    expect(addon.decodeArp(tagged)).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (junk) => {
        expect(() => addon.decodeArp(junk)).not.toThrow();
      }),
    );
  });
});

describe('neighbour discovery frames', () => {
  it('are solicitations as RFC 4861 has them', () => {
    const golden = withChecksum(solicitationBytes);
    expect(hex(addon.encodeNdp(solicitation))).toBe(hex(golden));
    expect(addon.decodeNdp(golden)).toEqual(solicitation);
  });

  it('are advertisements as RFC 4861 has them', () => {
    const address = parseIp('2001:db8::1').bytes;
    const advertisement: NativeNdpFrame = {
      destination: bytes('333300000001'),
      source: mac,
      sourceIp: address,
      destinationIp: parseIp('ff02::1').bytes,
      isAdvertisement: true,
      router: true,
      solicited: false,
      override: true,
      target: address,
      linkLayer: mac,
    };
    const golden = withChecksum(advertisementBytes);
    expect(hex(addon.encodeNdp(advertisement))).toBe(hex(golden));
    expect(addon.decodeNdp(golden)).toEqual(advertisement);
  });

  it('come back as they were', () => {
    const unicast = octets(15).map((tail) => Uint8Array.of(0xfd, ...tail));
    const frames = fc.record(
      {
        destination: octets(6),
        source: octets(6),
        sourceIp: unicast,
        destinationIp: unicast,
        isAdvertisement: fc.constant(true),
        router: fc.boolean(),
        solicited: fc.boolean(),
        override: fc.boolean(),
        target: unicast,
        linkLayer: octets(6),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(frames, fc.boolean(), (frame, bare) => {
        const { linkLayer: _, ...without } = frame;
        const sent = bare ? without : frame;
        expect(addon.decodeNdp(addon.encodeNdp(sent))).toEqual(sent);
      }),
    );
  });

  it.each([
    ['a hop limit of 254', 21, 0xfe],
    ['IP version 4', 14, 0x45],
    ['another protocol', 20, 6],
    ['a router solicitation', 54, 133],
    ['code 1', 55, 1],
    ['a multicast target', 62, 0xff],
    ['a multicast source', 22, 0xff],
    ['an option of length 0', 79, 0],
    ['an option that runs past the end', 79, 2],
  ])('are told from %s, with a right checksum', (_what, at, value) => {
    const frame = withChecksum(solicitationBytes);
    frame[at] = value;
    frame.fill(0, 56, 58);
    const wrong = withChecksum(hex(frame));
    expect(addon.decodeNdp(wrong)).toBeUndefined();
  });

  it('with another option are read, with a wrong checksum are not', () => {
    const frame = withChecksum(solicitationBytes);
    frame[78] = 0x0e;
    frame.fill(0, 56, 58);
    const { linkLayer: _, ...without } = solicitation;
    expect(addon.decodeNdp(withChecksum(hex(frame)))).toEqual(without);
    expect(addon.decodeNdp(frame)).toBeUndefined();
  });

  it('of duplicate address detection say nothing of a link-layer address', () => {
    const probe = { ...solicitation, sourceIp: new Uint8Array(16) };
    expect(addon.decodeNdp(addon.encodeNdp(probe))).toBeUndefined();
    const { linkLayer: _, ...bare } = probe;
    expect(addon.decodeNdp(addon.encodeNdp(bare))).toEqual(bare);
    const elsewhere = { ...bare, destinationIp: parseIp('ff02::1').bytes };
    expect(addon.decodeNdp(addon.encodeNdp(elsewhere))).toBeUndefined();
  });

  it('are told from what is cut off or damaged anywhere', () => {
    const good = withChecksum(solicitationBytes);
    for (let length = 0; length < good.length; length++) {
      expect(addon.decodeNdp(good.subarray(0, length))).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => {
        expect(() => addon.decodeNdp(junk)).not.toThrow();
      }),
    );
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = good.slice();
        damaged[at] = (damaged[at] ?? 0) ^ change;
        const covered = (at >= 12 && at < 14) || at >= 18 || (at === 14 && change > 15);
        if (covered) expect(addon.decodeNdp(damaged)).toBeUndefined();
      }),
    );
  });
});

describe('the multicast group of an address', () => {
  it('is that of RFC 4291, at the Ethernet address of RFC 2464', () => {
    const address = parseIp('4037::1:800:200e:8c6c').bytes;
    expect(solicitedNode(address)).toEqual(parseIp('ff02::1:ff0e:8c6c').bytes);
    expect(hex(multicastMac(solicitedNode(address)))).toBe('3333ff0e8c6c');
  });
});

describe('frames from a caller that goes past the types', () => {
  it.each([
    ['destination', { destination: new Uint8Array(5) }],
    ['senderIp', { senderIp: '10.0.0.1' }],
    ['operation', { operation: 65_536 }],
    ['targetMac', { targetMac: undefined }],
  ])('of ARP are refused by %s', (field, wrong) => {
    const encode = () => addon.encodeArp({ ...request, ...wrong } as never);
    expect(encode).toThrow(TypeError);
    expect(encode).toThrow(new RegExp(`^${field} must be`));
  });

  it('of NDP are refused by their field', () => {
    for (const field of ['source', 'sourceIp', 'target'] as const) {
      const encode = () => addon.encodeNdp({ ...solicitation, [field]: new Uint8Array(3) });
      expect(encode).toThrow(new RegExp(`^${field} must be`));
    }
    expect(() => addon.encodeNdp(undefined as never)).toThrow(TypeError);
    expect(() => addon.decodeNdp('x' as never)).toThrow(TypeError);
  });
});
