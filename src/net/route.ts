import type { AddressFamily } from './ip.ts';
import type { LinkReference } from './link-reference.ts';
import type { RouteProtocol, RouteTable, Scope } from './route-names.ts';

/**
 * What becomes of a packet: sent on (`unicast`), taken in (`local`, `broadcast`, `anycast`), sent
 * to a group (`multicast`), dropped without (`blackhole`) or with word to its sender
 * (`unreachable`, `prohibit`), or looked up in the next table (`throw`).
 */
export type RouteType =
  | 'unicast'
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw';

/**
 * `onlink`: the gateway is reachable although no route says so. The kernel adds: `dead`,
 * `linkdown`, `pervasive`, `offload`, `unresolved`, `trap`.
 */
export type RouteFlag =
  | 'onlink'
  | 'dead'
  | 'linkdown'
  | 'pervasive'
  | 'offload'
  | 'unresolved'
  | 'trap';

/** What TCP and path MTU discovery start from on a route; absent: what the link or sysctls say. */
export interface RouteMetrics {
  /** Bytes. */
  readonly mtu?: number;
  /** Never to be changed by path MTU discovery. Default false. */
  readonly mtuLocked?: boolean;
  /** The maximum segment size offered to others, bytes. */
  readonly advertisedMss?: number;
  /** The largest window offered to others, bytes. */
  readonly window?: number;
  /** 1 to 255. */
  readonly hopLimit?: number;
  /** Segments. */
  readonly initialCongestionWindow?: number;
  /** Segments. */
  readonly initialReceiveWindow?: number;
  readonly quickAck?: boolean;
  /** Name of the congestion control, such as `cubic`. */
  readonly congestionControl?: string;
}

/** One of several ways to the same destination. */
export interface NextHopConfig {
  /** The gateway. */
  readonly via?: string;
  readonly link?: LinkReference;
  /** Its share of the traffic, 1 to 256. Default 1. */
  readonly weight?: number;
  /** Default false. */
  readonly onlink?: boolean;
}

/** Which route is meant: what is given has to match, the rest may be anything. */
export interface RouteKey {
  /** Such as `192.0.2.0/24`, `2001:db8::1`, or `default`. */
  readonly destination: string;
  /** Needed only for a `default` that neither `via` nor `source` tells the family of. */
  readonly family?: AddressFamily;
  /** Default `main`; `local` for the types `local`, `broadcast` and `anycast`. */
  readonly table?: RouteTable;
  /** 0 to 2^32-1; the lowest wins. Default 0; for IPv6 the kernel makes that 1024. */
  readonly metric?: number;
  /** IPv4: only for packets with this TOS byte. Default any (0). */
  readonly tos?: number;
  /** Default `unicast`. */
  readonly type?: RouteType;
  /** IPv4: how far away it leads. Default in an addition: as its type and gateway make it. */
  readonly scope?: Scope;
  /** Who made it. Default in an addition `static`. */
  readonly protocol?: RouteProtocol;
  /** The gateway; for IPv4 it may be an IPv6 one (since Linux 5.2). */
  readonly via?: string;
  /** The link it leaves by. Default: the one that leads to the gateway. */
  readonly link?: LinkReference;
  /** The address that packets are sent from when their sender does not choose. */
  readonly source?: string;
  /** IPv6: only for packets from this prefix. Default any. */
  readonly from?: string;
}

/** A route to be added (`ip-route(8)`). */
export interface RouteConfig extends RouteKey {
  /** The gateway is on the link although no route says so. Default false. */
  readonly onlink?: boolean;
  /** Default: what the link or sysctls say. */
  readonly metrics?: RouteMetrics;
  /** Several ways, instead of `via` and `link`. */
  readonly nextHops?: readonly NextHopConfig[];
}

/** One of several ways to the same destination, as the kernel has it. */
export interface NextHop {
  readonly via?: string;
  readonly link?: string;
  readonly linkIndex?: number;
  readonly weight: number;
  readonly flags: readonly RouteFlag[];
}

/** A route as the kernel has it. */
export interface Route {
  readonly family: AddressFamily;
  /** With the length of the prefix, or `default`. */
  readonly destination: string;
  readonly type: RouteType | number;
  readonly table: RouteTable;
  readonly protocol: RouteProtocol;
  /** IPv6 knows `global` only. */
  readonly scope: Scope;
  readonly metric: number;
  readonly tos: number;
  readonly via?: string;
  readonly link?: string;
  readonly linkIndex?: number;
  readonly source?: string;
  readonly from?: string;
  readonly onlink: boolean;
  readonly flags: readonly RouteFlag[];
  readonly metrics: RouteMetrics;
  /** Where there are several ways; `via` and `link` are absent then. */
  readonly nextHops: readonly NextHop[];
  /** The next hop object it uses (`ip nexthop`, since Linux 5.3). */
  readonly nextHopId?: number;
  /** IPv6: what a router advertisement said of it (RFC 4191). */
  readonly preference?: 'low' | 'medium' | 'high';
}

/** Which routes to list; those that have all of what is given. */
export interface RouteFilter {
  readonly family?: AddressFamily;
  /** Default: all tables. */
  readonly table?: RouteTable;
  readonly protocol?: RouteProtocol;
  readonly type?: RouteType;
  /** Routes that leave by this link, alone or among others. */
  readonly link?: LinkReference;
}

/** What a packet has besides its destination. */
export interface RouteQuestion {
  /** Where it comes from; with `inputLink`, the address of another machine. */
  readonly from?: string;
  /** The link it came in by. Absent: it is sent by this machine. */
  readonly inputLink?: LinkReference;
  /** The link it is bound to leave by. */
  readonly link?: LinkReference;
  /** 0 to 4294967295. Default 0. */
  readonly firewallMark?: number;
  /** The TOS byte, 0 to 255. Default 0. */
  readonly tos?: number;
}
