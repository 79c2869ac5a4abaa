import { describe, expect, it } from 'vitest';
import { parseTableStatus } from '../../../src/ipvs/table-status.ts';

const printed = `Conns:\t17
Conn buckets:\t512 (9 bits, lfactor -4)
Conn buckets empty:\t480 (93%)
Conn buckets len-1:\t30 (93%)
Conn buckets len-3:\t2 (6%)
Services:\t7
Service buckets:\t64 (6 bits, lfactor -3)
Service buckets empty:\t57 (89%)
Service buckets len-1:\t7 (100%)
Stats thread slots:\t1 (max 4)
Stats chain max len:\t1696
Stats thread ests:\t4070400
`;

describe('the status of a table', () => {
  it('has the entries, the buckets and how full they are', () => {
    expect(parseTableStatus(printed)).toEqual({
      connections: 17,
      connectionTable: {
        buckets: 512,
        bits: 9,
        loadFactor: -4,
        bucketLengths: [480, 30, 0, 2, 0, 0, 0, 0],
      },
      services: 7,
      serviceTable: {
        buckets: 64,
        bits: 6,
        loadFactor: -3,
        bucketLengths: [57, 7, 0, 0, 0, 0, 0, 0],
      },
      estimation: {
        threads: 1,
        maxThreads: 4,
        maxChainLength: 1696,
        maxCountersPerThread: 4070400,
      },
    });
  });

  it('has no lengths for a table without entries', () => {
    const empty = printed
      .replace(/^(Conn|Service) buckets (empty|len).*\n/gm, '')
      .replace('17', '0')
      .replace('512 (9 bits, lfactor -4)', '0 (0 bits, lfactor 0)');
    expect(parseTableStatus(empty).connectionTable).toEqual({
      buckets: 0,
      bits: 0,
      loadFactor: 0,
      bucketLengths: [],
    });
  });

  it('passes over lines it does not know', () => {
    const grown = `New thing:\t1 2 3\nno colon\n${printed}`;
    expect(parseTableStatus(grown)).toEqual(parseTableStatus(printed));
  });

  it.each([
    ['', 'cannot make sense of the line "Conns: "'],
    [printed.replace('Services:', 'Servants:'), 'cannot make sense of the line "Services: "'],
    [printed.replace('512 (9 bits, ', '512 ('), '"Conn buckets: 512 (lfactor -4)"'],
    [printed.replace('30 (93%)', 'some'), '"Conn buckets len-1: some"'],
  ])('is refused when a line lacks its numbers: %j', (text, words) => {
    expect(() => parseTableStatus(text)).toThrow(words);
  });
});
