import { checkObject } from '../check.ts';
import type { NativeNamespace } from '../native/addon.ts';
import type { NativePacketSocket } from '../native/packet.ts';
import { checkLinkReference, describeLink, type LinkReference } from './link-reference.ts';
import {
  type NamespaceReference,
  namespaceArgument,
  namespaceError,
} from './namespace-reference.ts';
import { networkError, type Refusal, type Refusals } from './network-error.ts';

/** Which link of which network namespace packets are sent and received on. */
export interface PacketOptions {
  /** The network namespace of the link. Default: that of this process. */
  readonly netns?: NamespaceReference | undefined;
  /** An Ethernet link (also a bridge, bond, veth, VLAN), by its name or its index; it must be up. */
  readonly link: LinkReference;
}

/** How the addon opens a socket for one kind of frames. */
export type OpenPackets<Frame> = (
  link: LinkReference,
  netns: NativeNamespace | undefined,
) => Promise<NativePacketSocket<Frame>>;

/** Demands options that name a link and a namespace. @throws TypeError or RangeError */
export function checkPacketOptions(options: PacketOptions): void {
  checkObject(options, 'options');
  checkLinkReference(options.link);
  namespaceArgument(options.netns);
}

/**
 * Opens a socket for the frames of `protocol`.
 *
 * @throws {@link NetworkError} `NETWORK_NO_DEVICE`, `NETWORK_INVALID` when it is no Ethernet link,
 * `NETWORK_UNREACHABLE` when it is down, `NETWORK_NOT_PERMITTED`, `NETWORK_NAMESPACE_NOT_FOUND`.
 */
export async function openPackets<Frame>(
  open: OpenPackets<Frame>,
  protocol: string,
  { link, netns }: PacketOptions,
): Promise<NativePacketSocket<Frame>> {
  try {
    return await open(link, namespaceArgument(netns));
  } catch (failure) {
    throw namespaceError(
      `cannot open ${describeLink(link)} for ${protocol}`,
      netns,
      failure,
      opening,
    );
  }
}

/** The error of a socket that is open already. */
export function packetError(protocol: string, { link }: PacketOptions, failure: unknown): unknown {
  return networkError(`${protocol} on ${describeLink(link)} ended`, failure);
}

const needsRaw: Refusal = {
  code: 'NETWORK_NOT_PERMITTED',
  reason: 'that needs the capability CAP_NET_RAW (run it as root, or grant it)',
};

const opening: Refusals = {
  EPERM: needsRaw,
  EACCES: needsRaw,
  EPROTOTYPE: { code: 'NETWORK_INVALID', reason: 'it is no Ethernet link' },
};
