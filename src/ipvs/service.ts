import { checkBoolean, checkInteger, checkName, checkObject } from '../check.ts';
import { AF_INET, AF_INET6, serviceRecord } from '../native/ipvs-records.ts';
import {
  type AddressFamily,
  formatEndpoint,
  formatIp,
  formatIpv4At,
  parseIp,
  parseIpInto,
} from '../net/ip.ts';
import { type SchedulerFlag, schedulerFlagBits, schedulerFlagNames, serviceFlag } from './flags.ts';
import { netmaskNumber, netmaskOf } from './netmask.ts';
import type { RecordView } from './record-view.ts';
import {
  checkModuleName,
  maxEngineNameLength,
  maxSchedulerNameLength,
  type Scheduler,
} from './scheduler.ts';

/** Transport protocols that IPVS balances (`IPVS_SVC_ATTR_PROTOCOL`: 6, 17, 132). */
export type Protocol = 'tcp' | 'udp' | 'sctp';

/** A virtual service by the address and port that clients connect to (`ipvsadm -t`, `-u`, `--sctp-service`). */
export interface AddressServiceKey {
  readonly protocol: Protocol;
  /** The VIP: an IPv4 or IPv6 address (`IPVS_SVC_ATTR_ADDR`). */
  readonly address: string;
  /** 1 to 65535; 0 stands for every port and needs persistence (`IPVS_SVC_ATTR_PORT`). */
  readonly port: number;
  /** Absent: it is what tells the two kinds of keys apart. */
  readonly firewallMark?: undefined;
}

/** A virtual service by the mark that a firewall rule put on the packets (`ipvsadm -f`). */
export interface FirewallMarkServiceKey {
  /** 1 to 4294967295 (`IPVS_SVC_ATTR_FWMARK`). */
  readonly firewallMark: number;
  /** Part of the identity: one mark can be two services. Default `ipv4` (`ipvsadm -6` for `ipv6`). */
  readonly family?: AddressFamily;
}

/** What makes a virtual service that one and no other. */
export type ServiceKey = AddressServiceKey | FirewallMarkServiceKey;

/** How long, and how widely, a client sticks to the destination it was first given. */
export interface Persistence {
  /**
   * Whole seconds, 1 to 4294967 (`ipvsadm -p`, `IPVS_SVC_ATTR_TIMEOUT`, which is kept in 32 bits of
   * jiffies). Default 300.
   */
  readonly timeoutSeconds?: number;
  /**
   * Clients that agree in these bits count as one (`ipvsadm -M`): a prefix length (0 to 32, 1 to
   * 128 for IPv6), or for IPv4 a mask such as `255.255.255.0`. Default: every client by itself.
   * `IPVS_SVC_ATTR_NETMASK`.
   */
  readonly netmask?: number | string;
}

/**
 * The settings of a virtual service. In an `add`, what is absent takes the default; in an `edit`,
 * it is left as it is.
 */
export interface ServiceConfig {
  /** Who is given the next connection (`ipvsadm -s`, `IPVS_SVC_ATTR_SCHED_NAME`). Default `wlc`. */
  readonly scheduler?: Scheduler;
  /**
   * How the scheduler works (`ipvsadm -b`, `IP_VS_SVC_F_SCHED1` to `3`). Default none; `[]` clears
   * them in an edit, and so does an edit that names another scheduler.
   */
  readonly schedulerFlags?: readonly SchedulerFlag[];
  /**
   * Whether clients stick to a destination (`ipvsadm -p`, `IP_VS_SVC_F_PERSISTENT`). Replaced as a
   * whole. Default none; `null` clears it in an edit.
   */
  readonly persistence?: Persistence | null;
  /**
   * Schedule every packet by itself (`ipvsadm -o`, `IP_VS_SVC_F_ONEPACKET`): for
   * UDP, and for services by firewall mark. Default false.
   */
  readonly onePacket?: boolean;
  /**
   * Stickiness by application data (`ipvsadm --pe`, `IPVS_SVC_ATTR_PE_NAME`, since Linux 2.6.37);
   * the kernel has `sip`, for UDP. Needs persistence. Default none; `null` clears it in an edit.
   */
  readonly persistenceEngine?: string | null;
}

const protocolNumbers: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17, sctp: 132 };
const protocolNames: ReadonlyMap<number, Protocol> = new Map(
  Object.entries(protocolNumbers).map(([name, number]) => [number, name as Protocol]),
);
const familyNumbers: Readonly<Record<AddressFamily, number>> = { ipv4: AF_INET, ipv6: AF_INET6 };

/** A timeout is kept in jiffies in 32 bits; with HZ=1000 anything above this wraps to nonsense. */
const maxPersistenceSeconds = 4_294_967;
const defaultPersistenceSeconds = 300;

/** The key's text: `tcp 192.0.2.1:80`, `udp [2001:db8::1]:53`, `fwmark 7`, `fwmark 7 ipv6`. */
export function formatServiceKey(key: ServiceKey): string {
  if (key.firewallMark !== undefined) {
    return `fwmark ${key.firewallMark}${key.family === 'ipv6' ? ' ipv6' : ''}`;
  }
  return `${key.protocol} ${formatEndpoint(key.address, key.port)}`;
}

/**
 * Reads what {@link formatServiceKey} prints. Addresses come out in their canonical text.
 *
 * @throws TypeError when it is not a string, RangeError when it reads like no service.
 */
export function parseServiceKey(text: string): ServiceKey {
  if (typeof text !== 'string') throw new TypeError('service must be a string');
  const mark = /^fwmark (0|[1-9]\d*)(?: (ipv[46]))?$/.exec(text);
  if (mark !== null) {
    const firewallMark = Number(mark[1]);
    checkInteger(firewallMark, 1, 0xffffffff, 'firewall mark');
    return mark[2] === 'ipv6' ? { firewallMark, family: 'ipv6' } : { firewallMark };
  }
  const match = /^(tcp|udp|sctp) (?:\[([^\]]*:[^\]]*)\]|([^\s:[\]]*)):(0|[1-9]\d{0,4})$/.exec(text);
  if (match === null) {
    throw new RangeError(
      `service ${JSON.stringify(text)} must read like "tcp 192.0.2.1:80", "udp [2001:db8::1]:53" or "fwmark 7"`,
    );
  }
  const port = Number(match[4]);
  checkInteger(port, 0, 65535, 'service port');
  const address = formatIp(parseIp(match[2] ?? match[3] ?? '', 'service address').bytes);
  return { protocol: match[1] as Protocol, address, port };
}

/**
 * Writes the identity of a service into its record, which is all zeros.
 *
 * @throws TypeError, RangeError naming what is wrong with it.
 */
export function writeServiceKey(view: RecordView, at: number, key: ServiceKey): void {
  checkObject(key, 'service');
  if (key.firewallMark !== undefined) {
    checkInteger(key.firewallMark, 1, 0xffffffff, 'firewall mark');
    const { family = 'ipv4' } = key;
    view.setU16(at + serviceRecord.family, checkName(familyNumbers, family, 'service family'));
    view.setU32(at + serviceRecord.firewallMark, key.firewallMark);
    return;
  }
  const protocol = checkName(protocolNumbers, key.protocol, 'service protocol');
  const family = parseIpInto(key.address, view.u8, at + serviceRecord.address, 'service address');
  checkInteger(key.port, 0, 65535, 'service port');
  view.setU16(at + serviceRecord.family, family === 'ipv6' ? AF_INET6 : AF_INET);
  view.setU16(at + serviceRecord.protocol, protocol);
  view.setU16(at + serviceRecord.port, key.port);
}

/** Reads the identity of a service back from its record. */
export function readServiceKey(view: RecordView, at: number): ServiceKey {
  const family = view.getU16(at + serviceRecord.family);
  const firewallMark = view.getU32(at + serviceRecord.firewallMark);
  if (firewallMark !== 0) {
    return family === AF_INET6 ? { firewallMark, family: 'ipv6' } : { firewallMark };
  }
  return {
    protocol: readProtocol(view, at),
    address: readAddress(view, at + serviceRecord.address, family),
    port: view.getU16(at + serviceRecord.port),
  };
}

/** The protocol of a service; a number the kernel was given by others is shown as `ip-NUMBER`. */
export function readProtocol(view: RecordView, at: number): Protocol {
  const number = view.getU16(at + serviceRecord.protocol);
  return protocolNames.get(number) ?? (`ip-${number}` as Protocol);
}

export function readAddress(view: RecordView, at: number, family: number): string {
  if (family !== AF_INET6) return formatIpv4At(view.u8, at);
  return formatIp(view.u8.subarray(at, at + 16));
}

/** The settings of a service as its record has them, nothing absent. */
export interface ServiceSettings {
  readonly scheduler: Scheduler;
  readonly schedulerFlags: readonly SchedulerFlag[];
  readonly persistence: Required<Persistence> | undefined;
  readonly onePacket: boolean;
  readonly persistenceEngine: string | undefined;
}

const defaultSettings: ServiceSettings = {
  scheduler: 'wlc',
  schedulerFlags: [],
  persistence: undefined,
  onePacket: false,
  persistenceEngine: undefined,
};

/** Whether an edit with this leaves something to be looked up first. */
export function isPartialServiceConfig(config: ServiceConfig): boolean {
  return (
    config.scheduler === undefined ||
    config.schedulerFlags === undefined ||
    config.persistence === undefined ||
    config.onePacket === undefined ||
    config.persistenceEngine === undefined
  );
}

/**
 * Writes the settings of a service into the record that already holds its key.
 *
 * @param base What absent settings are taken from; absent itself for the defaults.
 * @throws TypeError, RangeError naming the setting.
 */
export function writeServiceConfig(
  view: RecordView,
  at: number,
  config: ServiceConfig,
  base: ServiceSettings = defaultSettings,
): void {
  checkObject(config, 'service config');
  const { scheduler = base.scheduler, onePacket = base.onePacket } = config;
  checkModuleName(scheduler, maxSchedulerNameLength, 'scheduler');
  view.setText(at + serviceRecord.scheduler, scheduler);
  // Flags are the scheduler's own: another scheduler does not inherit them.
  const keptFlags = scheduler === base.scheduler ? base.schedulerFlags : [];
  const { schedulerFlags = keptFlags } = config;
  let flags = schedulerFlagBits(schedulerFlags, scheduler);
  const ipv6 = view.getU16(at + serviceRecord.family) === AF_INET6;
  const persistence =
    config.persistence === undefined ? base.persistence : (config.persistence ?? undefined);
  if (persistence !== undefined) {
    checkObject(persistence, 'persistence');
    const { timeoutSeconds: timeout = defaultPersistenceSeconds } = persistence;
    checkInteger(timeout, 1, maxPersistenceSeconds, 'persistence timeoutSeconds');
    view.setU32(at + serviceRecord.timeout, timeout);
    flags |= serviceFlag.persistent;
  }
  view.setU32(at + serviceRecord.netmask, netmaskNumber(persistence?.netmask, ipv6));
  checkBoolean(onePacket, 'onePacket');
  if (onePacket) flags |= serviceFlag.onePacket;
  view.setU32(at + serviceRecord.flags, flags);
  const engine =
    config.persistenceEngine === undefined ? base.persistenceEngine : config.persistenceEngine;
  if (engine !== undefined && engine !== null) {
    checkModuleName(engine, maxEngineNameLength, 'persistence engine');
    if (persistence === undefined) {
      throw new RangeError(`persistence engine ${engine} needs persistence`);
    }
    view.setText(at + serviceRecord.engine, engine);
  }
  checkTogether(view, at, flags);
}

/** Combinations that the kernel takes without a word and that balance nothing. */
function checkTogether(view: RecordView, at: number, flags: number): void {
  if (view.getU32(at + serviceRecord.firewallMark) !== 0) return;
  const protocol = view.getU16(at + serviceRecord.protocol);
  if (flags & serviceFlag.onePacket && protocol !== protocolNumbers.udp) {
    throw new RangeError('onePacket is for udp and firewall mark services');
  }
  if (view.getU16(at + serviceRecord.port) === 0 && !(flags & serviceFlag.persistent)) {
    throw new RangeError('service port 0 (every port) needs persistence');
  }
}

/** Reads the settings of a service from its record. */
export function readServiceSettings(view: RecordView, at: number): ServiceSettings {
  const flags = view.getU32(at + serviceRecord.flags);
  const scheduler = view.getText(at + serviceRecord.scheduler, 16);
  const engine = view.getText(at + serviceRecord.engine, 20);
  return {
    scheduler,
    schedulerFlags: schedulerFlagNames(flags, scheduler),
    persistence: readPersistence(view, at),
    onePacket: (flags & serviceFlag.onePacket) !== 0,
    persistenceEngine: engine === '' ? undefined : engine,
  };
}

export function readPersistence(view: RecordView, at: number): Required<Persistence> | undefined {
  if (!(view.getU32(at + serviceRecord.flags) & serviceFlag.persistent)) return undefined;
  const ipv6 = view.getU16(at + serviceRecord.family) === AF_INET6;
  return {
    timeoutSeconds: view.getU32(at + serviceRecord.timeout),
    netmask: netmaskOf(view.getU32(at + serviceRecord.netmask), ipv6),
  };
}
