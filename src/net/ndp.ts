import { checkBoolean } from '../check.ts';
import { loadAddon } from '../native/load.ts';
import type { NativeNdpFrame, NativeReceived } from '../native/packet.ts';
import { formatIp, parseIp } from './ip.ts';
import { formatLinkLayerAddress } from './link-layer.ts';
import {
  checkPacketOptions,
  type OpenPackets,
  openPackets,
  type PacketOptions,
  packetError,
} from './packet-channel.ts';
import {
  type Answer,
  type AskOptions,
  ask,
  checkAskOptions,
  checkRepeat,
  type Repeat,
  sendRepeatedly,
} from './packet-exchange.ts';
import {
  type ListenPacketsOptions,
  listenPackets,
  type PacketListener,
} from './packet-listener.ts';

/** A neighbour solicitation or advertisement, as it was on the wire (RFC 4861). */
export interface NdpFrame {
  readonly type: 'solicitation' | 'advertisement';
  /** The address that is asked for, or advertised. */
  readonly target: string;
  readonly sourceIp: string;
  readonly destinationIp: string;
  /** The flags of an advertisement: from a router, asked for, to replace what is cached. */
  readonly router: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
  /** The link-layer address option: of the source in a solicitation, else of the target. */
  readonly linkLayerAddress?: string;
  /** Addresses of the Ethernet header. */
  readonly source: string;
  readonly destination: string;
  /** When the kernel got it, in milliseconds since 1970. */
  readonly receivedMs: number;
}

/** Who answered a solicitation, and from where. */
export interface NdpAnswer extends Answer {
  /** The flags of the first answer: from a router, to us alone, to replace what is cached. */
  readonly router: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
}

/** Whom to ask for, and as whom. */
export interface NdpSolicitOptions extends PacketOptions, AskOptions {
  /** The IPv6 unicast address to ask for. */
  readonly target: string;
  /**
   * The IPv6 address that asks. It need not be the link's own: answers are read off the wire.
   * Default: `::`, the form of duplicate address detection (RFC 4862), which enters no cache and is
   * answered to everybody. Beware: a host that is just checking the address itself gives it up.
   */
  readonly sender?: string | undefined;
  /**
   * Whether to say where to send the answer (the source link-layer address option). Without it,
   * Linux answers only if it has the sender in its cache. Default: true, except with sender `::`,
   * which does not allow it.
   */
  readonly sourceLinkLayer?: boolean | undefined;
}

/** What to advertise, and how often. */
export interface NdpAdvertiseOptions extends PacketOptions {
  /** The IPv6 unicast address to advertise at the link's Ethernet address. */
  readonly address: string;
  /** Whether we route for others. Default: false. */
  readonly router?: boolean | undefined;
  /** Whether to replace what neighbours have cached. Default: true. */
  readonly override?: boolean | undefined;
  /** How many to send. Default: 3. */
  readonly count?: number | undefined;
  /** How long to wait between two, in milliseconds. Default: 100. */
  readonly intervalMs?: number | undefined;
  /** Stops; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const protocol = 'NDP';
const allNodes: Uint8Array = parseIp('ff02::1').bytes;

const open: OpenPackets<NativeNdpFrame> = (link, netns) => loadAddon().openNdp(link, netns);

/**
 * Asks on the wire who has an IPv6 address, and collects who answers until the time is over. An
 * empty list means that nobody did; more than one entry, that several claim the address.
 *
 * Frames of VLANs on the link do not count. The host's own addresses answer on other links only.
 *
 * @throws TypeError or RangeError naming the option that is wrong.
 * @throws {@link NetworkError} `NETWORK_NO_DEVICE`, `NETWORK_INVALID` when it is no Ethernet link,
 * `NETWORK_UNREACHABLE` when it is or goes down, `NETWORK_NOT_PERMITTED` without CAP_NET_RAW,
 * `NETWORK_NAMESPACE_NOT_FOUND`.
 * @see RFC 4861 section 7.2, ndisc6(8)
 */
export async function solicit(options: NdpSolicitOptions): Promise<readonly NdpAnswer[]> {
  checkPacketOptions(options);
  checkAskOptions(options);
  const target = unicast(ipv6(options.target, 'target'), 'target');
  const source = ipv6(options.sender ?? '::', 'sender');
  const isProbe = source.every((byte) => byte === 0);
  if (!isProbe) unicast(source, 'sender');
  const { sourceLinkLayer = !isProbe } = options;
  checkBoolean(sourceLinkLayer, 'sourceLinkLayer');
  if (sourceLinkLayer && isProbe) {
    throw new RangeError('sourceLinkLayer needs a sender other than ::');
  }
  options.signal?.throwIfAborted();
  const socket = await openPackets(open, protocol, options);
  try {
    const group = solicitedNode(target);
    const frame = loadAddon().encodeNdp({
      destination: multicastMac(group),
      source: socket.address,
      sourceIp: source,
      destinationIp: group,
      isAdvertisement: false,
      router: false,
      solicited: false,
      override: false,
      target,
      linkLayer: sourceLinkLayer ? socket.address : undefined,
    });
    const own = formatLinkLayerAddress(socket.address);
    return await ask<NativeNdpFrame, NdpAnswer>(
      socket,
      frame,
      (received) => {
        const { type, target: ip, linkLayerAddress, ...seen } = toFrame(received);
        const { router, solicited, override } = seen;
        if (type !== 'advertisement' || ip !== formatIp(target)) return undefined;
        const mac = linkLayerAddress ?? seen.source;
        return mac === own ? undefined : { ip, mac, router, solicited, override };
      },
      options,
    );
  } catch (failure) {
    throw packetError(protocol, options, failure);
  } finally {
    socket.close();
  }
}

/**
 * Tells all nodes on the link, unasked, that an IPv6 address is at the link's Ethernet address.
 *
 * @throws As {@link solicit}.
 * @see RFC 4861 section 7.2.6
 */
export async function advertise(options: NdpAdvertiseOptions): Promise<void> {
  checkPacketOptions(options);
  const { count = 3, intervalMs = 100, router = false, override = true, signal } = options;
  const repeat: Repeat = { count, intervalMs };
  checkRepeat(repeat, 'advertisement');
  checkBoolean(router, 'router');
  checkBoolean(override, 'override');
  const address = unicast(ipv6(options.address, 'address'), 'address');
  const socket = await openPackets(open, protocol, options);
  try {
    const frame = loadAddon().encodeNdp({
      destination: multicastMac(allNodes),
      source: socket.address,
      sourceIp: address,
      destinationIp: allNodes,
      isAdvertisement: true,
      router,
      solicited: false,
      override,
      target: address,
      linkLayer: socket.address,
    });
    await sendRepeatedly(socket, frame, repeat, signal);
  } catch (failure) {
    signal?.throwIfAborted();
    throw packetError(protocol, options, failure);
  } finally {
    socket.close();
  }
}

/**
 * The neighbour solicitations and advertisements that reach a link, from now on: what others send,
 * not what this host sends. Malformed ones, and such as came through a router, are left out.
 *
 * @throws TypeError or RangeError naming the option that is wrong.
 */
export function listen(options: ListenPacketsOptions): PacketListener<NdpFrame> {
  return listenPackets(open, protocol, options, toFrame);
}

/** The multicast group that whoever has the address is in: ff02::1:ffXX:XXXX (RFC 4291, 2.7.1). */
export function solicitedNode(address: Uint8Array): Uint8Array {
  const group = parseIp('ff02::1:ff00:0').bytes;
  group.set(address.subarray(13), 13);
  return group;
}

/** The Ethernet address of an IPv6 multicast group: 33:33 and its last four bytes (RFC 2464, 7). */
export function multicastMac(group: Uint8Array): Uint8Array {
  return Uint8Array.of(0x33, 0x33, ...group.subarray(12));
}

function toFrame(frame: NativeReceived<NativeNdpFrame>): NdpFrame {
  return {
    type: frame.isAdvertisement ? 'advertisement' : 'solicitation',
    target: formatIp(frame.target),
    sourceIp: formatIp(frame.sourceIp),
    destinationIp: formatIp(frame.destinationIp),
    router: frame.router,
    solicited: frame.solicited,
    override: frame.override,
    ...(frame.linkLayer && { linkLayerAddress: formatLinkLayerAddress(frame.linkLayer) }),
    source: formatLinkLayerAddress(frame.source),
    destination: formatLinkLayerAddress(frame.destination),
    receivedMs: frame.receivedMs,
  };
}

function ipv6(text: string, what: string): Uint8Array {
  const { family, bytes } = parseIp(text, what);
  if (family === 'ipv6') return bytes;
  throw new RangeError(`${what} ${text} is not an IPv6 address: for IPv4 it is ARP that asks`);
}

function unicast(bytes: Uint8Array, what: string): Uint8Array {
  if (bytes[0] !== 0xff && bytes.some((byte) => byte !== 0)) return bytes;
  throw new RangeError(`${what} ${formatIp(bytes)} is not a unicast address`);
}
