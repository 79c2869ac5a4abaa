import type { AddressFamily } from '../net/ip.ts';
import type { Network } from '../net/network.ts';
import { NetworkError } from '../net/network-error.ts';

/**
 * Addresses that no network has: the dummy address of RFC 7600, and one of the prefix that routers
 * discard (RFC 6666). An answer to one finds the director by the default route alone, as answers to
 * clients do; a router that knows the director's own addresses is no help.
 */
export const loneAddress: Readonly<Record<AddressFamily, string>> = {
  ipv4: '192.0.0.8',
  ipv6: '100::8',
};

const prefixLength = { ipv4: 32, ipv6: 128 } as const;
const link = 'lo';

/** The director has them for as long as a trial takes. */
export class LoneAddresses {
  readonly #network: Network;

  constructor(network: Network) {
    this.#network = network;
  }

  async take(families: Iterable<AddressFamily>): Promise<void> {
    for (const family of new Set(families)) {
      const flags = family === 'ipv6' ? (['nodad'] as const) : [];
      await this.#network.addresses.add({ link, address: textOf(family), flags });
    }
  }

  /** Takes them away, those of a run that was killed too. */
  async release(): Promise<void> {
    for (const family of ['ipv4', 'ipv6'] as const) {
      try {
        await this.#network.addresses.remove({ link, address: textOf(family) });
      } catch (error) {
        // It is not there, or there is no IPv6.
        if (!(error instanceof NetworkError)) throw error;
      }
    }
  }
}

function textOf(family: AddressFamily): string {
  return `${loneAddress[family]}/${prefixLength[family]}`;
}
