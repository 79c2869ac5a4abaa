import { describe, expect, it } from 'vitest';
import { atoiUnsigned, decimalIn, inetAton } from '../../../../src/formats/ipvsadm/c-numbers.ts';

describe('a number as strtol reads it', () => {
  it.each([
    ['0', 0],
    ['80', 80],
    ['080', 80],
    ['+80', 80],
    [' \t\n\v\f\r80', 80],
    ['-0', -0],
    ['65535', 65535],
  ])('%j is %d', (text, number) => {
    expect(decimalIn(text, 0, 65535)).toBe(number);
  });

  it.each(['', ' ', '-', '+', '80 ', '80\n', '8 0', '0x50', '1e3', '-1', '65536', '9'.repeat(400)])(
    '%j is none from 0 to 65535',
    (text) => {
      expect(decimalIn(text, 0, 65535)).toBeUndefined();
    },
  );
});

describe('a number as atoi reads it', () => {
  it.each([
    ['64', 64],
    ['64x', 64],
    [' +64', 64],
    ['x', 0],
    ['', 0],
    ['-1', 0xffffffff],
    ['4294967360', 64],
    ['9223372036854775807', 0xffffffff],
    ['99999999999999999999', 0xffffffff],
    ['-99999999999999999999', 0],
  ])('%j is %d in 32 bits', (text, number) => {
    expect(atoiUnsigned(text)).toBe(number);
  });
});

describe('an address as inet_aton reads it', () => {
  const address = (a: number, b: number, c: number, d: number) =>
    ((a * 256 + b) * 256 + c) * 256 + d;

  it.each([
    ['1.2.3.4', address(1, 2, 3, 4)],
    ['255.255.255.255', 0xffffffff],
    ['10.1', address(10, 0, 0, 1)],
    ['10.1.2', address(10, 1, 0, 2)],
    ['10.1.65535', address(10, 1, 255, 255)],
    ['010.0.0.1', address(8, 0, 0, 1)],
    ['0x0a.0X1', address(10, 0, 0, 1)],
    ['0x0a000001', address(10, 0, 0, 1)],
    ['4294967295', 0xffffffff],
    ['0', 0],
    ['00', 0],
    ['1.2.3.4 and more', address(1, 2, 3, 4)],
    ['1.2.3.4\n', address(1, 2, 3, 4)],
  ])('%j is %d', (text, number) => {
    expect(inetAton(text)).toBe(number);
  });

  it.each([
    '',
    ' 1.2.3.4',
    '1.2.3.4.5',
    '1.2.3.4.',
    '1.2.3.',
    '1..2',
    '.1',
    '1.2.3.256',
    '1.2.65536',
    '1.16777216',
    '256.1',
    '4294967296',
    '08',
    '0x',
    '0xg',
    '1.2.3.4x',
    '1.2.3.4:80',
    '+1',
    '-1',
    'a',
    '1.2.3.4\xa0',
  ])('%j is none', (text) => {
    expect(inetAton(text)).toBeUndefined();
  });
});
