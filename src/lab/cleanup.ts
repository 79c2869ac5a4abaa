/** What is to be undone, in the order in which it was done. */
export class Cleanup {
  #tasks: (() => Promise<void>)[] = [];

  add(task: () => Promise<void>): void {
    this.#tasks.push(task);
  }

  /**
   * Undoes all of it, the last first. What fails does not keep the rest from being undone; it is
   * thrown at the end. A second call has nothing left to do.
   */
  async run(): Promise<void> {
    const tasks = this.#tasks.reverse();
    this.#tasks = [];
    const errors: unknown[] = [];
    for (const task of tasks) {
      try {
        await task();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, 'cannot undo everything');
  }
}
