import { setTimeout as delay } from 'node:timers/promises';
import type { Lab, LabQuestion } from './lab.ts';
import { waitFor } from './wait.ts';

/** A connection that a client tried to make. */
export interface Attempt {
  /** When it began, in milliseconds of `performance.now()`. */
  readonly at: number;
  /** Name of the real server that answered; undefined when none did in time. */
  readonly server: string | undefined;
}

/** What clients saw of a failure. */
export interface Outage {
  /** Connections tried since the failure. */
  readonly attempts: number;
  readonly failed: number;
  /** From the failure to the beginning of the last connection that failed; 0 when none did. */
  readonly lastedMs: number;
}

export interface LabClientsOptions {
  /** One connection begins each such time, whatever became of those before. Default 100. */
  readonly everyMs?: number;
  /** How long a client waits for its connection, and for the answer. Default 1 000. */
  readonly timeoutMs?: number;
  readonly question?: LabQuestion;
}

/** Clients of a lab that go on asking, each with a connection of its own, until they are stopped. */
export class LabClients implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #options: Required<LabClientsOptions>;
  readonly #attempts: Attempt[] = [];
  readonly #ending = new AbortController();
  readonly #work: Promise<void>;

  constructor(
    lab: Lab,
    { everyMs = 100, timeoutMs = 1000, question = {} }: LabClientsOptions = {},
  ) {
    this.#lab = lab;
    this.#options = { everyMs, timeoutMs, question };
    this.#work = this.#begin();
  }

  /** Those that have come to their end, in the order of that. */
  get attempts(): readonly Attempt[] {
    return this.#attempts;
  }

  /** Resolves when so many more attempts in a row have been answered. */
  async answered(count: number, signal: AbortSignal): Promise<void> {
    const from = this.#attempts.length;
    const isSo = () => {
      const last = this.#attempts.slice(from).slice(-count);
      return last.length === count && last.every(({ server }) => server !== undefined);
    };
    await waitFor(`${count} connections in a row are answered`, isSo, signal);
  }

  /** What they saw of something that failed at a time of `performance.now()`. */
  outageSince(failedAt: number): Outage {
    const since = this.#attempts.filter(({ at }) => at >= failedAt);
    const failed = since.filter(({ server }) => server === undefined);
    const last = Math.max(failedAt, ...failed.map(({ at }) => at));
    return { attempts: since.length, failed: failed.length, lastedMs: last - failedAt };
  }

  /** Ends the asking; done when all that have begun are answered or over. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#work;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #begin(): Promise<void> {
    const { signal } = this.#ending;
    const running = new Set<Promise<void>>();
    while (!signal.aborted) {
      const one: Promise<void> = this.#ask().finally(() => running.delete(one));
      running.add(one);
      await delay(this.#options.everyMs, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(running);
  }

  async #ask(): Promise<void> {
    const { timeoutMs, question } = this.#options;
    const at = performance.now();
    const server = await this.#lab.request({ timeoutMs, ...question }).then(
      (answer) => answer.server,
      () => undefined,
    );
    this.#attempts.push({ at, server });
  }
}
