import {
  type DestinationKey,
  type DestinationSettings,
  formatDestinationKey,
} from './destination.ts';
import { formatServiceKey, type ServiceKey, type ServiceSettings } from './service.ts';

/** One difference between two states of a table. */
export type TableChange =
  | {
      readonly type: 'service-added';
      readonly service: ServiceKey;
      readonly after: ServiceSettings;
    }
  | {
      readonly type: 'service-edited';
      readonly service: ServiceKey;
      readonly before: ServiceSettings;
      readonly after: ServiceSettings;
      /** The settings that differ, at least one. */
      readonly changed: readonly (keyof ServiceSettings)[];
    }
  | {
      readonly type: 'service-removed';
      readonly service: ServiceKey;
      readonly before: ServiceSettings;
    }
  | {
      readonly type: 'destination-added';
      readonly service: ServiceKey;
      readonly destination: Required<DestinationKey>;
      readonly after: DestinationSettings;
    }
  | {
      readonly type: 'destination-edited';
      readonly service: ServiceKey;
      readonly destination: Required<DestinationKey>;
      readonly before: DestinationSettings;
      readonly after: DestinationSettings;
      /** The settings that differ, at least one. */
      readonly changed: readonly (keyof DestinationSettings)[];
    }
  | {
      readonly type: 'destination-removed';
      readonly service: ServiceKey;
      readonly destination: Required<DestinationKey>;
      readonly before: DestinationSettings;
    };

/** The parts of a service that are compared. */
export type ComparedService = ServiceSettings & {
  readonly key: ServiceKey;
  readonly destinations: readonly ComparedDestination[];
};

/** The parts of a destination that are compared. */
export type ComparedDestination = DestinationSettings & { readonly key: Required<DestinationKey> };

/**
 * What leads from one state of a table to another: the settings, not the counters. The kernel's
 * order does not count; keys have to be spelled as `list()` and `parseServiceKey` spell them.
 *
 * Changes come by service in the order of their text, such as `tcp 192.0.2.1:80`, and within one:
 * the service when it was added or edited, its destinations, the service when it was removed. A
 * service that was added or removed is followed or preceded by a change for each destination.
 */
export function diffTables(
  before: readonly ComparedService[],
  after: readonly ComparedService[],
): readonly TableChange[] {
  return diffIndexed(indexTable(before), indexTable(after));
}

/** A service and its destinations by the text of their keys. */
export interface IndexedService<Service extends ComparedService> {
  readonly service: Service;
  readonly destinations: ReadonlyMap<string, Service['destinations'][number]>;
}

/** A table by the text of its services' keys. */
export type TableIndex<Service extends ComparedService> = ReadonlyMap<
  string,
  IndexedService<Service>
>;

export function indexTable<Service extends ComparedService>(
  services: readonly Service[],
): TableIndex<Service> {
  const index = new Map<string, IndexedService<Service>>();
  for (const service of services) {
    const destinations = new Map<string, Service['destinations'][number]>();
    for (const destination of service.destinations) {
      destinations.set(formatDestinationKey(destination.key), destination);
    }
    index.set(formatServiceKey(service.key), { service, destinations });
  }
  return index;
}

/** {@link diffTables} of tables that have been indexed already. */
export function diffIndexed(
  before: TableIndex<ComparedService>,
  after: TableIndex<ComparedService>,
): TableChange[] {
  const found: [name: string, changes: TableChange[]][] = [];
  for (const [name, indexed] of after) {
    const changes = diffService(before.get(name), indexed);
    if (changes.length > 0) found.push([name, changes]);
  }
  for (const [name, indexed] of before) {
    if (!after.has(name)) found.push([name, diffService(indexed, undefined)]);
  }
  return inOrder(found).flatMap(([, changes]) => changes);
}

type Indexed = IndexedService<ComparedService>;

function diffService(before: Indexed | undefined, after: Indexed | undefined): TableChange[] {
  const service = after?.service.key ?? before?.service.key;
  if (service === undefined) return [];
  const changes: TableChange[] = [];
  if (before === undefined && after !== undefined) {
    changes.push({ type: 'service-added', service, after: serviceSettings(after.service) });
  } else if (before !== undefined && after !== undefined) {
    const changed = differing<ServiceSettings>(serviceFields, before.service, after.service);
    if (changed.length > 0) {
      changes.push({
        type: 'service-edited',
        service,
        before: serviceSettings(before.service),
        after: serviceSettings(after.service),
        changed,
      });
    }
  }
  changes.push(...diffDestinations(service, before?.destinations, after?.destinations));
  if (before !== undefined && after === undefined) {
    changes.push({ type: 'service-removed', service, before: serviceSettings(before.service) });
  }
  return changes;
}

type IndexedDestinations = ReadonlyMap<string, ComparedDestination>;
const noDestinations: IndexedDestinations = new Map();

function diffDestinations(
  service: ServiceKey,
  before: IndexedDestinations = noDestinations,
  after: IndexedDestinations = noDestinations,
): TableChange[] {
  const found: [name: string, change: TableChange][] = [];
  for (const [name, now] of after) {
    const was = before.get(name);
    const destination = now.key;
    if (was === undefined) {
      const change = { service, destination, after: destinationSettings(now) };
      found.push([name, { type: 'destination-added', ...change }]);
      continue;
    }
    const changed = differing<DestinationSettings>(destinationFields, was, now);
    if (changed.length > 0) {
      const settings = { before: destinationSettings(was), after: destinationSettings(now) };
      found.push([
        name,
        { type: 'destination-edited', service, destination, ...settings, changed },
      ]);
    }
  }
  for (const [name, was] of before) {
    if (after.has(name)) continue;
    const change = { service, destination: was.key, before: destinationSettings(was) };
    found.push([name, { type: 'destination-removed', ...change }]);
  }
  return inOrder(found).map(([, change]) => change);
}

const serviceFields: readonly (keyof ServiceSettings)[] = [
  'scheduler',
  'schedulerFlags',
  'persistence',
  'onePacket',
  'persistenceEngine',
];

const destinationFields: readonly (keyof DestinationSettings)[] = [
  'forwarding',
  'weight',
  'upperThreshold',
  'lowerThreshold',
  'tunnel',
];

/** The settings by themselves: a state may be a view that keeps its whole table alive. */
function serviceSettings(state: ServiceSettings): ServiceSettings {
  const { scheduler, schedulerFlags, persistence, onePacket, persistenceEngine } = state;
  return { scheduler, schedulerFlags, persistence, onePacket, persistenceEngine };
}

function destinationSettings(state: DestinationSettings): DestinationSettings {
  const { forwarding, weight, upperThreshold, lowerThreshold, tunnel } = state;
  return { forwarding, weight, upperThreshold, lowerThreshold, tunnel };
}

function differing<Settings>(
  fields: readonly (keyof Settings)[],
  before: Settings,
  after: Settings,
): (keyof Settings)[] {
  return fields.filter((field) => !isSame(before[field], after[field]));
}

/** Settings are plain values, lists whose order means nothing, or flat objects. */
function isSame(before: unknown, after: unknown): boolean {
  if (before === after) return true;
  if (typeof before !== 'object' || typeof after !== 'object') return false;
  const one = entriesOf(before);
  const other = entriesOf(after);
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}

function entriesOf(settings: object | null): Map<unknown, unknown> {
  if (Array.isArray(settings)) return new Map(settings.map((item) => [item, true]));
  return new Map(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined));
}

/** In the order of their names, which are all different. */
function inOrder<Item>(named: [name: string, item: Item][]): [name: string, item: Item][] {
  return named.sort(([one], [other]) => (one < other ? -1 : 1));
}
