import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CheckState,
  delayOf,
  type InitialState,
  initialCheckState,
  nextCheckState,
} from '../../../src/health/rise-fall.ts';

const pace = { intervalMs: 2000, fastIntervalMs: 500, downIntervalMs: 5000 };
const thresholds = fc.record({
  rise: fc.integer({ min: 1, max: 5 }),
  fall: fc.integer({ min: 1, max: 5 }),
});
const initials = fc.constantFrom<InitialState>('up', 'down', 'new');

function stateAfter(
  initial: InitialState,
  results: readonly boolean[],
  { rise, fall }: { rise: number; fall: number },
): CheckState {
  return results.reduce(
    (state, passed) => nextCheckState(state, passed, { rise, fall }),
    initialCheckState(initial, { rise, fall }),
  );
}

/**
 * The same by looking back: the health is what the last run of results says that was long enough;
 * before any was, it is what it began with.
 */
function healthByHistory(
  initial: InitialState,
  results: readonly boolean[],
  { rise, fall }: { rise: number; fall: number },
): boolean {
  let healthy = initial === 'up';
  let run = 0;
  for (const [index, passed] of results.entries()) {
    run = index > 0 && results[index - 1] === passed ? run + 1 : 1;
    const isFirstOfNew = initial === 'new' && index === 0 && passed;
    if (isFirstOfNew || run >= (passed ? rise : fall)) healthy = passed;
  }
  return healthy;
}

describe('the state of a check', () => {
  it('turns after as many results in a row as it takes, however they come', () => {
    fc.assert(
      fc.property(
        thresholds,
        initials,
        fc.array(fc.boolean(), { maxLength: 40 }),
        (limits, initial, results) => {
          expect(stateAfter(initial, results, limits).healthy).toBe(
            healthByHistory(initial, results, limits),
          );
        },
      ),
    );
  });

  it('forgets what spoke against it at the first result that does not', () => {
    const limits = { rise: 2, fall: 3 };
    expect(stateAfter('up', [false, false, true, false, false], limits).healthy).toBe(true);
    expect(stateAfter('up', [false, false, true, false, false, false], limits).healthy).toBe(false);
    expect(stateAfter('down', [true, false, true], limits).healthy).toBe(false);
  });

  it('believes the first pass of what nothing is known of', () => {
    expect(stateAfter('new', [], { rise: 3, fall: 3 }).healthy).toBe(false);
    expect(stateAfter('new', [true], { rise: 3, fall: 3 }).healthy).toBe(true);
    expect(stateAfter('new', [false, true], { rise: 3, fall: 3 }).healthy).toBe(false);
  });

  it('is looked at quickly until the first result and while results speak against it', () => {
    const limits = { rise: 2, fall: 2 };
    const delayAfter = (initial: InitialState, results: readonly boolean[]) =>
      delayOf(stateAfter(initial, results, limits), pace);
    expect(delayAfter('up', [])).toBe(500);
    expect(delayAfter('up', [true])).toBe(2000);
    expect(delayAfter('up', [false])).toBe(500);
    expect(delayAfter('up', [false, false])).toBe(5000);
    expect(delayAfter('up', [false, false, true])).toBe(500);
    expect(delayAfter('up', [false, false, true, true])).toBe(2000);
  });
});
