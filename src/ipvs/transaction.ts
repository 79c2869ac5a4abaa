import { destinationRecord, requestRecord, serviceRecord } from '../native/ipvs-records.ts';
import { writeAbsentEdit } from './absent-edit.ts';
import { type Change, type EditBase, writeChange } from './change.ts';
import {
  type DestinationKey,
  type DestinationSettings,
  formatDestinationKey,
  isPartialDestinationConfig,
  readDestinationKey,
  readDestinationSettings,
  writeDestinationKey,
} from './destination.ts';
import { DestinationRun } from './destination-run.ts';
import { RecordView } from './record-view.ts';
import {
  formatServiceKey,
  isPartialServiceConfig,
  readServiceKey,
  readServiceSettings,
  type ServiceKey,
  type ServiceSettings,
  writeServiceKey,
} from './service.ts';
import type { ServiceState } from './table.ts';

/** Requests that cross to the addon in one call. */
const requestsPerChunk = 1024;

/** Reads what partial edits build upon. */
export interface EditReader {
  /** The service, or absent when there is none. */
  service(key: Uint8Array): Promise<ServiceState | undefined>;
  /** For each of these packed service records, the service with its destinations. */
  destinations(keys: Uint8Array): Promise<readonly ServiceState[]>;
}

/** Changes ready to be sent. */
export interface PackedChanges {
  /** Runs of request records, one for each change. */
  readonly chunks: readonly Uint8Array[];
  /**
   * The places of edits that leave something out and find nothing to be edited. Their records ask
   * for the service and change nothing; whatever the answer, the edit has failed.
   */
  readonly absent: ReadonlySet<number>;
}

/**
 * Packs changes into request records, in chunks. Everything is checked before the first chunk is
 * returned, so that a mistake in the last change leaves the table as it was.
 *
 * The kernel replaces all settings in an edit, so what an edit leaves open is read first, or taken
 * from an earlier change of the same list.
 *
 * @throws TypeError, RangeError, with the place in the list for more than one change.
 */
export async function packChanges(
  changes: readonly Change[],
  reader: EditReader,
): Promise<PackedChanges> {
  const known = changes.some(isPartialEdit) ? await KnownTable.read(changes, reader) : undefined;
  const run = new DestinationRun();
  const chunks: Uint8Array[] = [];
  const absent = new Set<number>();
  for (let from = 0; from < changes.length; from += requestsPerChunk) {
    const count = Math.min(requestsPerChunk, changes.length - from);
    const view = new RecordView(new ArrayBuffer(count * requestRecord.size));
    for (let index = 0; index < count; index++) {
      const change = changes[from + index] as Change;
      const at = index * requestRecord.size;
      try {
        if (known !== undefined) {
          const base = known.baseOf(change);
          if (base === undefined) {
            writeAbsentEdit(view, at, change as PartialEdit);
            absent.add(from + index);
          } else {
            writeChange(view, at, change, base);
            known.note(view, at, change);
          }
        } else if (!run.write(view, at, change)) {
          writeChange(view, at, change, noBase);
          run.begin(view, at, change);
        }
      } catch (error) {
        throw located(error, from + index, changes.length);
      }
    }
    chunks.push(view.u8);
  }
  return { chunks, absent };
}

const noBase: EditBase = {};

function located(error: unknown, index: number, count: number): unknown {
  if (count > 1 && error instanceof Error) error.message = `change ${index}: ${error.message}`;
  return error;
}

type PartialEdit = Extract<Change, { type: 'edit-service' | 'edit-destination' }>;

function isPartialEdit(change: Change): change is PartialEdit {
  if (change?.type === 'edit-service') return isPartialServiceConfig(change.config ?? {});
  if (change?.type === 'edit-destination') return isPartialDestinationConfig(change.config ?? {});
  return false;
}

/** A service key in one spelling, whatever way the address was written. */
function canonical(key: ServiceKey): { readonly text: string; readonly view: RecordView } {
  const view = new RecordView(new ArrayBuffer(serviceRecord.size + destinationRecord.size));
  writeServiceKey(view, 0, key);
  return { text: formatServiceKey(readServiceKey(view, 0)), view };
}

/** A destination key in one spelling. @param view Holds the record of its service, and room. */
function canonicalDestination(key: DestinationKey, view: RecordView): string {
  writeDestinationKey(view, serviceRecord.size, key, 0);
  return formatDestinationKey(readDestinationKey(view, serviceRecord.size));
}

/** The part of the table that partial edits build upon, kept up with the changes of the list. */
class KnownTable {
  readonly #services = new Map<string, ServiceSettings>();
  readonly #destinations = new Map<string, Map<string, DestinationSettings>>();

  static async read(changes: readonly Change[], reader: EditReader): Promise<KnownTable> {
    const table = new KnownTable();
    const wanted = new Map<string, Uint8Array>();
    for (const [index, change] of changes.entries()) {
      if (!isPartialEdit(change) || change.service === undefined) continue;
      try {
        const { text, view } = canonical(change.service);
        const record = view.u8.subarray(0, serviceRecord.size);
        if (change.type === 'edit-destination') wanted.set(text, record);
        else if (!table.#services.has(text)) {
          const state = await reader.service(record);
          if (state !== undefined) table.#services.set(text, state);
        }
      } catch (error) {
        throw located(error, index, changes.length);
      }
    }
    if (wanted.size > 0) {
      const states = await reader.destinations(Buffer.concat([...wanted.values()]));
      for (const state of states) {
        const destinations = new Map<string, DestinationSettings>();
        for (const destination of state.destinations) {
          destinations.set(formatDestinationKey(destination.key), destination);
        }
        table.#destinations.set(formatServiceKey(state.key), destinations);
      }
    }
    return table;
  }

  /** What a change builds upon; undefined when it needs something that is not there. */
  baseOf(change: Change): EditBase | undefined {
    if (!isPartialEdit(change)) return noBase;
    if (change.type === 'edit-service') {
      const service = this.#services.get(canonical(change.service).text);
      return service && { service };
    }
    const { text, view } = canonical(change.service);
    const key = canonicalDestination(change.destination, view);
    const destination = this.#destinations.get(text)?.get(key);
    return destination && { destination };
  }

  /**
   * Learns from a change that has been written to its record, as far as the kernel will do it: it
   * refuses to add what is there and to edit what is not.
   */
  note(view: RecordView, at: number, change: Change): void {
    if (change.type === 'flush') {
      this.#services.clear();
      this.#destinations.clear();
      return;
    }
    if (!('service' in change) || change.service === undefined) return;
    const serviceAt = at + requestRecord.service;
    const service = formatServiceKey(readServiceKey(view, serviceAt));
    if (change.type === 'remove-service') {
      this.#services.delete(service);
      this.#destinations.delete(service);
      return;
    }
    if (change.type === 'add-service' || change.type === 'edit-service') {
      if (this.#services.has(service) === (change.type === 'edit-service')) {
        this.#services.set(service, readServiceSettings(view, serviceAt));
      }
      return;
    }
    if (!('destination' in change)) return;
    const destinationAt = at + requestRecord.destination;
    const destination = formatDestinationKey(readDestinationKey(view, destinationAt));
    const destinations = this.#destinations.get(service) ?? new Map();
    this.#destinations.set(service, destinations);
    if (change.type === 'remove-destination') {
      destinations.delete(destination);
    } else if (destinations.has(destination) === (change.type === 'edit-destination')) {
      destinations.set(destination, readDestinationSettings(view, destinationAt));
    }
  }
}
