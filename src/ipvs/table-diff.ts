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

/** A service whose destinations can be found by the text of their keys. */
export class IndexedService<Service extends ComparedService = ComparedService> {
  readonly service: Service;
  #names: readonly string[] | undefined;
  #byName: ReadonlyMap<string, Service['destinations'][number]> | undefined;

  constructor(service: Service) {
    this.service = service;
  }

  /**
   * The texts of the destinations' keys, in their order. Made when they are asked for: of a table
   * that is read again and again, most services are not looked into.
   */
  get names(): readonly string[] {
    this.#names ??= this.service.destinations.map(({ key }) => formatDestinationKey(key));
    return this.#names;
  }

  /** @param likely Where it is unless the order has changed, which it seldom has. */
  find(name: string, likely: number): Service['destinations'][number] | undefined {
    const { destinations } = this.service;
    const { names } = this;
    if (names[likely] === name) return destinations[likely];
    this.#byName ??= new Map(destinations.map((one, index) => [names[index] ?? '', one]));
    return this.#byName.get(name);
  }
}

/** A table by the text of its services' keys, in their order. */
export type TableIndex<Service extends ComparedService = ComparedService> = ReadonlyMap<
  string,
  IndexedService<Service>
>;

export function indexTable<Service extends ComparedService>(
  services: readonly Service[],
): TableIndex<Service> {
  return new Map(
    services.map((service) => [formatServiceKey(service.key), new IndexedService(service)]),
  );
}

/** {@link diffTables} of tables that have been indexed already. */
export function diffIndexed(before: TableIndex, after: TableIndex): TableChange[] {
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

function diffService(
  before: IndexedService | undefined,
  after: IndexedService | undefined,
): TableChange[] {
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
  // One by one: as arguments of one call, those of a large service overflow the stack.
  for (const change of diffDestinations(service, before, after)) changes.push(change);
  if (before !== undefined && after === undefined) {
    changes.push({ type: 'service-removed', service, before: serviceSettings(before.service) });
  }
  return changes;
}

function diffDestinations(
  service: ServiceKey,
  before: IndexedService | undefined,
  after: IndexedService | undefined,
): TableChange[] {
  // By name, since a table that grows while it is read can have a destination twice.
  const found = new Map<string, TableChange>();
  for (const [index, name] of after?.names.entries() ?? []) {
    const now = after?.service.destinations[index];
    const was = before?.find(name, index);
    const change = now && diffDestination(service, was, now);
    if (change !== undefined) found.set(name, change);
  }
  for (const [index, name] of before?.names.entries() ?? []) {
    const was = before?.service.destinations[index];
    if (was === undefined || after?.find(name, index) !== undefined) continue;
    const change = { service, destination: was.key, before: destinationSettings(was) };
    found.set(name, { type: 'destination-removed', ...change });
  }
  return inOrder([...found]).map(([, change]) => change);
}

function diffDestination(
  service: ServiceKey,
  was: ComparedDestination | undefined,
  now: ComparedDestination,
): TableChange | undefined {
  if (was === undefined) {
    const change = { service, destination: now.key, after: destinationSettings(now) };
    return { type: 'destination-added', ...change };
  }
  const changed = differing<DestinationSettings>(destinationFields, was, now);
  if (changed.length === 0) return undefined;
  const settings = { before: destinationSettings(was), after: destinationSettings(now) };
  return { type: 'destination-edited', service, destination: now.key, ...settings, changed };
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

const noFields: readonly never[] = [];

function differing<Settings>(
  fields: readonly (keyof Settings)[],
  before: Settings,
  after: Settings,
): readonly (keyof Settings)[] {
  const isChanged = (field: keyof Settings) => !isSame(before[field], after[field]);
  // Next to nothing differs in a large table that is watched.
  return fields.some(isChanged) ? fields.filter(isChanged) : noFields;
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
