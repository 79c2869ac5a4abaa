/** Runs work one at a time, in the order it is asked for. */
export class Serially {
  #tail: Promise<unknown> = Promise.resolve();

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all that was asked for so far has been done. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
