import { checkObject } from '../check.ts';
import { destinationRecord, serviceRecord } from '../native/ipvs-records.ts';
import { parseIp } from '../net/ip.ts';
import {
  type DestinationConfig,
  type DestinationKey,
  type DestinationSettings,
  formatDestinationKey,
  readDestinationKey,
  readDestinationSettings,
  writeDestinationConfig,
  writeDestinationKey,
} from './destination.ts';
import { RecordView } from './record-view.ts';
import {
  formatServiceKey,
  readServiceKey,
  readServiceSettings,
  type ServiceConfig,
  type ServiceKey,
  type ServiceSettings,
  writeServiceConfig,
  writeServiceKey,
} from './service.ts';
import type { ComparedDestination, ComparedService } from './table-diff.ts';

/** A destination as somebody declares it: what is absent takes its default. */
export interface DestinationDefinition {
  readonly key: DestinationKey;
  readonly config?: DestinationConfig;
}

/** A service as somebody declares it: what is absent takes its default. */
export interface ServiceDefinition {
  readonly key: ServiceKey;
  readonly config?: ServiceConfig;
  readonly destinations?: readonly DestinationDefinition[];
}

/** A whole table as somebody declares it. */
export type TableDefinition = readonly ServiceDefinition[];

/** Room for the record of a service and, behind it, that of a destination. */
const destinationAt = serviceRecord.size;

/**
 * A declared table as the kernel would list it: nothing absent, every key and setting in its one
 * spelling. Its order is that of the definition.
 *
 * @throws TypeError, RangeError for what cannot be right, and for what is declared twice.
 */
export function canonicalTable(table: TableDefinition): readonly ComparedService[] {
  const names = new Set<string>();
  return table.map((definition) => {
    const service = canonicalService(definition);
    const name = formatServiceKey(service.key);
    if (names.has(name)) throw new RangeError(`service ${name} is declared twice`);
    names.add(name);
    return service;
  });
}

/** {@link canonicalTable} of one service. */
export function canonicalService(definition: ServiceDefinition): ComparedService {
  checkObject(definition, 'service definition');
  const view = new RecordView(new ArrayBuffer(serviceRecord.size + destinationRecord.size));
  writeServiceKey(view, 0, definition.key);
  const key = readServiceKey(view, 0);
  writeServiceConfig(view, 0, definition.config ?? {});
  const settings = readServiceSettings(view, 0);
  const names = new Set<string>();
  const destinations = (definition.destinations ?? []).map((one) => {
    const destination = canonicalDestination(view, one);
    const name = formatDestinationKey(destination.key);
    if (names.has(name)) {
      throw new RangeError(`destination ${name} of ${formatServiceKey(key)} is declared twice`);
    }
    names.add(name);
    return destination;
  });
  return { key, ...settings, destinations };
}

/** The one spelling of a service's key. @throws TypeError, RangeError */
export function canonicalServiceKey(key: ServiceKey): ServiceKey {
  const view = new RecordView(new ArrayBuffer(serviceRecord.size));
  writeServiceKey(view, 0, key);
  return readServiceKey(view, 0);
}

/** Whether a service is one for IPv6 packets. */
export function isIpv6Service(key: ServiceKey): boolean {
  return key.firewallMark === undefined ? key.address.includes(':') : key.family === 'ipv6';
}

/** Whether a persistence netmask, in its one spelling, makes every client one by itself. */
export function isWholeAddress(netmask: number | string, service: ServiceKey): boolean {
  return netmask === (isIpv6Service(service) ? 128 : 32);
}

/** @param view Begins with the record of the service. */
function canonicalDestination(
  view: RecordView,
  definition: DestinationDefinition,
): ComparedDestination {
  checkObject(definition, 'destination definition');
  view.u8.fill(0, destinationAt);
  writeDestinationKey(view, destinationAt, definition.key, 0);
  writeDestinationConfig(view, destinationAt, definition.config ?? {}, 0);
  const key = readDestinationKey(view, destinationAt);
  return { key, ...readDestinationSettings(view, destinationAt) };
}

/** All settings of a service as the config that makes them, so that nothing is left to a default. */
export function serviceConfigOf(settings: ServiceSettings): Required<ServiceConfig> {
  const { scheduler, schedulerFlags, persistence, onePacket, persistenceEngine } = settings;
  return {
    scheduler,
    schedulerFlags,
    persistence: persistence ?? null,
    onePacket,
    persistenceEngine: persistenceEngine ?? null,
  };
}

/** All settings of a destination as the config that makes them. */
export function destinationConfigOf(settings: DestinationSettings): DestinationConfig {
  const { forwarding, weight, upperThreshold, lowerThreshold, tunnel } = settings;
  const config = { forwarding, weight, upperThreshold, lowerThreshold };
  return tunnel === undefined ? config : { ...config, tunnel };
}

/** The definition that declares just this table, such as one that `list()` returned. */
export function tableDefinitionOf(services: readonly ComparedService[]): TableDefinition {
  return services.map((service) => ({
    key: service.key,
    config: serviceConfigOf(service),
    destinations: service.destinations.map((destination) => ({
      key: destination.key,
      config: destinationConfigOf(destination),
    })),
  }));
}

/**
 * The same table in the order people look things up: services by address, protocol and port, then
 * those by firewall mark; destinations by address and port. IPv4 comes first.
 */
export function sortedTable(services: readonly ComparedService[]): readonly ComparedService[] {
  return sortServices(services).map((service) => {
    const { key, scheduler, schedulerFlags, persistence, onePacket, persistenceEngine } = service;
    return {
      key,
      scheduler,
      schedulerFlags,
      persistence,
      onePacket,
      persistenceEngine,
      destinations: sortDestinations(service.destinations),
    };
  });
}

/** Services in that order, whatever else is known of them. */
export function sortServices<Service extends { readonly key: ServiceKey }>(
  services: readonly Service[],
): readonly Service[] {
  return sortedBy(services, ({ key }) => serviceSortKey(key));
}

/** Destinations in that order. */
export function sortDestinations<Destination extends { readonly key: Required<DestinationKey> }>(
  destinations: readonly Destination[],
): readonly Destination[] {
  return sortedBy(destinations, ({ key }) => endpointSortKey(key.address, key.port));
}

function sortedBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): readonly Item[] {
  return items
    .map((item) => ({ item, key: keyOf(item) }))
    .sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0))
    .map(({ item }) => item);
}

function serviceSortKey(key: ServiceKey): string {
  if (key.firewallMark !== undefined) {
    return `fwmark ${key.family === 'ipv6' ? 6 : 4} ${String(key.firewallMark).padStart(10, '0')}`;
  }
  return `${endpointSortKey(key.address, 0)} ${key.protocol} ${String(key.port).padStart(5, '0')}`;
}

function endpointSortKey(address: string, port: number): string {
  const { family, bytes } = parseIp(address);
  const digits = Buffer.from(bytes).toString('hex');
  return `${family === 'ipv6' ? 6 : 4} ${digits} ${String(port).padStart(5, '0')}`;
}
