import { isNativeError } from '../native/addon.ts';
import { loadAddon } from '../native/load.ts';
import type {
  NativeLink,
  NativeTable,
  NativeTables,
  NativeVerb,
  NetworkMonitor,
  RouteSocket,
} from '../native/route.ts';
import { checkLinkReference, type LinkReference } from './link-reference.ts';
import { withModule } from './modules-on-demand.ts';
import {
  type NamespaceReference,
  namespaceArgument,
  namespaceError,
} from './namespace-reference.ts';
import { NetworkError, networkError, type Refusals } from './network-error.ts';
import { uapi } from './uapi.ts';

/** The names of links by their index. */
export type LinkNames = ReadonlyMap<number, string>;

/**
 * The sockets of one network namespace and the queue in front of them: operations run one at a
 * time, in the order they are asked for, each with as many exchanges with the kernel as it takes.
 */
export class RouteChannel {
  readonly #socket: RouteSocket;
  #tail: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(socket: RouteSocket) {
    this.#socket = socket;
  }

  static async open(netns: NamespaceReference | undefined): Promise<RouteChannel> {
    const socket = new (loadAddon().RouteSocket)();
    const argument = namespaceArgument(netns);
    try {
      await socket.open(argument);
    } catch (failure) {
      throw namespaceError('cannot open the network', netns, failure);
    }
    return new RouteChannel(socket);
  }

  /**
   * Runs an operation when those before it are done. `action` is what the sentence of a refusal
   * begins with, such as `cannot add address 10.0.0.1/24 to eth0`.
   */
  run<Result>(action: string, work: (kernel: Exchange) => Promise<Result>): Promise<Result> {
    if (this.#closing !== undefined) {
      return Promise.reject(
        new NetworkError('NETWORK_CLOSED', `${action}: the network has been closed`),
      );
    }
    const result = this.#tail.then(() => work(new Exchange(this.#socket, action)));
    this.#tail = result.catch(() => {});
    return result;
  }

  /** Waits for what was asked for before, then closes the sockets. */
  close(): Promise<void> {
    this.#closing ??= this.#tail.then(() => this.#socket.close());
    return this.#closing;
  }
}

/** What one operation may ask of the kernel. Failures are NetworkErrors about its action. */
export class Exchange {
  readonly #socket: RouteSocket;
  readonly #action: string;

  constructor(socket: RouteSocket, action: string) {
    this.#socket = socket;
    this.#action = action;
  }

  async change<Table extends NativeTable>(
    table: Table,
    verb: NativeVerb,
    entry: Partial<NativeTables[Table]>,
    refusals?: Refusals,
  ): Promise<void> {
    await withIpv6(entry, () => this.#explain(this.#socket.change(table, verb, entry), refusals));
  }

  get<Table extends NativeTable>(
    table: Table,
    question: Partial<NativeTables[Table]>,
    refusals?: Refusals,
  ): Promise<NativeTables[Table] | undefined> {
    return withIpv6(question, () => this.#explain(this.#socket.get(table, question), refusals));
  }

  list<Table extends NativeTable>(
    table: Table,
    filter: Partial<NativeTables[Table]>,
    refusals?: Refusals,
  ): Promise<NativeTables[Table][]> {
    return this.#explain(this.#socket.list(table, filter), refusals);
  }

  /** The link, undefined when there is none. */
  async findLink(link: LinkReference): Promise<NativeLink | undefined> {
    checkLinkReference(link);
    const question = typeof link === 'number' ? { index: link } : { name: link };
    try {
      return await this.#socket.get('link', question);
    } catch (failure) {
      const error = networkError(this.#action, failure);
      if (error instanceof NetworkError && error.code === 'NETWORK_NO_DEVICE') return undefined;
      throw error;
    }
  }

  /** The index of a link that has to be there. */
  async linkIndex(link: LinkReference): Promise<number> {
    if (typeof link === 'number') {
      checkLinkReference(link);
      return link;
    }
    const found = await this.findLink(link);
    if (found === undefined) {
      throw new NetworkError('NETWORK_NO_DEVICE', `${this.#action}: there is no link ${link}`);
    }
    return found.index;
  }

  /** The index of a link, or undefined where none is named. */
  async optionalLinkIndex(link: LinkReference | undefined): Promise<number | undefined> {
    return link === undefined ? undefined : await this.linkIndex(link);
  }

  async linkNames(): Promise<LinkNames> {
    return namesOf(await this.list('link', {}));
  }

  /** Follows multicast groups, from now on. */
  async monitor(groups: readonly number[]): Promise<NetworkMonitor> {
    const monitor = new (loadAddon().NetworkMonitor)();
    await this.#explain(monitor.open(this.#socket, groups));
    return monitor;
  }

  async #explain<Result>(result: Promise<Result>, refusals?: Refusals): Promise<Result> {
    try {
      return await result;
    } catch (failure) {
      throw isNativeError(failure) ? networkError(this.#action, failure, refusals) : failure;
    }
  }
}

/** Loads IPv6 for what is about it, as the kernel itself does for the first socket. */
function withIpv6<Result>(message: object, work: () => Promise<Result>): Promise<Result> {
  const isIpv6 = 'family' in message && message.family === uapi.AF_INET6;
  return isIpv6 ? withModule('ipv6', work) : work();
}

/** The names of links by their index. */
export function namesOf(links: readonly NativeLink[]): LinkNames {
  return new Map(links.map((link) => [link.index, link.name ?? '']));
}
