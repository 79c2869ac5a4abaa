import type { ForwardingMethod, Tunnel } from '../../ipvs/destination.ts';
import type { Statistics } from '../../ipvs/statistics.ts';
import type { DestinationState, ServiceState } from '../../ipvs/table.ts';
import type { ByteLines } from './byte-lines.ts';
import { writeLargeNumber, writeUncut } from './large-number.ts';
import { hasSchedulerFlags, netmaskText, schedulerFlagsText } from './service-text.ts';

/** What a listing shows of services and destinations. */
export interface Layout {
  /** Both lines of headings. */
  readonly title: string;
  /** Writes a service's line. */
  service(lines: ByteLines, service: ServiceState, name: string): void;
  /** Writes a destination's line behind its name, but not its end. */
  destination(lines: ByteLines, destination: DestinationState): void;
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
function settingsLine(lines: ByteLines, service: ServiceState, name: string): void {
  const { persistence } = service;
  lines.text(`${name} ${service.scheduler}`);
  if (hasSchedulerFlags(service)) lines.text(` (${schedulerFlagsText(service)})`);
  if (persistence !== undefined) {
    lines.text(` persistent ${persistence.timeoutSeconds}`);
    const netmask = netmaskText(service);
    if (netmask !== undefined) lines.text(` mask ${netmask}`);
    const { persistenceEngine } = service;
    if (persistenceEngine !== undefined) lines.text(` pe ${persistenceEngine}`);
  }
  if (service.onePacket) lines.text(' ops');
}

function writeConnections(lines: ByteLines, destination: DestinationState): void {
  lines.column(destination.activeConnections, 10);
  lines.column(destination.inactiveConnections, 10);
}

/** A weight above 2147483647, which only another program can have set, is printed signed. */
function writeWeight(lines: ByteLines, weight: number): void {
  if (weight <= 0x7fffffff) lines.column(weight, 6);
  else lines.text(` ${`${weight | 0}`.padEnd(6)}`);
}

const forwardingNames: Readonly<Partial<Record<ForwardingMethod, string>>> = {
  nat: ' Masq   ',
  local: ' Local  ',
  tun: ' Tunnel ',
  dr: ' Route  ',
};

/** The C library prints the name that there is not for a method as `(null)`. */
function writeForwarding(lines: ByteLines, method: ForwardingMethod): void {
  lines.text(forwardingNames[method] ?? ' (null) ');
}

const checksumSigns = { none: '-c', full: '+c', remote: 'r+c' } as const;
const longestTunnel = 15;

function tunnelText(tunnel: Tunnel | undefined): string {
  if (tunnel?.type === 'ipip') return 'ipip';
  if (tunnel?.type === 'gre') return `gre:${checksumSigns[tunnel.checksum ?? 'none']}`;
  if (tunnel?.type !== 'gue') return 'n/a';
  return `gue:${tunnel.port}:${checksumSigns[tunnel.checksum ?? 'none']}`.slice(0, longestTunnel);
}

const settings: Layout = {
  title: settingsTitle('Forward Weight ActiveConn InActConn'),
  service: settingsLine,
  destination: (lines, destination) => {
    writeForwarding(lines, destination.forwarding);
    writeWeight(lines, destination.weight);
    writeConnections(lines, destination);
  },
};

const tunnels: Layout = {
  title: settingsTitle('Forward TunnelInfo    Weight ActiveConn InActConn'),
  service: settingsLine,
  destination: (lines, destination) => {
    writeForwarding(lines, destination.forwarding);
    lines.text(` ${tunnelText(destination.tunnel).padEnd(13)}`);
    writeWeight(lines, destination.weight);
    writeConnections(lines, destination);
  },
};

const thresholds: Layout = {
  title: countTitle('Uthreshold Lthreshold ActiveConn InActConn '),
  service: settingsLine,
  destination: (lines, destination) => {
    lines.column(destination.upperThreshold, 10);
    lines.column(destination.lowerThreshold, 10);
    writeConnections(lines, destination);
  },
};

const persistentConnections: Layout = {
  title: countTitle('Weight    PersistConn ActiveConn InActConn '),
  service: settingsLine,
  destination: (lines, destination) => {
    lines.column(destination.weight, 9);
    lines.column(destination.persistentConnections, 11);
    writeConnections(lines, destination);
  },
};

/** The statistics that a layout writes; of a table that was read without, they are zero. */
type WriteStatistics = (lines: ByteLines, statistics: Statistics, exact: boolean) => void;

const none = 0n;
const zero: Statistics = {
  connections: none,
  packetsIn: none,
  packetsOut: none,
  bytesIn: none,
  bytesOut: none,
  connectionsPerSecond: none,
  packetsInPerSecond: none,
  packetsOutPerSecond: none,
  bytesInPerSecond: none,
  bytesOutPerSecond: none,
};

function measured(
  title: string,
  exact: boolean,
  service: WriteStatistics,
  destination: WriteStatistics,
): Layout {
  return {
    title,
    service: (lines, { statistics = zero }, name) => {
      lines.text(name.padEnd(33));
      service(lines, statistics, exact);
    },
    destination: (lines, { statistics = zero }) => destination(lines, statistics, exact),
  };
}

const writeCounters: WriteStatistics = (lines, statistics, exact) => {
  writeLargeNumber(lines, statistics.connections, exact);
  writeLargeNumber(lines, statistics.packetsIn, exact);
  writeLargeNumber(lines, statistics.packetsOut, exact);
  writeLargeNumber(lines, statistics.bytesIn, exact);
  writeLargeNumber(lines, statistics.bytesOut, exact);
};

const writeServiceRates: WriteStatistics = (lines, statistics, exact) => {
  writeLargeNumber(lines, statistics.connectionsPerSecond, exact);
  writeLargeNumber(lines, statistics.packetsInPerSecond, exact);
  writeLargeNumber(lines, statistics.packetsOutPerSecond, exact);
  writeLargeNumber(lines, statistics.bytesInPerSecond, exact);
  writeLargeNumber(lines, statistics.bytesOutPerSecond, exact);
};

const writeDestinationRates: WriteStatistics = (lines, statistics, exact) => {
  writeUncut(lines, statistics.connectionsPerSecond);
  writeUncut(lines, statistics.packetsInPerSecond);
  writeUncut(lines, statistics.packetsOutPerSecond);
  writeLargeNumber(lines, statistics.bytesInPerSecond, exact);
  writeLargeNumber(lines, statistics.bytesOutPerSecond, exact);
};

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
  if (options.statistics) {
    const title = counterTitle('Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes');
    return measured(title, exact, writeCounters, writeCounters);
  }
  if (options.rates) {
    const title = counterTitle('CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS');
    return measured(title, exact, writeServiceRates, writeDestinationRates);
  }
  if (options.thresholds) return thresholds;
  if (options.persistentConnections) return persistentConnections;
  return options.tunnels ? tunnels : settings;
}
