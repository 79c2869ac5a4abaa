import type { PackedDestinations } from '../../ipvs/table.ts';
import { AF_INET, destinationRecord } from '../../native/ipvs-records.ts';
import type { ByteLines } from './byte-lines.ts';
import { mergeSort } from './order.ts';

const longestName = 28;
/** The forwarding methods by number, as the column has them. */
const forwardingColumns = [' Masq   ', ' Local  ', ' Tunnel ', ' Route  '];
const counters = 5;
/** Above this a counter is cut to a unit, and above 32 bits it is no simple number. */
const largestPlain = 99_999_999;
const largestSigned = 0x7fffffff;

/** What this can write of destinations: the columns of a plain `-L` or those of `--stats`. */
export type PackedColumns = 'settings' | 'statistics';

/**
 * Writes the lines of destinations from their records, without an object or a string for each: in a
 * table of 100,000 these would take most of the time.
 *
 * It knows destinations of IPv4 with ordinary values, so nearly all of nearly every table; services
 * with others it leaves to its user.
 */
export class PackedLines {
  private readonly columns: PackedColumns;
  private readonly sort: boolean;
  private packed: PackedDestinations | undefined;
  /** Where each record is, in the order the lines are written. */
  private order = new Uint32Array(64);
  private merged = new Uint32Array(64);
  private words = new Uint32Array(64);
  private ports = new Uint16Array(64);

  constructor(columns: PackedColumns, sort: boolean) {
    this.columns = columns;
    this.sort = sort;
  }

  /** Takes the destinations of a service on; false when they are not for it. */
  begin(packed: PackedDestinations): boolean {
    const { count } = packed;
    if (this.columns === 'statistics' && !packed.withStatistics) return false;
    if (count > this.order.length) {
      this.order = new Uint32Array(count);
      this.merged = new Uint32Array(count);
      this.words = new Uint32Array(count);
      this.ports = new Uint16Array(count);
    }
    this.packed = packed;
    return this.read() && (!this.sort || this.isSorted() || this.sorted());
  }

  /**
   * Writes lines from the one numbered `from` on, until there are enough or no more.
   *
   * @returns The number of the next.
   */
  write(lines: ByteLines, from: number): number {
    const { packed, order } = this;
    if (packed === undefined) return from;
    const { records, count, at: base, stride } = packed;
    const { u8, u16, u32 } = records;
    const statistics = this.columns === 'statistics';
    let index = from;
    while (index < count && !lines.full) {
      const at = base + (order[index] ?? 0) * stride;
      lines.text('  -> ');
      const start = lines.length;
      lines.ipv4(u8, at + destinationRecord.address, u16[(at + destinationRecord.port) >> 1] ?? 0);
      lines.padFrom(start, longestName);
      if (statistics) {
        const first = (at + destinationRecord.size) >> 2;
        for (let counter = 0; counter < counters; counter++) {
          lines.number(u32[first + counter * 2] ?? 0, 9);
        }
      } else {
        lines.text(forwardingColumns[u32[(at + destinationRecord.forwarding) >> 2] ?? 0] ?? '');
        lines.column(u32[(at + destinationRecord.weight) >> 2] ?? 0, 6);
        lines.column(u32[(at + destinationRecord.activeConnections) >> 2] ?? 0, 10);
        lines.column(u32[(at + destinationRecord.inactiveConnections) >> 2] ?? 0, 10);
      }
      lines.end();
      index++;
    }
    return index;
  }

  /** Reads what they are sorted by; false when one has a line of another kind. */
  private read(): boolean {
    const { packed, order, words, ports } = this;
    if (packed === undefined) return false;
    const { records, count, stride } = packed;
    const { u8, u16, u32 } = records;
    const statistics = this.columns === 'statistics';
    let at = packed.at;
    for (let index = 0; index < count; index++) {
      if (u16[(at + destinationRecord.family) >> 1] !== AF_INET) return false;
      if (statistics) {
        const first = (at + destinationRecord.size) >> 2;
        for (let half = first; half < first + counters * 2; half += 2) {
          if ((u32[half] ?? 0) > largestPlain || u32[half + 1] !== 0) return false;
        }
      } else {
        const method = u32[(at + destinationRecord.forwarding) >> 2] ?? 0;
        if (method >= forwardingColumns.length) return false;
        if ((u32[(at + destinationRecord.weight) >> 2] ?? 0) > largestSigned) return false;
      }
      const address = at + destinationRecord.address;
      const high = ((u8[address] ?? 0) << 8) | (u8[address + 1] ?? 0);
      words[index] = (high << 16) | ((u8[address + 2] ?? 0) << 8) | (u8[address + 3] ?? 0);
      ports[index] = u16[(at + destinationRecord.port) >> 1] ?? 0;
      order[index] = index;
      at += stride;
    }
    return true;
  }

  /**
   * Whether they are in order as they are. Only where no two addresses are so far apart that ipvsadm's
   * comparison turns round, which can put even these in another order.
   */
  private isSorted(): boolean {
    const { words, ports } = this;
    const count = this.packed?.count ?? 0;
    let before = words[0] ?? 0;
    for (let index = 1; index < count; index++) {
      const word = words[index] ?? 0;
      if (word < before) return false;
      if (word === before && (ports[index] ?? 0) < (ports[index - 1] ?? 0)) return false;
      before = word;
    }
    return before - (words[0] ?? 0) <= largestSigned;
  }

  private sorted(): true {
    const { words, ports } = this;
    mergeSort(this.order, this.merged, this.packed?.count ?? 0, (first, second) => {
      const difference = ((words[first] ?? 0) - (words[second] ?? 0)) | 0;
      return difference !== 0 ? difference : (ports[first] ?? 0) - (ports[second] ?? 0);
    });
    return true;
  }
}
