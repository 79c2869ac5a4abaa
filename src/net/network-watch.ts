import type { NativeEvent, NetworkMonitor } from '../native/route.ts';
import { decodeEvent, type NetworkEvent } from './network-events.ts';
import type { RouteChannel } from './route-channel.ts';
import { uapi } from './uapi.ts';

/** What to follow. */
export interface WatchOptions {
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** Default true. */
  readonly links?: boolean;
  /** Default true. */
  readonly addresses?: boolean;
  /** Default false, as the next two. */
  readonly routes?: boolean;
  readonly neighbours?: boolean;
  readonly rules?: boolean;
}

const action = 'cannot watch the network';

const groupsOf = {
  addresses: [uapi.RTNLGRP_IPV4_IFADDR, uapi.RTNLGRP_IPV6_IFADDR],
  routes: [uapi.RTNLGRP_IPV4_ROUTE, uapi.RTNLGRP_IPV6_ROUTE],
  neighbours: [uapi.RTNLGRP_NEIGH],
  rules: [uapi.RTNLGRP_IPV4_RULE, uapi.RTNLGRP_IPV6_RULE],
} as const;

/**
 * The changes of a namespace, in the order they happen, from the moment that `ready` resolves.
 *
 * It ends when the loop over it is left, when it is told to, or when the network is closed; one
 * that is dropped and waited for by nobody ends when it is collected.
 */
export class NetworkWatch implements AsyncIterableIterator<NetworkEvent>, AsyncDisposable {
  /** Resolves when every later change will be seen; rejects with a NetworkError. */
  readonly ready: Promise<void>;
  readonly #channel: RouteChannel;
  readonly #links: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.#end();
  #monitor: NetworkMonitor | undefined;
  #names = new Map<number, string>();
  #queued: NetworkEvent[] = [];
  #tail: Promise<unknown> = Promise.resolve();
  #ended = false;

  /** @internal Use `Network.watch()`. */
  constructor(channel: RouteChannel, options: WatchOptions) {
    const { signal, links = true, addresses = true, routes, neighbours, rules } = options;
    this.#channel = channel;
    this.#links = links;
    this.#signal = signal;
    // Links are followed in any case: other events only have the numbers of theirs.
    const groups = [
      uapi.RTNLGRP_LINK,
      ...(addresses ? groupsOf.addresses : []),
      ...(routes ? groupsOf.routes : []),
      ...(neighbours ? groupsOf.neighbours : []),
      ...(rules ? groupsOf.rules : []),
    ];
    this.#ended = signal?.aborted ?? false;
    signal?.addEventListener('abort', this.#abort, { once: true });
    this.ready = this.#ended ? Promise.resolve() : this.#start(groups);
    // Whoever only loops meets the failure in next().
    this.ready.catch(() => this.#end());
  }

  async #start(groups: readonly number[]): Promise<void> {
    await this.#channel.run(action, async (kernel) => {
      const monitor = await kernel.monitor(groups);
      if (this.#ended) monitor.close();
      else this.#monitor = monitor;
    });
    if (!this.#ended) await this.#readNames();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next event. Calls may overlap: each gets an event of its own, in their order. */
  next(): Promise<IteratorResult<NetworkEvent, undefined>> {
    const result = this.#tail.then(() => this.#next());
    this.#tail = result.catch(() => {});
    return result;
  }

  /** Ends the watch at once: what is queued is dropped, and calls under way are done. */
  async return(): Promise<IteratorResult<NetworkEvent, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  async #next(): Promise<IteratorResult<NetworkEvent, undefined>> {
    await this.ready;
    for (;;) {
      const event = this.#ended ? undefined : this.#queued.shift();
      if (event !== undefined) return { done: false, value: event };
      const events = this.#ended ? undefined : await this.#monitor?.next();
      if (events === undefined) {
        this.#end();
        return { done: true, value: undefined };
      }
      for (const native of events) await this.#accept(native);
    }
  }

  #end(): void {
    this.#ended = true;
    this.#queued = [];
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#monitor?.close();
    this.#monitor = undefined;
  }

  async #accept(native: NativeEvent): Promise<void> {
    // Among what was lost may be the names of links.
    if (native.table === 'overflow') await this.#readNames();
    const event = decodeEvent(native, this.#names);
    if (native.table === 'link') {
      const { index, name = '' } = native.entry;
      if (native.removed) this.#names.delete(index);
      else this.#names.set(index, name);
    }
    if (event !== undefined && (event.type !== 'link' || this.#links)) this.#queued.push(event);
  }

  #readNames(): Promise<void> {
    return this.#channel.run(action, async (kernel) => {
      this.#names = new Map(await kernel.linkNames());
    });
  }
}
