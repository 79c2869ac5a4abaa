import type { NativeNamespace } from './addon.ts';

/** An ARP frame for IPv4 on Ethernet; addresses of 6 and 4 bytes. */
export interface NativeArpFrame {
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly operation: number;
  readonly senderMac: Uint8Array;
  readonly senderIp: Uint8Array;
  readonly targetMac: Uint8Array;
  readonly targetIp: Uint8Array;
}

/** A neighbour solicitation or advertisement on Ethernet; addresses of 6 and 16 bytes. */
export interface NativeNdpFrame {
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly sourceIp: Uint8Array;
  readonly destinationIp: Uint8Array;
  readonly isAdvertisement: boolean;
  /** The flags are those of an advertisement. */
  readonly router: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
  readonly target: Uint8Array;
  /** Of the source in a solicitation, of the target in an advertisement. */
  readonly linkLayer?: Uint8Array | undefined;
}

/** A frame off the wire, and when the kernel got it, in milliseconds since 1970. */
export type NativeReceived<Frame> = Frame & { readonly receivedMs: number };

export interface NativePackets<Frame> {
  readonly frames: readonly NativeReceived<Frame>[];
  /** How many frames before these nobody fetched in time. */
  readonly dropped: number;
}

/**
 * A raw socket on one link, which is read from the moment it is open. Collected, or left behind by
 * a worker that was terminated, it closes itself.
 */
export interface NativePacketSocket<Frame> {
  /** The link's index and Ethernet address. */
  readonly link: number;
  readonly address: Uint8Array;
  /** Resolves to when it was sent, in milliseconds since 1970. Throws once closed. */
  send(frame: Uint8Array): Promise<number>;
  /** What has arrived, once there is something; null once closed and emptied. One at a time. */
  receive(): Promise<NativePackets<Frame> | null>;
  close(): void;
}

type Link = string | number;
type Netns = NativeNamespace | undefined;

/** The addon's face for this area. Opening and sending reject with a `NativeError`. */
export interface PacketAddon {
  openArp(link: Link, netns: Netns): Promise<NativePacketSocket<NativeArpFrame>>;
  openNdp(link: Link, netns: Netns): Promise<NativePacketSocket<NativeNdpFrame>>;

  encodeArp(frame: NativeArpFrame): Uint8Array;
  encodeNdp(frame: NativeNdpFrame): Uint8Array;
  /** Undefined for everything that is not a well-formed frame of the kind. */
  decodeArp(bytes: Uint8Array): NativeArpFrame | undefined;
  decodeNdp(bytes: Uint8Array): NativeNdpFrame | undefined;
}
