import type { AddressFamily } from './ip.ts';
import type { LinkReference } from './link-reference.ts';
import type { RouteProtocol, Scope } from './route-names.ts';

/**
 * What an address may be told when it is added (`ip-address(8)`, CONFFLAG-LIST): `noprefixroute`
 * makes no route to its prefix, `nodad` skips duplicate address detection (IPv6), `optimistic` uses
 * the address meanwhile, `home` marks a Mobile IPv6 home address, `managetempaddr` makes privacy
 * addresses from it, `mcautojoin` joins the group of a multicast address.
 */
export type AddressConfigFlag =
  | 'noprefixroute'
  | 'nodad'
  | 'optimistic'
  | 'home'
  | 'managetempaddr'
  | 'mcautojoin';

/**
 * What the kernel says of an address: besides the flags it was added with, `secondary` (another
 * address of the same prefix came first; for IPv6, a privacy address), `tentative` (duplicate
 * address detection still runs), `dadfailed` (somebody else has it), `deprecated` (its preferred
 * lifetime is over), `permanent` (it has no lifetime), `stable-privacy`.
 */
export type AddressFlag =
  | AddressConfigFlag
  | 'secondary'
  | 'tentative'
  | 'dadfailed'
  | 'deprecated'
  | 'permanent'
  | 'stable-privacy';

/** How long an address lasts: whole seconds, or for ever. */
export type Lifetime = number | 'forever';

/** Which address of which link. */
export interface AddressKey {
  readonly link: LinkReference;
  /** Such as `192.0.2.10/32`; without a length it is that one address alone. */
  readonly address: string;
  /** The other end of a point-to-point link; the length of `address` is then that of its prefix. */
  readonly peer?: string;
  /** IPv4: the name old tools show it under, at most 15 bytes; the link's name and a suffix. */
  readonly label?: string;
}

/** An address to be added. */
export interface AddressConfig extends AddressKey {
  /** IPv4: where it is valid. Default `host` within 127.0.0.0/8, else `global`. */
  readonly scope?: Scope;
  /** Default none. */
  readonly flags?: readonly AddressConfigFlag[];
  /** IPv4. Default none. */
  readonly broadcast?: string;
  /** Metric of the route to its prefix, 0 to 2^32-1. Default: the kernel's (since Linux 4.18). */
  readonly metric?: number;
  /** Who adds it; kernels before 5.18 forget it. Default: nobody. */
  readonly protocol?: RouteProtocol;
  /** After this the address goes away. Default `forever`. */
  readonly validLifetimeSeconds?: Lifetime;
  /**
   * After this no new connection comes from the address (RFC 4862, 5.5.4). At most the valid lifetime,
   * which is the default.
   */
  readonly preferredLifetimeSeconds?: Lifetime;
}

/** An address as the kernel has it. */
export interface Address {
  /** Name of the link that has it. */
  readonly link: string;
  readonly linkIndex: number;
  readonly family: AddressFamily;
  /** With the length of its prefix, such as `192.0.2.10/32`. */
  readonly address: string;
  readonly peer?: string;
  readonly broadcast?: string;
  readonly label?: string;
  readonly scope: Scope;
  readonly flags: readonly AddressFlag[];
  readonly metric?: number;
  /** Who added it (since Linux 5.18). */
  readonly protocol?: RouteProtocol;
  readonly validLifetimeSeconds: Lifetime;
  readonly preferredLifetimeSeconds: Lifetime;
}

/** Which addresses to list; those that have all of what is given. */
export interface AddressFilter {
  readonly link?: LinkReference;
  readonly family?: AddressFamily;
}
