import type { CheckResult } from './check-result.ts';
import type { PhysicalCheck, Subscriber } from './physical-check.ts';
import type { Scheduled, Scheduler } from './schedule.ts';

interface Running {
  readonly check: PhysicalCheck;
  /** Undefined until {@link CheckPool.begin}. */
  scheduled: Scheduled | undefined;
}

export interface CheckPoolOptions {
  readonly scheduler: Scheduler;
  readonly random: () => number;
  /** Makes the check that a subscriber wants. */
  readonly make: (subscriber: Subscriber) => PhysicalCheck;
}

/** The checks that run, each for everybody who asks the same of the same target. */
export class CheckPool {
  readonly #options: CheckPoolOptions;
  readonly #running = new Map<string, Running>();

  constructor(options: CheckPoolOptions) {
    this.#options = options;
  }

  /** Says who wants which check from now on. Those that nobody wants end; new ones wait to begin. */
  set(subscribers: Iterable<Subscriber>): void {
    const wanted = new Map<string, [Subscriber, ...Subscriber[]]>();
    for (const subscriber of subscribers) {
      const list = wanted.get(subscriber.leaf.key);
      if (list === undefined) wanted.set(subscriber.leaf.key, [subscriber]);
      else list.push(subscriber);
    }
    for (const [key, { check, scheduled }] of this.#running) {
      if (wanted.has(key)) continue;
      scheduled?.remove();
      check.stop();
      this.#running.delete(key);
    }
    for (const [key, list] of wanted) {
      let running = this.#running.get(key);
      if (running === undefined) {
        running = { check: this.#options.make(list[0]), scheduled: undefined };
        this.#running.set(key, running);
      }
      running.check.subscribers = list;
      // Whoever has joined knows nothing yet.
      if (list.some(({ leaf }) => !leaf.state.checked)) {
        running.scheduled?.hurry(this.#soon(running.check));
      }
    }
  }

  /** Runs the checks that do not run yet, spread over their fast interval. */
  begin(): void {
    for (const running of this.#running.values()) {
      running.scheduled ??= this.#options.scheduler.add(running.check, this.#soon(running.check));
    }
  }

  /** Has a check run at once, if it runs at all. */
  hurry(key: string): void {
    this.#running.get(key)?.scheduled?.hurry(0);
  }

  lastOf(key: string): CheckResult | undefined {
    return this.#running.get(key)?.check.last;
  }

  /** Ends all of them; resolves when those under way have ended. */
  async stop(): Promise<void> {
    for (const { check } of this.#running.values()) check.stop();
    this.#running.clear();
    await this.#options.scheduler.stop();
  }

  #soon({ check }: PhysicalCheck): number {
    return this.#options.random() * check.pace.fastIntervalMs;
  }
}
