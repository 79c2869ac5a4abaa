import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { netmaskNumber, netmaskOf } from '../../../src/ipvs/netmask.ts';

describe('a persistence netmask', () => {
  it.each([
    [undefined, false, 0xffffffff],
    [32, false, 0xffffffff],
    [24, false, 0xffffff00],
    [1, false, 0x80000000],
    [0, false, 0],
    ['255.255.255.0', false, 0xffffff00],
    ['255.0.255.0', false, 0xff00ff00],
    ['0.0.0.0', false, 0],
    [undefined, true, 128],
    [128, true, 128],
    [1, true, 1],
  ])('of %j (IPv6: %j) is the number %i', (netmask, ipv6, number) => {
    expect(netmaskNumber(netmask, ipv6)).toBe(number);
  });

  it.each([
    [0xffffffff, false, 32],
    [0xffffff00, false, 24],
    [0, false, 0],
    [0xff00ff00, false, '255.0.255.0'],
    [0x00ffffff, false, '0.255.255.255'],
    [64, true, 64],
  ])('with the number %i (IPv6: %j) is %j', (number, ipv6, netmask) => {
    expect(netmaskOf(number, ipv6)).toBe(netmask);
  });

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 32 }), (length) => {
        expect(netmaskOf(netmaskNumber(length, false), false)).toBe(length);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (mask) => {
        expect(netmaskNumber(netmaskOf(mask, false), false)).toBe(mask);
      }),
    );
  });

  it.each([
    [33, false, RangeError, 'must be a whole number from 0 to 32, not 33'],
    [-1, false, RangeError, 'must be a whole number from 0 to 32, not -1'],
    [24.5, false, RangeError, 'must be a whole number from 0 to 32, not 24.5'],
    [Number.NaN, false, RangeError, 'must be a whole number from 0 to 32, not NaN'],
    [0, true, RangeError, 'must be a whole number from 1 to 128, not 0'],
    [129, true, RangeError, 'must be a whole number from 1 to 128, not 129'],
    [null, false, TypeError, 'must be a number, not null'],
    ['24', false, RangeError, '"24" is not an IP address'],
    ['/24', false, RangeError, '"/24" is not an IP address'],
    ['ffff::', false, RangeError, '"ffff::" must be an IPv4 mask or a prefix length'],
    ['ffff::', true, RangeError, '"ffff::" must be a prefix length for an IPv6 service'],
    [
      '255.255.255.0',
      true,
      RangeError,
      '"255.255.255.0" must be a prefix length for an IPv6 service',
    ],
  ])('is not %j (IPv6: %j)', (netmask, ipv6, kind, message) => {
    expect(() => netmaskNumber(netmask as never, ipv6)).toThrow(
      new kind(`persistence netmask ${message}`),
    );
  });
});
