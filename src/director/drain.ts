import { isDataPathService } from '../config/data-path-marks.ts';
import { withWeight } from '../health/desired.ts';
import { formatDestinationKey } from '../ipvs/destination.ts';
import { formatServiceKey } from '../ipvs/service.ts';
import type { ComparedDestination, ComparedService } from '../ipvs/table-diff.ts';
import { destinationSettingsOf, serviceSettingsOf } from './settings-of.ts';

/** The table as it is, with the connections that are established on each destination. */
export type BusyService = Omit<ComparedService, 'destinations'> & {
  readonly destinations: readonly (ComparedDestination & { readonly activeConnections: number })[];
};

export interface DrainRules {
  /** How long what goes may keep its connections, by the text of the service. */
  readonly timeoutMs: (service: string) => number;
  /** Whether a destination is dead: its connections are of no use to anybody. */
  readonly isDead: (service: string, destination: string) => boolean;
}

/** What is on its way out: until when, by the texts of service and destination. */
export type Drains = ReadonlyMap<string, number>;

export interface Drained {
  /** What is desired, and at weight 0 what still has connections to end. */
  readonly table: readonly ComparedService[];
  readonly drains: Drains;
}

/**
 * Lets nothing go before its connections have ended: what the table has and should not have stays at
 * weight 0 until no connection is established on it, or its time is over. Weight 0 comes first in any
 * case, since a connection could come between looking and removing.
 */
export function drainBeforeRemoval(
  desired: readonly ComparedService[],
  actual: readonly BusyService[],
  before: Drains,
  rules: DrainRules,
  now: number,
): Drained {
  const drains = new Map<string, number>();
  const wanted = new Map(desired.map((service) => [formatServiceKey(service.key), service]));
  const table = new Map(wanted);
  for (const service of actual) {
    if (isDataPathService(service.key)) continue;
    const name = formatServiceKey(service.key);
    const own = wanted.get(name);
    const staying = new Set(own?.destinations.map(({ key }) => formatDestinationKey(key)));
    const leaving: ComparedDestination[] = [];
    for (const destination of service.destinations) {
      const { activeConnections } = destination;
      const text = formatDestinationKey(destination.key);
      if (staying.has(text) || rules.isDead(name, text)) continue;
      const drain = `${name} ${text}`;
      const until = before.get(drain) ?? now + rules.timeoutMs(name);
      if (until <= now || (activeConnections === 0 && destination.weight === 0)) continue;
      drains.set(drain, until);
      leaving.push(withWeight(destinationSettingsOf(destination), 0));
    }
    if (leaving.length === 0) continue;
    const kept = own ?? { key: service.key, ...serviceSettingsOf(service) };
    table.set(name, { ...kept, destinations: [...(own?.destinations ?? []), ...leaving] });
  }
  return { table: [...table.values()], drains };
}
