import type { PaceInput } from './check-input.ts';
import type { CheckPace } from './checks.ts';
import { formatMilliseconds, parseDuration } from './duration.ts';
import type { Place } from './problems.ts';

const shortestInterval = 10;
const longest = 86_400_000;

type DurationKey = 'interval' | 'fast-interval' | 'down-interval' | 'timeout';

/**
 * The pace of a check: what it says itself, otherwise what is said around it, the nearest first.
 *
 * @returns Undefined after telling what is wrong with it.
 */
export function readPace(layers: readonly PaceInput[], at: Place): CheckPace | undefined {
  const before = at.errorCount;
  const placeOf = (key: keyof PaceInput) => (layers[0]?.[key] === undefined ? at : at.in(key));
  const said = <Key extends keyof PaceInput>(key: Key): PaceInput[Key] =>
    layers.find((layer) => layer[key] !== undefined)?.[key];
  const duration = (key: DurationKey): number | undefined => {
    const text = said(key);
    if (text === undefined) return undefined;
    const value = parseDuration(text) ?? Number.NaN;
    const lowest = key === 'timeout' ? 1 : shortestInterval;
    if (value >= lowest && value <= longest) return value;
    placeOf(key).add(`the ${key} must be from ${lowest}ms to 1d, not ${text}`);
    return undefined;
  };
  const interval = duration('interval') ?? 2000;
  const fast = duration('fast-interval');
  const down = duration('down-interval') ?? interval;
  const timeout = duration('timeout') ?? Math.min(1000, interval, fast ?? interval, down);
  // Never two questions at once: an answer is there, or given up, when the next one is due.
  const intervals = { interval, 'fast-interval': fast ?? interval, 'down-interval': down };
  for (const [name, length] of Object.entries(intervals)) {
    if (timeout <= length) continue;
    const [one, other] = [formatMilliseconds(timeout), formatMilliseconds(length)];
    placeOf('timeout').add(`the timeout, ${one}, is longer than the ${name}, ${other}`);
    break;
  }
  const jitter = Number.parseInt(said('jitter') ?? '10', 10) / 100;
  if (jitter > 0.5) placeOf('jitter').add('the jitter must be from 0% to 50%');
  if (at.errorCount > before) return undefined;
  return {
    intervalMs: interval,
    fastIntervalMs: fast ?? Math.max(Math.floor(interval / 2), timeout, shortestInterval),
    downIntervalMs: down,
    timeoutMs: timeout,
    rise: said('rise') ?? 2,
    fall: said('fall') ?? 3,
    jitter,
  };
}
