/** What waits in a {@link TimerHeap}; the heap keeps its place in it. */
export interface HeapEntry {
  /** When it is due. Changed by {@link TimerHeap.put} alone while it is in the heap. */
  at: number;
  /** -1 while it is in no heap. */
  place: number;
}

/** Entries by when they are due. All its work is in the logarithm of their number. */
export class TimerHeap<Entry extends HeapEntry> {
  readonly #entries: Entry[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** The one that is due first. */
  first(): Entry | undefined {
    return this.#entries[0];
  }

  /** Adds an entry, or moves one that is in already. */
  put(entry: Entry, at: number): void {
    entry.at = at;
    if (entry.place < 0) {
      entry.place = this.#entries.length;
      this.#entries.push(entry);
    }
    this.#rise(entry);
    this.#sink(entry);
  }

  /** Takes an entry out, wherever it is; one that is not in stays out. */
  remove(entry: Entry): void {
    const { place } = entry;
    if (place < 0) return;
    const last = this.#entries.pop();
    entry.place = -1;
    if (last === undefined || last === entry) return;
    this.#settle(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  clear(): void {
    for (const entry of this.#entries) entry.place = -1;
    this.#entries.length = 0;
  }

  #settle(entry: Entry, place: number): void {
    this.#entries[place] = entry;
    entry.place = place;
  }

  #rise(entry: Entry): void {
    for (;;) {
      const { place } = entry;
      const above = place > 0 ? this.#entries[(place - 1) >> 1] : undefined;
      if (above === undefined || above.at <= entry.at) return;
      const free = above.place;
      this.#settle(above, place);
      this.#settle(entry, free);
    }
  }

  #sink(entry: Entry): void {
    for (;;) {
      const { place } = entry;
      const left = this.#entries[2 * place + 1];
      const right = this.#entries[2 * place + 2];
      const below = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (below === undefined || below.at >= entry.at) return;
      const free = below.place;
      this.#settle(below, place);
      this.#settle(entry, free);
    }
  }
}
