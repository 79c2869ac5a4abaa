import { formatDestinationKey } from '../ipvs/destination.ts';
import { refusesAtWeightZero } from '../ipvs/scheduler.ts';
import type { ServiceConfig, ServiceKey } from '../ipvs/service.ts';
import { canonicalService, type ServiceDefinition } from '../ipvs/table-definition.ts';
import type { ComparedDestination } from '../ipvs/table-diff.ts';
import type { PolicyInput, ServiceInput } from './config-input.ts';
import type { Defaults } from './defaults.ts';
import type { Quorum, ServicePolicy } from './director-config.ts';
import { parseDuration } from './duration.ts';
import type { Place } from './problems.ts';
import type { ReadServer, ServerReader } from './servers.ts';

const longest = 86_400_000;
const drainTimeout = '5m';

/** Makes of a service's settings what becomes of it as its servers come and go. */
export class PolicyReader {
  readonly #servers: ServerReader;
  readonly #defaults: Defaults;

  constructor(defaults: Defaults, servers: ServerReader) {
    this.#defaults = defaults;
    this.#servers = servers;
  }

  /** @param servers Those of the service that are right. */
  read(
    input: ServiceInput,
    { key, config }: Pick<Required<ServiceDefinition>, 'key' | 'config'>,
    servers: readonly ReadServer[],
    at: Place,
  ): ServicePolicy {
    const setting = <Key extends keyof PolicyInput>(name: Key) =>
      this.#defaults.setting(input, name, at);
    const duration = (name: 'slow-start' | 'drain-timeout', usual: string): number => {
      const { value = usual, place } = setting(name);
      const length = parseDuration(value) ?? Number.NaN;
      if (!(length <= longest)) place.add(`must be at most 1d, not ${value}`);
      return length;
    };
    const fallback = this.#fallback(input, key, servers, at);
    const onAllDown = setting('on-all-down');
    if (onAllDown.value === 'fallback' && fallback === undefined) {
      onAllDown.place.add('there is no fallback to serve when every server is down');
    }
    return {
      quorum: this.#quorum(input, servers, at),
      fallback,
      onFailure: this.#onFailure(input, config, at),
      onAllDown: onAllDown.value ?? (fallback === undefined ? 'keep' : 'fallback'),
      panicBelow: Number.parseInt(setting('panic').value ?? '0', 10) / 100,
      slowStartMs: duration('slow-start', '0s'),
      drainTimeoutMs: duration('drain-timeout', drainTimeout),
    };
  }

  #onFailure(
    input: ServiceInput,
    { scheduler = 'wlc', schedulerFlags = [] }: ServiceConfig,
    at: Place,
  ): ServicePolicy['onFailure'] {
    const { value, place } = this.#defaults.setting(input, 'on-failure', at);
    const refuses = refusesAtWeightZero(scheduler, schedulerFlags);
    if (value === 'inhibit' && refuses) {
      const flag = `scheduler-flags: [${scheduler}-fallback] or `;
      place.warn(
        `${scheduler} refuses the clients of a server of weight 0: ${scheduler === 'dh' ? '' : flag}on-failure: remove gives them to another`,
      );
    }
    return value ?? (refuses ? 'remove' : 'inhibit');
  }

  #quorum(input: ServiceInput, servers: readonly ReadServer[], at: Place): Quorum {
    const { value = 1, place } = this.#defaults.setting(input, 'quorum', at);
    const { weight, hysteresis = 0 } = typeof value === 'number' ? { weight: value } : value;
    if (hysteresis >= weight) {
      place.add(`the hysteresis, ${hysteresis}, must be less than the weight, ${weight}`);
    }
    const all = servers.reduce((sum, { config }) => sum + (config.weight ?? 1), 0);
    const needed = weight + hysteresis;
    if (input.quorum !== undefined && servers.length > 0 && all < needed) {
      place.warn(
        `the quorum is never met: it needs ${needed}, and all servers together have ${all}`,
      );
    }
    return { weight, hysteresis };
  }

  #fallback(
    input: ServiceInput,
    key: ServiceKey,
    servers: readonly ReadServer[],
    at: Place,
  ): ComparedDestination | undefined {
    const { value = false, place } = this.#defaults.setting(input, 'fallback', at);
    if (value === false) return undefined;
    const own = { ...input, weight: 1, thresholds: {}, check: 'none', checks: undefined } as const;
    const before = place.errorCount;
    const read = this.#servers.readOne(value, own, key, place);
    if (read === undefined || place.errorCount > before) return undefined;
    const name = formatDestinationKey(read.key);
    const same = servers.find((server) => formatDestinationKey(server.key) === name);
    if (same !== undefined) {
      place.add(`the fallback ${name} is a server already, in ${same.place.seenFrom(place)}`);
      return undefined;
    }
    const definition = { key: read.key, config: read.config };
    return place.attempt(
      () => canonicalService({ key, destinations: [definition] }).destinations[0],
    );
  }
}
