import { AddressTexts } from '../../ipvs/address-texts.ts';
import { hexadecimal } from '../../ipvs/hexadecimal.ts';
import type { Protocol } from '../../ipvs/service.ts';
import { ConnectionRows } from './connection-rows.ts';
import { type AddressNames, endpointText } from './names.ts';

/** How the connection table is listed (`ipvsadm -Lc`). */
export interface ConnectionListingOptions {
  /** Show name and data of persistence engines (`--persistent-conn`). Default false. */
  readonly persistenceEngines?: boolean;
  /** Absent for numbers (`-n`). */
  readonly names?: AddressNames | undefined;
}

/**
 * Fills the buffer from `offset` on, at least partly; returns the count of bytes, 0 at the end of
 * the file.
 */
export type ReadPiece = (buffer: Uint8Array, offset: number) => number;

/**
 * How a listing ended: with the file; `empty` when the file has not even its headings; `malformed`
 * at a line that is no entry, where ipvsadm ends too if it is a blank one.
 */
export type ConnectionListingEnd = 'complete' | 'empty' | 'malformed';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const inputSize = 65_536;
const outputSize = 65_536;
/** More than any row takes: eight columns of at most 255 bytes from the kernel. */
const longestRow = 4096;

/**
 * The text of `/proc/net/ip_vs_conn` as `ipvsadm -Lc` prints it, in its order and in pieces of whole
 * lines. A piece is good until the next one is asked for. Memory does not grow with the table.
 *
 * Rows longer than ipvsadm's 255 bytes, which data of a persistence engine can make, are printed as
 * the others; ipvsadm cuts them, ends at them or crashes.
 */
export function* listConnections(
  read: ReadPiece,
  options: ConnectionListingOptions = {},
): Generator<Buffer, ConnectionListingEnd> {
  const { names, persistenceEngines = false } = options;
  const input = Buffer.alloc(inputSize);
  const rows = new ConnectionRows(input, outputSize);
  let others: OtherRows | undefined;
  let headed = false;
  let kept = 0;
  for (;;) {
    const size = read(input, kept);
    let end = kept + size;
    if (end === 0) break;
    // A last line without an end is one all the same.
    if (size === 0) input[end++] = NEWLINE;
    const complete = input.lastIndexOf(NEWLINE, end - 1) + 1;
    let at = 0;
    if (!headed && complete > 0) {
      headed = true;
      rows.text(headings(persistenceEngines));
      at = input.indexOf(NEWLINE) + 1;
    }
    while (at < complete) {
      if (rows.room < longestRow) yield rows.take();
      const next = names === undefined ? rows.row(at) : -1;
      if (next >= 0) {
        at = next;
        continue;
      }
      const lineEnd = input.indexOf(NEWLINE, at);
      others ??= new OtherRows(names, persistenceEngines);
      const row = others.read(input, at, lineEnd);
      if (row === undefined) {
        yield rows.take();
        return 'malformed';
      }
      rows.text(row);
      at = lineEnd + 1;
    }
    if (size === 0) break;
    input.copyWithin(0, complete, end);
    kept = end - complete;
    if (kept >= inputSize - 1) {
      yield rows.take();
      return 'malformed';
    }
  }
  yield rows.take();
  return headed ? 'complete' : 'empty';
}

/** Both lines above the table. The column of the destination is narrower in rows with an engine. */
function headings(persistenceEngines: boolean): string {
  const engine = persistenceEngines
    ? `${'destination'.padEnd(18)} ${'pe name'.padEnd(16)} pe_data`
    : '';
  const columns = `${'source'.padEnd(18)} ${'virtual'.padEnd(18)} ${engine || 'destination'}`;
  return `IPVS connection entries\npro expire ${'state'.padEnd(11)} ${columns}\n`;
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

/** The rows that {@link ConnectionRows} leaves: those of IPv6, with an engine, or to be named. */
class OtherRows {
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
