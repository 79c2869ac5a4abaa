import type { SingleCheck } from '../config/checks.ts';
import type { CheckResult } from './check-result.ts';
import { delayOf } from './rise-fall.ts';
import type { CheckContext, RunningCheck } from './run-check.ts';
import { runCheck } from './run-check.ts';
import type { Lane, Task } from './schedule.ts';
import type { LeafState, ServerHealth } from './server-health.ts';
import type { ServiceHealth } from './service-health.ts';
import type { Endpoint } from './transport.ts';

/** Who wants to know what a check comes to: one check of one server of one service. */
export interface Subscriber {
  readonly service: ServiceHealth;
  readonly server: ServerHealth;
  readonly leaf: LeafState;
}

export interface PhysicalCheckOptions extends CheckContext {
  readonly random: () => number;
  /** Where its packets go to. Asked each time: addresses of this machine change. */
  readonly endpoint: () => Endpoint | Promise<Endpoint>;
  readonly onResult: (check: PhysicalCheck, result: CheckResult) => void;
}

/** One question that is asked of one target, for everybody who wants the answer. */
export class PhysicalCheck implements Task {
  readonly check: SingleCheck;
  readonly lane: Lane;
  subscribers: readonly Subscriber[] = [];
  /** What came of it the last time. */
  last: CheckResult | undefined;
  readonly #options: PhysicalCheckOptions;
  #running: RunningCheck | undefined;
  #isStopped = false;

  constructor(check: SingleCheck, options: PhysicalCheckOptions) {
    this.check = check;
    this.lane = check.probe.kind === 'exec' ? 'process' : 'network';
    this.#options = options;
  }

  async run(): Promise<void> {
    const result = await this.#result();
    if (this.#isStopped) return;
    this.last = result;
    this.#options.onResult(this, result);
  }

  /**
   * As soon as the one wants it that is in the greatest hurry. What is being confirmed does not wait
   * longer by chance: how soon a death is noticed is a promise.
   */
  delayMs(): number {
    const { pace, probe } = this.check;
    let delay = Number.POSITIVE_INFINITY;
    let inDoubt = false;
    for (const { leaf } of this.subscribers) {
      const { state } = leaf;
      const isSettled = probe.kind === 'agent' && state.checked;
      inDoubt ||= !state.checked || state.against > 0;
      delay = Math.min(delay, isSettled ? pace.intervalMs : delayOf(state, pace));
    }
    if (!Number.isFinite(delay)) return pace.intervalMs;
    const by = this.#options.random();
    return delay * (1 + pace.jitter * (inDoubt ? -by : 2 * by - 1));
  }

  /** Ends it, a run that is under way included. */
  stop(): void {
    this.#isStopped = true;
    this.#running?.cancel();
  }

  async #result(): Promise<CheckResult> {
    const { probe, pace } = this.check;
    try {
      const way = this.#options.endpoint();
      const endpoint = way instanceof Promise ? await way : way;
      this.#running = runCheck(probe, endpoint, pace.timeoutMs, this.#options);
      if (this.#isStopped) this.#running.cancel();
      return await this.#running.result;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return { passed: false, code: 'SOCKERR', detail, durationMs: 0 };
    } finally {
      this.#running = undefined;
    }
  }
}
