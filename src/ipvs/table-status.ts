import { LineError } from './line-error.ts';
import { isMissingProcFile, type NamespaceSource, procError, readProcFile } from './proc-file.ts';

/** The inside of a table, for those who tune it (`/proc/net/ip_vs_status`, since Linux 7.1). */
export interface TableStatus {
  /** Connections and templates. */
  readonly connections: number;
  readonly connectionTable: HashTableStatus;
  readonly services: number;
  readonly serviceTable: HashTableStatus;
  readonly estimation: EstimationStatus;
}

/** A table that the kernel resizes with use. */
export interface HashTableStatus {
  /** 0 before the first service. */
  readonly buckets: number;
  /** `buckets` is 2 to this power. */
  readonly bits: number;
  /** The sysctl `net.ipv4.vs.conn_lfactor` or `svc_lfactor`: buckets are kept at entries x 2^-n. */
  readonly loadFactor: number;
  /**
   * How many buckets have as many entries as the index says, the last, 7, or more. Connections by
   * NAT have two entries. Empty for a table without entries, and when it was resized repeatedly
   * meanwhile.
   */
  readonly bucketLengths: readonly number[];
}

/** The kernel threads that refresh counters and rates. */
export interface EstimationStatus {
  /** Those that run. */
  readonly threads: number;
  /** Those that may run. */
  readonly maxThreads: number;
  /** Counters that are refreshed in one go. */
  readonly maxChainLength: number;
  /** Counters that one thread can refresh. */
  readonly maxCountersPerThread: number;
}

/** Undefined when this kernel has no such file. */
export async function tableStatusIn(netns: NamespaceSource): Promise<TableStatus | undefined> {
  try {
    return parseTableStatus(await readProcFile('ip_vs_status', netns));
  } catch (error) {
    if (isMissingProcFile(error)) return undefined;
    throw procError(error, 'read the status of the table', 'ip_vs_status');
  }
}

/**
 * Reads the text of `/proc/net/ip_vs_status`. Lines that are not known are passed over: the file
 * is new, and made to grow.
 *
 * @throws LineError for one that lacks its numbers or is not there.
 */
export function parseTableStatus(text: string): TableStatus {
  const lines = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) lines.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const [connections = 0] = numbersOf(lines, 'Conns', 1);
  const [services = 0] = numbersOf(lines, 'Services', 1);
  const [threads = 0, maxThreads = 0] = numbersOf(lines, 'Stats thread slots', 2);
  const [maxChainLength = 0] = numbersOf(lines, 'Stats chain max len', 1);
  const [maxCountersPerThread = 0] = numbersOf(lines, 'Stats thread ests', 1);
  return {
    connections,
    connectionTable: hashTable(lines, 'Conn buckets'),
    services,
    serviceTable: hashTable(lines, 'Service buckets'),
    estimation: { threads, maxThreads, maxChainLength, maxCountersPerThread },
  };
}

function hashTable(lines: ReadonlyMap<string, string>, name: string): HashTableStatus {
  const [buckets = 0, bits = 0, loadFactor = 0] = numbersOf(lines, name, 3);
  const bucketLengths: number[] = [];
  if (lines.has(`${name} empty`)) {
    bucketLengths.push(...numbersOf(lines, `${name} empty`, 2).slice(0, 1));
    for (let length = 1; length <= 7; length++) {
      const line = `${name} len-${length}`;
      // Those that are zero are not printed.
      bucketLengths.push(...(lines.has(line) ? numbersOf(lines, line, 2).slice(0, 1) : [0]));
    }
  }
  return { buckets, bits, loadFactor, bucketLengths };
}

/** The whole numbers in the value of a line, of which there have to be as many. */
function numbersOf(lines: ReadonlyMap<string, string>, name: string, count: number): number[] {
  const value = lines.get(name) ?? '';
  const numbers = (value.match(/-?\d+/g) ?? []).map(Number);
  if (numbers.length !== count) throw new LineError(`${name}: ${value}`);
  return numbers;
}
