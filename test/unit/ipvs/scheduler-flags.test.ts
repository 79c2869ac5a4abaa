import { describe, expect, it } from 'vitest';
import { schedulerFlagBits, schedulerFlagNames } from '../../../src/ipvs/flags.ts';

describe('scheduler flags', () => {
  it.each([
    [[], 'rr', 0],
    [['sh-fallback'], 'sh', 0x8],
    [['sh-port'], 'sh', 0x10],
    [['sh-port', 'sh-fallback'], 'sh', 0x18],
    [['mh-fallback'], 'mh', 0x8],
    [['mh-port', 'flag-3'], 'mh', 0x30],
    [['flag-1'], 'my-own', 0x8],
    [['flag-1', 'flag-2', 'flag-3'], 'my-own', 0x38],
    [['flag-1', 'flag-1'], 'my-own', 0x8],
  ] as const)('%j of %s are the bits %i', (flags, scheduler, bits) => {
    expect(schedulerFlagBits(flags, scheduler)).toBe(bits);
  });

  it.each([
    [0, 'sh', []],
    [0x18, 'sh', ['sh-fallback', 'sh-port']],
    [0x18, 'mh', ['mh-fallback', 'mh-port']],
    [0x38, 'mh', ['mh-fallback', 'mh-port', 'flag-3']],
    [0x38, 'rr', ['flag-1', 'flag-2', 'flag-3']],
    // Persistent, hashed and one-packet are no flags of the scheduler.
    [0x7, 'sh', []],
  ])('with the bits %i of %s are called %j', (bits, scheduler, flags) => {
    expect(schedulerFlagNames(bits, scheduler)).toEqual(flags);
  });

  it.each(['sh-fallback', 'sh-port', 'mh-fallback', 'mh-port'] as const)(
    'of one scheduler (%s) are refused for another, to which the bit means something else',
    (flag) => {
      const owner = flag.slice(0, 2);
      for (const scheduler of ['rr', 'wlc', owner === 'sh' ? 'mh' : 'sh', `${owner}x`]) {
        expect(() => schedulerFlagBits([flag], scheduler)).toThrow(
          new RangeError(`scheduler flag ${flag} is for scheduler ${owner}, not ${scheduler}`),
        );
      }
    },
  );
});
