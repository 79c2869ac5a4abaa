import type { ServiceState } from '../ipvs/table.ts';
import type { TableIndex } from '../ipvs/table-diff.ts';

interface Drain {
  readonly name: string;
  readonly key: string;
  readonly server: string;
  /** Whether it is known to have had connections, or to have been told to drain just now. */
  isNews: boolean;
}

/** The servers that operators have drained, until no connection is left on them. */
export class OperatorDrains {
  readonly #drains = new Map<string, Drain>();
  readonly #onEnd: (service: string, server: string) => void;

  /** @param onEnd Told when no connection is left on one. */
  constructor(onEnd: (service: string, server: string) => void) {
    this.#onEnd = onEnd;
  }

  /** @param key The text of the service's key. */
  begin(name: string, key: string, server: string): void {
    this.#drains.set(`${name} ${server}`, { name, key, server, isNews: true });
  }

  /** One that was begun before this process: that it has ended is no news, unless it ends now. */
  resume(name: string, key: string, server: string): void {
    const id = `${name} ${server}`;
    if (!this.#drains.has(id)) this.#drains.set(id, { name, key, server, isNews: false });
  }

  end(name: string, server: string): void {
    this.#drains.delete(`${name} ${server}`);
  }

  keepOnly(isThere: (name: string, server: string) => boolean): void {
    for (const [id, { name, server }] of this.#drains) {
      if (!isThere(name, server)) this.#drains.delete(id);
    }
  }

  /** Takes in the kernel's table. */
  look(table: TableIndex<ServiceState>): void {
    for (const [id, drain] of this.#drains) {
      const { name, key, server, isNews } = drain;
      const found = table.get(key)?.find(server, 0);
      // Until it has weight 0, one more can come.
      if (found !== undefined && (found.weight > 0 || found.activeConnections > 0)) {
        drain.isNews = true;
        continue;
      }
      this.#drains.delete(id);
      if (isNews) this.#onEnd(name, server);
    }
  }
}
