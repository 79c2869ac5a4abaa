import type { DirectorEvent } from '../observe/director-event.ts';
import type { Operations } from '../observe/operations.ts';

/** So many may wait for one who reads too slowly. */
const mostWaiting = 10_000;
const silenceMs = 15_000;

/** Events from the moment it is made on, for one who takes them as he can. */
export class EventQueue implements Disposable {
  readonly #unsubscribe: () => void;
  readonly #signal: AbortSignal;
  #waiting: DirectorEvent[] = [];
  #wake: (() => void) | undefined;

  constructor(operations: Operations, signal: AbortSignal) {
    this.#signal = signal;
    this.#unsubscribe = operations.subscribe((event) => {
      // Who misses some would not know; who is cut off does.
      if (this.#waiting.length >= mostWaiting) this.#wake?.();
      else this.#waiting.push(event);
      this.#wake?.();
    });
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  /** Those that wait. @throws Error when they were too many to wait. */
  take(): DirectorEvent[] {
    if (this.#waiting.length >= mostWaiting) throw new Error('the reader is too slow');
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  /** The next ones; none after a while without, or when nobody waits for them any more. */
  async next(): Promise<DirectorEvent[]> {
    if (this.#waiting.length === 0 && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, silenceMs);
        timer.unref();
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    return this.take();
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }
}
