import { describe, expect, it, vi } from 'vitest';
import {
  IpvsError,
  type ServiceState,
  type TableSample,
  type TableWatchOptions,
} from '../../../src/index.ts';
import { type Clock, watchTable } from '../../../src/ipvs/watch.ts';
import { counted, destinationState, serviceState } from '../../support/table-states.ts';

/** A clock that stands still until it is told, or somebody sleeps. */
class FakeClock implements Clock {
  time = 0;
  readonly sleeps: number[] = [];
  /** Whether sleeping takes no time, or lasts until the signal. */
  skips = true;

  now(): number {
    return this.time;
  }
  date(): Date {
    return new Date(1_700_000_000_000 + this.time);
  }
  sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.sleeps.push(ms);
    if (this.skips) {
      this.time += ms;
      return Promise.resolve();
    }
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  }
}

function setUp(
  options: TableWatchOptions,
  read: (number: number, clock: FakeClock) => readonly ServiceState[],
) {
  const clock = new FakeClock();
  const starts: number[] = [];
  const watch = watchTable(
    async () => {
      starts.push(clock.time);
      return read(starts.length, clock);
    },
    options,
    clock,
  );
  return { clock, starts, watch };
}

async function take(
  watch: AsyncIterableIterator<TableSample>,
  count: number,
): Promise<TableSample[]> {
  const samples: TableSample[] = [];
  while (samples.length < count) {
    const { done, value } = await watch.next();
    if (done) break;
    samples.push(value);
  }
  return samples;
}

const service = serviceState(1, { destinations: [destinationState(1)] });

describe('watching a table', () => {
  it('begins with a sample at once, of the table as it is', async () => {
    const { clock, watch } = setUp({}, () => [service]);
    clock.time = 5000;
    const [first] = await take(watch, 1);
    expect(first).toEqual({
      at: new Date(1_700_000_005_000),
      consistent: true,
      services: [service],
      changes: [],
      rates: undefined,
    });
    expect(clock.sleeps).toEqual([]);
  });

  it('goes on at every interval, 2 seconds unless told otherwise', async () => {
    const usual = setUp({}, () => []);
    await take(usual.watch, 3);
    expect(usual.starts).toEqual([0, 2000, 4000]);
    const quick = setUp({ intervalMs: 100 }, () => []);
    expect((await take(quick.watch, 3)).map(({ at }) => at.getTime() % 1000)).toEqual([
      0, 100, 200,
    ]);
  });

  it('does not drift when reading takes part of the interval', async () => {
    const { watch, starts } = setUp({ intervalMs: 1000 }, (_number, clock) => {
      clock.time += 300;
      return [];
    });
    await take(watch, 4);
    expect(starts).toEqual([0, 1000, 2000, 3000]);
  });

  it('leaves out the intervals that a slow reading missed', async () => {
    const { watch, starts } = setUp({ intervalMs: 1000 }, (number, clock) => {
      clock.time += number === 2 ? 3500 : 0;
      return [];
    });
    await take(watch, 4);
    expect(starts).toEqual([0, 1000, 4500, 5500]);
  });

  it('leaves out the intervals that a slow user missed', async () => {
    const { clock, watch, starts } = setUp({ intervalMs: 1000 }, () => []);
    await take(watch, 1);
    clock.time += 2700;
    await take(watch, 2);
    expect(starts).toEqual([0, 2700, 3700]);
  });

  it('tells what changed between samples', async () => {
    const { watch } = setUp({}, (number) => {
      if (number === 1) return [service];
      const destinations = [destinationState(2), destinationState(1, { weight: 0 })];
      return [serviceState(2), serviceState(1, { destinations })];
    });
    const [, second, third] = await take(watch, 3);
    expect(second?.changes.map(({ type, service }) => [type, service])).toEqual([
      ['destination-edited', service.key],
      ['destination-added', service.key],
      ['service-added', serviceState(2).key],
    ]);
    expect(third?.changes).toEqual([]);
  });

  it('has rates from the second sample on, by the time that really passed', async () => {
    const { clock, watch } = setUp({ intervalMs: 1000 }, (number) => [
      serviceState(1, { statistics: counted(BigInt(number * 100)) }),
    ]);
    const [first, second] = await take(watch, 2);
    expect(first?.rates).toBeUndefined();
    expect(second?.rates?.[0]?.rates?.connectionsPerSecond).toBe(100);
    clock.time += 4000;
    const [third] = await take(watch, 1);
    expect(third?.rates?.[0]?.rates?.connectionsPerSecond).toBe(25);
  });

  it('reads counters only when they are wanted, and makes sure of every service', async () => {
    const read = vi.fn(async () => [service]);
    await take(watchTable(read, {}, new FakeClock()), 1);
    const without = watchTable(read, { statistics: false }, new FakeClock());
    expect((await take(without, 2)).map(({ rates }) => rates)).toEqual([undefined, undefined]);
    expect(read.mock.calls).toEqual([
      [{ statistics: true, consistent: true }],
      [{ statistics: false, consistent: true }],
      [{ statistics: false, consistent: true }],
    ]);
  });
});

/**
 * Watches a table that others change: for each sample whether its consistent reading succeeds, and
 * what the reading shows. A consistent reading that fails takes 300 ms.
 */
function disturbed(
  readings: readonly [calm: boolean, table: readonly ServiceState[] | 'broken'][],
) {
  const clock = new FakeClock();
  const asked: [at: number, consistent: boolean][] = [];
  let sample = 0;
  const watch = watchTable(
    async ({ consistent }) => {
      asked.push([clock.time, consistent]);
      const [calm, table] = readings[sample] ?? [true, []];
      if (!consistent || calm) sample++;
      else clock.time += 300;
      if ((consistent && !calm) || table === 'broken') {
        throw new IpvsError('IPVS_DUMP_INTERRUPTED', 'cannot list the IPVS table');
      }
      return table;
    },
    { intervalMs: 1000 },
    clock,
  );
  return { watch, asked };
}

describe('watching a table that other programs never stop changing', () => {
  const counting = (connections: bigint) => serviceState(1, { statistics: counted(connections) });

  it('goes on with single readings, and says that they are', async () => {
    const { watch, asked } = disturbed([
      [true, [counting(0n)]],
      [false, [counting(130n)]],
      [false, [counting(230n)]],
      [true, [counting(300n)]],
    ]);
    const samples = await take(watch, 4);
    expect(samples.map(({ consistent }) => consistent)).toEqual([true, false, false, true]);
    expect(samples.map(({ at }) => at.getTime() - 1_700_000_000_000)).toEqual([
      0, 1300, 2300, 3000,
    ]);
    expect(samples.map(({ rates }) => rates?.[0]?.rates?.connectionsPerSecond)).toEqual([
      undefined,
      100,
      100,
      100,
    ]);
    expect(asked).toEqual([
      [0, true],
      [1000, true],
      [1300, false],
      [2000, true],
      [2300, false],
      [3000, true],
    ]);
  });

  it('takes nothing for changed until it has read all of the table again', async () => {
    const [one, two, three] = [serviceState(1), serviceState(2), serviceState(3)];
    const { watch } = disturbed([
      [true, [one, two]],
      [false, [one]],
      [false, []],
      [true, [one, three]],
      [true, [one, two, three]],
    ]);
    const samples = await take(watch, 5);
    expect(samples.map(({ services }) => services.length)).toEqual([2, 1, 0, 2, 3]);
    expect(
      samples.map(({ changes }) => changes.map(({ type, service }) => [type, service])),
    ).toEqual([
      [],
      [],
      [],
      [
        ['service-removed', two.key],
        ['service-added', three.key],
      ],
      [['service-added', two.key]],
    ]);
  });

  it('counts the first consistent sample as the first for changes', async () => {
    const { watch } = disturbed([
      [false, []],
      [true, [service]],
    ]);
    const [first, second] = await take(watch, 2);
    expect(first).toMatchObject({ consistent: false, changes: [], rates: undefined });
    expect(second).toMatchObject({ consistent: true, services: [service], changes: [] });
  });

  it('leaves out a sample when not even a single reading came to its end', async () => {
    const { watch, asked } = disturbed([
      [true, [counting(0n)]],
      [false, 'broken'],
      [true, [counting(200n)]],
    ]);
    const samples = await take(watch, 2);
    expect(samples.map(({ at }) => at.getTime() - 1_700_000_000_000)).toEqual([0, 2000]);
    expect(samples[1]?.rates?.[0]?.rates?.connectionsPerSecond).toBe(100);
    expect(asked.map(([at]) => at)).toEqual([0, 1000, 1300, 2000]);
  });
});

describe('the end of watching', () => {
  it('comes with the error of a reading', async () => {
    const { watch } = setUp({}, (number) => {
      if (number === 2) throw new Error('cannot list the table');
      return [];
    });
    await take(watch, 1);
    await expect(watch.next()).rejects.toThrow('cannot list the table');
    expect(await watch.next()).toEqual({ done: true, value: undefined });
  });

  it('comes with any error but that of a table that keeps changing', async () => {
    const read = vi.fn(async () => {
      throw new IpvsError('IPVS_NOT_PERMITTED', 'cannot list the IPVS table');
    });
    const watch = watchTable(read, {}, new FakeClock());
    await expect(watch.next()).rejects.toMatchObject({ code: 'IPVS_NOT_PERMITTED' });
    expect(read).toHaveBeenCalledOnce();
  });

  it('comes quietly when the signal is aborted between samples', async () => {
    const controller = new AbortController();
    const { clock, watch, starts } = setUp({ signal: controller.signal }, () => []);
    clock.skips = false;
    await take(watch, 1);
    const next = watch.next();
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(starts).toHaveLength(1);
  });

  it('comes quietly when the signal is aborted during a reading, even one that fails', async () => {
    for (const fails of [false, true]) {
      const controller = new AbortController();
      const { watch } = setUp({ signal: controller.signal }, () => {
        controller.abort();
        if (fails) throw new Error('closed');
        return [];
      });
      expect(await watch.next()).toEqual({ done: true, value: undefined });
    }
  });

  it('comes before the first reading when the signal is aborted already', async () => {
    const { watch, starts } = setUp({ signal: AbortSignal.abort() }, () => []);
    expect(await take(watch, 1)).toEqual([]);
    expect(starts).toEqual([]);
  });

  it('comes at once when the iterator is told so while it waits', async () => {
    const { clock, watch } = setUp({}, () => []);
    clock.skips = false;
    await take(watch, 1);
    const next = watch.next();
    expect(await watch.return?.()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it('leaves no timer and no listener behind', async () => {
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, 'removeEventListener');
    const added = vi.spyOn(controller.signal, 'addEventListener');
    const timers = () =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const watch = watchTable(async () => [], { intervalMs: 60_000, signal: controller.signal });
    await watch.next();
    const next = watch.next();
    await vi.waitFor(() => expect(timers()).toBe(before + 1));
    controller.abort();
    await next;
    expect(timers()).toBe(before);
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
      added.mock.calls.map(([, listener]) => listener),
    );
    expect(added).toHaveBeenCalledOnce();
  });

  it('comes with the end of the loop', async () => {
    const { watch, starts } = setUp({}, () => []);
    for await (const sample of watch) {
      if (starts.length === 3) break;
      expect(sample.services).toEqual([]);
    }
    expect(await watch.next()).toEqual({ done: true, value: undefined });
    expect(starts).toHaveLength(3);
  });
});

describe('options of watching that cannot be right', () => {
  it.each([
    [{ intervalMs: 0 }, RangeError, 'intervalMs must be a whole number from 1 to 2147483647'],
    [{ intervalMs: 1.5 }, RangeError, 'intervalMs'],
    [{ intervalMs: 2 ** 31 }, RangeError, 'intervalMs'],
    [{ intervalMs: '5' }, TypeError, 'intervalMs must be a number, not string'],
    [{ statistics: 1 }, TypeError, 'statistics'],
    [{ signal: 1 }, TypeError, 'signal must be an object, not number'],
    [null, TypeError, 'options must be an object, not null'],
  ])('are refused at once: %j', (options, kind, words) => {
    const watch = () => watchTable(async () => [], options as TableWatchOptions);
    expect(watch).toThrow(kind);
    expect(watch).toThrow(words);
  });
});
