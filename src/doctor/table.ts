import { formatDestinationKey } from '../ipvs/destination.ts';
import { formatServiceKey } from '../ipvs/service.ts';
import type { ServiceState } from '../ipvs/table.ts';
import type { ComparedService } from '../ipvs/table-diff.ts';
import type { ExaminedServer, ExaminedService } from './facts.ts';

/** A service of the kernel, or of a configuration, as far as it is looked at. */
export function examined(service: ServiceState | ComparedService): ExaminedService {
  const { key, scheduler, persistence, destinations } = service;
  return {
    key,
    text: formatServiceKey(key),
    scheduler,
    persistence,
    servers: [...destinations]
      .map(
        ({ key: own, forwarding, weight, tunnel }): ExaminedServer => ({
          key: own,
          forwarding,
          weight,
          tunnel,
        }),
      )
      .sort((one, other) =>
        compare(formatDestinationKey(one.key), formatDestinationKey(other.key)),
      ),
  };
}

/** What is to be looked at: what the kernel has, and what it lacks of the configuration. */
export function union(
  kernel: readonly ExaminedService[],
  config: readonly ExaminedService[],
): readonly ExaminedService[] {
  const byName = new Map(config.map((service) => [service.text, service]));
  for (const service of kernel) {
    const declared = byName.get(service.text);
    const own = new Set(service.servers.map(({ key }) => formatDestinationKey(key)));
    const lacking = (declared?.servers ?? []).filter(
      ({ key }) => !own.has(formatDestinationKey(key)),
    );
    byName.set(service.text, { ...service, servers: [...service.servers, ...lacking] });
  }
  return [...byName.values()].sort((one, other) => compare(one.text, other.text));
}

/** Counted by the kernel all along; walking the connections themselves can take minutes. */
export function countConnections(services: readonly ServiceState[]): number {
  return services
    .flatMap(({ destinations }) => destinations)
    .reduce((sum, one) => sum + one.activeConnections + one.inactiveConnections, 0);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
