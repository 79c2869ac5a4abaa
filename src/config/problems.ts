import type { ConfigProblem } from './config-error.ts';
import type { ConfigDocument, Path } from './document.ts';

/** Collects what is wrong with a file of a configuration, and what is doubtful. */
export class Problems {
  readonly errors: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  readonly document: ConfigDocument;
  /** What was told. A mistake in `defaults:` is met in every service. */
  readonly #told = new Set<string>();

  constructor(document: ConfigDocument) {
    this.document = document;
  }

  at(...path: Path): Place {
    return new Place(this, undefined, path);
  }

  /** Tells that the value at a path is wrong. */
  add(at: Path, message: string, part: 'key' | 'value' = 'value'): void {
    if (this.#isNew(at, message)) this.errors.push(this.document.problemAt(at, message, part));
  }

  /** Tells that the value at a path is allowed and yet doubtful. */
  warn(at: Path, message: string, suggestion?: string): void {
    if (!this.#isNew(at, message)) return;
    this.warnings.push(this.document.problemAt(at, message, 'value', suggestion));
  }

  #isNew(at: Path, message: string): boolean {
    const known = this.#told.size;
    return this.#told.add(JSON.stringify([at, message])).size > known;
  }
}

/** A place of a file, to which something can be said. */
export class Place {
  readonly #problems: Problems;
  readonly #around: Place | undefined;
  readonly #steps: Path;

  /** @param steps The way from the place around it, or from the whole file. */
  constructor(problems: Problems, around: Place | undefined, steps: Path) {
    this.#problems = problems;
    this.#around = around;
    this.#steps = steps;
  }

  /** Put together when somebody asks, which is where there is something to tell. */
  get path(): Path {
    return this.#around === undefined ? this.#steps : [...this.#around.path, ...this.#steps];
  }

  /** A place within it. */
  in(...steps: Path): Place {
    return new Place(this.#problems, this, steps);
  }

  /** Tells that what is here is wrong. */
  add(message: string, part: 'key' | 'value' = 'value'): void {
    this.#problems.add(this.path, message, part);
  }

  /** Tells that what is here is allowed and yet doubtful. */
  warn(message: string, suggestion?: string): void {
    this.#problems.warn(this.path, message, suggestion);
  }

  /** Does work whose complaint is about what is here. @returns Undefined when it complained. */
  attempt<Result>(work: () => Result): Result | undefined {
    try {
      return work();
    } catch (error) {
      this.add((error as Error).message);
      return undefined;
    }
  }

  /** What to call it in a message about another place: its line, with the file where that is another. */
  seenFrom(other: Place): string {
    const { document } = this.#problems;
    const line = document.lineOf(this.path);
    return document === other.#problems.document ? `line ${line}` : `${document.file}:${line}`;
  }

  /** How many errors there are in its file. */
  get errorCount(): number {
    return this.#problems.errors.length;
  }
}
