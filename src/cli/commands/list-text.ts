import { formatSeconds } from '../../config/duration.ts';
import { formatDestinationKey, type Tunnel } from '../../ipvs/destination.ts';
import type { Rates } from '../../ipvs/rates.ts';
import { formatServiceKey } from '../../ipvs/service.ts';
import type { Counters } from '../../ipvs/statistics.ts';
import { humanCount, humanRate } from '../output/human-number.ts';
import type { Style } from '../output/style.ts';
import { type Column, layOut } from '../output/table.ts';
import type { ListedDestination, ListedService, ListedTable } from './list-table.ts';

/** What the table shows beside settings and connections. */
export interface ListTextOptions {
  readonly statistics: boolean;
  readonly rates: boolean;
  /** Counters and rates in all their digits. */
  readonly exact: boolean;
}

const numeric = (heading: string): Column => ({ heading, numeric: true });
const flows = ['connections', 'packets in', 'packets out', 'bytes in', 'bytes out'];

/** The table as lines, the headings first; each dressed by the condition of what it shows. */
export function listText(
  table: ListedTable,
  options: ListTextOptions,
  style: Style,
): readonly string[] {
  if (table.services.length === 0) return [style.dim('no services'), ...totals(table, options)];
  const columns = [
    { heading: 'service' },
    { heading: 'method' },
    numeric('weight'),
    numeric('active'),
    numeric('inactive'),
    ...(options.statistics && table.source === 'kernel' ? flows.map(numeric) : []),
    ...(options.rates && table.source === 'kernel'
      ? flows.map((name) => numeric(`${name}/s`))
      : []),
    { heading: 'notes' },
  ];
  const rows: string[][] = [];
  const paints: ((text: string) => string)[] = [style.dim];
  for (const service of table.services) {
    rows.push(serviceRow(service, table, options));
    paints.push(service.condition === 'up' ? style.bold : style.red);
    for (const destination of service.destinations) {
      rows.push(destinationRow(destination, table, options));
      paints.push(paintOf(destination, style));
    }
  }
  const lines = layOut(columns, rows).map((line, index) => paints[index]?.(line) ?? line);
  return [...lines, ...totals(table, options)];
}

function paintOf({ condition }: ListedDestination, style: Style): (text: string) => string {
  if (condition === 'overloaded') return style.red;
  if (condition === 'draining') return style.yellow;
  return condition === 'drained' ? style.dim : (text) => text;
}

function serviceRow(
  service: ListedService,
  table: ListedTable,
  options: ListTextOptions,
): string[] {
  const sum = (field: 'activeConnections' | 'inactiveConnections') =>
    service.destinations.reduce((total, destination) => total + destination[field], 0);
  return [
    formatServiceKey(service.key),
    service.scheduler,
    '',
    `${sum('activeConnections')}`,
    `${sum('inactiveConnections')}`,
    ...measures(service, table, options),
    serviceNotes(service).join(', '),
  ];
}

function destinationRow(
  destination: ListedDestination,
  table: ListedTable,
  options: ListTextOptions,
): string[] {
  return [
    `  ${formatDestinationKey(destination.key)}`,
    destination.forwarding,
    `${destination.weight}`,
    `${destination.activeConnections}`,
    `${destination.inactiveConnections}`,
    ...measures(destination, table, options),
    destinationNotes(destination).join(', '),
  ];
}

function measures(
  of: ListedService | ListedDestination,
  table: ListedTable,
  { statistics, rates, exact }: ListTextOptions,
): readonly string[] {
  if (table.source === 'proc') return [];
  return [
    ...(statistics ? counterCells(of.statistics, exact) : []),
    ...(rates ? rateCells(of.rates, exact) : []),
  ];
}

function counterCells(counters: Counters | undefined, exact: boolean): readonly string[] {
  if (counters === undefined) return flows.map(() => '-');
  const { connections, packetsIn, packetsOut, bytesIn, bytesOut } = counters;
  return [connections, packetsIn, packetsOut, bytesIn, bytesOut].map((count) =>
    exact ? `${count}` : humanCount(count),
  );
}

/** What was not there in the sample before has no rates yet. */
function rateCells(rates: Rates | undefined, exact: boolean): readonly string[] {
  if (rates === undefined) return flows.map(() => '-');
  const { connectionsPerSecond, packetsInPerSecond, packetsOutPerSecond } = rates;
  const { bytesInPerSecond, bytesOutPerSecond } = rates;
  return [
    connectionsPerSecond,
    packetsInPerSecond,
    packetsOutPerSecond,
    bytesInPerSecond,
    bytesOutPerSecond,
  ].map((rate) => (exact ? rate.toFixed(3) : humanRate(rate)));
}

function serviceNotes(service: ListedService): readonly string[] {
  const { condition, persistence, persistenceEngine, onePacket, schedulerFlags = [] } = service;
  const notes: string[] = [];
  if (condition === 'empty') notes.push('no destination');
  if (condition === 'closed') notes.push('no destination takes connections');
  if (persistence !== undefined) {
    const { timeoutSeconds, netmask } = persistence;
    const time = timeoutSeconds === undefined ? '' : ` ${formatSeconds(timeoutSeconds)}`;
    notes.push(`persistent${time}${netmaskNote(netmask, service)}`);
  }
  if (persistenceEngine !== undefined) notes.push(`engine ${persistenceEngine}`);
  if (onePacket) notes.push('one packet');
  return [...notes, ...schedulerFlags];
}

function netmaskNote(netmask: number | string | undefined, { key }: ListedService): string {
  const ipv6 = key.firewallMark === undefined ? key.address.includes(':') : key.family === 'ipv6';
  if (netmask === undefined || netmask === (ipv6 ? 128 : 32)) return '';
  return typeof netmask === 'number' ? ` by /${netmask}` : ` by mask ${netmask}`;
}

function destinationNotes(destination: ListedDestination): readonly string[] {
  const { condition, tunnel, upperThreshold = 0, lowerThreshold = 0 } = destination;
  const { persistentConnections = 0 } = destination;
  const notes: string[] = condition === 'up' ? [] : [condition];
  if (tunnel !== undefined && tunnel.type !== 'ipip') notes.push(tunnelNote(tunnel));
  if (upperThreshold > 0) {
    notes.push(`at most ${upperThreshold}`);
    if (lowerThreshold > 0) notes.push(`again below ${lowerThreshold}`);
  }
  if (persistentConnections > 0) notes.push(`${persistentConnections} persistent`);
  return notes;
}

function tunnelNote(tunnel: Exclude<Tunnel, { readonly type: 'ipip' }>): string {
  const port = tunnel.type === 'gue' ? ` port ${tunnel.port}` : '';
  const { checksum = 'none' } = tunnel;
  return `${tunnel.type}${port}${checksum === 'none' ? '' : `, ${checksum} checksum`}`;
}

/** The counters of the whole table, where those are all there are. */
function totals({ totals: all }: ListedTable, options: ListTextOptions): readonly string[] {
  if (all === undefined) return [];
  const cells = counterCells(all, options.exact);
  return ['', `in all: ${flows.map((name, index) => `${name} ${cells[index]}`).join(', ')}`];
}
