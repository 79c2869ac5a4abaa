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
import { parseIp } from '../net/ip.ts';
import { closest } from './closest.ts';
import type { PersistenceInput, ServiceInput } from './config-input.ts';
import { dataPathMarks, isDataPathService } from './data-path-marks.ts';
import type { Defaults } from './defaults.ts';
import type { DeclaredService } from './director-config.ts';
import { parseDuration } from './duration.ts';
import { PolicyReader } from './policy.ts';
import type { Place } from './problems.ts';
import { readServerText, ServerReader } from './servers.ts';

const longestPersistence = 4_294_967;

/** Makes services of what the files of a configuration say of them. */
export class ServiceReader {
  readonly services: DeclaredService[] = [];
  /** Where each name and each listening address was first used. */
  readonly #names = new Map<string, Place>();
  readonly #keys = new Map<string, Place>();

  /** @param defaults What holds where the service does not say otherwise. */
  read(input: ServiceInput, at: Place, defaults: Defaults): void {
    const problemsBefore = at.errorCount;
    const key = this.#listen(input.listen, at.in('listen'));
    if (key === undefined) return;
    this.#listensOnce(key, at);
    const name = input.name ?? formatServiceKey(key);
    if (input.name !== undefined) {
      once(this.#names, name, at, at.in('name'), `the name ${name} is taken`);
    }
    const config = this.#serviceConfig(input, defaults, key, at);
    const reader = new ServerReader(defaults);
    const servers = reader.read(input, key, at);
    const policy = new PolicyReader(defaults, reader).read(input, { key, config }, servers, at);
    if (at.errorCount > problemsBefore) return;
    const service = at.attempt(() => canonicalService({ key, config, destinations: servers }));
    if (service === undefined) return;
    this.services.push({
      name,
      service,
      servers: service.destinations.map((destination, index) => ({
        destination,
        check: servers[index]?.check,
      })),
      policy,
    });
  }

  /**
   * Looks at what is left of a service whose shape is wrong: its address and those of its servers.
   * Anything else could be a consequence of what has been told already.
   */
  readRemains(input: unknown, at: Place): void {
    if (typeof input !== 'object' || input === null) return;
    const { listen, servers } = input as Readonly<Record<string, unknown>>;
    const key = typeof listen === 'string' ? this.#listen(listen, at.in('listen')) : undefined;
    if (key !== undefined) this.#listensOnce(key, at);
    for (const [place, server] of (Array.isArray(servers) ? servers : []).entries()) {
      if (typeof server === 'string') readServerText(server, at.in('servers', place));
    }
  }

  #listensOnce(key: ServiceKey, at: Place): void {
    const text = formatServiceKey(key);
    once(this.#keys, text, at, at.in('listen'), `${text} is listened to already`);
  }

  #listen(text: string, at: Place): ServiceKey | undefined {
    try {
      const key = parseServiceKey(text.trim().replaceAll(/\s+/g, ' '));
      if (!isDataPathService(key)) return key;
      const { first, last } = dataPathMarks;
      at.add(`the marks from ${first} to ${last} are the director's own, for its checks`);
    } catch (error) {
      at.add((error as Error).message.replace(/^service ".*" must/s, 'must'));
    }
    return undefined;
  }

  #serviceConfig(
    input: ServiceInput,
    defaults: Defaults,
    key: ServiceKey,
    at: Place,
  ): ServiceConfig {
    const { value: scheduler = 'wlc', place } = defaults.setting(input, 'scheduler', at);
    this.#checkScheduler(scheduler, place);
    // Flags are the scheduler's own: a service that names another does not inherit them.
    const inherited =
      input.scheduler === undefined ? defaults.values['scheduler-flags'] : undefined;
    const schedulerFlags = input['scheduler-flags'] ?? inherited ?? [];
    for (const [index, flag] of schedulerFlags.entries()) {
      at.in('scheduler-flags', index).attempt(() => schedulerFlagBits([flag], scheduler));
    }
    const { value: stickiness = false, place: stickinessAt } = defaults.setting(
      input,
      'persistence',
      at,
    );
    const persistence = this.#persistence(stickiness, key, stickinessAt);
    const engine = typeof stickiness === 'object' ? stickiness.engine : undefined;
    const onePacket = input['one-packet'] ?? defaults.values['one-packet'] ?? false;
    if (onePacket && key.firewallMark === undefined && key.protocol !== 'udp') {
      at.in('one-packet').add('one-packet is for udp and fwmark services');
    }
    if (key.firewallMark === undefined && key.port === 0 && persistence === undefined) {
      at.in('listen').add('port 0, which is every port, needs persistence');
    }
    return {
      scheduler,
      schedulerFlags,
      persistence: persistence ?? null,
      onePacket,
      persistenceEngine: engine ?? null,
    };
  }

  #checkScheduler(name: string, at: Place): void {
    at.attempt(() => checkModuleName(name, maxSchedulerNameLength, 'scheduler'));
    if (name === 'none' || (schedulers as readonly string[]).includes(name)) return;
    const meant = closest(name, schedulers);
    const message = `Linux itself has no scheduler ${JSON.stringify(name)}`;
    at.warn(message, meant);
  }

  #persistence(input: PersistenceInput, key: ServiceKey, at: Place): Persistence | undefined {
    if (input === false) return undefined;
    const { timeout = '5m', netmask } = typeof input === 'string' ? { timeout: input } : input;
    const seconds = (parseDuration(timeout) ?? Number.NaN) / 1000;
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > longestPersistence) {
      const place = typeof input === 'string' ? at : at.in('timeout');
      place.add(`must be whole seconds, from 1s to ${longestPersistence}s`);
      return undefined;
    }
    if (netmask === undefined) return { timeoutSeconds: seconds };
    const ipv6 = isIpv6Service(key);
    const place = at.in('netmask');
    if (typeof netmask === 'number' && (netmask > (ipv6 ? 128 : 32) || (ipv6 && netmask < 1))) {
      place.add(`must be a prefix length from ${ipv6 ? '1 to 128' : '0 to 32'}`);
      return undefined;
    }
    if (typeof netmask === 'string' && (ipv6 || !isIpv4(netmask))) {
      const form = ipv6
        ? 'a prefix length, since the service is IPv6'
        : 'an IPv4 mask such as 255.255.255.0, or a prefix length';
      place.add(`must be ${form}`);
      return undefined;
    }
    return { timeoutSeconds: seconds, netmask };
  }
}

/** Notes who has a name first, and tells every other. @param owner The service. */
function once(
  known: Map<string, Place>,
  name: string,
  owner: Place,
  at: Place,
  what: string,
): void {
  const first = known.get(name);
  if (first === undefined) known.set(name, owner);
  else at.add(`${what} by ${first.seenFrom(at)}`);
}

function isIpv4(text: string): boolean {
  try {
    return parseIp(text).family === 'ipv4';
  } catch {
    return false;
  }
}
