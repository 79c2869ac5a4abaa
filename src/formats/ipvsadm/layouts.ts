import type { ForwardingMethod, Tunnel } from '../../ipvs/destination.ts';
import type { DestinationState, ServiceState } from '../../ipvs/table.ts';
import { largeNumber } from './large-number.ts';
import { hasSchedulerFlags, netmaskText, schedulerFlagsText } from './service-text.ts';

/** What a listing shows of services and destinations; the parts of a line behind their names. */
export interface Layout {
  /** Both lines of headings. */
  readonly title: string;
  /** A service's line, given its name. */
  service(service: ServiceState, name: string): string;
  /** A destination's line, given its name. */
  destination(destination: DestinationState, name: string): string;
}

const remote = '  -> RemoteAddress:Port';

function counterTitle(...names: readonly string[]): string {
  const columns = names.map((name) => ` ${name.padStart(8)}`).join('');
  return `${'Prot LocalAddress:Port'.padEnd(33)}${columns}\n${remote}\n`;
}

function countTitle(columns: string): string {
  return `${'Prot LocalAddress:Port'.padEnd(33)} ${columns}\n${remote}\n`;
}

function settingsTitle(columns: string): string {
  return `Prot LocalAddress:Port Scheduler Flags\n${remote.padEnd(33)} ${columns}\n`;
}

/** A service's line wherever it does not show counters. */
function settingsLine(service: ServiceState, name: string): string {
  const { persistence } = service;
  let line = `${name} ${service.scheduler}`;
  if (hasSchedulerFlags(service)) line += ` (${schedulerFlagsText(service)})`;
  if (persistence !== undefined) {
    line += ` persistent ${persistence.timeoutSeconds}`;
    const netmask = netmaskText(service);
    if (netmask !== undefined) line += ` mask ${netmask}`;
    const { persistenceEngine } = service;
    if (persistenceEngine !== undefined) line += ` pe ${persistenceEngine}`;
  }
  return service.onePacket ? `${line} ops\n` : `${line}\n`;
}

const destinationName = (name: string): string => `  -> ${name.padEnd(28)}`;
const column = (value: number, width: number): string => ` ${`${value}`.padEnd(width)}`;
/** A weight above 2147483647, which only another program can have set, is printed signed. */
const weightColumn = (weight: number): string => column(weight | 0, 6);

/** The C library prints the name that there is not for a method as `(null)`. */
const forwardingNames: Readonly<Partial<Record<ForwardingMethod, string>>> = {
  nat: 'Masq',
  local: 'Local',
  tun: 'Tunnel',
  dr: 'Route',
};
const forwardingColumn = (method: ForwardingMethod): string =>
  ` ${(forwardingNames[method] ?? '(null)').padEnd(7)}`;

const checksumSigns = { none: '-c', full: '+c', remote: 'r+c' } as const;
const longestTunnel = 15;

function tunnelText(tunnel: Tunnel | undefined): string {
  if (tunnel?.type === 'ipip') return 'ipip';
  if (tunnel?.type === 'gre') return `gre:${checksumSigns[tunnel.checksum ?? 'none']}`;
  if (tunnel?.type !== 'gue') return 'n/a';
  return `gue:${tunnel.port}:${checksumSigns[tunnel.checksum ?? 'none']}`.slice(0, longestTunnel);
}

function connectionColumns(destination: DestinationState): string {
  const { activeConnections, inactiveConnections } = destination;
  return `${column(activeConnections, 10)}${column(inactiveConnections, 10)}\n`;
}

const settings: Layout = {
  title: settingsTitle('Forward Weight ActiveConn InActConn'),
  service: settingsLine,
  destination: (destination, name) =>
    destinationName(name) +
    forwardingColumn(destination.forwarding) +
    weightColumn(destination.weight) +
    connectionColumns(destination),
};

const tunnels: Layout = {
  title: settingsTitle('Forward TunnelInfo    Weight ActiveConn InActConn'),
  service: settingsLine,
  destination: (destination, name) =>
    `${destinationName(name)}${forwardingColumn(destination.forwarding)} ` +
    tunnelText(destination.tunnel).padEnd(13) +
    weightColumn(destination.weight) +
    connectionColumns(destination),
};

const thresholds: Layout = {
  title: countTitle('Uthreshold Lthreshold ActiveConn InActConn '),
  service: settingsLine,
  destination: (destination, name) =>
    destinationName(name) +
    column(destination.upperThreshold, 10) +
    column(destination.lowerThreshold, 10) +
    connectionColumns(destination),
};

const persistentConnections: Layout = {
  title: countTitle('Weight    PersistConn ActiveConn InActConn '),
  service: settingsLine,
  destination: (destination, name) =>
    destinationName(name) +
    column(destination.weight, 9) +
    column(destination.persistentConnections, 11) +
    connectionColumns(destination),
};

/** Counters of a table that was read without them are zero. */
function counterColumns(state: ServiceState | DestinationState, exact: boolean): string {
  const { statistics } = state;
  return (
    largeNumber(statistics?.connections ?? 0n, exact) +
    largeNumber(statistics?.packetsIn ?? 0n, exact) +
    largeNumber(statistics?.packetsOut ?? 0n, exact) +
    largeNumber(statistics?.bytesIn ?? 0n, exact) +
    largeNumber(statistics?.bytesOut ?? 0n, exact)
  );
}

function counters(exact: boolean): Layout {
  return {
    title: counterTitle('Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes'),
    service: (service, name) => `${name.padEnd(33)}${counterColumns(service, exact)}\n`,
    destination: (destination, name) =>
      `${destinationName(name)}${counterColumns(destination, exact)}\n`,
  };
}

const uncut = (value: bigint): string => ` ${`${value}`.padStart(8)}`;

function rates(exact: boolean): Layout {
  return {
    title: counterTitle('CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS'),
    service: ({ statistics }, name) =>
      name.padEnd(33) +
      largeNumber(statistics?.connectionsPerSecond ?? 0n, exact) +
      largeNumber(statistics?.packetsInPerSecond ?? 0n, exact) +
      largeNumber(statistics?.packetsOutPerSecond ?? 0n, exact) +
      largeNumber(statistics?.bytesInPerSecond ?? 0n, exact) +
      `${largeNumber(statistics?.bytesOutPerSecond ?? 0n, exact)}\n`,
    destination: ({ statistics }, name) =>
      destinationName(name) +
      uncut(statistics?.connectionsPerSecond ?? 0n) +
      uncut(statistics?.packetsInPerSecond ?? 0n) +
      uncut(statistics?.packetsOutPerSecond ?? 0n) +
      largeNumber(statistics?.bytesInPerSecond ?? 0n, exact) +
      `${largeNumber(statistics?.bytesOutPerSecond ?? 0n, exact)}\n`,
  };
}

/** What a listing is asked to show (`ipvsadm -L`). */
export interface LayoutOptions {
  /** `--stats`; the table has to be read with statistics. */
  readonly statistics?: boolean;
  /** `--rate`; likewise. */
  readonly rates?: boolean;
  /** `--thresholds` */
  readonly thresholds?: boolean;
  /** `--persistent-conn` */
  readonly persistentConnections?: boolean;
  /** `--tun-info` */
  readonly tunnels?: boolean;
  /** `--exact`: counters in full. */
  readonly exact?: boolean;
}

/** Of several layouts the first in ipvsadm's own order is taken. */
export function chooseLayout(options: LayoutOptions): Layout {
  const { exact = false } = options;
  if (options.statistics) return counters(exact);
  if (options.rates) return rates(exact);
  if (options.thresholds) return thresholds;
  if (options.persistentConnections) return persistentConnections;
  return options.tunnels ? tunnels : settings;
}
