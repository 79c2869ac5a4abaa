import type { NativeTable } from '../native/ipvs.ts';
import {
  AF_INET,
  destinationRecord,
  requestRecord,
  serviceRecord,
} from '../native/ipvs-records.ts';
import { type Change, type Edit, type EditBase, isPartialEdit, located } from './change.ts';
import { readDestinationSettings, writeDestinationKey } from './destination.ts';
import { RecordView } from './record-view.ts';
import { readServiceSettings, type ServiceKey, writeServiceKey } from './service.ts';

/** Reads what partial edits build upon, by packed service records. */
export interface EditReader {
  /** The service, or an empty table. */
  service(key: Uint8Array): Promise<NativeTable>;
  /** Each of these services with its destinations. */
  destinations(keys: Uint8Array): Promise<NativeTable>;
}

/** The record that has the settings of something: one that was read, or that of a change since. */
export interface Place {
  view: RecordView;
  at: number;
}

/** One service that partial edits are about. It stays the same object whatever becomes of it. */
export interface KnownService {
  /** Absent when there is no such service, or nobody asked. */
  settings: Place | undefined;
  /** By {@link destinationIdentity}. */
  readonly destinations: Map<string | number, Place>;
}

/** The part of the table that partial edits build upon, kept up with the changes of the list. */
export class KnownTable {
  private readonly services: Map<string, KnownService> = new Map();
  private readonly scratch: RecordView = new RecordView(new ArrayBuffer(requestRecord.size));

  /** @throws TypeError, RangeError for a service that cannot be one. */
  static async read(changes: readonly Change[], reader: EditReader): Promise<KnownTable> {
    const table = new KnownTable();
    const wanted: Uint8Array[] = [];
    const seen = new Set<KnownService>();
    let last: ServiceKey | undefined;
    for (let index = 0; index < changes.length; index++) {
      const change = changes[index] as Change;
      if (!isPartialEdit(change) || change.service === undefined) continue;
      const ofDestination = change.type === 'edit-destination';
      if (ofDestination && change.service === last) continue;
      try {
        const known = table.register(change.service);
        const key = table.scratch.u8.slice(0, serviceRecord.size);
        if (!ofDestination) {
          known.settings ??= firstService(await reader.service(key));
        } else {
          if (!seen.has(known)) wanted.push(key);
          seen.add(known);
          last = change.service;
        }
      } catch (error) {
        throw located(error, index, changes.length);
      }
    }
    if (wanted.length > 0) table.fill(await reader.destinations(Buffer.concat(wanted)));
    return table;
  }

  /** The service in a record, if partial edits are about it. */
  service(view: RecordView, at: number): KnownService | undefined {
    return this.services.get(serviceIdentity(view, at));
  }

  /** What a partial edit builds upon; undefined when there is nothing to be edited. */
  baseOf(change: Edit): EditBase | undefined {
    const { view, known } = this.find(change.service);
    if (change.type === 'edit-service') {
      const place = known?.settings;
      return place && { service: readServiceSettings(place.view, place.at) };
    }
    view.u8.fill(0, serviceRecord.size);
    writeDestinationKey(view, serviceRecord.size, change.destination, 0);
    const place = known?.destinations.get(destinationIdentity(view, serviceRecord.size));
    return place && { destination: readDestinationSettings(place.view, place.at) };
  }

  /**
   * Learns from a change that has been written to its record, as far as the kernel will do it: it
   * refuses to add what is there and to edit what is not.
   */
  note(view: RecordView, at: number, change: Change): void {
    if (change.type === 'flush') {
      for (const known of this.services.values()) forget(known);
      return;
    }
    if (!('service' in change) || change.service === undefined) return;
    const serviceAt = at + requestRecord.service;
    const known = this.service(view, serviceAt);
    if (known === undefined) return;
    const { type } = change;
    if (type === 'remove-service') {
      forget(known);
    } else if (type === 'add-service' || type === 'edit-service') {
      if ((known.settings !== undefined) === (type === 'edit-service')) {
        known.settings = { view, at: serviceAt };
      }
    } else if (type !== 'zero') {
      noteDestination(known, view, at + requestRecord.destination, type);
    }
  }

  /** The entry of a service, made if it is not there; its key is left in the scratch record. */
  private register(key: ServiceKey): KnownService {
    const { view, known } = this.find(key);
    if (known !== undefined) return known;
    const added: KnownService = { settings: undefined, destinations: new Map() };
    this.services.set(serviceIdentity(view, 0), added);
    return added;
  }

  private find(key: ServiceKey): {
    readonly view: RecordView;
    readonly known: KnownService | undefined;
  } {
    const { scratch } = this;
    scratch.u8.fill(0, 0, serviceRecord.size);
    writeServiceKey(scratch, 0, key);
    return { view: scratch, known: this.service(scratch, 0) };
  }

  private fill(table: NativeTable): void {
    const services = new RecordView(table.services);
    const view = new RecordView(table.destinations);
    let at = 0;
    for (let from = 0; from < table.services.byteLength; from += table.serviceStride) {
      const count = services.getU32(from + serviceRecord.destinationCount);
      const known = this.service(services, from);
      for (let index = 0; index < count; index++) {
        known?.destinations.set(destinationIdentity(view, at), { view, at });
        at += table.destinationStride;
      }
    }
  }
}

function firstService(table: NativeTable): Place | undefined {
  if (table.services.byteLength === 0) return undefined;
  return { view: new RecordView(table.services), at: 0 };
}

function forget(known: KnownService): void {
  known.settings = undefined;
  known.destinations.clear();
}

/** Learns from a change of a destination, the record of which is at `at`. */
export function noteDestination(
  known: KnownService,
  view: RecordView,
  at: number,
  type: 'add-destination' | 'edit-destination' | 'remove-destination',
): void {
  const identity = destinationIdentity(view, at);
  if (type === 'remove-destination') {
    known.destinations.delete(identity);
  } else if (known.destinations.has(identity) === (type === 'edit-destination')) {
    known.destinations.set(identity, { view, at });
  }
}

// Identities are the bytes of a key as the characters of a string, or as a number where one holds them:
// the same whatever way an address was written, and far cheaper than its text.

function serviceIdentity({ u16 }: RecordView, at: number): string {
  const from = at >> 1;
  const mark = from + serviceRecord.firewallMark / 2;
  return (
    String.fromCharCode(
      u16[from + serviceRecord.family / 2] as number,
      u16[from + serviceRecord.protocol / 2] as number,
      u16[from + serviceRecord.port / 2] as number,
      u16[mark] as number,
      u16[mark + 1] as number,
    ) + addressIdentity(u16, from + serviceRecord.address / 2)
  );
}

/** What tells a destination from others of its service. */
export function destinationIdentity(view: RecordView, at: number): string | number {
  const port = view.getU16(at + destinationRecord.port);
  const address = at + destinationRecord.address;
  if (view.getU16(at + destinationRecord.family) === AF_INET) {
    return view.getU32(address) * 0x10000 + port;
  }
  return String.fromCharCode(port) + addressIdentity(view.u16, address >> 1);
}

function addressIdentity(u16: Uint16Array, from: number): string {
  return String.fromCharCode(...u16.subarray(from, from + 8));
}
