import { AddressTexts } from '../../ipvs/address-texts.ts';
import { hexadecimal } from '../../ipvs/hexadecimal.ts';
import type { Protocol } from '../../ipvs/service.ts';
import type { NativeConnectionRows } from '../../native/text.ts';
import { type AddressNames, endpointText } from './names.ts';

/**
 * Turns the whole lines of `input`, lines of `/proc/net/ip_vs_conn` without the headings, into rows of
 * `ipvsadm -Lc`, as far as there is room for a row of {@link longestRow}.
 */
export type MakeRows = (input: Buffer, output: Buffer) => NativeConnectionRows;

/** Longer lines are none of a kernel's: those have at most 430 bytes or so. */
export const longestLine = 4096;
/** A line with the widths of its columns. Names in it are at most 59 bytes. */
export const longestRow: number = longestLine + 256;

const NEWLINE = 0x0a;
const SPACE = 0x20;

/**
 * What makes rows with names, or with numbers where there are none.
 *
 * Rows longer than ipvsadm's 255 bytes, which data of a persistence engine can make, are as the
 * others; ipvsadm cuts them, ends at them or crashes.
 *
 * @param persistenceEngines With name and data of persistence engines.
 */
export function rowMaker(names: AddressNames | undefined, persistenceEngines: boolean): MakeRows {
  const rows = new Rows(names, persistenceEngines);
  return (input, output) => {
    let read = 0;
    let written = 0;
    while (output.length - written >= longestRow) {
      const end = input.indexOf(NEWLINE, read);
      if (end < 0) break;
      const row = end - read > longestLine ? undefined : rows.read(input, read, end);
      if (row === undefined) return { read, written, malformed: true };
      written += output.write(row, written, 'latin1');
      read = end + 1;
    }
    return { read, written, malformed: false };
  };
}

const portProtocols: Readonly<Record<string, Protocol>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };

/** Fields of a row by place. */
const place = {
  protocol: 0,
  client: 1,
  clientPort: 2,
  virtual: 3,
  virtualPort: 4,
  destination: 5,
  destinationPort: 6,
  state: 7,
  expires: 8,
  engine: 9,
  data: 10,
} as const;
const mostFields = 11;
const fewestFields = 9;

/** Reads the fields of one line after the other. */
class Rows {
  readonly #names: AddressNames | undefined;
  readonly #persistenceEngines: boolean;
  readonly #addresses: AddressTexts = new AddressTexts();
  /** Where each field of the row starts and ends. */
  readonly #bounds: Uint32Array = new Uint32Array(mostFields * 2);
  #bytes: Buffer = Buffer.alloc(0);

  constructor(names: AddressNames | undefined, persistenceEngines: boolean) {
    this.#names = names;
    this.#persistenceEngines = persistenceEngines;
  }

  /** The row for a line; undefined when that is not an entry. */
  read(bytes: Buffer, from: number, to: number): string | undefined {
    this.#bytes = bytes;
    const count = this.#split(from, to);
    if (count < fewestFields) return undefined;
    const protocol = this.#text(place.protocol);
    const ports = portProtocols[protocol];
    const client = this.#endpoint(place.client, ports);
    const virtual = this.#endpoint(place.virtual, ports);
    const destination = this.#endpoint(place.destination, ports);
    const expires = this.#text(place.expires);
    if (client === undefined || virtual === undefined || destination === undefined)
      return undefined;
    if (!/^\d{1,10}$/.test(expires)) return undefined;
    const row =
      `${protocol.padEnd(3)} ${timeText(Number(expires)).padEnd(6)} ` +
      `${this.#text(place.state).padEnd(11)} ${client.padEnd(18)} ${virtual.padEnd(18)} `;
    if (!this.#persistenceEngines || count < mostFields) return `${row}${destination}\n`;
    const engine = `${this.#text(place.engine).padEnd(18)} ${this.#text(place.data)}`;
    return `${row}${destination.padEnd(16)} ${engine}\n`;
  }

  /** Finds the fields that are of interest, and counts them. */
  #split(from: number, to: number): number {
    const bytes = this.#bytes;
    const bounds = this.#bounds;
    let at = from;
    let count = 0;
    while (count < mostFields) {
      while (at < to && isBlank(bytes[at] ?? 0)) at++;
      if (at === to) break;
      bounds[count * 2] = at;
      while (at < to && !isBlank(bytes[at] ?? 0)) at++;
      bounds[count * 2 + 1] = at;
      count++;
    }
    return count;
  }

  #from(field: number): number {
    return this.#bounds[field * 2] ?? 0;
  }

  #to(field: number): number {
    return this.#bounds[field * 2 + 1] ?? 0;
  }

  #text(field: number): string {
    return this.#bytes.toString('latin1', this.#from(field), this.#to(field));
  }

  /** The address in a field, with the port in the next. */
  #endpoint(field: number, protocol: Protocol | undefined): string | undefined {
    const bytes = this.#bytes;
    const address = this.#addresses.read(bytes, this.#from(field), this.#to(field));
    const port = hexadecimal(bytes, this.#from(field + 1), this.#to(field + 1));
    if (address === undefined || port < 0 || port > 0xffff) return undefined;
    return endpointText(address, port, protocol, this.#names);
  }
}

function isBlank(byte: number): boolean {
  return byte === SPACE || (byte >= 0x09 && byte <= 0x0d);
}

function timeText(total: number): string {
  const seconds = total % 60;
  return `${`${(total - seconds) / 60}`.padStart(2, '0')}:${`${seconds}`.padStart(2, '0')}`;
}
