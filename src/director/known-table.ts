import { formatServiceKey } from '../ipvs/service.ts';
import type { TableChange } from '../ipvs/table-diff.ts';
import {
  type ComparedService,
  diffIndexed,
  IndexedService,
  indexTable,
  type TableIndex,
} from '../ipvs/table-diff.ts';

/**
 * What is known of the kernel's table: as it was read the last time, and as it was left since. By it
 * changes can be made without reading first, and those of others are told from one's own.
 */
export class KnownTable {
  /** Undefined before the first reading. */
  #services: ReadonlyMap<string, ComparedService> | undefined;
  /** Services of which it is not known what became of a change. */
  readonly #unsure = new Set<string>();
  /** Services that were changed since reading began. */
  readonly #touched = new Set<string>();

  get isRead(): boolean {
    return this.#services !== undefined;
  }

  /** Whether there are services of which it is not known what became of a change. */
  get isUnsure(): boolean {
    return this.#unsure.size > 0;
  }

  /** Reading begins. What is changed from now on may be read before or after the change. */
  beginReading(): void {
    this.#touched.clear();
  }

  /**
   * Takes in what was read.
   *
   * @returns The table as it is now, and what others have done to these services since the last time.
   */
  endReading(read: TableIndex): {
    readonly table: TableIndex;
    readonly othersDid: (services: ReadonlySet<string>) => readonly TableChange[];
  } {
    const before = this.#services;
    const surely = (name: string) => !this.#touched.has(name);
    const services = new Map(Array.from(read, ([name, { service }]) => [name, service]));
    for (const name of this.#touched) {
      const left = before?.get(name);
      if (left === undefined) services.delete(name);
      else services.set(name, left);
    }
    this.#services = services;
    const doubtful = new Set([...this.#unsure, ...this.#touched]);
    for (const name of this.#unsure) if (surely(name)) this.#unsure.delete(name);
    return {
      table: this.#touched.size === 0 ? read : this.#withTouched(read, services),
      othersDid: (names) => {
        if (before === undefined) return [];
        const sure = [...names].filter((name) => !doubtful.has(name));
        return diffIndexed(pick(before, sure), pick(services, sure));
      },
    };
  }

  /** What was read, but for what was changed meanwhile. */
  #withTouched(read: TableIndex, services: ReadonlyMap<string, ComparedService>): TableIndex {
    const table = new Map(read);
    for (const name of this.#touched) {
      const service = services.get(name);
      if (service === undefined) table.delete(name);
      else table.set(name, new IndexedService(service));
    }
    return table;
  }

  /** What is known of some services; those in doubt are left out of `desired` and of the answer. */
  sureOf(desired: readonly ComparedService[]): { desired: TableIndex; actual: TableIndex } {
    const sure = desired.filter(({ key }) => !this.#unsure.has(formatServiceKey(key)));
    const names = sure.map(({ key }) => formatServiceKey(key));
    return { desired: indexTable(sure), actual: pick(this.#services ?? new Map(), names) };
  }

  /** Services are about to be changed. */
  touch(names: ReadonlySet<string>): void {
    for (const name of names) this.#touched.add(name);
  }

  /**
   * Services have been made what a table has them.
   *
   * @param unsure Those that may have become something else.
   */
  leave(
    names: ReadonlySet<string>,
    table: readonly ComparedService[],
    unsure: ReadonlySet<string>,
  ): void {
    if (this.#services === undefined) return;
    const after = new Map(table.map((service) => [formatServiceKey(service.key), service]));
    const services = new Map(this.#services);
    for (const name of names) {
      this.#touched.add(name);
      if (unsure.has(name)) this.#unsure.add(name);
      const service = after.get(name);
      if (service === undefined) services.delete(name);
      else services.set(name, service);
    }
    this.#services = services;
  }

  forget(): void {
    this.#services = undefined;
  }
}

function pick(
  services: ReadonlyMap<string, ComparedService>,
  names: readonly string[],
): TableIndex {
  return indexTable(names.flatMap((name) => services.get(name) ?? []));
}
