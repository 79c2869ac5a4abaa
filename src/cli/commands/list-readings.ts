import { setTimeout as sleep } from 'node:timers/promises';
import { isDataPathService, withoutDataPathServices } from '../../config/data-path-marks.ts';
import type { Ipvs } from '../../ipvs/client.ts';
import { IpvsError } from '../../ipvs/ipvs-error.ts';
import type { NamespaceSource } from '../../ipvs/proc-file.ts';
import { totalsIn } from '../../ipvs/proc-statistics.ts';
import { readProcTable } from '../../ipvs/proc-table.ts';
import { formatServiceKey, type ServiceKey } from '../../ipvs/service.ts';
import { namespaceArgument } from '../../net/namespace-reference.ts';
import { openTable } from '../table-options.ts';
import { type ListedTable, listedFromKernel, listedFromProc } from './list-table.ts';

/** What is read, and how often. */
export interface Reading {
  readonly netns?: string;
  readonly service?: ServiceKey | undefined;
  readonly statistics: boolean;
  readonly rates: boolean;
  /** Time between two samples; undefined for one reading, which with rates takes two samples. */
  readonly intervalMs: number | undefined;
  readonly signal: AbortSignal;
}

/** The kernel refreshes its counters this often. */
const counterIntervalMs = 2000;

/**
 * Reads the table once, or again and again until the signal is aborted.
 *
 * @param onRefused Called once when only /proc can be read, for want of permission.
 */
export async function* readings(
  reading: Reading,
  onRefused: () => void,
): AsyncGenerator<ListedTable, undefined> {
  let ipvs: Ipvs;
  try {
    ipvs = await openTable(reading);
    // Opening alone takes no permission.
    await ipvs.info();
  } catch (error) {
    if (!(error instanceof IpvsError) || error.code !== 'IPVS_NOT_PERMITTED') throw error;
    if (reading.netns === undefined) onRefused();
    yield* procReadings(reading);
    return;
  }
  try {
    if (reading.rates || reading.intervalMs !== undefined) yield* samples(ipvs, reading);
    else yield await one(ipvs, reading);
  } finally {
    await ipvs.close();
  }
}

async function one(ipvs: Ipvs, { service, statistics }: Reading): Promise<ListedTable> {
  const at = new Date();
  if (service === undefined) {
    const services = await ipvs.list({ statistics, consistent: true });
    return listedFromKernel(at, withoutDataPathServices(services), undefined);
  }
  const found = await ipvs.find(service, { statistics });
  if (found === undefined) throw noSuchService(service);
  return listedFromKernel(at, [found], undefined);
}

async function* samples(ipvs: Ipvs, reading: Reading): AsyncGenerator<ListedTable> {
  const { intervalMs = counterIntervalMs, signal, service, statistics, rates } = reading;
  const name = service === undefined ? undefined : formatServiceKey(service);
  let first = true;
  for await (const sample of ipvs.watch({ intervalMs, signal, statistics: statistics || rates })) {
    const wanted = sample.services.map(({ key }) =>
      name === undefined ? !isDataPathService(key) : formatServiceKey(key) === name,
    );
    if (service !== undefined && !wanted.includes(true)) throw noSuchService(service);
    const waiting = first && rates && reading.intervalMs === undefined;
    first = false;
    // Rates take a sample before the one that is shown.
    if (waiting) continue;
    yield listedFromKernel(
      sample.at,
      sample.services.filter((_, index) => wanted[index]),
      sample.rates?.filter((_, index) => wanted[index]),
    );
    if (reading.intervalMs === undefined) return;
  }
}

async function* procReadings(reading: Reading): AsyncGenerator<ListedTable> {
  const { service, signal, statistics, intervalMs } = reading;
  const netns = namespaceArgument(reading.netns);
  const source: NamespaceSource = () => netns;
  const name = service === undefined ? undefined : formatServiceKey(service);
  while (!signal.aborted) {
    const at = new Date();
    const services = (await readProcTable(source)).filter(({ key }) =>
      name === undefined ? !isDataPathService(key) : procName(key, service) === name,
    );
    if (service !== undefined && services.length === 0) throw noSuchService(service);
    yield listedFromProc(at, services, statistics ? await totalsIn(source) : undefined);
    if (intervalMs === undefined) return;
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

/** /proc does not tell the family of a firewall mark, so either is taken. */
function procName(key: ServiceKey, asked: ServiceKey | undefined): string {
  const same = key.firewallMark !== undefined && key.firewallMark === asked?.firewallMark;
  return formatServiceKey(same ? asked : key);
}

function noSuchService(service: ServiceKey): IpvsError {
  const name = formatServiceKey(service);
  return new IpvsError('IPVS_SERVICE_NOT_FOUND', `cannot list ${name}: there is no such service`);
}
