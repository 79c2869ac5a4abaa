const SPACE = 0x20;
const ZERO = 0x30;
const NEWLINE = 0x0a;

const pieceSize = 65_536;
/** More than a line of any listing has: names are at most 59 bytes, numbers 20 digits. */
const longestLine = 1024;

/**
 * Collects lines of text as bytes, in a buffer that is used again and again: of a large table, the
 * strings that lines are made of would take most of the time. Text is Latin-1.
 */
export class ByteLines {
  readonly #bytes: Buffer = Buffer.allocUnsafe(pieceSize + longestLine);
  #at = 0;

  /** How much there is so far. */
  get length(): number {
    return this.#at;
  }

  /** Whether there is enough to be worth writing, and no room for more than a line. */
  get full(): boolean {
    return this.#at >= pieceSize;
  }

  /** What was collected; good until the next line is begun. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#at);
    this.#at = 0;
    return taken;
  }

  text(text: string): void {
    const bytes = this.#bytes;
    const from = this.#at;
    for (let index = 0; index < text.length; index++) bytes[from + index] = text.charCodeAt(index);
    this.#at = from + text.length;
  }

  /** Blanks, until `width` bytes follow `start`; none when there are more. */
  padFrom(start: number, width: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    while (at < start + width) bytes[at++] = SPACE;
    this.#at = at;
  }

  /** A whole number below 2^53 in decimal, with blanks before it up to a width. */
  number(value: number, width = 0): void {
    const bytes = this.#bytes;
    if (value < 10) {
      const end = this.#at + width - 1;
      while (this.#at < end) bytes[this.#at++] = SPACE;
      bytes[this.#at++] = ZERO + value;
      return;
    }
    let digits = 1;
    for (let bound = 10; value >= bound; bound *= 10) digits++;
    const end = this.#at + Math.max(digits, width);
    let place = end;
    let rest = value;
    do {
      const tenth = Math.floor(rest / 10);
      bytes[--place] = ZERO + rest - tenth * 10;
      rest = tenth;
    } while (rest > 0);
    while (place > this.#at) bytes[--place] = SPACE;
    this.#at = end;
  }

  /** A blank, and a number with blanks behind it up to a width. */
  column(value: number, width: number): void {
    this.#bytes[this.#at++] = SPACE;
    const start = this.#at;
    this.number(value);
    this.padFrom(start, width);
  }

  end(): void {
    this.#bytes[this.#at++] = NEWLINE;
  }
}
