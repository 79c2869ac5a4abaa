import type { LinkReference } from './link-reference.ts';
import type { NamespaceReference } from './namespace-reference.ts';
import type { TunnelKind, TunnelSettings } from './tunnel.ts';

/** A flag of a link, as `ip link` prints it in capitals. */
export type LinkFlag =
  | 'up'
  | 'broadcast'
  | 'loopback'
  | 'pointopoint'
  | 'running'
  | 'noarp'
  | 'promisc'
  | 'allmulti'
  | 'multicast'
  | 'lower-up'
  | 'dormant';

/** What the link says of its own working (RFC 2863); `unknown` for those that cannot tell. */
export type OperationalState =
  | 'unknown'
  | 'not-present'
  | 'down'
  | 'lower-layer-down'
  | 'testing'
  | 'dormant'
  | 'up';

/** What the hardware of a link looks like to the kernel; a number for those without a name here. */
export type HardwareType =
  | 'ether'
  | 'infiniband'
  | 'ppp'
  | 'tunnel'
  | 'tunnel6'
  | 'loopback'
  | 'sit'
  | 'gre'
  | 'gre6'
  | 'none'
  | number;

/** What passed a link since it was made (`IFLA_STATS64`). */
export interface LinkStatistics {
  readonly receivedPackets: bigint;
  readonly sentPackets: bigint;
  readonly receivedBytes: bigint;
  readonly sentBytes: bigint;
  /** Packets that came in damaged. */
  readonly receiveErrors: bigint;
  /** Packets that the link failed to send. */
  readonly sendErrors: bigint;
  /** Packets that came in and found no room, or nobody to take them. */
  readonly receiveDrops: bigint;
  /** Packets that found no room to wait for sending. */
  readonly sendDrops: bigint;
}

/** How a bridge works (`IFLA_BR_*`, `ip-link(8)`). */
export interface BridgeSettings {
  /** Spanning tree protocol. Default false. */
  readonly spanningTree?: boolean;
  /** How long a port listens and learns before it forwards, with spanning tree. Default 15. */
  readonly forwardDelaySeconds?: number;
  /** How long an address that was learnt is remembered. Default 300. */
  readonly ageingSeconds?: number;
  /** Whether frames are told apart by their VLAN. Default false. */
  readonly vlanFiltering?: boolean;
}

/** A network interface as the kernel has it. */
export interface Link {
  /** Its number in its namespace, from 1. */
  readonly index: number;
  readonly name: string;
  /** Further names that can be used for it (since Linux 5.5). */
  readonly alternativeNames: readonly string[];
  /** Of a virtual link, such as `veth` or `bridge`; absent for hardware and for `lo`. */
  readonly kind?: string;
  readonly hardwareType: HardwareType;
  /** Ethernet address; for a tunnel the IP address of its own end. */
  readonly address?: string;
  /** The largest packet it carries, bytes. */
  readonly mtu: number;
  /** Whether it is meant to work. */
  readonly up: boolean;
  /** Whether something is plugged in: for one end of a veth pair, whether the other is up. */
  readonly carrier: boolean;
  /** Whether it asks and answers ARP and neighbour discovery. */
  readonly arp: boolean;
  readonly operationalState: OperationalState;
  readonly flags: readonly LinkFlag[];
  /** Name of the bridge, bond… it is a port of. */
  readonly master?: string;
  /** Index of the same. */
  readonly masterIndex?: number;
  /** Index of the link it stands on, or of the other end of a veth pair. */
  readonly lowerIndex?: number;
  /** The number by which this namespace knows the one that `lowerIndex` counts in, if another. */
  readonly lowerNamespace?: number;
  /** Packets that may wait for sending. */
  readonly queueLength: number;
  /** Whatever somebody wrote down about it (`ip link set … alias`). */
  readonly alias?: string;
  /** Of a tunnel. */
  readonly tunnel?: TunnelSettings;
  /** Of a bridge. */
  readonly bridge?: BridgeSettings;
  /** Absent where the kernel did not send them. */
  readonly statistics?: LinkStatistics;
}

/** What links of every kind are made with. */
export interface CommonLinkConfig {
  /** 1 to 15 bytes, without `/`, `:`, `%` or blanks. */
  readonly name: string;
  /** Default false. */
  readonly up?: boolean;
  /** Bytes. Default: what the kind has. */
  readonly mtu?: number;
  /** Ethernet address. Default: a random one, where the kind has one. */
  readonly address?: string;
  /** The bridge it becomes a port of. Not together with `netns`. */
  readonly master?: LinkReference;
  /** The namespace it is made in. Default: the one that this network is of. */
  readonly netns?: NamespaceReference;
  /** Whether it asks and answers ARP and neighbour discovery. Default true. */
  readonly arp?: boolean;
  /** Packets that may wait for sending. Default: what the kind has. */
  readonly queueLength?: number;
}

/** A link that drops what it is given: somewhere to put addresses. */
export interface DummyConfig extends CommonLinkConfig {
  readonly kind: 'dummy';
}

/** The other end of a veth pair. */
export interface VethPeerConfig {
  /** 1 to 15 bytes, without `/`, `:`, `%` or blanks. */
  readonly name: string;
  /** Default: where the first end is made. */
  readonly netns?: NamespaceReference;
  /** Default false. */
  readonly up?: boolean;
  /** Bytes. Default 1500. */
  readonly mtu?: number;
  /** Ethernet address. Default: a random one. */
  readonly address?: string;
}

/** A cable: what goes in at one end comes out at the other. */
export interface VethConfig extends CommonLinkConfig {
  readonly kind: 'veth';
  readonly peer: VethPeerConfig;
}

/** A switch: links that are its ports (`master`) form one network. */
export interface BridgeConfig extends CommonLinkConfig {
  readonly kind: 'bridge';
  readonly bridge?: BridgeSettings;
}

/** A tunnel; `ipip`, `sit`, `gre` and the like. */
export interface TunnelConfig extends CommonLinkConfig {
  readonly kind: TunnelKind;
  readonly tunnel?: TunnelSettings;
}

/** A virtual link to be made. */
export type LinkConfig = DummyConfig | VethConfig | BridgeConfig | TunnelConfig;

/** What is to change about a link; what is absent stays as it is. */
export interface LinkChange {
  /** Whether it is meant to work. */
  readonly up?: boolean;
  /** The largest packet it carries, bytes. */
  readonly mtu?: number;
  /** Its new name. Before Linux 6.2 the link has to be down for that (`NETWORK_BUSY`). */
  readonly name?: string;
  /** Ethernet address. */
  readonly address?: string;
  /** The bridge it becomes a port of, or null for none. Not together with `netns`. */
  readonly master?: LinkReference | null;
  /** The namespace it moves to. It arrives down and without addresses. */
  readonly netns?: NamespaceReference;
  /** Whether it asks and answers ARP and neighbour discovery. */
  readonly arp?: boolean;
  /** Takes in all frames, not just its own. */
  readonly promiscuous?: boolean;
  /** Packets that may wait for sending. */
  readonly queueLength?: number;
  /** At most 255 bytes; empty for none. */
  readonly alias?: string;
}
