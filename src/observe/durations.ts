/** Upper bounds in milliseconds: from a neighbour's answer to the longest time-outs in use. */
export const durationBoundsMs: readonly number[] = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000,
];

/** How long something took, over all the times that it did. */
export interface DurationsReading {
  /** How often it took at most that of {@link durationBoundsMs}, each with those of all lower ones. */
  readonly atMost: readonly number[];
  readonly count: number;
  readonly sumMs: number;
}

/** Counts durations by their length. */
export class Durations {
  readonly #counts: number[] = durationBoundsMs.map(() => 0);
  #count = 0;
  #sumMs = 0;

  add(ms: number): void {
    const place = durationBoundsMs.findIndex((bound) => ms <= bound);
    if (place >= 0) this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#count++;
    this.#sumMs += ms;
  }

  get reading(): DurationsReading {
    let sum = 0;
    const atMost = this.#counts.map((count) => {
      sum += count;
      return sum;
    });
    return { atMost, count: this.#count, sumMs: this.#sumMs };
  }
}
