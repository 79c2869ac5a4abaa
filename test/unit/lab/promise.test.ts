import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schedulers } from '../../../src/ipvs/scheduler.ts';
import { judge, type Share, schedulerPromises } from '../../../src/lab/promise.ts';

function shares(scheduler: keyof typeof schedulerPromises, weights: number[], requests: number) {
  const expected = schedulerPromises[scheduler].expect(weights, requests);
  return expected === 'one' ? expected : expected.map(({ least, most }) => [least, most]);
}

function verdict(scheduler: keyof typeof schedulerPromises, weights: number[], counts: number[]) {
  const tallies = weights.map((weight, index) => ({
    name: `rs${index + 1}`,
    weight,
    requests: counts[index] ?? 0,
  }));
  return judge(schedulerPromises[scheduler], tallies);
}

describe('what the schedulers promise', () => {
  it('has a promise for every scheduler that is known', () => {
    expect(Object.keys(schedulerPromises).sort()).toEqual([...schedulers].sort());
  });

  it('gives every server of rr the same, whatever its weight', () => {
    expect(shares('rr', [1, 5], 20)).toEqual([
      [10, 10],
      [10, 10],
    ]);
    expect(shares('rr', [1, 1, 1], 20)).toEqual([
      [6, 7],
      [6, 7],
      [6, 7],
    ]);
  });

  it('gives a server of wrr its weight in every whole round', () => {
    expect(shares('wrr', [4, 2], 30)).toEqual([
      [20, 20],
      [10, 10],
    ]);
    expect(shares('wrr', [3, 1], 6)).toEqual([
      [4, 5],
      [1, 2],
    ]);
    expect(shares('wrr', [3, 0], 7)).toEqual([
      [7, 7],
      [0, 0],
    ]);
  });

  it('evens out open connections under lc, and by weight under wlc', () => {
    expect(shares('lc', [1, 1], 7)).toEqual([
      [3, 4],
      [3, 4],
    ]);
    expect(shares('wlc', [3, 1], 20)).toEqual([
      [15, 15],
      [5, 5],
    ]);
  });

  it('sends the first connections of sed to the strong server, of nq to each that is idle', () => {
    expect(shares('sed', [5, 1], 4)).toEqual([
      [4, 4],
      [0, 0],
    ]);
    expect(shares('nq', [5, 1], 4)).toEqual([
      [3, 3],
      [1, 1],
    ]);
  });

  it('fills one server above its weight under ovf before the next gets any', () => {
    expect(shares('ovf', [3, 2], 3)).toEqual([
      [3, 3],
      [0, 0],
    ]);
    expect(shares('ovf', [3, 2], 6)).toEqual([
      [4, 4],
      [2, 2],
    ]);
  });

  it('sends everything to the highest weight under fo', () => {
    expect(shares('fo', [1, 9, 2], 5)).toEqual([
      [0, 0],
      [5, 5],
      [0, 0],
    ]);
  });

  it('leaves open which server it is that a client or address sticks to', () => {
    for (const scheduler of ['sh', 'dh', 'mh', 'lblc', 'lblcr'] as const) {
      expect(verdict(scheduler, [1, 1], [0, 20]).kept).toBe(true);
      expect(verdict(scheduler, [1, 1], [20, 0]).kept).toBe(true);
      expect(verdict(scheduler, [1, 1], [1, 19])).toEqual({
        kept: false,
        expected: 'all 20 from one server',
        seen: 'rs1 1, rs2 19',
      });
    }
  });

  it('says what was expected and what was seen', () => {
    expect(verdict('rr', [1, 1], [11, 9])).toEqual({
      kept: false,
      expected: 'rs1 10, rs2 10',
      seen: 'rs1 11, rs2 9',
    });
    expect(verdict('wrr', [2, 1], [14, 6])).toEqual({
      kept: true,
      expected: 'rs1 13 to 14, rs2 6 to 7',
      seen: 'rs1 14, rs2 6',
    });
  });

  it('takes silence for a broken promise', () => {
    for (const scheduler of schedulers) expect(verdict(scheduler, [1, 1], [0, 0]).kept).toBe(false);
  });

  it('never promises what cannot add up, for any number of servers and requests', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...schedulers),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 60 }),
        (scheduler, servers, requests) => {
          const promise = schedulerPromises[scheduler];
          const weights = promise.weights(servers, requests);
          expect(weights).toHaveLength(servers);
          for (const weight of weights) expect(weight).toBeGreaterThan(0);
          const expected = promise.expect(weights, requests);
          if (expected === 'one') return;
          const sum = (of: (share: Share) => number) =>
            expected.reduce((total, share) => total + of(share), 0);
          for (const { least, most } of expected) expect(least).toBeLessThanOrEqual(most);
          expect(sum((share) => share.least)).toBeLessThanOrEqual(requests);
          expect(sum((share) => share.most)).toBeGreaterThanOrEqual(requests);
        },
      ),
    );
  });

  it('judges a simulated least-connection scheduler as one that keeps its promise', () => {
    const simulated = fc.record({
      weights: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
      ties: fc.array(fc.nat(100), { minLength: 1, maxLength: 40 }),
    });
    fc.assert(
      fc.property(simulated, ({ weights, ties }) => {
        const counts = weights.map(() => 0);
        for (const tie of ties) {
          const cost = weights.map((weight, index) => (counts[index] ?? 0) / weight);
          const cheapest = [...cost.keys()].filter((at) => cost[at] === Math.min(...cost));
          const chosen = cheapest[tie % cheapest.length] ?? 0;
          counts[chosen] = (counts[chosen] ?? 0) + 1;
        }
        expect(verdict('wlc', weights, counts).kept).toBe(true);
      }),
    );
  });
});
