import type { Connection, Endpoint } from '../../ipvs/connection.ts';
import { formatEndpoint } from '../../net/ip.ts';
import { type Column, layOut } from '../output/table.ts';
import type { ConnectionCount, CountBy } from './connections-count.ts';

// Rows are written as they come, so columns have the width of what IPv4 can fill them with.
const widths = { protocol: 8, expires: 7, state: 11, endpoint: 21 } as const;

export const connectionHeadings: string = row([
  'protocol',
  'expires',
  'state',
  'client',
  'virtual',
  'destination',
  'notes',
]);

/** A connection as a line. */
export function connectionText(connection: Connection): string {
  const { protocol, expiresSeconds, state, client, virtual, firewallMark } = connection;
  const { destination, template, persistenceEngine: engine } = connection;
  const notes = [
    ...(template ? ['template'] : []),
    ...(engine === undefined ? [] : [`${engine.name} ${printable(engine.data)}`]),
  ];
  return row([
    protocol,
    clockText(expiresSeconds),
    state,
    endpointText(client),
    virtual === undefined ? `fwmark ${firewallMark}` : endpointText(virtual),
    endpointText(destination),
    notes.join(', '),
  ]);
}

function row(cells: readonly [string, string, string, string, string, string, string]): string {
  const [protocol, expires, state, client, virtual, destination, notes] = cells;
  return [
    protocol.padEnd(widths.protocol),
    expires.padStart(widths.expires),
    state.padEnd(widths.state),
    client.padEnd(widths.endpoint),
    virtual.padEnd(widths.endpoint),
    notes === '' ? destination : destination.padEnd(widths.endpoint),
    notes,
  ]
    .join('  ')
    .trimEnd();
}

function endpointText({ address, port }: Endpoint): string {
  return formatEndpoint(address, port);
}

function clockText(total: number): string {
  const hours = Math.floor(total / 3600);
  const minutes = `${Math.floor(total / 60) % 60}`.padStart(2, '0');
  const seconds = `${total % 60}`.padStart(2, '0');
  return hours > 0 ? `${hours}:${minutes}:${seconds}` : `${minutes}:${seconds}`;
}

/** It came from the network, and may hold what a terminal would obey. */
function printable(data: string): string {
  return data.replaceAll(/[^\x20-\x7e\xa1-\xff]/g, '?');
}

const countHeadings: Readonly<Record<CountBy, string>> = {
  state: 'state',
  service: 'service',
  server: 'real server',
  client: 'client',
  protocol: 'protocol',
};

/** Counts as lines, the largest first, and their sum. */
export function countText(by: CountBy, counts: readonly ConnectionCount[]): readonly string[] {
  const sum = (field: 'connections' | 'templates') =>
    counts.reduce((total, count) => total + count[field], 0);
  const templates = sum('templates');
  const columns: readonly Column[] = [
    { heading: countHeadings[by] },
    { heading: 'connections', numeric: true },
    ...(templates > 0 ? [{ heading: 'templates', numeric: true }] : []),
  ];
  const rowOf = (name: string, count: Omit<ConnectionCount, 'value'>) => [
    name,
    `${count.connections}`,
    ...(templates > 0 ? [`${count.templates}`] : []),
  ];
  return layOut(columns, [
    ...counts.map((count) => rowOf(count.value, count)),
    rowOf('in all', { connections: sum('connections'), templates }),
  ]);
}
