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
import { sameDestinationRecord, sameServiceRecord } from './same-records.ts';
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
import { diffTables } from './table-diff.ts';

/** A virtual service as the kernel has it. */
export interface ServiceState extends ServiceSettings {
  /** Which one it is. */
  readonly key: ServiceKey;
  /** In the kernel's own order, which means nothing. */
  readonly destinations: readonly DestinationState[];
  /** Present when the table was read with `statistics: true`. */
  readonly statistics: Statistics | undefined;
}

/** A destination as the kernel has it. */
export interface DestinationState extends DestinationSettings {
  /** Which one it is, with its port. */
  readonly key: Required<DestinationKey>;
  /**
   * Connections in state ESTABLISHED (UDP and others: active). Counted live
   * (`IPVS_DEST_ATTR_ACTIVE_CONNS`).
   */
  readonly activeConnections: number;
  /** All other connections. Counted live (`IPVS_DEST_ATTR_INACT_CONNS`). */
  readonly inactiveConnections: number;
  /** Persistence entries that point here. Counted live (`IPVS_DEST_ATTR_PERSIST_CONNS`). */
  readonly persistentConnections: number;
  /** Present when the table was read with `statistics: true`. */
  readonly statistics: Statistics | undefined;
}

/** The records that all views of one table are on. */
interface TableRecords {
  readonly services: RecordView;
  readonly destinations: RecordView;
  readonly destinationStride: number;
  readonly withStatistics: boolean;
}

// Plain private fields throughout: defining a #private one takes the engine's slow way until it has
// compiled the constructor, which a listing that makes each view once hardly lives to see.

/** A service that decodes each field when it is read, and not before. */
class ServiceView implements ServiceState {
  private readonly records: TableRecords;
  private readonly at: number;
  /** Where its destinations begin among those of the table. */
  private readonly from: number;

  constructor(records: TableRecords, at: number, from: number) {
    this.records = records;
    this.at = at;
    this.from = from;
  }

  get key(): ServiceKey {
    return readServiceKey(this.records.services, this.at);
  }
  get scheduler(): Scheduler {
    return this.records.services.getText(this.at + serviceRecord.scheduler, 16);
  }
  get schedulerFlags(): readonly SchedulerFlag[] {
    return this.settings().schedulerFlags;
  }
  get persistence(): Required<Persistence> | undefined {
    return readPersistence(this.records.services, this.at);
  }
  get onePacket(): boolean {
    return this.settings().onePacket;
  }
  get persistenceEngine(): string | undefined {
    return this.settings().persistenceEngine;
  }
  /** Made anew by each access: kept, those of a large table would weigh more than its records. */
  get destinations(): readonly DestinationState[] {
    const count = this.records.services.getU32(this.at + serviceRecord.destinationCount);
    const stride = this.records.destinationStride;
    const views: DestinationState[] = [];
    for (let index = 0; index < count; index++) {
      views.push(new DestinationView(this.records, this.from + index * stride));
    }
    return views;
  }
  get statistics(): Statistics | undefined {
    if (!this.records.withStatistics) return undefined;
    return statisticsAt(this.records.services.u64, (this.at + serviceRecord.size) >> 3);
  }

  private settings(): ServiceSettings {
    return readServiceSettings(this.records.services, this.at);
  }

  /** {@link isSameService}, by the bytes of both. */
  isSameAs(other: ServiceView): boolean {
    const { services, destinations, destinationStride } = this.records;
    if (!sameServiceRecord(services, this.at, other.records.services, other.at)) return false;
    const count = services.getU32(this.at + serviceRecord.destinationCount);
    for (let index = 0; index < count; index++) {
      const at = this.from + index * destinationStride;
      const otherAt = other.from + index * other.records.destinationStride;
      if (!sameDestinationRecord(destinations, at, other.records.destinations, otherAt)) {
        return false;
      }
    }
    return true;
  }

  /** All fields as a plain object, for JSON and for keeping after the table is gone. */
  toJSON(): ServiceState {
    const { key, destinations, statistics } = this;
    return { key, ...this.settings(), destinations, statistics };
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
  private readonly records: TableRecords;
  private readonly at: number;

  constructor(records: TableRecords, at: number) {
    this.records = records;
    this.at = at;
  }

  get key(): Required<DestinationKey> {
    return readDestinationKey(this.records.destinations, this.at);
  }
  get forwarding(): ForwardingMethod {
    return readForwarding(this.records.destinations, this.at);
  }
  get weight(): number {
    return this.number(destinationRecord.weight);
  }
  get upperThreshold(): number {
    return this.number(destinationRecord.upperThreshold);
  }
  get lowerThreshold(): number {
    return this.number(destinationRecord.lowerThreshold);
  }
  get tunnel(): Tunnel | undefined {
    return readTunnel(this.records.destinations, this.at);
  }
  get activeConnections(): number {
    return this.number(destinationRecord.activeConnections);
  }
  get inactiveConnections(): number {
    return this.number(destinationRecord.inactiveConnections);
  }
  get persistentConnections(): number {
    return this.number(destinationRecord.persistentConnections);
  }
  get statistics(): Statistics | undefined {
    if (!this.records.withStatistics) return undefined;
    return statisticsAt(this.records.destinations.u64, (this.at + destinationRecord.size) >> 3);
  }

  private number(field: number): number {
    return this.records.destinations.getU32(this.at + field);
  }

  /** All fields as a plain object, for JSON and for keeping after the table is gone. */
  toJSON(): DestinationState {
    return {
      key: this.key,
      ...readDestinationSettings(this.records.destinations, this.at),
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
  const records: TableRecords = {
    services: new RecordView(table.services),
    destinations: new RecordView(table.destinations),
    destinationStride: table.destinationStride,
    withStatistics: table.serviceStride > serviceRecord.size,
  };
  const result: ServiceState[] = [];
  let from = 0;
  for (let at = 0; at < table.services.byteLength; at += table.serviceStride) {
    result.push(new ServiceView(records, at, from));
    const count = records.services.getU32(at + serviceRecord.destinationCount);
    from += count * table.destinationStride;
  }
  return result;
}

/**
 * Whether a service is what it was: the same one, with the same settings and the same destinations.
 * Counters do not count. Of listings it is told by their records, a hundred times as fast as by their
 * fields; there, another order of the destinations is a difference too.
 */
export function isSameService(before: ServiceState, now: ServiceState): boolean {
  if (before instanceof ServiceView && now instanceof ServiceView) return now.isSameAs(before);
  return (
    formatServiceKey(before.key) === formatServiceKey(now.key) &&
    diffTables([before], [now]).length === 0
  );
}
