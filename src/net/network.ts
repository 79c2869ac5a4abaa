import { checkObject } from '../check.ts';
import { Addresses } from './addresses.ts';
import { FouPorts } from './fou-ports.ts';
import { Links } from './links.ts';
import type { NamespaceReference } from './namespace-reference.ts';
import { Neighbours } from './neighbours.ts';
import { NetworkError } from './network-error.ts';
import { NetworkWatch, type WatchOptions } from './network-watch.ts';
import { RouteChannel } from './route-channel.ts';
import { Routes } from './routes.ts';
import { Rules } from './rules.ts';

/** Where to work. */
export interface NetworkOptions {
  /**
   * The network namespace to work in: a name (`/run/netns/NAME`), an absolute path or an open
   * descriptor. Default: the namespace of this process. Once open, the network stays with the
   * namespace whatever becomes of its name.
   */
  readonly netns?: NamespaceReference;
}

/**
 * Links, addresses, routes, neighbours, rules and FOU ports of one network namespace.
 *
 * Calls run in the order they are made, one at a time, off the main thread. Every call rejects with
 * a {@link NetworkError} when the kernel refuses, and with a TypeError or RangeError, before
 * anything is sent, for arguments that cannot be right. Reading takes no privilege in one's own
 * namespace, changing takes CAP_NET_ADMIN, entering another namespace CAP_SYS_ADMIN.
 *
 * ```ts
 * await using network = await Network.open({ netns: 'rs1' });
 * await network.addresses.add({ link: 'lo', address: '192.0.2.10/32', label: 'lo:0' });
 * ```
 */
export class Network implements AsyncDisposable {
  /** `ip link` */
  readonly links: Links;
  /** `ip address` */
  readonly addresses: Addresses;
  /** `ip route` */
  readonly routes: Routes;
  /** `ip neighbour` */
  readonly neighbours: Neighbours;
  /** `ip rule` */
  readonly rules: Rules;
  /** `ip fou` */
  readonly fou: FouPorts;
  readonly #channel: RouteChannel;
  readonly #watches = new Set<WeakRef<NetworkWatch>>();
  #closed = false;

  private constructor(channel: RouteChannel) {
    this.#channel = channel;
    this.links = new Links(channel);
    this.addresses = new Addresses(channel);
    this.routes = new Routes(channel);
    this.neighbours = new Neighbours(channel);
    this.rules = new Rules(channel);
    this.fou = new FouPorts(channel);
  }

  /**
   * Opens the network of a namespace.
   *
   * @throws {@link NetworkError} `NETWORK_NAMESPACE_NOT_FOUND`, `NETWORK_NOT_PERMITTED`.
   * @throws UnsupportedError when this is not Linux.
   */
  static async open(options: NetworkOptions = {}): Promise<Network> {
    checkObject(options, 'options');
    return new Network(await RouteChannel.open(options.netns));
  }

  /**
   * Follows changes, from now on: wait for `ready` before reading what is to be followed.
   *
   * @throws {@link NetworkError} `NETWORK_CLOSED`.
   */
  watch(options: WatchOptions = {}): NetworkWatch {
    checkObject(options, 'options');
    if (this.#closed) {
      throw new NetworkError(
        'NETWORK_CLOSED',
        'cannot watch the network: the network has been closed',
      );
    }
    const watch = new NetworkWatch(this.#channel, options);
    // Weakly, so that one which is dropped can be collected.
    for (const known of this.#watches) if (known.deref() === undefined) this.#watches.delete(known);
    this.#watches.add(new WeakRef(watch));
    return watch;
  }

  /** Ends all watches, waits for the calls in flight, and closes. Further calls reject. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const watch of this.#watches) await watch.deref()?.return();
    this.#watches.clear();
    await this.#channel.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
