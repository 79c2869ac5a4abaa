import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatEndpoint,
  formatIp,
  parseIp,
  parseIpInto,
  parsePrefix,
} from '../../../src/net/ip.ts';

const ipv4Bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
/** Runs of zeros are what the compression of IPv6 text is about, so they are made likely. */
const ipv6Bytes = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));

/** Text that is nearly an address: its parts in any order and number. */
const almostAddress = fc
  .array(
    fc.constantFrom(
      ':',
      '::',
      '.',
      '0',
      '1',
      '00',
      '255',
      '256',
      'f',
      'ffff',
      '10000',
      'g',
      '%',
      ' ',
    ),
    { maxLength: 17 },
  )
  .map((parts) => parts.join(''));

describe('an address in text', () => {
  it.each([
    ['0.0.0.0', [0, 0, 0, 0]],
    ['192.0.2.1', [192, 0, 2, 1]],
    ['255.255.255.255', [255, 255, 255, 255]],
  ])('reads %s as IPv4', (text, bytes) => {
    expect(parseIp(text)).toEqual({ family: 'ipv4', bytes: Uint8Array.from(bytes) });
  });

  it.each([
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['1::', '00010000000000000000000000000000'],
    ['2001:db8::1', '20010db8000000000000000000000001'],
    ['2001:DB8::A', '20010db800000000000000000000000a'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '20010db8000000000000000000000001'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['::2:3:4:5:6:7:8', '00000002000300040005000600070008'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
    ['1:2:3:4:5:6:192.0.2.1', '000100020003000400050006c0000201'],
  ])('reads %s as IPv6', (text, hex) => {
    const { family, bytes } = parseIp(text);
    expect(family).toBe('ipv6');
    expect(Buffer.from(bytes).toString('hex')).toBe(hex);
  });

  it.each([
    ['nothing', ''],
    ['a blank', ' '],
    ['a blank before it', ' 192.0.2.1'],
    ['a blank behind it', '192.0.2.1 '],
    ['a line end behind it', '192.0.2.1\n'],
    ['a NUL behind it', '192.0.2.1\0'],
    ['an octal-looking number', '192.0.2.01'],
    ['an octal-looking zero', '192.0.2.00'],
    ['a hexadecimal number', '0xc0.0.2.1'],
    ['a number above 255', '192.0.2.256'],
    ['a number far above 255', '192.0.2.4294967297'],
    ['three parts', '192.0.513'],
    ['one number', '3221225985'],
    ['five parts', '192.0.2.1.1'],
    ['an empty part', '192..2.1'],
    ['a dot behind it', '192.0.2.1.'],
    ['a dot before it', '.192.0.2.1'],
    ['a sign', '192.0.2.-1'],
    ['digits of another script', '١٩٢.0.2.1'],
    ['a port', '192.0.2.1:80'],
    ['a prefix length', '192.0.2.1/24'],
    ['a host name', 'localhost'],
    ['one colon', ':'],
    ['three colons', ':::'],
    ['two compressions', '1::2::3'],
    ['seven groups', '1:2:3:4:5:6:7'],
    ['nine groups', '1:2:3:4:5:6:7:8:9'],
    ['a compression of nothing', '1:2:3:4::5:6:7:8'],
    ['a group of five digits', '::00001'],
    ['a colon behind it', '1:2:3:4:5:6:7:8:'],
    ['a colon before it', ':1:2:3:4:5:6:7:8'],
    ['no hexadecimal digit', '::g'],
    ['brackets', '[::1]'],
    ['a quad in front', '192.0.2.1::'],
    ['a quad in the middle', '::192.0.2.1:1'],
    ['a quad before the compression', '1:192.0.2.1::'],
    ['a partial quad', '::192.0.2'],
    ['an octal-looking quad', '::192.0.2.01'],
    ['a quad where a group is missing', '1:2:3:4:5:6:7:192.0.2.1'],
    ['an IPv6 port', '2001:db8::1]:80'],
  ])('refuses %s: %j', (_what, text) => {
    expect(() => parseIp(text)).toThrow(
      new RangeError(`address ${JSON.stringify(text)} is not an IP address`),
    );
  });

  it.each(['fe80::1%eth0', 'fe80::1%1', '192.0.2.1%eth0'])(
    'refuses the zone identifier of %s, and says so',
    (text) => {
      expect(() => parseIp(text)).toThrow(RangeError);
      expect(() => parseIp(text)).toThrow('a zone identifier has no meaning here');
    },
  );

  it.each([[undefined], [null], [80], [0n], [{}], [['192.0.2.1']], [Symbol('a')]])(
    'refuses %s, which is no text',
    (value) => {
      expect(() => parseIp(value as never, 'service address')).toThrow(
        new TypeError('service address must be a string'),
      );
    },
  );

  it('names in the error what the address is of', () => {
    expect(() => parseIp('::g', 'destination address')).toThrow(/^destination address "::g" is/);
  });

  it('agrees with Node about what is an address, zone identifiers apart', () => {
    fc.assert(
      fc.property(fc.oneof(almostAddress, fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
        fc.pre(!text.includes('%'));
        let family = 0;
        try {
          family = parseIp(text).family === 'ipv4' ? 4 : 6;
        } catch {}
        expect(family).toBe(isIP(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('can be read straight into a place, which then holds the address and nothing else', () => {
    const bytes = new Uint8Array(24).fill(0xaa, 20);
    expect(parseIpInto('192.0.2.1', bytes, 4)).toBe('ipv4');
    expect(Buffer.from(bytes).toString('hex')).toBe(
      '00000000c0000201000000000000000000000000aaaaaaaa',
    );
    expect(parseIpInto('2001:db8::1', bytes, 4)).toBe('ipv6');
    expect(Buffer.from(bytes).toString('hex')).toBe(
      '0000000020010db8000000000000000000000001aaaaaaaa',
    );
  });
});

describe('an address as text', () => {
  it.each([
    ['c0000201', '192.0.2.1'],
    ['00000000', '0.0.0.0'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['00010000000000000000000000000000', '1::'],
    // RFC 5952, 4.1: no leading zeros; 4.3: lower case.
    ['20010DB8000000000000000000ABCDEF', '2001:db8::ab:cdef'],
    // 4.2.2: one group of zeros is not compressed.
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    // 4.2.3: the longest run is, and of two as long the first.
    ['20010000000000010000000000000001', '2001:0:0:1::1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['00010002000300040005000600000000', '1:2:3:4:5:6::'],
    ['00000000000300040005000600070008', '::3:4:5:6:7:8'],
    ['00000002000300040005000600070008', '0:2:3:4:5:6:7:8'],
    // Section 5: with a well-known prefix the IPv4 address inside is shown as one.
    ['00000000000000000000ffffc0000201', '::ffff:192.0.2.1'],
    ['000000000000000000000000c0000201', '::c000:201'],
  ])('prints %s as %s', (hex, text) => {
    expect(formatIp(Buffer.from(hex, 'hex'))).toBe(text);
  });

  it('is read back as the same bytes', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4Bytes, ipv6Bytes), (bytes) => {
        expect(parseIp(formatIp(bytes)).bytes).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  it('is the one text for every way to write the address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const printed = formatIp(parseIp(text).bytes);
        expect(formatIp(parseIp(printed).bytes)).toBe(printed);
        expect(printed.length).toBeLessThanOrEqual(45);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([0, 3, 5, 15, 17])('is refused of %i bytes', (length) => {
    expect(() => formatIp(new Uint8Array(length))).toThrow(
      new RangeError('an IP address has 4 or 16 bytes'),
    );
  });

  it('goes into brackets before a port where it has colons', () => {
    expect(formatEndpoint('192.0.2.1', 80)).toBe('192.0.2.1:80');
    expect(formatEndpoint('2001:db8::1', 80)).toBe('[2001:db8::1]:80');
  });
});

describe('a prefix', () => {
  it.each([
    ['192.0.2.0/24', 'ipv4', 24],
    ['0.0.0.0/0', 'ipv4', 0],
    ['192.0.2.1/32', 'ipv4', 32],
    ['192.0.2.1', 'ipv4', 32],
    ['2001:db8::/32', 'ipv6', 32],
    ['2001:db8::1/128', 'ipv6', 128],
    ['2001:db8::1', 'ipv6', 128],
    ['::/0', 'ipv6', 0],
  ])('reads %s', (text, family, length) => {
    expect(parsePrefix(text)).toMatchObject({ family, length });
  });

  it.each([
    '192.0.2.0/33',
    '192.0.2.0/-1',
    '192.0.2.0/',
    '192.0.2.0/024',
    '192.0.2.0/ 24',
    '192.0.2.0/24 ',
    '192.0.2.0/2.4',
    '192.0.2.0/1e1',
    '192.0.2.0/0x18',
    '192.0.2.0/255.255.255.0',
    '192.0.2.0/24/24',
    '2001:db8::/129',
  ])('refuses the length of %s', (text) => {
    expect(() => parsePrefix(text, 'route')).toThrow(RangeError);
    expect(() => parsePrefix(text, 'route')).toThrow(/^route ".*" must end in a length from 0 to/);
  });

  it.each(['/24', '192.0.2/24', '192.0.2.256/24', 'fe80::1%eth0/64'])(
    'refuses the address of %s',
    (text) => {
      expect(() => parsePrefix(text, 'route')).toThrow(/^route ".*" is not an IP address/);
    },
  );

  it('is refused where it is no text', () => {
    expect(() => parsePrefix(24 as never)).toThrow(new TypeError('prefix must be a string'));
  });
});
