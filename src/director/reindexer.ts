import { formatServiceKey } from '../ipvs/service.ts';
import { type ComparedService, IndexedService, type TableIndex } from '../ipvs/table-diff.ts';

export interface Reindexed<Service extends ComparedService> {
  readonly index: TableIndex<Service>;
  /** The names of the services that are as they were the last time. */
  readonly same: ReadonlySet<string>;
}

export interface ReindexerOptions<Service extends ComparedService> {
  readonly isSame: (before: Service, now: Service) => boolean;
  /** What is left out. Default: nothing. */
  readonly isHidden?: ((service: Service) => boolean) | undefined;
}

/**
 * Indexes a table again and again. What is in its place as the last time, which is nearly everything,
 * keeps its name: to make those of a large table takes longer than to read it.
 */
export class Reindexer<Service extends ComparedService> {
  readonly #options: ReindexerOptions<Service>;
  #services: readonly Service[] = [];
  /** Of each service; undefined for those that are hidden. */
  #names: readonly (string | undefined)[] = [];

  constructor(options: ReindexerOptions<Service>) {
    this.#options = options;
  }

  index(services: readonly Service[]): Reindexed<Service> {
    const { isSame, isHidden } = this.#options;
    const index = new Map<string, IndexedService<Service>>();
    const same = new Set<string>();
    const names = services.map((service, place) => {
      const before = this.#services[place];
      const isAsBefore = before !== undefined && isSame(before, service);
      if (!isAsBefore && isHidden?.(service) === true) return undefined;
      const name = isAsBefore ? this.#names[place] : formatServiceKey(service.key);
      if (name === undefined) return undefined;
      index.set(name, new IndexedService(service));
      if (isAsBefore) same.add(name);
      return name;
    });
    this.#services = services;
    this.#names = names;
    return { index, same };
  }
}
