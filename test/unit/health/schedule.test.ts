import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Lane, type Scheduled, Scheduler, type Task } from '../../../src/health/schedule.ts';
import { type HeapEntry, TimerHeap } from '../../../src/health/timer-heap.ts';
import { FakeClock, settled } from '../../support/fake-clock.ts';

describe('a heap of timers', () => {
  it('has the earliest first, whatever was put, moved and removed', () => {
    const step = fc.record({
      which: fc.nat({ max: 15 }),
      at: fc.option(fc.nat({ max: 50 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const entries = Array.from({ length: 16 }, (): HeapEntry => ({ at: 0, place: -1 }));
        const heap = new TimerHeap<HeapEntry>();
        const model = new Map<HeapEntry, number>();
        for (const { which, at } of steps) {
          const entry = entries[which] as HeapEntry;
          if (at === undefined) {
            heap.remove(entry);
            model.delete(entry);
          } else {
            heap.put(entry, at);
            model.set(entry, at);
          }
          expect(heap.size).toBe(model.size);
          const first = heap.first();
          expect(first === undefined ? undefined : model.get(first)).toBe(
            model.size === 0 ? undefined : Math.min(...model.values()),
          );
        }
        const order: number[] = [];
        for (let first = heap.first(); first !== undefined; first = heap.first()) {
          order.push(first.at);
          heap.remove(first);
        }
        expect(order).toEqual([...model.values()].sort((one, other) => one - other));
      }),
    );
  });
});

/** A task that takes a while, and remembers when it ran. */
class Recorder implements Task {
  readonly lane: Lane;
  readonly starts: number[] = [];
  running = 0;
  most = 0;
  readonly #clock: FakeClock;
  readonly #tookMs: number;
  readonly #delayMs: number;

  constructor(clock: FakeClock, tookMs: number, delayMs: number, lane: Lane = 'network') {
    this.#clock = clock;
    this.#tookMs = tookMs;
    this.#delayMs = delayMs;
    this.lane = lane;
  }

  async run(): Promise<void> {
    this.starts.push(this.#clock.now() - 1000);
    this.most = Math.max(this.most, ++this.running);
    if (this.#tookMs > 0) {
      await new Promise<void>((resolve) => {
        this.#clock.schedule(this.#clock.now() + this.#tookMs, resolve);
      });
    }
    this.running--;
  }

  delayMs(): number {
    return this.#delayMs;
  }
}

describe('the schedule', () => {
  it('starts tasks at their pace, from start to start', async () => {
    const clock = new FakeClock();
    const scheduler = new Scheduler({ clock });
    const task = new Recorder(clock, 30, 100);
    scheduler.add(task, 50);
    await clock.advance(400, 10);
    expect(task.starts).toEqual([50, 150, 250, 350]);
  });

  it('lets what is due within a hundredth of its delay run along, and together from then on', async () => {
    const clock = new FakeClock();
    const scheduler = new Scheduler({ clock });
    const tasks = [0, 4, 9, 30].map((firstMs) => {
      const task = new Recorder(clock, 0, 1000);
      scheduler.add(task, firstMs);
      return task;
    });
    await clock.advance(2100, 1);
    expect(tasks.map(({ starts }) => starts)).toEqual([
      [0, 1000, 2000],
      [4, 1000, 2000],
      [9, 1000, 2000],
      [30, 1030, 2030],
    ]);
    await scheduler.stop();
  });

  it('never runs a task twice at once: one that takes too long is late', async () => {
    const clock = new FakeClock();
    const scheduler = new Scheduler({ clock });
    const task = new Recorder(clock, 250, 100);
    scheduler.add(task, 0);
    await clock.advance(1010, 10);
    expect(task.most).toBe(1);
    expect(task.starts).toEqual([0, 250, 500, 750, 1000]);
  });

  it('has no more under way than allowed; others follow as they were due', async () => {
    const clock = new FakeClock();
    const scheduler = new Scheduler({ clock, limits: { network: 2, process: 1 } });
    const tasks = [0, 1, 2, 3].map(() => new Recorder(clock, 50, 10_000));
    const program = new Recorder(clock, 50, 10_000, 'process');
    for (const [index, task] of tasks.entries()) scheduler.add(task, index);
    scheduler.add(program, 0);
    await clock.advance(10, 1);
    expect(scheduler.statistics).toMatchObject({ tasks: 5, running: 3, waiting: 2, latenessMs: 0 });
    await clock.advance(200, 1);
    expect(tasks.map(({ starts }) => starts)).toEqual([[0], [1], [50], [51]]);
    expect(program.starts).toEqual([0]);
    expect(scheduler.statistics).toMatchObject({ running: 0, waiting: 0, latenessMs: 48 });
  });

  it('goes on after a run that failed', async () => {
    const clock = new FakeClock();
    const scheduler = new Scheduler({ clock });
    let runs = 0;
    const task: Task = {
      lane: 'network',
      run: () => {
        runs++;
        return Promise.reject(new Error('broken'));
      },
      delayMs: () => 100,
    };
    scheduler.add(task, 0);
    await clock.advance(350, 10);
    expect(runs).toBe(4);
  });

  it('brings a task forward when it is in a hurry, also while it runs', async () => {
    const clock = new FakeClock();
    const scheduler = new Scheduler({ clock });
    const task = new Recorder(clock, 30, 10_000);
    const scheduled = scheduler.add(task, 0);
    await clock.advance(10, 10);
    scheduled.hurry(100);
    await clock.advance(190, 10);
    expect(task.starts).toEqual([0, 110]);
    scheduled.hurry(1000);
    scheduled.hurry(5000);
    await clock.advance(2000, 10);
    expect(task.starts).toEqual([0, 110, 1200]);
  });

  it('does not run again what was removed, and stops when the last has ended', async () => {
    const clock = new FakeClock();
    const scheduler = new Scheduler({ clock, limits: { network: 1 } });
    const [one, two, three] = [0, 1, 2].map(() => new Recorder(clock, 50, 10)) as [
      Recorder,
      Recorder,
      Recorder,
    ];
    scheduler.add(one, 0);
    scheduler.add(two, 0).remove();
    scheduler.add(three, 0);
    await clock.advance(10, 10);
    let stopped = false;
    const stop = scheduler.stop().then(() => {
      stopped = true;
    });
    await settled();
    expect(stopped).toBe(false);
    await clock.advance(1000, 10);
    await stop;
    expect([one.starts, two.starts, three.starts]).toEqual([[0], [], []]);
    expect(clock.timers).toBe(0);
  });

  it('keeps every promise with thousands of tasks that come, go and hurry', async () => {
    const clock = new FakeClock();
    const limit = 100;
    const scheduler = new Scheduler({ clock, limits: { network: limit } });
    const tasks = Array.from(
      { length: 3000 },
      (_, n) => new Recorder(clock, n % 7, 100 + (n % 13) * 50),
    );
    const scheduled: Scheduled[] = tasks.map((task, n) => scheduler.add(task, (n * 37) % 500));
    let most = 0;
    for (let step = 0; step < 100; step++) {
      clock.tick(10);
      await settled();
      most = Math.max(
        most,
        tasks.reduce((sum, task) => sum + task.running, 0),
      );
      scheduled[(step * 31) % 3000]?.hurry(5);
      if (step === 50) for (const one of scheduled.slice(0, 1000)) one.remove();
    }
    expect(most).toBeLessThanOrEqual(limit);
    expect(Math.max(...tasks.map((task) => task.most))).toBe(1);
    for (const task of tasks.slice(0, 1000))
      expect(task.starts.every((at) => at <= 510)).toBe(true);
    for (const task of tasks.slice(1000)) expect(task.starts.length).toBeGreaterThan(0);
  });
});
