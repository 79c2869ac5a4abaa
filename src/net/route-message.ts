import { checkBoolean, checkInteger, checkName, checkObject } from '../check.ts';
import type { NativeNextHop, NativeRoute, NativeRouteMetrics } from '../native/route.ts';
import { defined } from './defined.ts';
import { type AddressFamily, formatIp, type IpPrefix, parseIp, parsePrefix } from './ip.ts';
import { flagNames, nameOf } from './names.ts';
import type {
  NextHop,
  NextHopConfig,
  Route,
  RouteConfig,
  RouteFlag,
  RouteKey,
  RouteMetrics,
  RouteType,
} from './route.ts';
import type { LinkNames } from './route-channel.ts';
import {
  familyName,
  familyNumber,
  protocolName,
  protocolNumber,
  scopeName,
  scopeNumber,
  tableName,
  tableNumber,
} from './route-names.ts';
import { uapi } from './uapi.ts';

const routeTypes: Readonly<Record<RouteType, number>> = {
  unicast: uapi.RTN_UNICAST,
  local: uapi.RTN_LOCAL,
  broadcast: uapi.RTN_BROADCAST,
  anycast: uapi.RTN_ANYCAST,
  multicast: uapi.RTN_MULTICAST,
  blackhole: uapi.RTN_BLACKHOLE,
  unreachable: uapi.RTN_UNREACHABLE,
  prohibit: uapi.RTN_PROHIBIT,
  throw: uapi.RTN_THROW,
};

const routeFlags: Readonly<Record<RouteFlag, number>> = {
  onlink: uapi.RTNH_F_ONLINK,
  dead: uapi.RTNH_F_DEAD,
  linkdown: uapi.RTNH_F_LINKDOWN,
  pervasive: uapi.RTNH_F_PERVASIVE,
  offload: uapi.RTNH_F_OFFLOAD,
  unresolved: uapi.RTNH_F_UNRESOLVED,
  trap: uapi.RTNH_F_TRAP,
};

/** ICMPV6_ROUTER_PREF_… of `<linux/icmpv6.h>`, RFC 4191. */
const preferences = { medium: 0, high: 1, low: 3 } as const;

const typesInTableLocal: readonly RouteType[] = ['local', 'broadcast', 'anycast'];
const highestWeight = 256;

export function routeTypeNumber(type: RouteType): number {
  return checkName(routeTypes, type, 'route type');
}

/** A route as the kernel sent it; `names` are the links of its namespace. */
export function decodeRoute(route: NativeRoute, names: LinkNames): Route {
  const { link, nextHops = [] } = route;
  const preference = nameOf(preferences, route.preference ?? preferences.medium);
  return {
    family: familyName(route.family),
    destination: prefixText(route.destination, route.destinationLength) ?? 'default',
    type: nameOf(routeTypes, route.type),
    table: tableName(route.table ?? 0),
    protocol: protocolName(route.protocol),
    scope: scopeName(route.scope),
    metric: route.metric ?? 0,
    tos: route.tos,
    ...defined({
      via: gatewayText(route),
      link: link === undefined ? undefined : names.get(link),
      linkIndex: link,
      source: route.source && formatIp(route.source),
      from: prefixText(route.from, route.fromLength),
      nextHopId: route.nextHopId,
      preference:
        route.preference === undefined || typeof preference === 'number' ? undefined : preference,
    }),
    onlink: (route.flags & uapi.RTNH_F_ONLINK) !== 0,
    flags: flagNames(routeFlags, route.flags),
    metrics: decodeMetrics(route.metrics ?? {}),
    nextHops: nextHops.map((hop) => decodeNextHop(hop, names)),
  };
}

/** Which route is to be removed: fields that are not given match any. */
export function encodeRouteKey(key: RouteKey): Partial<NativeRoute> {
  checkObject(key, 'route');
  const { type, scope, protocol } = key;
  return {
    ...encodeCommon(key),
    type: type === undefined ? 0 : routeTypeNumber(type),
    scope: scope === undefined ? uapi.RT_SCOPE_NOWHERE : scopeNumber(scope),
    protocol: protocol === undefined ? 0 : protocolNumber(protocol),
  };
}

/** `nextHopLinks` are the indexes of the links of the next hops, in their order. */
export function encodeRoute(
  config: RouteConfig,
  nextHopLinks: readonly (number | undefined)[],
): Partial<NativeRoute> {
  checkObject(config, 'route');
  const { type = 'unicast', onlink = false, nextHops, metrics } = config;
  const common = encodeCommon(config);
  checkBoolean(onlink, 'route onlink');
  if (nextHops !== undefined && (config.via !== undefined || config.link !== undefined)) {
    throw new RangeError('a route has either nextHops, or via and link');
  }
  return {
    ...common,
    type: routeTypeNumber(type),
    scope: scopeNumber(config.scope ?? usualScope(type, config)),
    protocol: protocolNumber(config.protocol ?? 'static'),
    flags: onlink ? uapi.RTNH_F_ONLINK : 0,
    ...defined({
      metrics: metrics && encodeMetrics(metrics),
      nextHops: nextHops?.map((hop, at) =>
        encodeNextHop(hop, nextHopLinks[at], familyName(common.family)),
      ),
    }),
  };
}

function encodeCommon(route: RouteKey): Partial<NativeRoute> & { readonly family: number } {
  const { metric, tos = 0, source, from, table, type = 'unicast' } = route;
  const prefix = destinationOf(route);
  const family = prefix?.family ?? impliedFamily(route);
  if (metric !== undefined) checkInteger(metric, 0, 0xffffffff, 'route metric');
  checkInteger(tos, 0, 255, 'route tos');
  const origin = from === undefined ? undefined : parsePrefix(from, 'route from');
  if (origin !== undefined) checkFamily(origin, family, 'from', from);
  const sender = source === undefined ? undefined : parseIp(source, 'route source');
  if (sender !== undefined) checkFamily(sender, family, 'source', source);
  return {
    family: familyNumber(family),
    destinationLength: prefix?.length ?? 0,
    fromLength: origin?.length ?? 0,
    tos,
    table: tableNumber(table ?? (typesInTableLocal.includes(type) ? 'local' : 'main')),
    ...defined({
      destination: prefix?.length === 0 ? undefined : prefix?.bytes,
      from: origin?.bytes,
      metric,
      source: sender?.bytes,
    }),
    ...encodeGateway(route.via, family),
  };
}

function destinationOf(route: RouteKey): IpPrefix | undefined {
  if (route.destination === 'default') return undefined;
  const prefix = parsePrefix(route.destination, 'route destination');
  if (route.family !== undefined) checkFamily(prefix, route.family, 'destination', 'its address');
  return prefix;
}

function impliedFamily({ family, source, from, via }: RouteKey): AddressFamily {
  if (family !== undefined) {
    familyNumber(family);
    return family;
  }
  if (source !== undefined) return parseIp(source, 'route source').family;
  if (from !== undefined) return parsePrefix(from, 'route from').family;
  if (via !== undefined) return parseIp(via, 'route via').family;
  throw new TypeError('family must be given for a default route without via and source');
}

function checkFamily(
  address: { readonly family: AddressFamily },
  family: AddressFamily,
  name: string,
  text: string | undefined,
): void {
  if (address.family === family) return;
  throw new RangeError(`route ${name}: ${text} is not ${family === 'ipv4' ? 'IPv4' : 'IPv6'}`);
}

function encodeGateway(
  via: string | undefined,
  family: AddressFamily,
): Pick<NativeRoute, 'gateway' | 'via'> {
  if (via === undefined) return {};
  const address = parseIp(via, 'route via');
  if (address.family === family) return { gateway: address.bytes };
  if (family === 'ipv6') throw new RangeError(`route via: ${via} is not IPv6`);
  return { via: address.bytes };
}

/** What `ip route` makes of a route that names none. */
function usualScope(type: RouteType, { via, nextHops }: RouteConfig) {
  if (type === 'local') return 'host';
  if (type === 'broadcast' || type === 'multicast' || type === 'anycast') return 'link';
  return type === 'unicast' && via === undefined && nextHops === undefined ? 'link' : 'global';
}

function encodeNextHop(
  hop: NextHopConfig,
  link: number | undefined,
  family: AddressFamily,
): NativeNextHop {
  checkObject(hop, 'next hop');
  const { weight = 1, onlink = false, via } = hop;
  checkInteger(weight, 1, highestWeight, 'next hop weight');
  checkBoolean(onlink, 'next hop onlink');
  if (via === undefined && hop.link === undefined) {
    throw new TypeError('a next hop needs via, link or both');
  }
  return {
    flags: onlink ? uapi.RTNH_F_ONLINK : 0,
    weight: weight - 1,
    link: link ?? 0,
    ...encodeGateway(via, family),
  };
}

function decodeNextHop(hop: NativeNextHop, names: LinkNames): NextHop {
  return {
    weight: hop.weight + 1,
    flags: flagNames(routeFlags, hop.flags),
    ...defined({
      via: gatewayText(hop),
      link: names.get(hop.link),
      linkIndex: hop.link || undefined,
    }),
  };
}

function gatewayText({ gateway, via }: Pick<NativeRoute, 'gateway' | 'via'>): string | undefined {
  const bytes = gateway ?? via;
  return bytes && formatIp(bytes);
}

function prefixText(bytes: Uint8Array | undefined, length: number): string | undefined {
  return bytes && length > 0 ? `${formatIp(bytes)}/${length}` : undefined;
}

const countedMetrics = [
  'mtu',
  'advertisedMss',
  'window',
  'initialCongestionWindow',
  'initialReceiveWindow',
] as const;

function encodeMetrics(metrics: RouteMetrics): NativeRouteMetrics {
  checkObject(metrics, 'route metrics');
  const { mtuLocked, quickAck, hopLimit, congestionControl } = metrics;
  for (const name of countedMetrics) {
    const value = metrics[name];
    if (value !== undefined) checkInteger(value, 1, 0xffffffff, `route ${name}`);
  }
  if (hopLimit !== undefined) checkInteger(hopLimit, 1, 255, 'route hopLimit');
  if (mtuLocked !== undefined) checkBoolean(mtuLocked, 'route mtuLocked');
  if (quickAck !== undefined) checkBoolean(quickAck, 'route quickAck');
  if (congestionControl !== undefined && typeof congestionControl !== 'string') {
    throw new TypeError('route congestionControl must be a string');
  }
  return defined({
    mtu: metrics.mtu,
    advertisedMss: metrics.advertisedMss,
    window: metrics.window,
    initialCongestionWindow: metrics.initialCongestionWindow,
    initialReceiveWindow: metrics.initialReceiveWindow,
    hopLimit,
    congestionControl,
    quickAck: quickAck === undefined ? undefined : Number(quickAck),
    locked: mtuLocked ? 1 << uapi.RTAX_MTU : undefined,
  });
}

function decodeMetrics(metrics: NativeRouteMetrics): RouteMetrics {
  const { locked = 0, quickAck, ...same } = metrics;
  return {
    ...same,
    ...defined({
      quickAck: quickAck === undefined ? undefined : quickAck !== 0,
      mtuLocked: locked & (1 << uapi.RTAX_MTU) ? true : undefined,
    }),
  };
}
