// @ts-check
// How many checks a stage made, read from what it left behind.
import { readFileSync } from 'node:fs';

/**
 * @typedef {{ readonly passed: number, readonly failed: number, readonly skipped: number }} Counts
 * @typedef {(log: string, succeeded: boolean) => Counts} Counter
 *   Reads a stage's counts, given its output and whether it ended with status 0; throws when there
 *   is nothing to read.
 */

/** @type {Counts} */
export const none = { passed: 0, failed: 0, skipped: 0 };

/** @type {(one: Counts, other: Counts) => Counts} */
export const add = (one, other) => ({
  passed: one.passed + other.passed,
  failed: one.failed + other.failed,
  skipped: one.skipped + other.skipped,
});

/**
 * A program that is one check as a whole.
 *
 * @type {Counter}
 */
export const oneCheck = (_log, succeeded) =>
  succeeded ? { ...none, passed: 1 } : { ...none, failed: 1 };

/**
 * Our own scripts, whose last line counts.
 *
 * @type {Counter}
 */
export const checksLine = (log) => {
  const match = /^checks: (\d+) passed, (\d+) failed$/m.exec(log);
  if (match === null) throw new Error('it did not count its checks');
  return { passed: Number(match[1]), failed: Number(match[2]), skipped: 0 };
};

/** @type {Counter} */
export const doctest = (log) => {
  const match = /test cases: +\d+ \| +(\d+) passed \| +(\d+) failed \| +(\d+) skipped/.exec(log);
  if (match === null) throw new Error('doctest wrote no summary');
  return { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3]) };
};

/** @type {(report: string) => Counter} */
export const vitest = (report) => () => {
  const result = JSON.parse(readFileSync(report, 'utf8'));
  const failed = Number(result.numFailedTests);
  // A file that cannot be loaded, or a hook that fails, makes a run without success and without a
  // failed test.
  return {
    passed: Number(result.numPassedTests),
    failed: result.success === true || failed > 0 ? failed : 1,
    skipped: Number(result.numPendingTests) + Number(result.numTodoTests),
  };
};
