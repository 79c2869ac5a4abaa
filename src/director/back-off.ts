const shortestMs = 1000;
const longestMs = 30_000;

/** How long to leave something alone that has failed: longer each time, 1 to 30 seconds. */
export class BackOff {
  #delayMs = 0;
  /** When it may be tried again. */
  until: number = Number.NEGATIVE_INFINITY;

  /** It has failed, again. */
  fail(now: number): void {
    this.#delayMs = Math.min(longestMs, Math.max(shortestMs, this.#delayMs * 2));
    this.until = now + this.#delayMs;
  }

  /** All is well, and has been for long enough. */
  reset(): void {
    this.#delayMs = 0;
    this.until = Number.NEGATIVE_INFINITY;
  }
}
