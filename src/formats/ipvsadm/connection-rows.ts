const NEWLINE = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;
const ZERO = 0x30;
const fourSpaces = 0x20202020;

/** The column of the state with the blank behind it, in /proc and in the listing. */
const stateWidth = 12;

/** Whether one of four bytes is below a blank, all of them being ASCII. */
function hasControl(word: number): boolean {
  return ((word - fourSpaces) & ~word & 0x80808080) !== 0;
}

/** The number two hexadecimal digits spell, by the little-endian number that they are as text. */
const pairValues: Uint16Array = new Uint16Array(0x10000);

/** Each byte in decimal with a dot behind and blanks to fill four places, as a little-endian number. */
const dottedBytes: Uint32Array = new Uint32Array(256);
const dottedLengths: Uint8Array = new Uint8Array(256);

/** Numbers below 100 with two digits, as a little-endian number. */
const twoDigits: Uint16Array = new Uint16Array(100);

/** Fills the tables, for the first who needs them: it takes longer than most commands. */
function fillTables(): void {
  if (twoDigits[0] !== 0) return;
  pairValues.fill(0x100);
  const digits = '0123456789ABCDEF';
  for (let value = 0; value < 256; value++) {
    const high = digits.charCodeAt(value >> 4);
    const low = digits.charCodeAt(value & 15);
    pairValues[high | (low << 8)] = value;
  }
  for (let byte = 0; byte < 256; byte++) {
    const text = Buffer.from(`${byte}.`.padEnd(4), 'latin1');
    dottedBytes[byte] = text.readUInt32LE(0);
    dottedLengths[byte] = `${byte}`.length + 1;
  }
  for (let value = 0; value < 100; value++) {
    twoDigits[value] = (ZERO + ((value / 10) | 0)) | ((ZERO + (value % 10)) << 8);
  }
}

/**
 * Turns rows of `/proc/net/ip_vs_conn` into rows of `ipvsadm -Lnc`, from bytes to bytes: a table
 * may have millions of them, and a string for each field would take most of the time.
 *
 * It knows the rows of IPv4 that end with the time they have left, so nearly all of nearly every
 * table. Others it leaves to its user.
 */
export class ConnectionRows {
  readonly #bytes: Uint8Array;
  readonly #input: DataView;
  readonly #buffer: Buffer;
  readonly #output: DataView;
  #at = 0;

  /**
   * @param input Where rows are read from.
   * @param size Bytes of output to have room for.
   */
  constructor(input: Uint8Array, size: number) {
    fillTables();
    this.#bytes = input;
    this.#input = new DataView(input.buffer, input.byteOffset, input.byteLength);
    this.#buffer = Buffer.alloc(size);
    this.#output = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, size);
  }

  /** Bytes there is room for. */
  get room(): number {
    return this.#buffer.length - this.#at;
  }

  /** What was written since it was last taken; good until the next row is written. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#at);
    this.#at = 0;
    return taken;
  }

  /** Writes text with a character for each byte. */
  text(text: string): void {
    this.#at += this.#buffer.write(text, this.#at, 'latin1');
  }

  /**
   * Writes the row that starts at `from`, given room for 128 bytes and a whole line.
   *
   * @returns Where the next row starts; -1 when this is another kind of row, of which nothing was
   * written.
   */
  row(from: number): number {
    const bytes = this.#bytes;
    const input = this.#input;
    // PPP CCCCCCCC CCCC VVVVVVVV VVVV DDDDDDDD DDDD SSSSSSSSSSS NNNNNNN, with a fourth P in SCTP.
    const protocolEnd = bytes[from + 3] === SPACE ? from + 3 : from + 4;
    const client = protocolEnd + 1;
    const state = client + 42;
    if (bytes[protocolEnd] !== SPACE || state + stateWidth > bytes.length) return -1;
    const protocol = input.getUint32(from, true);
    const state1 = input.getUint32(state, true);
    const state2 = input.getUint32(state + 4, true);
    const state3 = input.getUint32(state + 8, true);
    if (hasControl(protocol) || hasControl(state1) || hasControl(state2)) return -1;
    if (hasControl(state3) || state3 >>> 24 !== SPACE) return -1;
    let at = state + stateWidth;
    while (bytes[at] === SPACE) at++;
    const number = at;
    let seconds = 0;
    for (;;) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      seconds = seconds * 10 + digit;
      at++;
    }
    // Above nine digits ipvsadm's numbers overflow.
    if (at === number || at - number > 9 || bytes[at] !== NEWLINE) return -1;

    const output = this.#output;
    const start = this.#at;
    output.setUint32(start, protocol, true);
    output.setUint8(start + client - from - 1, SPACE);
    this.#at += client - from;
    this.#time(seconds);
    output.setUint32(this.#at, state1, true);
    output.setUint32(this.#at + 4, state2, true);
    output.setUint32(this.#at + 8, state3, true);
    this.#at += stateWidth;
    const known =
      this.#endpoint(client, 19) &&
      this.#endpoint(client + 14, 19) &&
      this.#endpoint(client + 28, 0);
    if (!known) {
      this.#at = start;
      return -1;
    }
    output.setUint8(this.#at, NEWLINE);
    this.#at++;
    return at + 1;
  }

  /** Minutes and seconds, two digits at least each. */
  #time(total: number): void {
    const output = this.#output;
    const minutes = (total / 60) | 0;
    const seconds = total - minutes * 60;
    let at = this.#at;
    if (minutes < 100) {
      output.setUint16(at, twoDigits[minutes] ?? 0, true);
      at += 2;
    } else {
      at = this.#decimal(minutes, at);
    }
    output.setUint8(at, COLON);
    output.setUint16(at + 1, twoDigits[seconds] ?? 0, true);
    at += 3;
    // Six columns and a blank; from a thousand minutes on the time fills them.
    do {
      output.setUint8(at++, SPACE);
    } while (at < this.#at + 7);
    this.#at = at;
  }

  /**
   * The address and port at `from`, with blanks up to a width and at least one unless it is 0.
   * False when there are none.
   */
  #endpoint(from: number, width: number): boolean {
    const input = this.#input;
    const output = this.#output;
    const first = pairValues[input.getUint16(from, true)] ?? 0;
    const second = pairValues[input.getUint16(from + 2, true)] ?? 0;
    const third = pairValues[input.getUint16(from + 4, true)] ?? 0;
    const fourth = pairValues[input.getUint16(from + 6, true)] ?? 0;
    const high = pairValues[input.getUint16(from + 9, true)] ?? 0;
    const low = pairValues[input.getUint16(from + 11, true)] ?? 0;
    if ((first | second | third | fourth | high | low) > 0xff) return false;
    const bytes = this.#bytes;
    if (bytes[from + 8] !== SPACE || bytes[from + 13] !== SPACE) return false;

    const start = this.#at;
    // Numbers are written over blanks, four places at a time.
    output.setUint32(start + 8, fourSpaces, true);
    output.setUint32(start + 12, fourSpaces, true);
    output.setUint32(start + 16, fourSpaces, true);
    output.setUint32(start + 20, fourSpaces, true);
    output.setUint32(start, dottedBytes[first] ?? 0, true);
    let at = start + (dottedLengths[first] ?? 0);
    output.setUint32(at, dottedBytes[second] ?? 0, true);
    at += dottedLengths[second] ?? 0;
    output.setUint32(at, dottedBytes[third] ?? 0, true);
    at += dottedLengths[third] ?? 0;
    output.setUint32(at, dottedBytes[fourth] ?? 0, true);
    at += dottedLengths[fourth] ?? 0;
    output.setUint8(at - 1, COLON);
    at = this.#decimal((high << 8) | low, at);
    this.#at = width === 0 ? at : at < start + width ? start + width : at + 1;
    return true;
  }

  /** Writes a number; returns where it ends. */
  #decimal(number: number, at: number): number {
    const output = this.#output;
    let end = at + 1;
    for (let bound = 10; number >= bound; bound *= 10) end++;
    let rest = number;
    let place = end;
    while (rest > 9) {
      const hundredth = (rest / 100) | 0;
      place -= 2;
      output.setUint16(place, twoDigits[rest - hundredth * 100] ?? 0, true);
      rest = hundredth;
    }
    if (place > at) output.setUint8(at, ZERO + rest);
    return end;
  }
}
