import { describe, expect, it } from 'vitest';
import { defined } from '../../../src/net/defined.ts';
import { flagBits, flagNames, nameOf, numberOf } from '../../../src/net/names.ts';
import {
  familyFilter,
  familyName,
  protocolName,
  protocolNumber,
  scopeName,
  scopeNumber,
  tableName,
  tableNumber,
} from '../../../src/net/route-names.ts';

const table = { one: 1, two: 2, both: 3 } as const;

describe('names of numbers', () => {
  it('stand for their numbers, and numbers without a name for themselves', () => {
    expect(nameOf(table, 2)).toBe('two');
    expect(nameOf(table, 9)).toBe(9);
    expect(numberOf(table, 'two', 'thing')).toBe(2);
    expect(numberOf(table, 9, 'thing')).toBe(9);
  });

  it('are refused when there is no such name or number', () => {
    expect(() => numberOf(table, 'three' as never, 'thing')).toThrow(
      new RangeError('thing must be one of one, two, both, not "three"'),
    );
    expect(() => numberOf(table, 'constructor' as never, 'thing')).toThrow(RangeError);
    expect(() => numberOf(table, 256, 'thing')).toThrow(/^thing must be a whole number from 0/);
    expect(() => numberOf(table, null as never, 'thing')).toThrow(TypeError);
  });

  it('are given to every bit that is set', () => {
    const flags = { low: 1, high: 0x80000000 } as const;
    expect(flagNames(flags, 0x80000000)).toEqual(['high']);
    expect(flagNames(flags, 0x80000002 | 1)).toEqual(['low', 'high']);
    expect(flagBits(flags, ['high', 'low'], 'flags')).toBe(0x80000001);
    expect(flagBits(flags, undefined, 'flags')).toBe(0);
    expect(() => flagBits(flags, 'low' as never, 'flags')).toThrow('flags must be an array');
    expect(() => flagBits(flags, ['middle' as never], 'flags')).toThrow(/^flags must be one of/);
  });

  it('are those of ip for scopes, tables and protocols', () => {
    expect(
      ['global', 'site', 'link', 'host', 'nowhere'].map((name) => scopeNumber(name as 'link')),
    ).toEqual([0, 200, 253, 254, 255]);
    expect(scopeName(253)).toBe('link');
    expect(scopeName(7)).toBe(7);
    expect(['default', 'main', 'local'].map((name) => tableNumber(name as 'main'))).toEqual([
      253, 254, 255,
    ]);
    expect(tableName(4_294_967_295)).toBe(4_294_967_295);
    expect(() => tableNumber(0)).toThrow(RangeError);
    expect(() => tableNumber(2 ** 32)).toThrow(RangeError);
    expect(protocolNumber('keepalived')).toBe(18);
    expect(protocolName(2)).toBe('kernel');
    expect(familyName(10)).toBe('ipv6');
    expect(familyFilter(undefined)).toBe(0);
    expect(familyFilter('ipv4')).toBe(2);
  });
});

describe('defined()', () => {
  it('leaves out what is undefined and nothing else', () => {
    const result = defined({ a: undefined, b: 0, c: null, d: '', e: false });
    expect(result).toStrictEqual({ b: 0, c: null, d: '', e: false });
  });
});
