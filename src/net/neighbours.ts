import { checkBoolean, checkName, checkObject } from '../check.ts';
import type { NativeNeighbour } from '../native/route.ts';
import { defined } from './defined.ts';
import { type AddressFamily, formatIp, parseIp } from './ip.ts';
import { formatLinkLayerAddress, parseLinkLayerAddress } from './link-layer.ts';
import { checkLinkReference, describeLink, type LinkReference } from './link-reference.ts';
import { flagBits, flagNames, nameOf } from './names.ts';
import type { Refusals } from './network-error.ts';
import type { RouteChannel } from './route-channel.ts';
import { familyFilter, familyName, familyNumber } from './route-names.ts';
import { uapi } from './uapi.ts';

/**
 * How sure the kernel is of a neighbour (RFC 4861, 7.3.2), besides `permanent` (somebody said so),
 * `noarp` (known without asking) and `none`.
 */
export type NeighbourState =
  | 'incomplete'
  | 'reachable'
  | 'stale'
  | 'delay'
  | 'probe'
  | 'failed'
  | 'noarp'
  | 'permanent'
  | 'none';

/**
 * `router` (IPv6: it is one), `use` (look it up now), `extern-learn` (some program keeps it up to
 * date: never aged out), `offloaded`, `sticky`, `proxy`.
 */
export type NeighbourFlag = 'use' | 'proxy' | 'extern-learn' | 'offloaded' | 'sticky' | 'router';

/** Which neighbour of which link. */
export interface NeighbourKey {
  readonly link: LinkReference;
  /** Its IP address. */
  readonly address: string;
  /**
   * Not somebody's link-layer address, but the order to answer for this address in their place.
   * Default false.
   */
  readonly proxy?: boolean;
}

/** A neighbour to be added (`ip-neighbour(8)`). */
export interface NeighbourConfig extends NeighbourKey {
  /** Such as `02:00:00:00:00:01`. Needed unless it is a proxy, or for the state `noarp`. */
  readonly linkLayerAddress?: string;
  /** Default `permanent`. */
  readonly state?: NeighbourState;
  /** Default none. */
  readonly flags?: readonly ('use' | 'extern-learn' | 'router')[];
}

/** A neighbour as the kernel has it. */
export interface Neighbour {
  readonly link: string;
  readonly linkIndex: number;
  readonly family: AddressFamily;
  readonly address: string;
  /** Absent while it is not known, and for proxies. */
  readonly linkLayerAddress?: string;
  readonly state: NeighbourState;
  readonly flags: readonly NeighbourFlag[];
  readonly proxy: boolean;
}

/** Which neighbours to list; those that have all of what is given. */
export interface NeighbourFilter {
  readonly link?: LinkReference;
  readonly family?: AddressFamily;
  /** Lists the addresses that are answered for, instead of the neighbours. Default false. */
  readonly proxy?: boolean;
}

const states: Readonly<Record<NeighbourState, number>> = {
  incomplete: uapi.NUD_INCOMPLETE,
  reachable: uapi.NUD_REACHABLE,
  stale: uapi.NUD_STALE,
  delay: uapi.NUD_DELAY,
  probe: uapi.NUD_PROBE,
  failed: uapi.NUD_FAILED,
  noarp: uapi.NUD_NOARP,
  permanent: uapi.NUD_PERMANENT,
  none: uapi.NUD_NONE,
};

const flags: Readonly<Record<NeighbourFlag, number>> = {
  use: uapi.NTF_USE,
  proxy: uapi.NTF_PROXY,
  'extern-learn': uapi.NTF_EXT_LEARNED,
  offloaded: uapi.NTF_OFFLOADED,
  sticky: uapi.NTF_STICKY,
  router: uapi.NTF_ROUTER,
};

const missing = { code: 'NETWORK_NOT_FOUND', reason: 'it is not there' } as const;
const removeRefusals: Refusals = { ENOENT: missing, ESRCH: missing, ENXIO: missing };

/** The neighbour tables of a namespace: ARP, and neighbour discovery of IPv6. */
export class Neighbours {
  readonly #channel: RouteChannel;

  constructor(channel: RouteChannel) {
    this.#channel = channel;
  }

  /**
   * The neighbours, of all links and families unless the filter says which.
   *
   * @throws NetworkError `NETWORK_NO_DEVICE` when the link asked for is not there.
   */
  async list(filter: NeighbourFilter = {}): Promise<readonly Neighbour[]> {
    const { proxy = false } = filter;
    const family = familyFilter(filter.family);
    checkBoolean(proxy, 'proxy');
    if (filter.link !== undefined) checkLinkReference(filter.link);
    return await this.#channel.run('cannot list the neighbours', async (kernel) => {
      const onlyLink = await kernel.optionalLinkIndex(filter.link);
      const asked = { family, flags: proxy ? uapi.NTF_PROXY : 0, ...defined({ onlyLink }) };
      const entries = await kernel.list('neighbour', asked);
      const names = await kernel.linkNames();
      return entries.flatMap((entry) => {
        const name = names.get(entry.link);
        if (name === undefined || (onlyLink !== undefined && entry.link !== onlyLink)) return [];
        return family === 0 || entry.family === family ? [decodeNeighbour(entry, name)] : [];
      });
    });
  }

  /**
   * Adds a neighbour.
   *
   * @throws NetworkError `NETWORK_EXISTS`, `NETWORK_NO_DEVICE`, `NETWORK_INVALID`,
   * `NETWORK_NOT_PERMITTED`.
   */
  add(neighbour: NeighbourConfig): Promise<void> {
    return this.#put('add', neighbour);
  }

  /**
   * Adds a neighbour, or changes the one that is there.
   *
   * @throws As {@link add}, but for `NETWORK_EXISTS`.
   */
  replace(neighbour: NeighbourConfig): Promise<void> {
    return this.#put('replace', neighbour);
  }

  /**
   * Removes a neighbour.
   *
   * @throws NetworkError `NETWORK_NOT_FOUND`, `NETWORK_NO_DEVICE`, `NETWORK_NOT_PERMITTED`.
   */
  async remove(neighbour: NeighbourKey): Promise<void> {
    const entry = encodeKey(neighbour);
    const { address, link } = neighbour;
    const action = `cannot remove neighbour ${address} of ${describeLink(link)}`;
    await this.#channel.run(action, async (kernel) => {
      const index = await kernel.linkIndex(link);
      await kernel.change('neighbour', 'remove', { ...entry, link: index }, removeRefusals);
    });
  }

  async #put(verb: 'add' | 'replace', neighbour: NeighbourConfig): Promise<void> {
    const entry = encodeNeighbour(neighbour);
    const { address, link } = neighbour;
    const action = `cannot ${verb} neighbour ${address} ${verb === 'add' ? 'to' : 'of'}`;
    await this.#channel.run(`${action} ${describeLink(link)}`, async (kernel) => {
      const index = await kernel.linkIndex(link);
      await kernel.change('neighbour', verb, { ...entry, link: index });
    });
  }
}

/** A neighbour as the kernel sent it; `link` is the name of its link. */
export function decodeNeighbour(entry: NativeNeighbour, link: string): Neighbour {
  const { destination, linkLayerAddress } = entry;
  const state = nameOf(states, entry.state);
  return {
    link,
    linkIndex: entry.link,
    family: familyName(entry.family),
    address: destination === undefined ? '' : formatIp(destination),
    ...defined({
      linkLayerAddress: linkLayerAddress && formatLinkLayerAddress(linkLayerAddress),
    }),
    state: typeof state === 'number' ? 'none' : state,
    flags: flagNames(flags, entry.flags),
    proxy: (entry.flags & uapi.NTF_PROXY) !== 0,
  };
}

function encodeKey(key: NeighbourKey): Partial<NativeNeighbour> {
  checkObject(key, 'neighbour');
  checkLinkReference(key.link);
  const { family, bytes } = parseIp(key.address, 'neighbour address');
  const { proxy = false } = key;
  checkBoolean(proxy, 'proxy');
  return {
    family: familyNumber(family),
    destination: bytes,
    flags: proxy ? uapi.NTF_PROXY : 0,
  };
}

function encodeNeighbour(config: NeighbourConfig): Partial<NativeNeighbour> {
  const entry = encodeKey(config);
  const { linkLayerAddress, state = 'permanent', proxy = false } = config;
  const number = checkName(states, state, 'neighbour state');
  if (linkLayerAddress === undefined && !proxy && state !== 'noarp') {
    throw new TypeError('linkLayerAddress must be given for a neighbour that is no proxy');
  }
  if (linkLayerAddress !== undefined && proxy) {
    throw new RangeError('linkLayerAddress has no meaning for a proxy');
  }
  return {
    ...entry,
    state: proxy ? 0 : number,
    flags: (entry.flags ?? 0) | flagBits(flags, config.flags, 'neighbour flags'),
    ...defined({
      linkLayerAddress:
        linkLayerAddress === undefined
          ? undefined
          : parseLinkLayerAddress(linkLayerAddress, 'linkLayerAddress'),
    }),
  };
}
