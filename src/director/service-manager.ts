import type { Clock } from '../health/clock.ts';
import type { DirectorEvent } from '../observe/director-event.ts';
import type { ServiceState } from '../system/notify.ts';

export interface ServiceManagerOptions {
  /** Tells the manager; what it does without one is its own affair. */
  readonly notify: (state: ServiceState) => Promise<unknown>;
  readonly clock: Clock;
  /** How often the manager wants a sign of life. Undefined: it does not. */
  readonly watchdogMs: number | undefined;
  /** Whether all that is to go on by itself does. */
  readonly isAlive: () => boolean;
  /** One line for `systemctl status`. */
  readonly status: () => string;
}

/** How often the line for `systemctl status` may change. */
const statusMs = 1000;

/** Keeps the service manager informed of a director. What it cannot be told is passed over. */
export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  #tail: Promise<unknown> = Promise.resolve();
  #cancelWatchdog: (() => void) | undefined;
  #cancelStatus: (() => void) | undefined;

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
  }

  /** The director does its work. */
  ready(): void {
    this.#notify({ ready: true, status: this.#options.status() });
    if (this.#cancelWatchdog === undefined) this.#feed();
  }

  /** Takes in what happens to the director. */
  tell(event: DirectorEvent): void {
    const { event: what } = event;
    if (what === 'reloaded' || what === 'reload-failed') this.ready();
    else if (what === 'server-up' || what === 'server-down') this.#changeStatus();
  }

  reloading(): void {
    this.#notify({ reloading: true });
  }

  /** Resolves when the manager has been told all. */
  async stopping(): Promise<void> {
    this.#cancelStatus?.();
    this.#notify({ stopping: true, status: 'stopping' });
    await this.#tail;
  }

  close(): void {
    this.#cancelWatchdog?.();
    this.#cancelStatus?.();
  }

  #feed(): void {
    const { clock, watchdogMs, isAlive } = this.#options;
    if (watchdogMs === undefined) return;
    if (isAlive()) this.#notify({ watchdog: true });
    this.#cancelWatchdog = clock.schedule(clock.now() + watchdogMs / 2, () => this.#feed());
  }

  #changeStatus(): void {
    const { clock, status } = this.#options;
    this.#cancelStatus ??= clock.schedule(clock.now() + statusMs, () => {
      this.#cancelStatus = undefined;
      this.#notify({ status: status() });
    });
  }

  #notify(state: ServiceState): void {
    const { notify } = this.#options;
    this.#tail = this.#tail.then(() => notify(state)).catch(() => undefined);
  }
}
