import type { NativeNamespace } from './addon.ts';

/** The addon's face for links, addresses, routes, neighbours, rules and FOU ports. */
export interface RouteAddon {
  readonly RouteSocket: new () => RouteSocket;
  readonly NetworkMonitor: new () => NetworkMonitor;
  /** The kernel's numbers as the addon was compiled with them, by the names of the headers. */
  readonly routeConstants: Readonly<Record<string, number>>;
}

/** The tables of a network namespace, by the name the addon knows each under. */
export interface NativeTables {
  readonly link: NativeLink;
  readonly address: NativeAddress;
  readonly route: NativeRoute;
  readonly neighbour: NativeNeighbour;
  readonly rule: NativeRule;
  readonly fou: NativeFouPort;
}

export type NativeTable = keyof NativeTables;

/**
 * What is to become of an entry: `add` refuses what is there, `replace` does not, `modify` takes
 * nothing but what is there, `remove` removes.
 */
export type NativeVerb = 'add' | 'replace' | 'modify' | 'remove';

/** Sockets of one network namespace. One call at a time; calls reject with `NativeError`. */
export interface RouteSocket {
  open(netns?: NativeNamespace): Promise<void>;
  change<Table extends NativeTable>(
    table: Table,
    verb: NativeVerb,
    entry: Partial<NativeTables[Table]>,
  ): Promise<void>;
  /** The answer to one question, undefined when the kernel gives none. Not for `fou`. */
  get<Table extends NativeTable>(
    table: Table,
    question: Partial<NativeTables[Table]>,
  ): Promise<NativeTables[Table] | undefined>;
  /** EINTR when the table changed during every attempt. The filter is a hint to the kernel. */
  list<Table extends NativeTable>(
    table: Table,
    filter: Partial<NativeTables[Table]>,
  ): Promise<NativeTables[Table][]>;
  close(): void;
}

/** A notification: an entry of a table is new or changed, or gone; or some were lost. */
export type NativeEvent =
  | { readonly table: 'overflow' }
  | {
      readonly [Table in Exclude<NativeTable, 'fou'>]: {
        readonly table: Table;
        readonly removed: boolean;
        readonly entry: NativeTables[Table];
      };
    }[Exclude<NativeTable, 'fou'>];

/** Follows the notifications of one network namespace. */
export interface NetworkMonitor {
  /** @param groups Numbers of multicast groups, RTNLGRP_…. */
  open(socket: RouteSocket, groups: readonly number[]): Promise<void>;
  /** Waits for notifications; undefined once closed. One call at a time. */
  next(): Promise<NativeEvent[] | undefined>;
  close(): void;
}

/** `ifinfomsg` and IFLA_… */
export interface NativeLink {
  readonly family: number;
  readonly hardwareType: number;
  readonly index: number;
  readonly flags: number;
  readonly changedFlags: number;
  readonly name?: string;
  readonly address?: Uint8Array;
  readonly broadcast?: Uint8Array;
  readonly mtu?: number;
  readonly lowerLink?: number;
  readonly lowerNamespace?: number;
  readonly master?: number;
  readonly queueLength?: number;
  readonly operationalState?: number;
  readonly carrier?: number;
  readonly alias?: string;
  readonly group?: number;
  readonly namespaceDescriptor?: number;
  readonly info?: NativeLinkInfo;
  readonly properties?: { readonly alternativeNames: readonly string[] };
  readonly statistics?: NativeLinkStatistics;
}

export interface NativeLinkInfo {
  readonly kind?: string;
  readonly portKind?: string;
  readonly tunnel?: NativeTunnel;
  readonly bridge?: NativeBridge;
  readonly peer?: NativePeer;
}

/** IFLA_IPTUN_… or IFLA_GRE_…, as the kind has it. */
export interface NativeTunnel {
  readonly link?: number;
  readonly local?: Uint8Array;
  readonly remote?: Uint8Array;
  readonly ttl?: number;
  readonly tos?: number;
  readonly encapsulationLimit?: number;
  readonly flowInformation?: number;
  readonly flags?: number;
  readonly protocol?: number;
  readonly pathMtuDiscovery?: number;
  readonly encapsulation?: number;
  readonly encapsulationFlags?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly external?: boolean;
  readonly firewallMark?: number;
  readonly inputFlags?: number;
  readonly outputFlags?: number;
  readonly inputKey?: number;
  readonly outputKey?: number;
}

/** IFLA_BR_…; times in hundredths of a second. */
export interface NativeBridge {
  readonly forwardDelay?: number;
  readonly ageingTime?: number;
  readonly spanningTree?: number;
  readonly vlanFiltering?: number;
}

/** The other end of a veth pair, when it is made. */
export interface NativePeer {
  readonly flags?: number;
  readonly changedFlags?: number;
  readonly name?: string;
  readonly address?: Uint8Array;
  readonly mtu?: number;
  readonly namespaceDescriptor?: number;
}

export interface NativeLinkStatistics {
  readonly receivedPackets: bigint;
  readonly sentPackets: bigint;
  readonly receivedBytes: bigint;
  readonly sentBytes: bigint;
  readonly receiveErrors: bigint;
  readonly sendErrors: bigint;
  readonly receiveDrops: bigint;
  readonly sendDrops: bigint;
}

/** `ifaddrmsg` and IFA_… */
export interface NativeAddress {
  readonly family: number;
  readonly prefixLength: number;
  readonly scope: number;
  readonly link: number;
  readonly address?: Uint8Array;
  readonly local?: Uint8Array;
  readonly broadcast?: Uint8Array;
  readonly label?: string;
  readonly flags?: number;
  readonly metric?: number;
  readonly protocol?: number;
  readonly lifetimes?: { readonly preferred: number; readonly valid: number };
}

/** `rtmsg` and RTA_… */
export interface NativeRoute {
  readonly family: number;
  readonly destinationLength: number;
  readonly fromLength: number;
  readonly tos: number;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly flags: number;
  readonly destination?: Uint8Array;
  readonly from?: Uint8Array;
  readonly inputLink?: number;
  readonly link?: number;
  readonly gateway?: Uint8Array;
  readonly via?: Uint8Array;
  readonly metric?: number;
  readonly source?: Uint8Array;
  readonly metrics?: NativeRouteMetrics;
  readonly table?: number;
  readonly mark?: number;
  readonly preference?: number;
  readonly nextHopId?: number;
  readonly user?: number;
  readonly nextHops?: readonly NativeNextHop[];
}

/** RTAX_… */
export interface NativeRouteMetrics {
  readonly locked?: number;
  readonly mtu?: number;
  readonly window?: number;
  readonly advertisedMss?: number;
  readonly hopLimit?: number;
  readonly initialCongestionWindow?: number;
  readonly initialReceiveWindow?: number;
  readonly quickAck?: number;
  readonly congestionControl?: string;
}

/** `rtnexthop`; the weight is one less than what people write. */
export interface NativeNextHop {
  readonly flags: number;
  readonly weight: number;
  readonly link: number;
  readonly gateway?: Uint8Array;
  readonly via?: Uint8Array;
}

/** `ndmsg` and NDA_… */
export interface NativeNeighbour {
  readonly family: number;
  readonly link: number;
  readonly state: number;
  readonly flags: number;
  readonly type: number;
  readonly destination?: Uint8Array;
  readonly linkLayerAddress?: Uint8Array;
  readonly probes?: number;
  readonly protocol?: number;
  readonly onlyLink?: number;
}

export interface NativeRange {
  readonly first: number;
  readonly last: number;
}

/** `fib_rule_hdr` and FRA_… */
export interface NativeRule {
  readonly family: number;
  readonly toLength: number;
  readonly fromLength: number;
  readonly tos: number;
  readonly action: number;
  readonly flags: number;
  readonly to?: Uint8Array;
  readonly from?: Uint8Array;
  readonly priority?: number;
  readonly table?: number;
  readonly firewallMark?: number;
  readonly firewallMask?: number;
  readonly inputLink?: string;
  readonly outputLink?: string;
  readonly target?: number;
  readonly suppressPrefixLength?: number;
  readonly protocol?: number;
  readonly transport?: number;
  readonly sourcePorts?: NativeRange;
  readonly destinationPorts?: NativeRange;
  readonly users?: NativeRange;
}

/** FOU_ATTR_… */
export interface NativeFouPort {
  readonly port?: number;
  readonly family?: number;
  readonly protocol?: number;
  readonly encapsulation?: number;
  readonly noPartialRemoteChecksum?: boolean;
  readonly localIpv4?: Uint8Array;
  readonly localIpv6?: Uint8Array;
  readonly peerIpv4?: Uint8Array;
  readonly peerIpv6?: Uint8Array;
  readonly peerPort?: number;
  readonly link?: number;
}
