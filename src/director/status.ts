import type { DirectorConfig } from '../config/director-config.ts';
import type { HealthMonitor } from '../health/monitor.ts';
import { formatDestinationKey } from '../ipvs/destination.ts';
import { formatServiceKey } from '../ipvs/service.ts';
import type { Statistics } from '../ipvs/statistics.ts';
import type { DestinationState, ServiceState } from '../ipvs/table.ts';
import type {
  DestinationReading,
  OtherDestination,
  ServerStatus,
  ServiceStatus,
} from '../observe/director-status.ts';

/** What a status is put together from. */
export interface StatusSources {
  readonly config: Pick<DirectorConfig, 'services'>;
  readonly monitor: Pick<HealthMonitor, 'desired' | 'server'>;
  /** The kernel's table, with statistics. */
  readonly table: readonly ServiceState[];
  readonly refusalOf: (service: string) => string | undefined;
  /** Whether a destination is on its way out. */
  readonly isLeaving: (service: string, destination: string) => boolean;
}

/** How the services of a configuration stand. */
export function servicesStatus(sources: StatusSources): readonly ServiceStatus[] {
  const { config, monitor, table, refusalOf, isLeaving } = sources;
  const found = new Map(table.map((service) => [formatServiceKey(service.key), service]));
  return config.services.map(({ name, service, servers: declared, policy }): ServiceStatus => {
    const key = formatServiceKey(service.key);
    const state = found.get(key);
    const destinations = new Map(
      state?.destinations.map((one) => [formatDestinationKey(one.key), one]),
    );
    const desired = monitor.desired(name);
    const weights = new Map(
      declared.map(({ destination: { key: own, weight } }) => [formatDestinationKey(own), weight]),
    );
    const servers = desired.servers.map(({ server, state: stands }): ServerStatus => {
      const standing = monitor.server(name, server);
      const kernel = readingOf(destinations.get(server));
      destinations.delete(server);
      const configuredWeight = weights.get(server) ?? 0;
      const { override } = standing;
      return { server, state: stands, configuredWeight, standing, override, kernel };
    });
    const fallback = policy.fallback && formatDestinationKey(policy.fallback.key);
    const others = Array.from(destinations, ([server, one]): OtherDestination => {
      const serves = server === fallback && desired.fallback !== undefined;
      const role = serves ? 'fallback' : isLeaving(key, server) ? 'leaving' : 'foreign';
      return { server, role, kernel: readingOf(one) as DestinationReading };
    });
    return {
      name,
      service: key,
      scheduler: state?.scheduler ?? service.scheduler,
      mode: desired.mode,
      hasQuorum: desired.hasQuorum,
      refusal: refusalOf(key),
      statistics: state?.statistics,
      servers,
      others,
    };
  });
}

function readingOf(destination: DestinationState | undefined): DestinationReading | undefined {
  if (destination === undefined) return undefined;
  const { weight, activeConnections, inactiveConnections, persistentConnections } = destination;
  return {
    weight,
    activeConnections,
    inactiveConnections,
    persistentConnections,
    statistics: destination.statistics as Statistics,
  };
}
