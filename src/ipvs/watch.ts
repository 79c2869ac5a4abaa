import { setTimeout as sleep } from 'node:timers/promises';
import { checkBoolean, checkInteger, checkObject } from '../check.ts';
import { IpvsError } from './ipvs-error.ts';
import { type ServiceRates, tableRates } from './rates.ts';
import type { ServiceState } from './table.ts';
import { diffIndexed, indexTable, type TableChange, type TableIndex } from './table-diff.ts';

/** The longest time a timer can be set to. */
const maxIntervalMs = 2_147_483_647;

/** How to watch a table. */
export interface TableWatchOptions {
  /**
   * Time between the starts of two readings in milliseconds, 1 to 2147483647. Default 2000.
   *
   * Below 2000 it is good for `changes` and the counts of connections alone: the kernel refreshes
   * counters every 2 seconds, and a shorter interval shows rates of nothing and of twice as much in
   * turn. From about 10,000 on that unevenness no longer shows.
   */
  readonly intervalMs?: number;
  /** Ends the iteration, without an error, when it is aborted. */
  readonly signal?: AbortSignal;
  /** Read counters, for `rates`. Default true. */
  readonly statistics?: boolean;
}

/** The table at one moment, and what is different from the moment before. */
export interface TableSample {
  /** When the reading of `services` began. */
  readonly at: Date;
  /**
   * Whether the table kept still for as long as it took to read it, as with
   * `list({ consistent: true })`.
   *
   * False when other programs changed it as often as it was read. `services` and `rates` then come
   * from a single reading, which can lack services and destinations that are there or have them
   * twice, and `changes` waits for the next sample that is consistent. The kernel itself does not
   * tell such readings from good ones (IPVS sets no `NLM_F_DUMP_INTR`).
   */
  readonly consistent: boolean;
  /** In the kernel's own order, which means nothing. */
  readonly services: readonly ServiceState[];
  /**
   * Since the last sample that was consistent, in the order of {@link diffTables}. None in the first
   * such sample, and none while `consistent` is false: what a single reading lacks has not
   * necessarily been removed.
   */
  readonly changes: readonly TableChange[];
  /**
   * Between the sample before and this one, in the order of `services`; of one that is there twice,
   * once. Undefined in the first sample, and with `statistics: false`.
   */
  readonly rates: readonly ServiceRates[] | undefined;
}

/** Reads the table that is watched. */
export type TableReader = (options: {
  readonly statistics: boolean;
  readonly consistent: boolean;
}) => Promise<readonly ServiceState[]>;

/** The time as watching needs it. */
export interface Clock {
  /** Milliseconds that never go back. */
  now(): number;
  /** The time of day. */
  date(): Date;
  /** Resolves after so many milliseconds, or as soon as the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
};

/**
 * Samples a table, at once and then at every interval that its user has time for: intervals missed
 * by a slow reading or a slow user are left out.
 *
 * @throws TypeError, RangeError for options that cannot be right.
 */
export function watchTable(
  read: TableReader,
  options: TableWatchOptions,
  clock: Clock = systemClock,
): AsyncIterableIterator<TableSample> {
  checkObject(options, 'options');
  const { intervalMs = 2000, statistics = true, signal } = options;
  checkInteger(intervalMs, 1, maxIntervalMs, 'intervalMs');
  checkBoolean(statistics, 'statistics');
  if (signal !== undefined) checkObject(signal, 'signal');
  const end = new AbortController();
  const stop = () => end.abort();
  async function* samples(): AsyncGenerator<TableSample, undefined> {
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    try {
      yield* takeSamples({ read, intervalMs, statistics, clock, end: end.signal });
    } finally {
      signal?.removeEventListener('abort', stop);
    }
    return undefined;
  }
  const iterator = samples();
  return {
    next: () => iterator.next(),
    // A generator alone would first wait for the sample under way, so for the interval.
    return: () => {
      stop();
      return iterator.return(undefined);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

interface Sampling {
  readonly read: TableReader;
  readonly intervalMs: number;
  readonly statistics: boolean;
  readonly clock: Clock;
  readonly end: AbortSignal;
}

interface Reading {
  readonly at: Date;
  readonly start: number;
  readonly consistent: boolean;
  readonly services: readonly ServiceState[];
}

interface IndexedReading {
  readonly start: number;
  readonly index: TableIndex<ServiceState>;
}

async function* takeSamples(sampling: Sampling): AsyncGenerator<TableSample> {
  const { intervalMs, statistics, clock, end } = sampling;
  let before: IndexedReading | undefined;
  let settled: TableIndex<ServiceState> | undefined;
  let due = clock.now();
  while (!end.aborted) {
    let reading: Reading | undefined;
    try {
      reading = await readTable(sampling);
    } catch (error) {
      if (end.aborted) return;
      throw error;
    }
    if (end.aborted) return;
    if (reading !== undefined) {
      const { at, start, consistent, services } = reading;
      const index = indexTable(services);
      const seconds = before === undefined ? 0 : (start - before.start) / 1000;
      yield {
        at,
        consistent,
        services,
        changes: settled === undefined || !consistent ? [] : diffIndexed(settled, index),
        rates:
          before === undefined || !statistics
            ? undefined
            : tableRates(before.index, index, seconds),
      };
      before = { start, index };
      if (consistent) settled = index;
    }
    due = Math.max(due + intervalMs, clock.now());
    const wait = due - clock.now();
    if (wait > 0) await clock.sleep(wait, end);
  }
}

/** Reads consistently if others let us, else once; undefined when not even that came to an end. */
async function readTable({ read, statistics, clock, end }: Sampling): Promise<Reading | undefined> {
  for (const consistent of [true, false]) {
    const at = clock.date();
    const start = clock.now();
    try {
      return { at, start, consistent, services: await read({ statistics, consistent }) };
    } catch (error) {
      if (end.aborted || !isInterrupted(error)) throw error;
    }
  }
  return undefined;
}

function isInterrupted(error: unknown): boolean {
  return error instanceof IpvsError && error.code === 'IPVS_DUMP_INTERRUPTED';
}
