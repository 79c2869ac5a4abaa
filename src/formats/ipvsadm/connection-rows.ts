const NEWLINE = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;
const DOT = 0x2e;
const ZERO = 0x30;

/** The value of each hexadecimal digit; 16 in every other place. */
const digitValues: Uint8Array = new Uint8Array(256).fill(16);
for (const [value, digit] of Array.from('0123456789abcdef').entries()) {
  digitValues[digit.charCodeAt(0)] = value;
  digitValues[digit.toUpperCase().charCodeAt(0)] = value;
}

/** The decimal digits of each byte, and in the fourth place how many there are. */
const byteDigits: Uint8Array = new Uint8Array(1024);
for (let byte = 0; byte < 256; byte++) {
  const digits = `${byte}`;
  for (let at = 0; at < digits.length; at++) byteDigits[byte * 4 + at] = digits.charCodeAt(at);
  byteDigits[byte * 4 + 3] = digits.length;
}

/**
 * Turns rows of `/proc/net/ip_vs_conn` into rows of `ipvsadm -Lnc`, from bytes to bytes: a table
 * may have millions of them, and a string for each field would take most of the time.
 *
 * It knows the rows of IPv4 that end with the time they have left, so nearly all of nearly every
 * table. Others it leaves to its user.
 */
export class ConnectionRows {
  readonly #output: Buffer;
  #at = 0;

  constructor(size: number) {
    this.#output = Buffer.allocUnsafe(size);
  }

  /** Bytes there is room for. */
  get room(): number {
    return this.#output.length - this.#at;
  }

  /** What was written since it was last taken; good until the next row is written. */
  take(): Buffer {
    const taken = this.#output.subarray(0, this.#at);
    this.#at = 0;
    return taken;
  }

  /** Writes text with a character for each byte. */
  text(text: string): void {
    this.#at += this.#output.write(text, this.#at, 'latin1');
  }

  /**
   * Writes the row that starts at `from`, given room for 128 bytes.
   *
   * @param bytes Whole lines.
   * @returns Where the next row starts; -1 when this is another kind of row, of which nothing was
   * written.
   */
  row(bytes: Uint8Array, from: number): number {
    const protocolEnd = bytes.indexOf(SPACE, from);
    const client = bytes[protocolEnd + 1] === SPACE ? protocolEnd + 2 : protocolEnd + 1;
    // PPP CCCCCCCC CCCC VVVVVVVV VVVV DDDDDDDD DDDD SSS…
    const virtual = client + 14;
    const destination = client + 28;
    const state = client + 42;
    const protocolLength = protocolEnd - from;
    if (protocolLength < 1 || protocolLength > 7) return -1;
    if (!isEndpoint(bytes, client) || !isEndpoint(bytes, virtual)) return -1;
    if (!isEndpoint(bytes, destination)) return -1;
    let stateEnd = state;
    while ((bytes[stateEnd] ?? 0) > SPACE) stateEnd++;
    const stateLength = stateEnd - state;
    if (stateLength < 1 || stateLength > 15) return -1;
    let at = stateEnd;
    while (bytes[at] === SPACE) at++;
    let seconds = 0;
    const digits = at;
    for (;;) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      seconds = seconds * 10 + digit;
      at++;
    }
    // Above nine digits ipvsadm's numbers overflow.
    if (at === digits || at - digits > 9 || bytes[at] !== NEWLINE) return -1;

    this.#word(bytes, from, protocolEnd, 3);
    this.#time(seconds);
    this.#word(bytes, state, stateEnd, 11);
    this.#endpoint(bytes, client, 18);
    this.#endpoint(bytes, virtual, 18);
    this.#endpoint(bytes, destination, 0);
    this.#output[this.#at - 1] = NEWLINE;
    return at + 1;
  }

  /** Copies a word, with blanks up to a width and one more. */
  #word(bytes: Uint8Array, from: number, to: number, width: number): void {
    const output = this.#output;
    let at = this.#at;
    for (let source = from; source < to; source++) output[at++] = bytes[source] ?? 0;
    this.#at = pad(output, at, this.#at + width);
  }

  /** Minutes and seconds, two digits at least each. */
  #time(total: number): void {
    const output = this.#output;
    const seconds = total % 60;
    const minutes = (total - seconds) / 60;
    let at = this.#at;
    if (minutes < 100) {
      output[at++] = ZERO + ((minutes / 10) | 0);
      output[at++] = ZERO + (minutes % 10);
    } else {
      at += output.write(`${minutes}`, at, 'latin1');
    }
    output[at++] = COLON;
    output[at++] = ZERO + ((seconds / 10) | 0);
    output[at++] = ZERO + (seconds % 10);
    this.#at = pad(output, at, this.#at + 6);
  }

  /** Address and port, with blanks up to a width and one more. */
  #endpoint(bytes: Uint8Array, from: number, width: number): void {
    const output = this.#output;
    let at = this.#at;
    for (let digit = from; digit < from + 8; digit += 2) {
      const byte = ((digitOf(bytes, digit) << 4) | digitOf(bytes, digit + 1)) << 2;
      const count = byteDigits[byte + 3] ?? 0;
      output[at] = byteDigits[byte] ?? 0;
      output[at + 1] = byteDigits[byte + 1] ?? 0;
      output[at + 2] = byteDigits[byte + 2] ?? 0;
      at += count;
      output[at++] = DOT;
    }
    output[at - 1] = COLON;
    const port =
      (digitOf(bytes, from + 9) << 12) |
      (digitOf(bytes, from + 10) << 8) |
      (digitOf(bytes, from + 11) << 4) |
      digitOf(bytes, from + 12);
    at += port < 10 ? 1 : port < 100 ? 2 : port < 1000 ? 3 : port < 10_000 ? 4 : 5;
    let rest = port;
    let place = at;
    do {
      const tenth = (rest / 10) | 0;
      output[--place] = ZERO + rest - tenth * 10;
      rest = tenth;
    } while (rest > 0);
    this.#at = pad(output, at, this.#at + width);
  }
}

function digitOf(bytes: Uint8Array, at: number): number {
  return digitValues[bytes[at] ?? 0] ?? 16;
}

/** Whether there are 8 hexadecimal digits, a blank, 4 more, and a blank. */
function isEndpoint(bytes: Uint8Array, at: number): boolean {
  if (bytes[at + 8] !== SPACE || bytes[at + 13] !== SPACE) return false;
  let seen = 0;
  for (let place = at; place < at + 8; place++) seen |= digitOf(bytes, place);
  for (let place = at + 9; place < at + 13; place++) seen |= digitOf(bytes, place);
  return seen < 16;
}

/** Writes blanks from `at` to `to`, and one more; returns where it ended. */
function pad(output: Uint8Array, at: number, to: number): number {
  let place = at;
  while (place < to) output[place++] = SPACE;
  output[place++] = SPACE;
  return place;
}
