import type { SourcePlace } from '../source.ts';

/** A line of which every character knows where it comes from, through cutting and filling in. */
export class PlacedText {
  readonly text: string;
  readonly file: string;
  readonly line: number;
  /** The column of each character and the one behind the last; undefined where they count up. */
  readonly #columns: readonly number[] | undefined;
  /** The column of the first character. */
  readonly #first: number;

  private constructor(
    text: string,
    origin: Omit<SourcePlace, 'column'>,
    first: number,
    columns?: readonly number[],
  ) {
    this.text = text;
    this.file = origin.file;
    this.line = origin.line;
    this.#first = first;
    this.#columns = columns;
  }

  static of(text: string, file: string, line: number): PlacedText {
    return new PlacedText(text, { file, line }, 1);
  }

  get length(): number {
    return this.text.length;
  }

  /** Where the character at an index comes from. */
  placeAt(index: number): SourcePlace {
    const { file, line } = this;
    return { file, line, column: this.#columnAt(index) };
  }

  slice(from: number, to: number = this.length): PlacedText {
    const columns = this.#columns?.slice(from, to + 1);
    return new PlacedText(this.text.slice(from, to), this, this.#columnAt(from), columns);
  }

  /** The same with another text in a part, which is then all from where that part began. */
  replace(from: number, to: number, by: string): PlacedText {
    const text = this.text.slice(0, from) + by + this.text.slice(to);
    const columns: number[] = [];
    for (let at = 0; at < from; at++) columns.push(this.#columnAt(at));
    for (let at = 0; at < by.length; at++) columns.push(this.#columnAt(from));
    for (let at = to; at <= this.length; at++) columns.push(this.#columnAt(at));
    return new PlacedText(text, this, columns[0] ?? 1, columns);
  }

  /** Without blanks around it. */
  trim(): PlacedText {
    const from = this.text.length - this.text.trimStart().length;
    const to = Math.max(from, this.text.trimEnd().length);
    return from === 0 && to === this.length ? this : this.slice(from, to);
  }

  #columnAt(index: number): number {
    const last = Math.min(index, this.length);
    return this.#columns?.[last] ?? this.#first + last;
  }
}

/**
 * A line without its comment and the blanks around it. Comments begin with `!` or `#`, but not in
 * double quotes or behind a backslash, which then goes.
 */
export function withoutComment(line: PlacedText): PlacedText {
  if (!/[!#]/.test(line.text)) return line.trim();
  let kept = line;
  let isQuoted = false;
  for (let at = 0; at < kept.length; at++) {
    const letter = kept.text[at];
    const next = kept.text[at + 1];
    if (letter === '"') {
      isQuoted = !isQuoted;
    } else if (letter === '\\') {
      if (!isQuoted && (next === '#' || next === '!')) kept = kept.replace(at, at + 1, '');
      else at++;
    } else if (!isQuoted && (letter === '!' || letter === '#')) {
      return kept.slice(0, at).trim();
    }
  }
  return kept.trim();
}
