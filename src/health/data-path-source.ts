import type { Check, DataPathTarget } from '../config/checks.ts';
import { familyOf } from '../net/ip.ts';
import type { Network } from '../net/network.ts';
import { NetworkError } from '../net/network-error.ts';
import type { Sysctl } from '../net/sysctl.ts';
import { leavesOf } from './check-tree.ts';

/** Whose routes are asked and whose settings are made; both stay their owner's. */
export interface DataPathHost {
  readonly network: Network;
  readonly sysctl: Sysctl;
}

/**
 * Where checks through the data path come from, and that their answers are let in.
 *
 * A check has to come from an address of this machine other than the VIP, or the server would answer
 * itself. The answers come from the VIP, and where that is this machine's as well, the kernel takes
 * them for forged unless `accept_local` of their link is set (IPv4; IPv6 does not ask). It is set
 * for as long as answers come in there, also while another director has the VIP: it may be here the
 * moment after, and all servers would seem dead.
 */
export class DataPathSource implements AsyncDisposable {
  readonly #host: DataPathHost;
  /** By the server's address. */
  #ways: ReadonlyMap<string, Way> = new Map();
  /** The settings that were changed here. */
  readonly #changed = new Set<string>();

  constructor(host: DataPathHost) {
    this.#host = host;
  }

  /**
   * Takes in the checks that there are from now on. To be repeated when routes or addresses change.
   * Settings that were made for checks that are gone are put back.
   *
   * @throws NetworkError when the routes cannot be asked, or a setting cannot be made.
   */
  async keep(checks: readonly (Check | undefined)[]): Promise<void> {
    const servers = new Set<string>();
    for (const check of checks) {
      for (const { target } of leavesOf(check)) {
        if (target.path === 'data-path') servers.add(target.server.address);
      }
    }
    const ways = await Promise.all(
      Array.from(servers, async (address) => [address, await this.#way(address)] as const),
    );
    this.#ways = new Map(ways);
    await this.#acceptOwn(ways.map(([, { link }]) => link));
  }

  /**
   * The address to ask a server from: the one that this machine's routes choose towards the server
   * itself. Undefined when there is no route, or the server's address is of another family than the
   * VIP; the kernel then chooses, which works where the VIP is not this machine's.
   */
  readonly sourceFor = async (target: DataPathTarget): Promise<string | undefined> => {
    const source = this.#ways.get(target.server.address)?.source;
    if (source === undefined || familyOf(source) !== familyOf(target.address)) return undefined;
    return source;
  };

  /** Puts all settings back. */
  close(): Promise<void> {
    return this.keep([]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #way(address: string): Promise<Way> {
    try {
      const { source, link } = await this.#host.network.routes.get(address);
      return { source, link: familyOf(address) === 'ipv4' ? link : undefined };
    } catch (error) {
      if (error instanceof NetworkError && error.code === 'NETWORK_UNREACHABLE') return {};
      throw error;
    }
  }

  async #acceptOwn(links: readonly (string | undefined)[]): Promise<void> {
    const { sysctl } = this.#host;
    const names = new Set<string>();
    for (const link of links) {
      if (link !== undefined) names.add(`net/ipv4/conf/${link}/accept_local`);
    }
    for (const name of names) {
      // What was set before is somebody else's, and stays.
      if (this.#changed.has(name) || (await sysctl.read(name)) !== '0') continue;
      await sysctl.write(name, 1);
      this.#changed.add(name);
    }
    for (const name of this.#changed) {
      if (names.has(name)) continue;
      await sysctl.write(name, 0).catch((error: unknown) => {
        // Its link is gone, and its settings with it.
        if (!(error instanceof NetworkError && error.code === 'NETWORK_NOT_FOUND')) throw error;
      });
      this.#changed.delete(name);
    }
  }
}

interface Way {
  readonly source?: string | undefined;
  readonly link?: string | undefined;
}
