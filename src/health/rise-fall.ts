/** How many results in a row it takes to believe them. */
export interface Thresholds {
  /** Passes in a row that bring up what is down. At least 1. */
  readonly rise: number;
  /** Failures in a row that bring down what is up. At least 1. */
  readonly fall: number;
}

/** How often to look, in milliseconds. */
export interface Pace {
  /** While nothing is in doubt. */
  readonly intervalMs: number;
  /** While results speak against the state, and until the first. */
  readonly fastIntervalMs: number;
  /** While it is down beyond doubt. */
  readonly downIntervalMs: number;
}

/** What one check of one server has come to. */
export interface CheckState {
  readonly healthy: boolean;
  /** Results in a row that speak against `healthy`. */
  readonly against: number;
  /** Whether there has been a result. Until then, `healthy` is what was found or assumed. */
  readonly checked: boolean;
}

/**
 * What is believed before the first result.
 *
 * - `up`, `down`: as it was found; it takes as many results to change that as at any time.
 * - `new`: nothing is known; it is down until it passes once.
 */
export type InitialState = 'up' | 'down' | 'new';

export function initialCheckState(initial: InitialState, { rise }: Thresholds): CheckState {
  return {
    healthy: initial === 'up',
    against: initial === 'new' ? rise - 1 : 0,
    checked: false,
  };
}

/** The state after one more result. */
export function nextCheckState(
  { healthy, against }: CheckState,
  passed: boolean,
  { rise, fall }: Thresholds,
): CheckState {
  if (passed === healthy) return { healthy, against: 0, checked: true };
  const turns = against + 1 >= (healthy ? fall : rise);
  return turns
    ? { healthy: passed, against: 0, checked: true }
    : { healthy, against: against + 1, checked: true };
}

/** When to look again. */
export function delayOf({ healthy, against, checked }: CheckState, pace: Pace): number {
  if (!checked || against > 0) return pace.fastIntervalMs;
  return healthy ? pace.intervalMs : pace.downIntervalMs;
}
