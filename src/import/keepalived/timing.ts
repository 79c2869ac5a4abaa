import type { PaceInput } from '../../config/check-input.ts';
import { formatMilliseconds } from '../../config/duration.ts';
import type { Statement } from '../../formats/keepalived/parse.ts';
import type { Notes } from './account.ts';
import { numberIn, timerOf } from './values.ts';

/** How often is asked, as far as a virtual server, a real server or a checker says. */
export interface Timing {
  /** The statements that say so. */
  readonly said?: Statement[];
  delayLoopMs?: number;
  connectTimeoutMs?: number;
  retry?: number;
  delayBeforeRetryMs?: number;
}

/** What a checker has of its own where nobody says anything. */
export interface TimingDefaults {
  readonly retry: number;
  /** Undefined: the delay loop. */
  readonly delayBeforeRetryMs: number | undefined;
}

const usualDelayLoop = 60_000;
const usualConnectTimeout = 5000;
const longest = 86_400_000;
const shortest = 10;
const mostResults = 100;

const keywords = new Set(['delay_loop', 'connect_timeout', 'retry', 'delay_before_retry']);

/** Reads a statement about time. @returns Whether it was one. */
export function readTiming(
  statement: Statement,
  timing: Timing,
  notes: Notes,
  lowestRetry: number,
): boolean {
  const keyword = statement.words[0]?.text ?? '';
  if (keywords.has(keyword)) timing.said?.push(statement);
  switch (keyword) {
    case 'delay_loop':
      set(timing, 'delayLoopMs', timerOf(statement, 1, notes));
      return true;
    case 'connect_timeout':
      set(timing, 'connectTimeoutMs', timerOf(statement, 1, notes));
      return true;
    case 'retry':
    case 'nb_get_retry':
      set(timing, 'retry', numberIn(statement, lowestRetry, 0xffff_ffff, notes));
      return true;
    case 'delay_before_retry':
      set(timing, 'delayBeforeRetryMs', timerOf(statement, 0, notes));
      return true;
    case 'warmup':
      notes.leaveOut(statement, 'lvskit spreads first checks over the fast interval by itself');
      return true;
    default:
      return false;
  }
}

type Value = Exclude<keyof Timing, 'said'>;

function set<Key extends Value>(timing: Timing, key: Key, value: Timing[Key]): void {
  if (value !== undefined) timing[key] = value;
}

interface PaceOptions {
  /** How many checks take turns: keepalived asks for one URL of several each time. */
  readonly rounds?: number;
  /** What fails before the time-out; null for nothing. */
  readonly quickFailure?: string | null;
}

/**
 * The pace of a check. keepalived waits from the end of one check to the start of the next: the delay
 * loop, or after a failure the delay before a retry; a server is down after as many failures as there
 * are retries, and one more; a single pass brings it back.
 */
export function paceOf(
  statement: Statement,
  timing: Timing,
  usual: TimingDefaults,
  notes: Notes,
  { rounds = 1, quickFailure = 'a server that refuses connections' }: PaceOptions = {},
): PaceInput {
  const loop = timing.delayLoopMs ?? usualDelayLoop;
  const timeout = within(timing.connectTimeoutMs ?? usualConnectTimeout, 1, longest);
  const delay = timing.delayBeforeRetryMs ?? usual.delayBeforeRetryMs ?? loop;
  const fall = Math.min((timing.retry ?? usual.retry) + 1, mostResults);
  const interval = within(loop * rounds, Math.max(shortest, timeout), longest);
  const fast = within(delay, Math.max(shortest, timeout), longest);
  const say = formatMilliseconds;
  if (fall < (timing.retry ?? usual.retry) + 1) {
    notes.differs(statement, `at most ${mostResults} failures in a row can be asked for`);
  }
  if (loop * rounds < timeout) {
    const message = `no interval is shorter than the time-out here, so that it is ${say(interval)} instead of ${say(loop * rounds)}`;
    notes.differs(statement, message);
  }
  if (fall > 1 && delay < timeout && quickFailure !== null) {
    const refused = say((fall - 1) * fast);
    const message = `no interval is shorter than the time-out here: ${quickFailure} is down after ${refused} instead of ${say((fall - 1) * delay)}, unless timeout and fast-interval are shorter`;
    notes.differs(statement, message);
  }
  return {
    interval: say(interval),
    // Where one failure is enough there is nothing to be confirmed.
    ...(fall > 1 && { 'fast-interval': say(fast) }),
    timeout: say(timeout),
    rise: 1,
    fall,
  };
}

function within(value: number, lowest: number, highest: number): number {
  return Math.min(Math.max(value, lowest), highest);
}
