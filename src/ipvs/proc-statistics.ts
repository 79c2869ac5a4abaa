import { checkObject } from '../check.ts';
import { type NamespaceReference, namespaceArgument } from '../net/namespace-reference.ts';
import { LineError } from './line-error.ts';
import { type NamespaceSource, procError, readProcFile } from './proc-file.ts';
import { type Counters, countersAt, type Statistics, statisticsAt } from './statistics.ts';

/** The traffic of a whole table by the CPU that handled it. */
export interface PerCpuStatistics {
  /** One for each CPU that this machine may have, running or not, by number. */
  readonly cpus: readonly CpuStatistics[];
  /** As the kernel last added them up, every 2 seconds, less what was there when they were zeroed. */
  readonly total: Statistics;
}

/** What one CPU handled. */
export interface CpuStatistics {
  /** Its number, from 0. */
  readonly cpu: number;
  /** Live, also while `net.ipv4.vs.run_estimation` is 0, and never set to zero. */
  readonly counters: Counters;
}

/** Whose counters to read. */
export interface ReadStatisticsOptions {
  /** Whose table to read. Default: that of the network namespace of this process. */
  readonly netns?: NamespaceReference;
}

/**
 * The counters and rates of a whole table, without opening {@link Ipvs}: the file can be read by
 * anybody.
 *
 * @throws IpvsError `IPVS_NOT_AVAILABLE` while the module `ip_vs` is not loaded,
 * `IPVS_NAMESPACE_NOT_FOUND`, `IPVS_NOT_PERMITTED`, `IPVS_UNKNOWN_FORMAT`.
 */
export async function readTotals(options: ReadStatisticsOptions = {}): Promise<Statistics> {
  return await totalsIn(source(options));
}

/** The counters of a whole table by CPU; as {@link readTotals}. */
export async function readPerCpuStatistics(
  options: ReadStatisticsOptions = {},
): Promise<PerCpuStatistics> {
  return await perCpuStatisticsIn(source(options));
}

function source(options: ReadStatisticsOptions): NamespaceSource {
  checkObject(options, 'options');
  const netns = namespaceArgument(options.netns);
  return () => netns;
}

export async function totalsIn(netns: NamespaceSource): Promise<Statistics> {
  try {
    return parseTotals(await readProcFile('ip_vs_stats', netns));
  } catch (error) {
    throw procError(error, 'read the total counters', 'ip_vs_stats');
  }
}

export async function perCpuStatisticsIn(netns: NamespaceSource): Promise<PerCpuStatistics> {
  try {
    return parsePerCpuStatistics(await readProcFile('ip_vs_stats_percpu', netns));
  } catch (error) {
    throw procError(error, 'read the counters by CPU', 'ip_vs_stats_percpu');
  }
}

/**
 * Reads the text of `/proc/net/ip_vs_stats`: a row of counters and a row of rates, each under its
 * headings, in hexadecimal without a sign of it.
 *
 * @throws LineError
 */
export function parseTotals(text: string): Statistics {
  const [counters = [], rates = [], ...rest] = rowsOf(text);
  for (const row of rest) throw new LineError(row.join(' '));
  return statisticsAt(BigUint64Array.of(...numbers(counters), ...numbers(rates)), 0);
}

/**
 * Reads the text of `/proc/net/ip_vs_stats_percpu`: a row for each CPU that starts with its number,
 * in hexadecimal too, one that starts with `~` for all of them, and one of rates.
 *
 * @throws LineError
 */
export function parsePerCpuStatistics(text: string): PerCpuStatistics {
  const rows = rowsOf(text);
  const all = rows.findIndex(([first]) => first === '~');
  const [[, ...counters] = [], rates = [], ...rest] = all < 0 ? [] : rows.slice(all);
  for (const row of rest) throw new LineError(row.join(' '));
  const total = statisticsAt(BigUint64Array.of(...numbers(counters), ...numbers(rates)), 0);
  const cpus = rows.slice(0, all).map((row): CpuStatistics => {
    const [cpu = 0n, ...counted] = numbers(row, 6);
    return { cpu: Number(cpu), counters: countersAt(BigUint64Array.from(counted), 0) };
  });
  return { cpus, total };
}

/** The fields of each line but the headings. Numbers grow out of their column, not into the next. */
function rowsOf(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/(Outgoing|Bytes|Bytes\/s)$/.test(line))
    .map((line) => line.split(/\s+/));
}

function numbers(row: readonly string[], count = 5): bigint[] {
  if (row.length !== count || !row.every((field) => /^[0-9A-F]{1,16}$/i.test(field))) {
    throw new LineError(row.join(' '));
  }
  return row.map((field) => BigInt(`0x${field}`));
}
