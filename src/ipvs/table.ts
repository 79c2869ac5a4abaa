import { inspect } from 'node:util';
import type { NativeTable } from '../native/ipvs.ts';
import { destinationRecord, serviceRecord } from '../native/ipvs-records.ts';
import {
  type DestinationKey,
  type DestinationSettings,
  type ForwardingMethod,
  formatDestinationKey,
  readDestinationKey,
  readDestinationSettings,
  readForwarding,
  readTunnel,
  type Tunnel,
} from './destination.ts';
import type { SchedulerFlag } from './flags.ts';
import { RecordView } from './record-view.ts';
import type { Scheduler } from './scheduler.ts';
import {
  formatServiceKey,
  type Persistence,
  readPersistence,
  readServiceKey,
  readServiceSettings,
  type ServiceKey,
  type ServiceSettings,
} from './service.ts';
import { type Statistics, statisticsAt } from './statistics.ts';

/** A virtual service as the kernel has it. */
export interface ServiceState extends ServiceSettings {
  readonly key: ServiceKey;
  readonly destinations: readonly DestinationState[];
  /** Present when the table was read with `statistics: true`. */
  readonly statistics: Statistics | undefined;
}

/** A destination as the kernel has it. */
export interface DestinationState extends DestinationSettings {
  readonly key: Required<DestinationKey>;
  /** Connections in state ESTABLISHED (UDP and others: active). Counted live. */
  readonly activeConnections: number;
  /** All other connections. Counted live. */
  readonly inactiveConnections: number;
  /** Persistence entries that point here. Counted live. */
  readonly persistentConnections: number;
  /** Present when the table was read with `statistics: true`. */
  readonly statistics: Statistics | undefined;
}

/** What both kinds of view share: a place in a buffer of records. */
interface Place {
  readonly view: RecordView;
  readonly at: number;
  readonly withStatistics: boolean;
}

function statisticsBehind(place: Place, recordSize: number): Statistics | undefined {
  if (!place.withStatistics) return undefined;
  return statisticsAt(place.view.u64, (place.at + recordSize) >> 3);
}

/** A service that decodes each field when it is read, and not before. */
class ServiceView implements ServiceState {
  readonly #place: Place;
  readonly #destinations: () => readonly DestinationState[];
  #read: readonly DestinationState[] | undefined;

  constructor(place: Place, destinations: () => readonly DestinationState[]) {
    this.#place = place;
    this.#destinations = destinations;
  }

  get key(): ServiceKey {
    return readServiceKey(this.#place.view, this.#place.at);
  }
  get scheduler(): Scheduler {
    return this.#place.view.getText(this.#place.at + serviceRecord.scheduler, 16);
  }
  get schedulerFlags(): readonly SchedulerFlag[] {
    return this.#settings().schedulerFlags;
  }
  get persistence(): Required<Persistence> | undefined {
    return readPersistence(this.#place.view, this.#place.at);
  }
  get onePacket(): boolean {
    return this.#settings().onePacket;
  }
  get persistenceEngine(): string | undefined {
    return this.#settings().persistenceEngine;
  }
  get destinations(): readonly DestinationState[] {
    this.#read ??= this.#destinations();
    return this.#read;
  }
  get statistics(): Statistics | undefined {
    return statisticsBehind(this.#place, serviceRecord.size);
  }

  #settings(): ServiceSettings {
    return readServiceSettings(this.#place.view, this.#place.at);
  }

  /** All fields as a plain object, for JSON and for keeping after the table is gone. */
  toJSON(): ServiceState {
    const { key, destinations, statistics } = this;
    return { key, ...this.#settings(), destinations, statistics };
  }
  toString(): string {
    return formatServiceKey(this.key);
  }
  [inspect.custom](): ServiceState {
    return this.toJSON();
  }
}

/** A destination that decodes each field when it is read, and not before. */
class DestinationView implements DestinationState {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  get key(): Required<DestinationKey> {
    return readDestinationKey(this.#place.view, this.#place.at);
  }
  get forwarding(): ForwardingMethod {
    return readForwarding(this.#place.view, this.#place.at);
  }
  get weight(): number {
    return this.#number(destinationRecord.weight);
  }
  get upperThreshold(): number {
    return this.#number(destinationRecord.upperThreshold);
  }
  get lowerThreshold(): number {
    return this.#number(destinationRecord.lowerThreshold);
  }
  get tunnel(): Tunnel | undefined {
    return readTunnel(this.#place.view, this.#place.at);
  }
  get activeConnections(): number {
    return this.#number(destinationRecord.activeConnections);
  }
  get inactiveConnections(): number {
    return this.#number(destinationRecord.inactiveConnections);
  }
  get persistentConnections(): number {
    return this.#number(destinationRecord.persistentConnections);
  }
  get statistics(): Statistics | undefined {
    return statisticsBehind(this.#place, destinationRecord.size);
  }

  #number(field: number): number {
    return this.#place.view.getU32(this.#place.at + field);
  }

  /** All fields as a plain object, for JSON and for keeping after the table is gone. */
  toJSON(): DestinationState {
    return {
      key: this.key,
      ...readDestinationSettings(this.#place.view, this.#place.at),
      activeConnections: this.activeConnections,
      inactiveConnections: this.inactiveConnections,
      persistentConnections: this.persistentConnections,
      statistics: this.statistics,
    };
  }
  toString(): string {
    return formatDestinationKey(this.key);
  }
  [inspect.custom](): DestinationState {
    return this.toJSON();
  }
}

/**
 * The services of a table, as views on its packed records: reading a field decodes it. The views
 * keep the records they are on alive.
 */
export function servicesOf(table: NativeTable): ServiceState[] {
  const services = new RecordView(table.services);
  const destinations = new RecordView(table.destinations);
  const withStatistics = table.serviceStride > serviceRecord.size;
  const result: ServiceState[] = [];
  let firstDestination = 0;
  for (let at = 0; at < table.services.byteLength; at += table.serviceStride) {
    const from = firstDestination;
    const to =
      from + services.getU32(at + serviceRecord.destinationCount) * table.destinationStride;
    firstDestination = to;
    result.push(
      new ServiceView({ view: services, at, withStatistics }, () => {
        const views: DestinationState[] = [];
        for (let place = from; place < to; place += table.destinationStride) {
          views.push(new DestinationView({ view: destinations, at: place, withStatistics }));
        }
        return views;
      }),
    );
  }
  return result;
}
