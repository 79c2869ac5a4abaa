import { schedulerFlagBits } from '../ipvs/flags.ts';
import { checkModuleName, maxSchedulerNameLength, schedulers } from '../ipvs/scheduler.ts';
import {
  formatServiceKey,
  type Persistence,
  parseServiceKey,
  type ServiceConfig,
  type ServiceKey,
} from '../ipvs/service.ts';
import { canonicalService, isIpv6Service } from '../ipvs/table-definition.ts';
import type { ComparedService } from '../ipvs/table-diff.ts';
import { parseIp } from '../net/ip.ts';
import { closest } from './closest.ts';
import type { PersistenceInput, ServiceInput, SettingsInput } from './config-input.ts';
import type { Path } from './document.ts';
import { parseDuration } from './duration.ts';
import type { Problems } from './problems.ts';
import { ServerReader } from './servers.ts';

/** A service of the configuration. */
export interface DeclaredService {
  readonly name: string;
  /** What the kernel is to have of it, nothing left open. */
  readonly service: ComparedService;
}

const longestPersistence = 4_294_967;

/** Makes services of what a configuration says of them. */
export class ServiceReader {
  readonly services: DeclaredService[] = [];
  readonly #problems: Problems;
  readonly #servers: ServerReader;
  readonly #defaults: SettingsInput;
  /** Where each name and each listening address was first used. */
  readonly #names = new Map<string, number>();
  readonly #keys = new Map<string, number>();

  constructor(problems: Problems, defaults: SettingsInput) {
    this.#problems = problems;
    this.#servers = new ServerReader(problems, defaults);
    this.#defaults = defaults;
  }

  /** @param index Its place in `services:`. */
  read(input: ServiceInput, index: number): void {
    const at: Path = ['services', index];
    const problemsBefore = this.#problems.errors.length;
    const key = this.#listen(input.listen, [...at, 'listen']);
    if (key === undefined) return;
    this.#listensOnce(key, index, at);
    const name = input.name ?? formatServiceKey(key);
    if (input.name !== undefined) {
      this.#once(this.#names, name, index, [...at, 'name'], `the name ${name} is taken`);
    }
    const config = this.#serviceConfig(input, key, at);
    const destinations = this.#servers.read(input, key, at);
    if (this.#problems.errors.length > problemsBefore) return;
    try {
      this.services.push({ name, service: canonicalService({ key, config, destinations }) });
    } catch (error) {
      this.#problems.add(at, (error as Error).message);
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
      if (typeof server === 'string') this.#servers.readText(server, [...at, 'servers', place]);
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
      this.#problems.add(at, (error as Error).message.replace(/^service ".*" must/s, 'must'));
      return undefined;
    }
  }

  #once(known: Map<string, number>, name: string, index: number, at: Path, what: string): void {
    const first = known.get(name);
    if (first === undefined) known.set(name, index);
    else this.#problems.add(at, `${what} by line ${this.#problems.lineOf(['services', first])}`);
  }

  #serviceConfig(input: ServiceInput, key: ServiceKey, at: Path): ServiceConfig {
    const defaults = this.#defaults;
    const scheduler = input.scheduler ?? defaults.scheduler ?? 'wlc';
    if (input.scheduler !== undefined) this.#checkScheduler(scheduler, [...at, 'scheduler']);
    // Flags are the scheduler's own: a service that names another does not inherit them.
    const inherited = input.scheduler === undefined ? defaults['scheduler-flags'] : undefined;
    const schedulerFlags = input['scheduler-flags'] ?? inherited ?? [];
    for (const [index, flag] of schedulerFlags.entries()) {
      this.#problems.attempt([...at, 'scheduler-flags', index], () =>
        schedulerFlagBits([flag], scheduler),
      );
    }
    const [stickiness, stickinessAt]: [PersistenceInput, Path] =
      input.persistence !== undefined
        ? [input.persistence, [...at, 'persistence']]
        : [defaults.persistence ?? false, ['defaults', 'persistence']];
    const persistence = this.#persistence(stickiness, key, stickinessAt);
    const engine = typeof stickiness === 'object' ? stickiness.engine : undefined;
    const onePacket = input['one-packet'] ?? defaults['one-packet'] ?? false;
    if (onePacket && key.firewallMark === undefined && key.protocol !== 'udp') {
      this.#problems.add([...at, 'one-packet'], 'one-packet is for udp and fwmark services');
    }
    if (key.firewallMark === undefined && key.port === 0 && persistence === undefined) {
      this.#problems.add([...at, 'listen'], 'port 0, which is every port, needs persistence');
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
    this.#problems.attempt(at, () => checkModuleName(name, maxSchedulerNameLength, 'scheduler'));
    if (name === 'none' || (schedulers as readonly string[]).includes(name)) return;
    const meant = closest(name, schedulers);
    const message = `Linux itself has no scheduler ${JSON.stringify(name)}`;
    this.#problems.warn(at, message, meant);
  }

  #persistence(input: PersistenceInput, key: ServiceKey, at: Path): Persistence | undefined {
    if (input === false) return undefined;
    const { timeout = '5m', netmask } = typeof input === 'string' ? { timeout: input } : input;
    const seconds = (parseDuration(timeout) ?? Number.NaN) / 1000;
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > longestPersistence) {
      const place = typeof input === 'string' ? at : [...at, 'timeout'];
      this.#problems.add(place, `must be whole seconds, from 1s to ${longestPersistence}s`);
      return undefined;
    }
    if (netmask === undefined) return { timeoutSeconds: seconds };
    const ipv6 = isIpv6Service(key);
    const place = [...at, 'netmask'];
    if (typeof netmask === 'number' && (netmask > (ipv6 ? 128 : 32) || (ipv6 && netmask < 1))) {
      this.#problems.add(place, `must be a prefix length from ${ipv6 ? '1 to 128' : '0 to 32'}`);
      return undefined;
    }
    if (typeof netmask === 'string' && (ipv6 || !isIpv4(netmask))) {
      const form = ipv6
        ? 'a prefix length, since the service is IPv6'
        : 'an IPv4 mask such as 255.255.255.0, or a prefix length';
      this.#problems.add(place, `must be ${form}`);
      return undefined;
    }
    return { timeoutSeconds: seconds, netmask };
  }
}

function isIpv4(text: string): boolean {
  try {
    return parseIp(text).family === 'ipv4';
  } catch {
    return false;
  }
}
