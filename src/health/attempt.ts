import { CheckFailure, type Passed } from './check-result.ts';
import type { Clock } from './clock.ts';

/** What a check is busy with: the layer that a failure is reported of. */
export type Phase = 'L4' | 'L6' | 'L7' | 'PROC';

/** Why an attempt was cut short by its deadline. */
export class DeadlineFailure extends CheckFailure {}

/**
 * One run of a check: its one deadline, which nothing that the other side does can move, and what has
 * to be cleaned up when it is over.
 */
export class Attempt {
  phase: Phase = 'L4';
  /** What it comes to when the time is up; undefined, as mostly, for a failure. */
  silence: Passed | undefined;
  /** Called when the time is up or the run is called off. */
  onCut: (reason: CheckFailure) => void = () => {};
  readonly #clock: Clock;
  readonly #deadline: number;
  readonly #cancelTimer: () => void;
  #cut: Promise<never> | undefined;
  #reject: (error: CheckFailure) => void = () => {};
  #reason: CheckFailure | undefined;
  #isOver = false;
  #cleanups: (() => void)[] | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#deadline = clock.now() + timeoutMs;
    this.#cancelTimer = clock.schedule(this.#deadline, () => {
      this.#stop(new DeadlineFailure(`${this.phase}TOUT`, `no answer within ${timeoutMs} ms`));
    });
  }

  /**
   * Rejects when the time is up or the run is called off; never resolves. Made when it is asked for:
   * the checks that run by the thousands need none.
   */
  get cut(): Promise<never> {
    if (this.#cut === undefined) {
      this.#cut = new Promise<never>((_, reject) => {
        this.#reject = reject;
      });
      // Nobody may be listening yet, or any more.
      this.#cut.catch(() => {});
      if (this.#reason !== undefined) this.#reject(this.#reason);
    }
    return this.#cut;
  }

  /** Whole milliseconds that are left, at least 1: for those who have a timer of their own. */
  get timeLeftMs(): number {
    return Math.max(1, Math.ceil(this.#deadline - this.#clock.now()));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Has something done when the run is over; at once if it is already. */
  defer(cleanup: () => void): void {
    if (this.#isOver) cleanup();
    else if (this.#cleanups === undefined) this.#cleanups = [cleanup];
    else this.#cleanups.push(cleanup);
  }

  /** Gives up, since nobody wants to know any more. */
  cancel(): void {
    this.#stop(new CheckFailure('SOCKERR', 'the check was called off'));
  }

  /** Ends the run: what it has opened is closed. */
  end(): void {
    this.#isOver = true;
    this.#cancelTimer();
    const cleanups = this.#cleanups;
    this.#cleanups = undefined;
    if (cleanups === undefined) return;
    for (const cleanup of cleanups.reverse()) cleanup();
  }

  #stop(reason: CheckFailure): void {
    if (this.isOver) return;
    this.#reason = reason;
    this.#reject(reason);
    this.onCut(reason);
    this.end();
  }
}
