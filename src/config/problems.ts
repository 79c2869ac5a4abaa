import type { ConfigProblem } from './config-error.ts';
import type { ConfigDocument, Path } from './document.ts';

/** Collects what is wrong with a configuration, and what is doubtful. */
export class Problems {
  readonly errors: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  readonly #document: ConfigDocument;

  constructor(document: ConfigDocument) {
    this.#document = document;
  }

  /** Tells that the value at a path is wrong. */
  add(at: Path, message: string): void {
    this.errors.push(this.#document.problemAt(at, message));
  }

  /** Tells that the value at a path is allowed and yet doubtful. */
  warn(at: Path, message: string, suggestion: string | undefined): void {
    this.warnings.push(this.#document.problemAt(at, message, 'value', suggestion));
  }

  /** Does work whose complaint is about the value at a path. @returns Undefined when it complained. */
  attempt<Result>(at: Path, work: () => Result): Result | undefined {
    try {
      return work();
    } catch (error) {
      this.add(at, (error as Error).message);
      return undefined;
    }
  }

  lineOf(path: Path): number {
    return this.#document.lineOf(path);
  }
}
