import {
  type DestinationConfig,
  type ForwardingMethod,
  formatDestinationKey,
  type Tunnel,
} from '../ipvs/destination.ts';
import { schedulerFlagBits } from '../ipvs/flags.ts';
import { checkModuleName, maxSchedulerNameLength, schedulers } from '../ipvs/scheduler.ts';
import {
  formatServiceKey,
  type Persistence,
  parseServiceKey,
  type ServiceConfig,
  type ServiceKey,
} from '../ipvs/service.ts';
import {
  canonicalService,
  type DestinationDefinition,
  isIpv6Service,
} from '../ipvs/table-definition.ts';
import type { ComparedService } from '../ipvs/table-diff.ts';
import { parseIp } from '../net/ip.ts';
import { closest } from './closest.ts';
import type { ConfigProblem } from './config-error.ts';
import type {
  PersistenceInput,
  ServerInput,
  ServerObjectInput,
  ServerSettingsInput,
  ServiceInput,
  SettingsInput,
  TunnelInput,
} from './config-input.ts';
import type { ConfigDocument, Path } from './document.ts';
import { parseDuration } from './duration.ts';
import { parseServer, type ServerText } from './server-text.ts';

/** A service of the configuration. */
export interface DeclaredService {
  readonly name: string;
  /** What the kernel is to have of it, nothing left open. */
  readonly service: ComparedService;
}

const longestPersistence = 4_294_967;

/** Makes services of what a configuration says of them, and collects what is wrong with it. */
export class ServiceReader {
  readonly services: DeclaredService[] = [];
  readonly problems: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  readonly #document: ConfigDocument;
  readonly #defaults: SettingsInput;
  /** Where each name and each listening address was first used. */
  readonly #names = new Map<string, number>();
  readonly #keys = new Map<string, number>();

  constructor(document: ConfigDocument, defaults: SettingsInput) {
    this.#document = document;
    this.#defaults = defaults;
  }

  /** @param index Its place in `services:`. */
  read(input: ServiceInput, index: number): void {
    const at: Path = ['services', index];
    const problemsBefore = this.problems.length;
    const key = this.#listen(input.listen, [...at, 'listen']);
    if (key === undefined) return;
    this.#listensOnce(key, index, at);
    const name = input.name ?? formatServiceKey(key);
    if (input.name !== undefined) {
      this.#once(this.#names, name, index, [...at, 'name'], `the name ${name} is taken`);
    }
    const config = this.#serviceConfig(input, key, at);
    const destinations = this.#destinations(input, key, at);
    if (this.problems.length > problemsBefore) return;
    try {
      this.services.push({ name, service: canonicalService({ key, config, destinations }) });
    } catch (error) {
      this.#problem(at, (error as Error).message);
    }
  }

  /**
   * Looks at what is left of a service whose shape is wrong: its address and those of its servers.
   * Anything else could be a consequence of what has been told already.
   */
  readRemains(input: unknown, index: number): void {
    const at: Path = ['services', index];
    if (typeof input !== 'object' || input === null) return;
    const { listen, servers } = input as Readonly<Record<string, unknown>>;
    const key = typeof listen === 'string' ? this.#listen(listen, [...at, 'listen']) : undefined;
    if (key !== undefined) this.#listensOnce(key, index, at);
    for (const [place, server] of (Array.isArray(servers) ? servers : []).entries()) {
      if (typeof server === 'string') this.#server(server, [...at, 'servers', place]);
    }
  }

  #listensOnce(key: ServiceKey, index: number, at: Path): void {
    const text = formatServiceKey(key);
    this.#once(this.#keys, text, index, [...at, 'listen'], `${text} is listened to already`);
  }

  #listen(text: string, at: Path): ServiceKey | undefined {
    try {
      return parseServiceKey(text.trim().replaceAll(/\s+/g, ' '));
    } catch (error) {
      this.#problem(at, (error as Error).message.replace(/^service ".*" must/s, 'must'));
      return undefined;
    }
  }

  #once(known: Map<string, number>, name: string, index: number, at: Path, what: string): void {
    const first = known.get(name);
    if (first === undefined) known.set(name, index);
    else this.#problem(at, `${what} by line ${this.#document.lineOf(['services', first])}`);
  }

  #serviceConfig(input: ServiceInput, key: ServiceKey, at: Path): ServiceConfig {
    const defaults = this.#defaults;
    const scheduler = input.scheduler ?? defaults.scheduler ?? 'wlc';
    if (input.scheduler !== undefined) this.#checkScheduler(scheduler, [...at, 'scheduler']);
    // Flags are the scheduler's own: a service that names another does not inherit them.
    const inherited = input.scheduler === undefined ? defaults['scheduler-flags'] : undefined;
    const schedulerFlags = input['scheduler-flags'] ?? inherited ?? [];
    for (const [index, flag] of schedulerFlags.entries()) {
      this.#attempt([...at, 'scheduler-flags', index], () => schedulerFlagBits([flag], scheduler));
    }
    const [stickiness, stickinessAt]: [PersistenceInput, Path] =
      input.persistence !== undefined
        ? [input.persistence, [...at, 'persistence']]
        : [defaults.persistence ?? false, ['defaults', 'persistence']];
    const persistence = this.#persistence(stickiness, key, stickinessAt);
    const engine = typeof stickiness === 'object' ? stickiness.engine : undefined;
    const onePacket = input['one-packet'] ?? defaults['one-packet'] ?? false;
    if (onePacket && key.firewallMark === undefined && key.protocol !== 'udp') {
      this.#problem([...at, 'one-packet'], 'one-packet is for udp and fwmark services');
    }
    if (key.firewallMark === undefined && key.port === 0 && persistence === undefined) {
      this.#problem([...at, 'listen'], 'port 0, which is every port, needs persistence');
    }
    return {
      scheduler,
      schedulerFlags,
      persistence: persistence ?? null,
      onePacket,
      persistenceEngine: engine ?? null,
    };
  }

  #checkScheduler(name: string, at: Path): void {
    this.#attempt(at, () => checkModuleName(name, maxSchedulerNameLength, 'scheduler'));
    if (name === 'none' || (schedulers as readonly string[]).includes(name)) return;
    const meant = closest(name, schedulers);
    const message = `Linux itself has no scheduler ${JSON.stringify(name)}`;
    this.warnings.push(this.#document.problemAt(at, message, 'value', meant));
  }

  #persistence(input: PersistenceInput, key: ServiceKey, at: Path): Persistence | undefined {
    if (input === false) return undefined;
    const { timeout = '5m', netmask } = typeof input === 'string' ? { timeout: input } : input;
    const seconds = (parseDuration(timeout) ?? Number.NaN) / 1000;
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > longestPersistence) {
      const place = typeof input === 'string' ? at : [...at, 'timeout'];
      this.#problem(place, `must be whole seconds, from 1s to ${longestPersistence}s`);
      return undefined;
    }
    if (netmask === undefined) return { timeoutSeconds: seconds };
    const ipv6 = isIpv6Service(key);
    const place = [...at, 'netmask'];
    if (typeof netmask === 'number' && (netmask > (ipv6 ? 128 : 32) || (ipv6 && netmask < 1))) {
      this.#problem(place, `must be a prefix length from ${ipv6 ? '1 to 128' : '0 to 32'}`);
      return undefined;
    }
    if (typeof netmask === 'string' && (ipv6 || !isIpv4(netmask))) {
      const form = ipv6
        ? 'a prefix length, since the service is IPv6'
        : 'an IPv4 mask such as 255.255.255.0, or a prefix length';
      this.#problem(place, `must be ${form}`);
      return undefined;
    }
    return { timeoutSeconds: seconds, netmask };
  }

  #destinations(input: ServiceInput, key: ServiceKey, at: Path): DestinationDefinition[] {
    const found: DestinationDefinition[] = [];
    const seen = new Map<string, number>();
    const own = inherit(input, this.#defaults);
    let tunnelled = own.forwarding === 'tun';
    for (const [index, server] of (input.servers ?? []).entries()) {
      const place: Path = [...at, 'servers', index];
      const destination = this.#destination(server, own, key, place);
      if (destination === undefined) continue;
      tunnelled ||= destination.config?.forwarding === 'tun';
      const name = formatDestinationKey(destination.key);
      const first = seen.get(name);
      if (first === undefined) {
        seen.set(name, index);
        found.push(destination);
      } else {
        const line = this.#document.lineOf([...at, 'servers', first]);
        this.#problem(place, `the server ${name} is in line ${line} already`);
      }
    }
    if (input.tunnel !== undefined && !tunnelled) {
      this.#problem([...at, 'tunnel'], 'tunnel is for forwarding tun, which no server here has');
    }
    return found;
  }

  #destination(
    server: ServerInput,
    inherited: Inherited,
    key: ServiceKey,
    at: Path,
  ): DestinationDefinition | undefined {
    const object = typeof server !== 'string';
    const input: ServerObjectInput | undefined = object ? server : this.#server(server, at);
    if (input === undefined) return undefined;
    const addressAt = object ? [...at, 'address'] : at;
    const family = this.#attempt(addressAt, () => checkUnicast(input.address));
    const settings = inherit(input, inherited);
    const { forwarding, weight, thresholds } = settings;
    this.#checkThresholds(settings, object && input.thresholds !== undefined, at);
    if (object && input.tunnel !== undefined && forwarding !== 'tun') {
      this.#problem([...at, 'tunnel'], `tunnel is for forwarding tun, not ${forwarding}`);
    }
    if (
      family !== undefined &&
      (family === 'ipv6') !== isIpv6Service(key) &&
      forwarding !== 'tun'
    ) {
      const [one, other] = isIpv6Service(key) ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6'];
      const message = `the service is ${one} and the server ${other}: only forwarding tun can cross`;
      this.#problem(addressAt, message);
    }
    const servicePort = key.firewallMark === undefined ? key.port : 0;
    const port = input.port ?? servicePort;
    const rewrites = forwarding !== 'dr' && forwarding !== 'tun';
    if (!rewrites && port !== servicePort && key.firewallMark === undefined) {
      const message = `forwarding ${forwarding} cannot change the port: it has to be ${servicePort}, as the service listens to`;
      this.#problem(object ? [...at, 'port'] : at, message);
    }
    if (family === undefined) return undefined;
    const config: DestinationConfig = {
      forwarding,
      weight,
      upperThreshold: thresholds?.upper ?? 0,
      lowerThreshold: thresholds?.lower ?? 0,
      ...(forwarding === 'tun' && { tunnel: tunnelOf(settings.tunnel) }),
    };
    return { key: { address: input.address, port }, config };
  }

  /** Reads a server that is one text. */
  #server(text: string, at: Path): ServerText | undefined {
    const server = parseServer(text);
    if (server === undefined) {
      const example = '10.0.0.11 or "[2001:db8::11]:80"';
      this.#problem(at, `must be an address, or address:port, such as ${example}`);
    }
    return server;
  }

  #checkThresholds({ thresholds }: Inherited, own: boolean, at: Path): void {
    const { upper = 0, lower = 0 } = thresholds ?? {};
    if (lower <= upper) return;
    const place = own ? [...at, 'thresholds'] : at;
    const message = `the lower threshold, ${lower}, is above the upper one, ${upper === 0 ? 'of which there is none' : upper}`;
    this.#problem(place, message);
  }

  #problem(at: Path, message: string): void {
    this.problems.push(this.#document.problemAt(at, message));
  }

  #attempt<Result>(at: Path, work: () => Result): Result | undefined {
    try {
      return work();
    } catch (error) {
      this.#problem(at, (error as Error).message);
      return undefined;
    }
  }
}

type Inherited = ServerSettingsInput & {
  readonly forwarding: ForwardingMethod;
  readonly weight: number;
};

function inherit(own: ServerSettingsInput, from: ServerSettingsInput): Inherited {
  return {
    forwarding: own.forwarding ?? from.forwarding ?? 'dr',
    weight: own.weight ?? from.weight ?? 1,
    thresholds: own.thresholds ?? from.thresholds,
    tunnel: own.tunnel ?? from.tunnel,
  };
}

function tunnelOf(input: TunnelInput | undefined): Tunnel {
  if (input === undefined || input === 'ipip' || input.type === 'ipip') return { type: 'ipip' };
  if (input.type === 'gre') return { type: 'gre', checksum: input.checksum ?? 'none' };
  return { type: 'gue', port: input.port, checksum: input.checksum ?? 'none' };
}

function isIpv4(text: string): boolean {
  try {
    return parseIp(text).family === 'ipv4';
  } catch {
    return false;
  }
}

/** The family of an address that one host can have. @throws RangeError for others. */
function checkUnicast(address: string): 'ipv4' | 'ipv6' {
  const { family, bytes } = parseIp(address);
  const first = bytes[0] ?? 0;
  const many = family === 'ipv4' ? first >= 224 : first === 0xff;
  if (many || bytes.every((byte) => byte === 0)) {
    throw new RangeError(`address ${address} is not that of one host`);
  }
  return family;
}
