import type { Address } from '../net/address.ts';
import type { AddressFamily } from '../net/ip.ts';
import { formatIp, parsePrefix } from '../net/ip.ts';
import type { DraftBuilder } from './draft.ts';
import { confName, type HostFacts } from './facts.ts';
import { bare, isWithin } from './interfaces.ts';
import { advice, portRuleReason, reasons, ruleReason } from './reasons.ts';
import { familyOf, fullLength, type RealServerSettings, type ReplyPort } from './settings.ts';
import { vipConflicts } from './vip-conflicts.ts';

/** The table and the priority of the rules that lead answers to the director. */
export const replyTable = 10_080;
export const rulePriority = 10_080;

export const transports: Readonly<Record<ReplyPort['protocol'], number>> = {
  tcp: 6,
  udp: 17,
  sctp: 132,
};

/**
 * Address translation: the director rewrites the destination of what clients send, and has to see
 * the answers to write the VIP back into them. So they have to leave through it.
 */
export function draftMasquerade(
  draft: DraftBuilder,
  settings: RealServerSettings,
  facts: HostFacts,
  ownIds: ReadonlySet<string>,
): void {
  const { vips, gateways = [] } = settings;
  for (const vip of vips) {
    draft.problems.push(...vipConflicts(vip, { link: undefined, ownIds }, facts));
  }
  for (const gateway of gateways) {
    const own = nearestAddress(gateway, facts);
    if (own === undefined) {
      draft.problems.push(notNear(gateway, facts));
      continue;
    }
    if (facts.addresses.some((address) => bare(address) === gateway)) {
      draft.problems.push(`gateway ${gateway} is this machine's own address`);
      continue;
    }
    keepToGateway(draft, own);
    if (settings.replies === 'policy') leadByRule(draft, settings, gateway, own);
    else leadByDefault(draft, gateway, own, facts);
    warnOfSharedNetwork(draft, vips, own, settings);
  }
  if (facts.sysctls.get('net.ipv4.ip_forward') === '1') {
    draft.notes.push(
      'this machine forwards packets (net.ipv4.ip_forward is 1), which a real server need not',
    );
  }
  draft.notes.push(advice.forwarding);
}

/** The address of this machine in whose network the gateway is. */
function nearestAddress(gateway: string, { addresses }: HostFacts): Address | undefined {
  const near = addresses.filter(
    (address) =>
      address.family === familyOf(gateway) &&
      address.scope === 'global' &&
      parsePrefix(address.address).length < fullLength(gateway) &&
      isWithin(gateway, address.address),
  );
  return near.sort((one, other) => lengthOf(other) - lengthOf(one))[0];
}

function lengthOf({ address }: Address): number {
  return parsePrefix(address).length;
}

function notNear(gateway: string, { addresses }: HostFacts): string {
  const networks = addresses
    .filter(({ family, link }) => family === familyOf(gateway) && link !== 'lo')
    .map(({ address, link }) => `${address} on ${link}`);
  const there = networks.length === 0 ? 'it has none' : networks.join(', ');
  return `gateway ${gateway} is on no network of this machine (${there}): with nat the director has to be the next hop`;
}

/** A director that sends answers out where they came in tells their sender of a shorter way. */
function keepToGateway(draft: DraftBuilder, { family, link }: Address): void {
  if (family === 'ipv4') {
    draft.sysctl(confName('ipv4', 'all', 'accept_redirects'), '0', reasons.noRedirects);
  }
  draft.sysctl(
    confName(family, link, 'accept_redirects'),
    '0',
    family === 'ipv4' ? reasons.noRedirectsOfLink : reasons.noRedirects,
  );
}

function leadByDefault(
  draft: DraftBuilder,
  gateway: string,
  { family, link }: Address,
  { routes }: HostFacts,
): void {
  const defaults = routes.filter(
    (route) => route.family === family && route.destination === 'default' && route.tos === 0,
  );
  const best = defaults.sort((one, other) => one.metric - other.metric)[0];
  // The one that packets take now does, whatever its metric.
  const leads = best !== undefined && best.via === gateway && best.link === link;
  const metric = leads ? best.metric : firstMetric[family];
  const replaced = defaults.find((route) => route.metric === metric);
  if (replaced?.nextHopId !== undefined) {
    draft.problems.push(
      `the default route uses the next hop object ${replaced.nextHopId}, which undo could not bring back: use a policy route (--reply-route policy), or replace that route`,
    );
  }
  draft.want(
    {
      kind: 'route',
      family,
      destination: 'default',
      table: 'main',
      metric,
      value: { via: gateway, link },
    },
    reasons.leadsBack,
  );
}

/** The metric that no route goes before. IPv6 takes 0 for its usual 1024. */
export const firstMetric: Readonly<Record<AddressFamily, number>> = { ipv4: 0, ipv6: 1 };

function leadByRule(
  draft: DraftBuilder,
  { ports = [] }: RealServerSettings,
  gateway: string,
  own: Address,
): void {
  const { family, link } = own;
  const metric = firstMetric[family];
  if (ports.length === 0) {
    draft.want(
      {
        kind: 'route',
        family,
        destination: networkOf(own),
        table: replyTable,
        metric,
        value: { link, ...(family === 'ipv4' ? { scope: 'link' as const } : {}) },
      },
      reasons.staysNear,
    );
  }
  draft.want(
    {
      kind: 'route',
      family,
      destination: 'default',
      table: replyTable,
      metric,
      value: { via: gateway, link },
    },
    reasons.leadsBack,
  );
  const from = `${bare(own)}/${fullLength(bare(own))}`;
  const common = { family, priority: rulePriority, from, table: replyTable } as const;
  if (ports.length === 0) {
    draft.want({ kind: 'rule', rule: common, value: 'present' }, ruleReason(bare(own)));
  }
  for (const { protocol, port } of ports) {
    const rule = {
      ...common,
      transport: transports[protocol],
      sourcePorts: { first: port, last: port },
    };
    draft.want({ kind: 'rule', rule, value: 'present' }, portRuleReason(protocol, port));
  }
}

/** The prefix of an address with the bits behind it zero. */
function networkOf({ address }: Address): string {
  const { bytes, length } = parsePrefix(address);
  const network = bytes.map((byte, index) => {
    const bits = Math.min(8, Math.max(0, length - index * 8));
    return byte & (0xff00 >> bits);
  });
  return `${formatIp(network)}/${length}`;
}

function warnOfSharedNetwork(
  draft: DraftBuilder,
  vips: readonly string[],
  { address, link, family }: Address,
  { replies, ports = [] }: RealServerSettings,
): void {
  if (replies === 'policy' && ports.length > 0) return;
  const shared = vips.filter((vip) => familyOf(vip) === family && isWithin(vip, address));
  draft.notes.push(
    shared.length > 0
      ? `warning: VIP ${shared.join(', ')} is on this machine's own network (${address} on ${link}), so clients there are likely: their answers would go straight to them, past the director, and be dropped; ${advice.portRoute}`
      : `clients must not be on this machine's own network (${address} on ${link}): their answers would go past the director; ${advice.portRoute}`,
  );
}
