import { isDoctorService } from '../config/data-path-marks.ts';
import { formatServiceKey } from '../ipvs/service.ts';
import { isSameService, type ServiceState } from '../ipvs/table.ts';
import {
  type ComparedService,
  diffIndexed,
  type TableChange,
  type TableIndex,
} from '../ipvs/table-diff.ts';
import { Reindexer } from './reindexer.ts';

/**
 * Compares the kernel's table with what is desired, again and again. A service that was as desired is
 * so still, unless the kernel has something else of it than the last time, or something else is
 * desired: only those are looked into.
 */
export class Comparison {
  readonly #readings = new Reindexer<ServiceState>({
    isSame: isSameService,
    isHidden: ({ key }) => isDoctorService(key),
  });
  readonly #wishes = new Reindexer<ComparedService>({ isSame: (before, now) => before === now });
  /** What was desired of a service when it was last looked into, if that is what the kernel has. */
  readonly #met = new Map<string, ComparedService>();

  /** Takes in the table; the services of `lvskit doctor` are left out. */
  read(services: readonly ServiceState[]): TableIndex<ServiceState> {
    const { index, same } = this.#readings.index(services);
    for (const name of this.#met.keys()) if (!same.has(name)) this.#met.delete(name);
    return index;
  }

  /** Takes in what is desired. */
  desire(services: readonly ComparedService[]): TableIndex {
    return this.#wishes.index(services).index;
  }

  /**
   * What leads from the table to what is desired.
   *
   * @param read The table that was read.
   * @param actual The same, with what was changed since.
   */
  differences(read: TableIndex, actual: TableIndex, desired: TableIndex): TableChange[] {
    const suspects = new Set<string>();
    for (const [name, { service }] of desired) {
      if (this.#met.get(name) !== service) suspects.add(name);
    }
    for (const name of actual.keys()) if (!desired.has(name)) suspects.add(name);
    const changes = diffIndexed(only(actual, suspects), only(desired, suspects));
    const different = new Set(changes.map(({ service }) => formatServiceKey(service)));
    for (const name of suspects) {
      const service = desired.get(name)?.service;
      if (service === undefined) continue;
      // Of what was changed since, the next reading is the first to tell.
      const isAsRead = actual.get(name)?.service === read.get(name)?.service;
      if (isAsRead && !different.has(name)) this.#met.set(name, service);
      else this.#met.delete(name);
    }
    return changes;
  }
}

/** The services of these names, as far as they are in a table. */
export function only<Service extends ComparedService>(
  table: TableIndex<Service>,
  names: ReadonlySet<string>,
): TableIndex<Service> {
  const some = new Map<string, NonNullable<ReturnType<typeof table.get>>>();
  for (const name of names) {
    const indexed = table.get(name);
    if (indexed !== undefined) some.set(name, indexed);
  }
  return some;
}
