import type { Connection } from '../../ipvs/connection.ts';
import { formatEndpoint } from '../../net/ip.ts';

/** What connections are counted by. */
export type CountBy = 'state' | 'service' | 'server' | 'client' | 'protocol';

export const countKeys: readonly CountBy[] = ['state', 'service', 'server', 'client', 'protocol'];

/** How many connections have one value; templates of persistence are none, and counted apart. */
export interface ConnectionCount {
  /** Such as `ESTABLISHED`, `tcp 192.0.2.1:80`, `10.0.0.11:80` or `198.51.100.7`. */
  readonly value: string;
  readonly connections: number;
  readonly templates: number;
}

/** What `lvskit connections --count-by … -o json` prints. */
export interface CountDocument {
  /** Fields may be added; a change of meaning raises it. */
  readonly version: 1;
  readonly by: CountBy;
  readonly connections: number;
  readonly templates: number;
  /** The largest first. */
  readonly counts: readonly ConnectionCount[];
}

/** Counts connections; takes memory for every different value. */
export class ConnectionCounter {
  readonly #valueOf: (connection: Connection) => string;
  readonly #counts: Map<string, { connections: number; templates: number }> = new Map();

  constructor(by: CountBy) {
    this.#valueOf = values[by];
  }

  add(connection: Connection): void {
    const value = this.#valueOf(connection);
    let count = this.#counts.get(value);
    if (count === undefined) {
      count = { connections: 0, templates: 0 };
      this.#counts.set(value, count);
    }
    if (connection.template) count.templates++;
    else count.connections++;
  }

  /** The largest first, those of one size by value. */
  counts(): readonly ConnectionCount[] {
    return Array.from(this.#counts, ([value, count]) => ({ value, ...count })).sort(
      (one, other) =>
        other.connections - one.connections ||
        other.templates - one.templates ||
        (one.value < other.value ? -1 : 1),
    );
  }
}

const values: Readonly<Record<CountBy, (connection: Connection) => string>> = {
  state: ({ state }) => state,
  protocol: ({ protocol }) => protocol,
  client: ({ client }) => client.address,
  server: ({ destination }) => formatEndpoint(destination.address, destination.port),
  service: ({ protocol, virtual, firewallMark }) =>
    virtual === undefined
      ? `fwmark ${firewallMark}`
      : `${protocol} ${formatEndpoint(virtual.address, virtual.port)}`,
};

export function countDocument(by: CountBy, counts: readonly ConnectionCount[]): CountDocument {
  return {
    version: 1,
    by,
    connections: counts.reduce((total, { connections }) => total + connections, 0),
    templates: counts.reduce((total, { templates }) => total + templates, 0),
    counts,
  };
}
