import { checkInteger, checkName } from '../check.ts';
import type { AddressFamily } from './ip.ts';
import { type Named, nameOf, numberOf } from './names.ts';
import { uapi } from './uapi.ts';

/** How far away what an address or route leads to is; narrower is larger. */
export type Scope = Named<'global' | 'site' | 'link' | 'host' | 'nowhere'>;

/** A routing table: one of the three the kernel begins with, or a number from 1 to 2^32-1. */
export type RouteTable = Named<'default' | 'main' | 'local'>;

/** Who made a route or rule; a number for those without a name here (`/etc/iproute2/rt_protos`). */
export type RouteProtocol = Named<
  | 'redirect'
  | 'kernel'
  | 'boot'
  | 'static'
  | 'ra'
  | 'zebra'
  | 'bird'
  | 'dhcp'
  | 'keepalived'
  | 'babel'
  | 'bgp'
  | 'isis'
  | 'ospf'
  | 'rip'
  | 'eigrp'
>;

const scopes: Readonly<Record<Exclude<Scope, number>, number>> = {
  global: uapi.RT_SCOPE_UNIVERSE,
  site: uapi.RT_SCOPE_SITE,
  link: uapi.RT_SCOPE_LINK,
  host: uapi.RT_SCOPE_HOST,
  nowhere: uapi.RT_SCOPE_NOWHERE,
};

const tables: Readonly<Record<Exclude<RouteTable, number>, number>> = {
  default: uapi.RT_TABLE_DEFAULT,
  main: uapi.RT_TABLE_MAIN,
  local: uapi.RT_TABLE_LOCAL,
};

const protocols: Readonly<Record<Exclude<RouteProtocol, number>, number>> = {
  redirect: uapi.RTPROT_REDIRECT,
  kernel: uapi.RTPROT_KERNEL,
  boot: uapi.RTPROT_BOOT,
  static: uapi.RTPROT_STATIC,
  ra: uapi.RTPROT_RA,
  zebra: uapi.RTPROT_ZEBRA,
  bird: uapi.RTPROT_BIRD,
  dhcp: uapi.RTPROT_DHCP,
  keepalived: uapi.RTPROT_KEEPALIVED,
  babel: uapi.RTPROT_BABEL,
  bgp: uapi.RTPROT_BGP,
  isis: uapi.RTPROT_ISIS,
  ospf: uapi.RTPROT_OSPF,
  rip: uapi.RTPROT_RIP,
  eigrp: uapi.RTPROT_EIGRP,
};

const families: Readonly<Record<AddressFamily, number>> = {
  ipv4: uapi.AF_INET,
  ipv6: uapi.AF_INET6,
};

export function scopeName(number: number): Scope {
  return nameOf(scopes, number);
}

export function scopeNumber(scope: Scope): number {
  return numberOf(scopes, scope, 'scope');
}

export function tableName(number: number): RouteTable {
  return nameOf(tables, number);
}

export function tableNumber(table: RouteTable): number {
  if (typeof table === 'number') checkInteger(table, 1, 0xffffffff, 'table');
  return numberOf(tables, table, 'table', 0xffffffff);
}

export function protocolName(number: number): RouteProtocol {
  return nameOf(protocols, number);
}

export function protocolNumber(protocol: RouteProtocol): number {
  return numberOf(protocols, protocol, 'protocol');
}

export function familyName(number: number): AddressFamily {
  return number === uapi.AF_INET ? 'ipv4' : 'ipv6';
}

export function familyNumber(family: AddressFamily): number {
  return checkName(families, family, 'family');
}

/** Zero asks for both. */
export function familyFilter(family: AddressFamily | undefined): number {
  return family === undefined ? 0 : familyNumber(family);
}
