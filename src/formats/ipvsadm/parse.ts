import { serviceFlag } from '../../ipvs/flags.ts';
import type { RawDaemon, RawDestination, RawRequest, RawService } from '../../ipvs/raw-request.ts';
import { AF_INET, AF_INET6 } from '../../native/ipvs-records.ts';
import { parseIp } from '../../net/ip.ts';
import { atoiUnsigned, cut, decimalIn } from './c-numbers.ts';
import type { Command, NameLookup, Refusal } from './command.ts';
import { commandConflict, tunnelConflict, tunnelTypeNumber } from './conflicts.ts';
import { ipv4Address, isIpv6, parseEndpoint } from './endpoint.ts';
import {
  type CommandName,
  type CommandTag,
  type OptionName,
  type OptionTag,
  optionTable,
} from './option-table.ts';
import { OptionReader } from './popt.ts';
import { schedulerFlags } from './scheduler-flags.ts';

/** What a command line is read with. */
export interface ParseOptions {
  readonly names: NameLookup;
  /** The program's name, for the hint where to find help. */
  readonly program: string;
  /** Whether the environment has `POSIXLY_CORRECT` or `POSIX_ME_HARDER`. */
  readonly posixlyCorrect?: boolean;
  /** The line is one of a restore, which it cannot itself begin. */
  readonly restoring?: boolean;
}

/**
 * Reads one command line of ipvsadm: what it asks for, or the words and the exit code with which
 * ipvsadm refuses it. Words are bytes, one character each.
 */
export function parse(words: readonly string[], options: ParseOptions): Command | Refusal {
  try {
    return new CommandLine(words, options).read();
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    throw error;
  }
}

/** Takes the reading of a command line back to its beginning. */
class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.stderr);
    this.refusal = refusal;
  }
}

function refuse(message: string): never {
  throw new Refused({ type: 'refusal', exitCode: 2, stderr: `${message}\n`, ends: true });
}

const protocols = { 'tcp-service': 6, 'udp-service': 17, 'sctp-service': 132 } as const;
const forwardings = { masquerading: 0, ipip: 2, gatewaying: 3 } as const;
const tunnelForwarding: number = forwardings.ipip;
const tunnelChecksums = { 'tun-nocsum': 0, 'tun-csum': 1, 'tun-remcsum': 2 } as const;
const daemonStates: Readonly<Record<string, number>> = { master: 1, backup: 2 };

const defaultScheduler = 'wlc';
const defaultInterface = 'eth0';
const defaultPersistence = 360;
const longestPersistence = 31 * 86_400;
const maxInt = 0x7fff_ffff;
const schedulerSize = 15;
const engineSize = 16;
const interfaceSize = 15;
/** What IP and UDP headers leave of a packet. */
const longestMessage = 65_535 - 20 - 8;
/** One command line while it is read; options take effect in the order they come. */
class CommandLine {
  private readonly options: ParseOptions;
  private readonly reader: OptionReader<OptionTag>;
  private readonly given = new Set<OptionName>();
  private schedulerFlagList = '';
  private readonly service: RawService = {
    family: 0,
    protocol: 0,
    address: new Uint8Array(16),
    port: 0,
    firewallMark: 0,
    scheduler: '',
    engine: '',
    flags: 0,
    timeoutSeconds: 0,
    netmask: 0xffffffff,
  };
  private readonly destination: RawDestination = {
    family: 0,
    address: new Uint8Array(16),
    port: 0,
    forwarding: forwardings.gatewaying,
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnelType: 0,
    tunnelPort: 0,
    tunnelFlags: 0,
  };
  private readonly daemon: RawDaemon = {
    state: 0,
    interface: '',
    syncId: 0,
    maxLength: 0,
    port: 0,
    ttl: 0,
    group: undefined,
  };

  constructor(words: readonly string[], options: ParseOptions) {
    this.options = options;
    this.reader = new OptionReader(words, optionTable, options.posixlyCorrect);
  }

  read(): Command | Refusal {
    const command = this.readCommand();
    if (command === 'help' || command === 'version') return { type: command };
    for (;;) {
      const found = this.reader.next();
      if (found.type === 'end') break;
      if (found.type === 'fault') {
        const stderr = `${this.reader.word}: ${found.fault}\n`;
        return { type: 'refusal', exitCode: 255, stderr, ends: false };
      }
      this.apply(found.tag, found.value ?? '', found.value !== undefined);
    }
    const timeouts = command === 'set' ? this.readTimeouts() : undefined;
    const [unexpected] = this.reader.rest;
    if (unexpected !== undefined) refuse(`unexpected argument ${unexpected}`);
    if (this.schedulerFlagList !== '') {
      const bits = schedulerFlags(this.schedulerFlagList, this.service.scheduler);
      if (typeof bits === 'string') refuse(bits);
      this.service.flags |= bits;
    }
    const conflict = commandConflict(command, this.given);
    if (conflict !== undefined) refuse(conflict);
    if (timeouts !== undefined) return change({ type: 'set-timeouts', timeouts });
    return this.complete(command);
  }

  /** The command, which has to be the first option. */
  private readCommand(): CommandTag {
    const found = this.reader.next();
    if (found.type !== 'option') this.hint();
    switch (found.tag) {
      case 'add-service':
      case 'edit-service':
      case 'delete-service':
      case 'flush':
      case 'list':
      case 'add-server':
      case 'delete-server':
      case 'edit-server':
      case 'set':
      case 'restore':
      case 'save':
      case 'zero':
      case 'help':
      case 'version':
        return found.tag;
      case 'start-daemon':
      case 'stop-daemon':
        this.daemon.state = daemonState(found.tag, found.value ?? '');
        return found.tag;
      default:
        return this.hint();
    }
  }

  private hint(): never {
    const { program } = this.options;
    const stderr = `Try \`${program} -h' or '${program} --help' for more information.\n`;
    throw new Refused({ type: 'refusal', exitCode: 255, stderr, ends: true });
  }

  private once(option: OptionName): void {
    if (this.given.has(option)) refuse(`multiple '${option}' options specified`);
    this.given.add(option);
  }

  private number(value: string, lowest: number, highest: number, what: string): number {
    const number = decimalIn(value, lowest, highest);
    if (number === undefined) refuse(`illegal ${what} specified`);
    return number;
  }

  private apply(tag: OptionTag, value: string, hasValue: boolean): void {
    const { service, destination, daemon } = this;
    switch (tag) {
      case 'tcp-service':
      case 'udp-service':
      case 'sctp-service':
        this.once('service-address');
        this.setService(protocols[tag], value);
        break;
      case 'fwmark-service':
        this.once('service-address');
        service.family = AF_INET;
        service.protocol = protocols['tcp-service'];
        service.firewallMark = firewallMark(value);
        break;
      case 'ipv6':
        if (service.firewallMark === 0) refuse('-6 used before -f\n');
        service.family = AF_INET6;
        service.netmask = 128;
        break;
      case 'scheduler':
        this.once(tag);
        service.scheduler = cut(value, schedulerSize);
        break;
      case 'persistent':
        this.once(tag);
        service.flags |= serviceFlag.persistent;
        service.timeoutSeconds = hasValue ? timeout(value, 1) : defaultPersistence;
        break;
      case 'netmask':
        this.once(tag);
        this.setNetmask(value);
        break;
      case 'ops':
        this.once(tag);
        service.flags |= serviceFlag.onePacket;
        break;
      case 'pe':
        this.once(tag);
        service.engine = cut(value, engineSize);
        break;
      case 'sched-flags':
        this.once(tag);
        this.schedulerFlagList = value;
        break;
      case 'real-server':
        this.once(tag);
        this.setDestination(value);
        break;
      case 'masquerading':
      case 'ipip':
      case 'gatewaying':
        this.once('forwarding-method');
        destination.forwarding = forwardings[tag];
        break;
      case 'weight':
        this.once(tag);
        destination.weight = this.number(value, 0, maxInt, 'weight');
        break;
      case 'u-threshold':
        this.once(tag);
        destination.upperThreshold = this.number(value, 0, maxInt, 'u_threshold');
        break;
      case 'l-threshold':
        this.once(tag);
        destination.lowerThreshold = this.number(value, 0, maxInt, 'l_threshold');
        break;
      case 'tun-type':
        this.once(tag);
        destination.tunnelType = tunnelTypeNumber(value) ?? refuse('illegal tunnel type specified');
        break;
      case 'tun-port':
        this.once(tag);
        destination.tunnelPort = this.number(value, 1, 65_535, 'tunnel port');
        break;
      case 'tun-nocsum':
      case 'tun-csum':
      case 'tun-remcsum':
        this.once(tag);
        destination.tunnelFlags |= tunnelChecksums[tag];
        break;
      case 'mcast-interface':
        this.once(tag);
        daemon.interface = cut(value, interfaceSize);
        break;
      case 'syncid':
        this.once(tag);
        daemon.syncId = this.number(value, 0, 255, tag);
        break;
      case 'mcast-group':
        this.once(tag);
        daemon.group = multicastGroup(value);
        break;
      case 'mcast-port':
        this.once(tag);
        daemon.port = this.number(value, 1, 65_535, tag);
        break;
      case 'mcast-ttl':
        this.once(tag);
        daemon.ttl = this.number(value, 1, 255, tag);
        break;
      case 'sync-maxlen':
        this.once(tag);
        daemon.maxLength = this.number(value, 1, longestMessage, tag);
        break;
      case 'numeric':
      case 'connection':
      case 'timeout':
      case 'daemon':
      case 'stats':
      case 'rate':
      case 'thresholds':
      case 'persistent-conn':
      case 'nosort':
      case 'exact':
      case 'tun-info':
        this.once(tag);
        break;
      case 'sort':
        break;
      default:
        // A second command.
        refuse(`invalid option \`${this.reader.word}'`);
    }
  }

  private setService(protocol: number, value: string): void {
    const { service } = this;
    service.protocol = protocol;
    const endpoint = parseEndpoint(value, protocol, this.options.names);
    if (endpoint === undefined) refuse('illegal virtual server address[:port] specified');
    service.family = endpoint.family;
    service.address = endpoint.address;
    service.port = endpoint.port ?? 0;
    if (service.family === AF_INET6) service.netmask = 128;
  }

  private setDestination(value: string): void {
    const { service, destination } = this;
    const endpoint = parseEndpoint(value, service.protocol, this.options.names);
    if (endpoint === undefined) refuse('illegal real server address[:port] specified');
    destination.family = endpoint.family;
    destination.address = endpoint.address;
    destination.port = endpoint.port ?? service.port;
  }

  /** Of an IPv6 service a length, otherwise a mask; it is whatever the service is known to be so far. */
  private setNetmask(value: string): void {
    const { service } = this;
    if (service.family === AF_INET6) {
      service.netmask = atoiUnsigned(value);
      if (service.netmask < 1 || service.netmask > 128) refuse('illegal ipv6 netmask specified');
      return;
    }
    const mask = ipv4Address(value, this.options.names);
    if (mask === undefined) refuse('illegal virtual server persistent mask specified');
    service.netmask = mask;
  }

  private readTimeouts(): { tcp: number; tcpFin: number; udp: number } {
    const [tcp, tcpFin, udp] = this.reader.rest.splice(0, 3);
    if (tcp === undefined || tcpFin === undefined || udp === undefined) {
      refuse('--set option requires 3 timeout values');
    }
    return { tcp: timeout(tcp, 0), tcpFin: timeout(tcpFin, 0), udp: timeout(udp, 0) };
  }

  private complete(command: CommandName): Command {
    const { service, destination, daemon } = this;
    switch (command) {
      case 'add-service':
      case 'edit-service':
        this.completeService();
        return change({ type: command, service });
      case 'delete-service':
        return change({ type: 'remove-service', service });
      case 'add-server':
        this.completeDestination();
        return change({ type: 'add-destination', service, destination });
      case 'edit-server':
        this.completeDestination();
        return change({ type: 'edit-destination', service, destination });
      case 'delete-server':
        return change({ type: 'remove-destination', service, destination });
      case 'flush':
        return change({ type: 'flush' });
      case 'zero':
        return change({ type: 'zero', service: isAnything(service) ? undefined : service });
      case 'start-daemon':
        if (daemon.interface === '') daemon.interface = defaultInterface;
        return change({ type: 'start-sync-daemon', daemon });
      case 'stop-daemon':
        return change({ type: 'stop-sync-daemon', daemon });
      case 'list':
        return this.completeList();
      case 'save':
        return { type: 'save', numeric: this.given.has('numeric') };
      case 'restore':
        return this.options.restoring ? this.hint() : { type: 'restore' };
      case 'set':
        throw new Error('the timeouts have been read');
    }
  }

  private completeService(): void {
    const { service } = this;
    if (service.firewallMark === 0) {
      if (service.port === 0 && !(service.flags & serviceFlag.persistent)) {
        refuse('Zero port specified for non-persistent service');
      }
      if (service.flags & serviceFlag.onePacket && service.protocol !== protocols['udp-service']) {
        refuse('One-Packet Scheduling is only for UDP virtual services');
      }
    }
    if (service.scheduler === '') service.scheduler = defaultScheduler;
  }

  private completeDestination(): void {
    const { service, destination, given } = this;
    const tunnelled = destination.forwarding === tunnelForwarding;
    const routed = tunnelled || destination.forwarding === forwardings.gatewaying;
    // Neither way of forwarding can change the port.
    if (service.firewallMark === 0 && routed) destination.port = service.port;
    if (destination.family !== service.family && !tunnelled) {
      refuse('Different address family is allowed only for tunneling servers');
    }
    const forTunnels: readonly OptionName[] = [
      'tun-type',
      'tun-port',
      'tun-nocsum',
      'tun-csum',
      'tun-remcsum',
    ];
    if (!tunnelled && forTunnels.some((option) => given.has(option))) {
      refuse('Tunnel options conflict with forward method');
    }
    const conflict = tunnelConflict(destination.tunnelType, given);
    if (conflict !== undefined) refuse(conflict);
  }

  private completeList(): Command {
    const { given } = this;
    const some = (...options: readonly OptionName[]) => options.some((name) => given.has(name));
    if (
      (some('connection', 'timeout', 'daemon') && some('stats', 'rate', 'thresholds')) ||
      (some('timeout', 'daemon') && given.has('persistent-conn'))
    ) {
      refuse('options conflicts in the list command');
    }
    return {
      type: 'list',
      what: given.has('connection')
        ? 'connections'
        : given.has('service-address')
          ? 'service'
          : given.has('timeout')
            ? 'timeouts'
            : given.has('daemon')
              ? 'daemons'
              : 'table',
      service: this.service,
      layout: {
        statistics: given.has('stats'),
        rates: given.has('rate'),
        thresholds: given.has('thresholds'),
        persistentConnections: given.has('persistent-conn'),
        tunnels: given.has('tun-info'),
        exact: given.has('exact'),
      },
      numeric: given.has('numeric'),
      sort: !given.has('nosort'),
    };
  }
}

function change(request: RawRequest): Command {
  return { type: 'change', request };
}

/** A service that cannot be told from none: ipvsadm then means all of them. */
function isAnything({ firewallMark, address, port }: Readonly<RawService>): boolean {
  return firewallMark === 0 && port === 0 && address.every((byte) => byte === 0);
}

function daemonState(command: 'start-daemon' | 'stop-daemon', value: string): number {
  if (Object.hasOwn(daemonStates, value)) return daemonStates[value] ?? 0;
  const complaint = command === 'start-daemon' ? 'start-daemon parameter' : 'start_daemon';
  return refuse(`illegal ${complaint} specified`);
}

function firewallMark(value: string): number {
  return decimalIn(value, 1, 0xffffffff) ?? refuse(`invalid fwmark value \`${value}' specified`);
}

function timeout(value: string, lowest: number): number {
  const number = decimalIn(value, lowest, longestPersistence);
  return number ?? refuse(`invalid timeout value \`${value}' specified`);
}

function multicastGroup(value: string): NonNullable<RawDaemon['group']> {
  const address = new Uint8Array(16);
  if (value.includes(':')) {
    if (!isIpv6(value, address) || address[0] !== 0xff) {
      refuse(`invalid IPv6 mcast-group \`${value}'`);
    }
    return { family: AF_INET6, address };
  }
  const bytes = ipv4Bytes(value);
  if (bytes === undefined || ((bytes[0] ?? 0) & 0xf0) !== 0xe0) {
    refuse(`invalid IPv4 mcast-group \`${value}'`);
  }
  address.set(bytes);
  return { family: AF_INET, address };
}

/** Four decimal numbers, as `inet_pton` reads them. */
function ipv4Bytes(text: string): Uint8Array | undefined {
  try {
    return parseIp(text).bytes;
  } catch {
    return undefined;
  }
}
