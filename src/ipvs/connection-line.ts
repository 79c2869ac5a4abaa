import { AddressTexts } from './address-texts.ts';
import type {
  Connection,
  ConnectionEngine,
  ConnectionOrigin,
  ConnectionProtocol,
} from './connection.ts';
import { hexadecimal } from './hexadecimal.ts';
import { LineError } from './line-error.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;
const ZERO = 0x30;

/** The longest that a kernel prints has about 430 bytes, most of them the data of an engine. */
const longestLine = 4096;

const header = 'Pro FromIP ';

const knownProtocols: Readonly<Record<string, ConnectionProtocol>> = {
  TCP: 'tcp',
  UDP: 'udp',
  SCTP: 'sctp',
  IP: 'ip',
  ICMP: 'icmp',
  ICMPv6: 'icmpv6',
};

const knownOrigins: Readonly<Record<string, ConnectionOrigin>> = { LOCAL: 'local', SYNC: 'sync' };

/**
 * Reads the lines of `/proc/net/ip_vs_conn` or, with `origin`, of `/proc/net/ip_vs_conn_sync`, a
 * piece of the file at a time.
 *
 * It works on the bytes, and keeps the words that come again and again, such as the names of
 * states: to make a string of every line and field takes several times as long.
 */
export class ConnectionLineReader {
  readonly #origin: boolean;
  readonly #addresses: AddressTexts = new AddressTexts();
  readonly #words: Map<number, string> = new Map();
  /** What the last piece ended in that has no end of line yet. */
  #cut: Buffer = Buffer.alloc(0);
  #headerSeen = false;
  #bytes: Buffer = this.#cut;
  /** Where the field that was taken last starts and ends, and its line. */
  #from = 0;
  #to = 0;
  #end = 0;

  constructor(origin: boolean) {
    this.#origin = origin;
  }

  /**
   * The connections of the lines that end in this piece. The piece may be overwritten afterwards.
   *
   * @throws LineError
   */
  read(piece: Buffer): Connection[] {
    const bytes = this.#cut.length === 0 ? piece : Buffer.concat([this.#cut, piece]);
    this.#bytes = bytes;
    const connections: Connection[] = [];
    let at = 0;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, at);
      if (end < 0) break;
      const connection = this.#headerSeen ? this.#connection(at, end) : this.#header(at, end);
      if (connection !== undefined) connections.push(connection);
      at = end + 1;
    }
    if (bytes.length - at > longestLine) throw this.#error(at, at + longestLine);
    this.#cut = Buffer.from(bytes.subarray(at));
    return connections;
  }

  /** Has to be called after the last piece. @throws LineError when the file ended within a line. */
  finish(): void {
    if (this.#cut.length > 0) throw new LineError(this.#cut.toString('latin1'));
  }

  #header(from: number, end: number): undefined {
    if (this.#text(from, from + header.length) !== header) throw this.#error(from, end);
    this.#headerSeen = true;
  }

  #connection(from: number, end: number): Connection {
    this.#to = from;
    this.#end = end;
    const protocol = protocolOf(this.#word());
    const clientAddress = this.#address();
    const clientPort = this.#port();
    const virtualAddress = this.#virtual(protocol);
    const virtualPort = this.#port();
    const destinationAddress = this.#address();
    const destinationPort = this.#port();
    const state = this.#word();
    const origin = this.#origin ? knownOrigins[this.#word()] : undefined;
    const expiresSeconds = this.#decimal();
    const persistenceEngine = this.#origin ? undefined : this.#engine();
    if (
      protocol === undefined ||
      clientAddress === undefined ||
      clientPort < 0 ||
      virtualAddress === undefined ||
      virtualPort < 0 ||
      destinationAddress === undefined ||
      destinationPort < 0 ||
      state === '' ||
      expiresSeconds < 0 ||
      persistenceEngine === null ||
      (this.#origin && origin === undefined) ||
      this.#to !== end
    ) {
      throw this.#error(from, end);
    }
    const marked = typeof virtualAddress === 'number';
    return {
      protocol,
      client: { address: clientAddress, port: clientPort },
      virtual: marked ? undefined : { address: virtualAddress, port: virtualPort },
      firewallMark: marked ? virtualAddress : undefined,
      destination: { address: destinationAddress, port: destinationPort },
      state,
      expiresSeconds,
      // A connection without a client port yet, as FTP makes them, is in a state such as LISTEN.
      template: clientPort === 0 && (state === 'NONE' || state === 'ASSURED'),
      persistenceEngine,
      origin,
    };
  }

  /** Moves on to the next field, which is empty at the end of the line. */
  #next(): void {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#to;
    while (at < end && bytes[at] === SPACE) at++;
    this.#from = at;
    while (at < end && bytes[at] !== SPACE) at++;
    this.#to = at;
  }

  #address(): string | undefined {
    this.#next();
    return this.#addresses.read(this.#bytes, this.#from, this.#to);
  }

  /** The virtual address; of a template by firewall mark the mark, which is printed in its place. */
  #virtual(protocol: ConnectionProtocol | undefined): string | number | undefined {
    if (protocol !== 'ip') return this.#address();
    this.#next();
    // In IPv6 the mark is in the first two groups.
    const colon = this.#from + 4;
    if (this.#bytes[colon] !== COLON) return natural(this.#number(this.#from, this.#to));
    const high = this.#number(this.#from, colon);
    const low = this.#number(colon + 1, colon + 5);
    return high < 0 || low < 0 ? undefined : high * 0x10000 + low;
  }

  #port(): number {
    this.#next();
    return this.#to - this.#from === 4 ? this.#number(this.#from, this.#to) : -1;
  }

  #number(from: number, to: number): number {
    return hexadecimal(this.#bytes, from, to);
  }

  #decimal(): number {
    this.#next();
    let value = this.#from < this.#to ? 0 : -1;
    for (let at = this.#from; at < this.#to; at++) {
      const digit = (this.#bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }

  /** What is left of the line, if anything; null when that is not a name and data of any kind. */
  #engine(): ConnectionEngine | undefined | null {
    if (this.#to === this.#end) return undefined;
    const name = this.#word();
    if (name === '' || this.#to === this.#end) return null;
    const data = this.#text(this.#to + 1, this.#end);
    this.#to = this.#end;
    return { name, data };
  }

  /** The next field as text, of which there are few different ones in a whole table. */
  #word(): string {
    this.#next();
    const bytes = this.#bytes;
    let key = 0;
    for (let at = this.#from; at < this.#to; at++)
      key = (Math.imul(key, 31) + (bytes[at] ?? 0)) | 0;
    const known = this.#words.get(key);
    if (known !== undefined && this.#spells(known)) return known;
    const word = this.#text(this.#from, this.#to);
    if (this.#words.size < 256) this.#words.set(key, word);
    return word;
  }

  #spells(word: string): boolean {
    if (word.length !== this.#to - this.#from) return false;
    for (let index = 0; index < word.length; index++) {
      if (word.charCodeAt(index) !== this.#bytes[this.#from + index]) return false;
    }
    return true;
  }

  #text(from: number, to: number): string {
    return this.#bytes.toString('latin1', from, to);
  }

  #error(from: number, to: number): LineError {
    return new LineError(this.#text(from, to));
  }
}

function natural(number: number): number | undefined {
  return number < 0 ? undefined : number;
}

/** Kernels name the protocols they know; others are numbers, as in `IP_47`. */
function protocolOf(word: string): ConnectionProtocol | undefined {
  const known = knownProtocols[word];
  if (known !== undefined) return known;
  return /^IP_\d{1,3}$/.test(word) ? `ip-${Number(word.slice(3))}` : undefined;
}
