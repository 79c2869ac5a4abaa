import { loadAddon } from '../native/load.ts';
import type { NativeArpFrame, NativeReceived } from '../native/packet.ts';
import { formatIp, parseIp } from './ip.ts';
import { formatLinkLayerAddress, parseLinkLayerAddress } from './link-layer.ts';
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

/** An ARP frame for IPv4, as it was on the wire (RFC 826). */
export interface ArpFrame {
  /** What it is, or its number where it is neither. */
  readonly operation: 'request' | 'reply' | number;
  readonly senderIp: string;
  readonly senderMac: string;
  readonly targetIp: string;
  /** Means nothing in a request. */
  readonly targetMac: string;
  /** Addresses of the Ethernet header. */
  readonly source: string;
  readonly destination: string;
  /** When the kernel got it, in milliseconds since 1970. */
  readonly receivedMs: number;
}

/** Who answered a request, and from where. */
export type ArpAnswer = Answer;

/** Whom to ask for, and as whom. */
export interface ArpProbeOptions extends PacketOptions, AskOptions {
  /** The IPv4 address to ask for. */
  readonly target: string;
  /**
   * The IPv4 address that asks. It need not be the link's own: answers are read off the wire.
   * Default: `0.0.0.0`, the probe of RFC 5227, which claims nothing and enters no cache. Linux answers
   * it as it would answer a neighbour, except that what depends on the sender does not apply:
   * `arp_filter`, and that `arp_ignore=2` is silent to senders outside the subnet.
   */
  readonly sender?: string | undefined;
  /** The Ethernet address to ask. Default: everybody, `ff:ff:ff:ff:ff:ff`. */
  readonly destination?: string | undefined;
}

/** What to announce, and how often. */
export interface ArpAnnounceOptions extends PacketOptions {
  /** The IPv4 address to announce at the link's Ethernet address. */
  readonly address: string;
  /**
   * Which form of gratuitous ARP: the request is the announcement of RFC 5227, some old switches and
   * hosts learn from replies only. Default: `request`.
   */
  readonly form?: 'request' | 'reply' | undefined;
  /** How many to send. Default: 3. */
  readonly count?: number | undefined;
  /** How long to wait between two, in milliseconds. Default: 100. */
  readonly intervalMs?: number | undefined;
  /** Stops; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const protocol = 'ARP';
const request = 1;
const reply = 2;
const broadcast: Uint8Array = new Uint8Array(6).fill(0xff);
const nobody: Uint8Array = new Uint8Array(6);

const open: OpenPackets<NativeArpFrame> = (link, netns) => loadAddon().openArp(link, netns);

/**
 * Asks on the wire who has an IPv4 address, and collects who answers until the time is over. An
 * empty list means that nobody did; more than one entry, that several claim the address.
 *
 * Frames of VLANs on the link do not count. The host's own addresses answer on other links only.
 *
 * @throws TypeError or RangeError naming the option that is wrong.
 * @throws {@link NetworkError} `NETWORK_NO_DEVICE`, `NETWORK_INVALID` when it is no Ethernet link,
 * `NETWORK_UNREACHABLE` when it is or goes down, `NETWORK_NOT_PERMITTED` without CAP_NET_RAW,
 * `NETWORK_NAMESPACE_NOT_FOUND`.
 * @see RFC 826, RFC 5227 section 2.1, arping(8)
 */
export async function probe(options: ArpProbeOptions): Promise<readonly ArpAnswer[]> {
  checkPacketOptions(options);
  checkAskOptions(options);
  const target = ipv4(options.target, 'target');
  const sender = ipv4(options.sender ?? '0.0.0.0', 'sender');
  const destination =
    options.destination === undefined ? broadcast : mac(options.destination, 'destination');
  options.signal?.throwIfAborted();
  const socket = await openPackets(open, protocol, options);
  try {
    const frame = loadAddon().encodeArp({
      destination,
      source: socket.address,
      operation: request,
      senderMac: socket.address,
      senderIp: sender,
      targetMac: nobody,
      targetIp: target,
    });
    const own = formatLinkLayerAddress(socket.address);
    return await ask(
      socket,
      frame,
      (received) => {
        const seen = toFrame(received);
        if (seen.operation !== 'reply' || seen.senderIp !== formatIp(target)) return undefined;
        return seen.senderMac === own ? undefined : { ip: seen.senderIp, mac: seen.senderMac };
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
 * Tells everybody on the link that an IPv4 address is at the link's Ethernet address, so that
 * neighbours and switches that knew it elsewhere send to us from now on.
 *
 * @throws As {@link probe}.
 * @see RFC 5227 section 3, arping(8) `-U` and `-A`
 */
export async function announce(options: ArpAnnounceOptions): Promise<void> {
  checkPacketOptions(options);
  const { count = 3, intervalMs = 100, form = 'request', signal } = options;
  const repeat: Repeat = { count, intervalMs };
  checkRepeat(repeat, 'announcement');
  if (form !== 'request' && form !== 'reply') {
    throw new RangeError(`form must be request or reply, not ${String(form)}`);
  }
  const address = ipv4(options.address, 'address');
  const socket = await openPackets(open, protocol, options);
  try {
    const frame = loadAddon().encodeArp({
      destination: broadcast,
      source: socket.address,
      operation: form === 'reply' ? reply : request,
      senderMac: socket.address,
      senderIp: address,
      targetMac: form === 'reply' ? socket.address : nobody,
      targetIp: address,
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
 * The ARP traffic that reaches a link, from now on: what others send, not what this host sends.
 *
 * @throws TypeError or RangeError naming the option that is wrong.
 */
export function listen(options: ListenPacketsOptions): PacketListener<ArpFrame> {
  return listenPackets(open, protocol, options, toFrame);
}

function toFrame(frame: NativeReceived<NativeArpFrame>): ArpFrame {
  const { operation } = frame;
  return {
    operation: operation === request ? 'request' : operation === reply ? 'reply' : operation,
    senderIp: formatIp(frame.senderIp),
    senderMac: formatLinkLayerAddress(frame.senderMac),
    targetIp: formatIp(frame.targetIp),
    targetMac: formatLinkLayerAddress(frame.targetMac),
    source: formatLinkLayerAddress(frame.source),
    destination: formatLinkLayerAddress(frame.destination),
    receivedMs: frame.receivedMs,
  };
}

function ipv4(text: string, what: string): Uint8Array {
  const { family, bytes } = parseIp(text, what);
  if (family === 'ipv4') return bytes;
  throw new RangeError(`${what} ${text} is not an IPv4 address: for IPv6 it is NDP that asks`);
}

function mac(text: string, what: string): Uint8Array {
  const bytes = parseLinkLayerAddress(text, what);
  if (bytes.length === 6) return bytes;
  throw new RangeError(`${what} ${text} is not an Ethernet address`);
}
