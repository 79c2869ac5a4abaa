import type { Network } from '../net/network.ts';
import { NetworkError } from '../net/network-error.ts';
import type { Route } from '../net/route.ts';
import type { WayFacts } from './facts.ts';
import { helperMarks } from './helper-services.ts';

/** A table of routes that nobody else uses. */
const table = 10_081;
const families = ['ipv4', 'ipv6'] as const;

/**
 * Ways to servers that keep their MTU, for marked connections alone. The kernel takes a tunnel's
 * header off the MTU that it remembers of the way by which a connection seems to go; where that is
 * the way to the server itself, real clients would have less room after every trial.
 */
export class PinnedWays {
  readonly #network: Network;

  constructor(network: Network) {
    this.#network = network;
  }

  /** @throws NetworkError, above all where the kernel has no rules. */
  async pin(ways: readonly { readonly address: string; readonly way: WayFacts }[]): Promise<void> {
    for (const { address, way } of ways) {
      const { link, via, mtu } = way;
      if (link === undefined || mtu === undefined) continue;
      await this.#network.routes.replace({
        destination: address,
        table,
        link,
        ...(via === undefined ? {} : { via }),
        metrics: { mtu, mtuLocked: true },
      });
    }
    for (const family of families) {
      const wanted = ways.some(({ address }) => address.includes(':') === (family === 'ipv6'));
      if (wanted) await this.#network.rules.add({ family, ...helperMarks, table, priority: 1 });
    }
  }

  /** Takes them away, those of a run that was killed too. */
  async release(): Promise<void> {
    for (const rule of await this.#network.rules.list()) {
      if (rule.table !== table || rule.firewallMark !== helperMarks.firewallMark) continue;
      const { family } = rule;
      await unlessGone(this.#network.rules.remove({ family, ...helperMarks, table }));
    }
    for (const route of await this.#network.routes.list({ table })) {
      await unlessGone(this.#network.routes.remove(keyOf(route)));
    }
  }
}

function keyOf({ destination, family, metric }: Route) {
  return { destination, family, metric, table };
}

async function unlessGone(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof NetworkError && error.code === 'NETWORK_NOT_FOUND')) throw error;
  }
}
