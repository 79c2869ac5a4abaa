import type { AddressFamily } from '../net/ip.ts';
import type { TunnelKind, TunnelSettings } from '../net/tunnel.ts';
import { wantDevice } from './direct-routing.ts';
import type { DraftBuilder } from './draft.ts';
import { confName, type HostFacts } from './facts.ts';
import { dummyName, holdVips } from './hold-vips.ts';
import { askedOn, bare } from './interfaces.ts';
import { keepQuiet } from './keep-quiet.ts';
import { keptFilterReason, reasons, tunnelLinkReason } from './reasons.ts';
import { familyOf, type RealServerSettings } from './settings.ts';
import { adviseMtu } from './tunnel-mtu.ts';

/** A link that takes packets out of a tunnel. */
interface Decapsulator {
  readonly name: string;
  readonly kind: TunnelKind;
  readonly tunnel?: TunnelSettings;
}

/** Which link it is, but for what only the machine can say. */
export interface DecapsulatorShape extends Decapsulator {
  /** The family of the machine's own address that has to be written into it. */
  readonly local?: AddressFamily;
}

/** Which link unpacks packets for VIPs of one family. */
export function decapsulatorShape(
  settings: RealServerSettings,
  inner: AddressFamily,
): DecapsulatorShape {
  const { tunnelType = 'ipip', outer = inner, tunnelChecksum = false } = settings;
  if (tunnelType === 'gre') {
    if (!tunnelChecksum) {
      return outer === 'ipv4' ? { name: 'gre0', kind: 'gre' } : { name: 'ip6gre0', kind: 'ip6gre' };
    }
    // With VIPs of both families, packets may come over both.
    const link =
      outer === 'ipv4'
        ? ({ name: 'lvs-gre', kind: 'gre' } as const)
        : ({ name: 'lvs-gre6', kind: 'ip6gre' } as const);
    return { ...link, tunnel: { inputChecksum: true }, local: outer };
  }
  if (outer === 'ipv4') {
    return inner === 'ipv4' ? { name: 'tunl0', kind: 'ipip' } : { name: 'sit0', kind: 'sit' };
  }
  if (inner === 'ipv6') return { name: 'ip6tnl0', kind: 'ip6tnl' };
  // The link ip6tnl0 unpacks IPv6 alone, and takes no other mode.
  return { name: 'lvs-ip4in6', kind: 'ip6tnl', tunnel: { mode: 'any' }, local: outer };
}

/**
 * Tunnelling: packets for the VIP come inside packets to this machine's own address, which is
 * checked, unpacked and taken in; clients are answered directly.
 */
export function draftTunnel(
  draft: DraftBuilder,
  settings: RealServerSettings,
  facts: HostFacts,
  ownIds: ReadonlySet<string>,
): void {
  const { vips, device = 'tunnel', onlyInterfaces = false } = settings;
  const interfaces = askedOn(settings, facts, draft);
  const links = new Set<string>();
  const places = new Map<string, string[]>();
  for (const family of ['ipv4', 'ipv6'] as const) {
    const own = vips.filter((vip) => familyOf(vip) === family);
    if (own.length === 0) continue;
    const from = decapsulator(draft, settings, facts, family);
    links.add(from.name);
    wantDecapsulator(draft, settings, from);
    if (family === 'ipv4') {
      acceptFromAnywhere(draft, facts, from.name, links);
      keepQuiet(draft, interfaces, onlyInterfaces);
    }
    draft.want({ kind: 'link-state', link: from.name, value: 'up' }, reasons.tunnelUp);
    const place = device === 'dummy' ? dummyName : device === 'lo' ? 'lo' : from.name;
    places.set(place, [...(places.get(place) ?? []), ...own]);
    adviseMtu(draft, settings, facts, family, interfaces);
  }
  for (const [link, own] of places) {
    if (!links.has(link)) wantDevice(draft, link);
    holdVips(draft, own, { link, ownIds }, facts);
  }
}

function decapsulator(
  draft: DraftBuilder,
  settings: RealServerSettings,
  facts: HostFacts,
  inner: AddressFamily,
): Decapsulator {
  const { local, ...shape } = decapsulatorShape(settings, inner);
  if (local === undefined) return shape;
  const own = ownAddress(draft, settings, facts, local);
  return { ...shape, tunnel: { ...own, ...shape.tunnel } };
}

/** The address that the director sends tunnelled packets to. */
function ownAddress(
  draft: DraftBuilder,
  { vips, interfaces = [] }: RealServerSettings,
  { addresses }: HostFacts,
  family: AddressFamily,
): TunnelSettings {
  const found = addresses.filter(
    (address) =>
      address.family === family &&
      address.scope === 'global' &&
      !address.flags.includes('deprecated') &&
      !vips.includes(bare(address)) &&
      (interfaces.length === 0 || interfaces.includes(address.link)),
  );
  const [address] = found;
  if (address === undefined) {
    draft.problems.push(
      `no interface has an ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address that the director could send tunnelled packets to`,
    );
    return {};
  }
  return { local: bare(address) };
}

function wantDecapsulator(
  draft: DraftBuilder,
  { tunnelType = 'ipip', tunnelPort, outer }: RealServerSettings,
  { name, kind, tunnel }: Decapsulator,
): void {
  draft.want(
    { kind: 'link', name, value: tunnel === undefined ? { kind } : { kind, tunnel } },
    tunnelLinkReason(tunnelType),
  );
  if (tunnelType !== 'gue' || tunnelPort === undefined) return;
  const family = outer ?? (kind === 'ip6tnl' ? 'ipv6' : 'ipv4');
  draft.want({ kind: 'fou', family, port: tunnelPort, value: 'gue' }, reasons.tunnelPort);
}

/**
 * No reverse path filter on the tunnel. The kernel takes the larger of `all` and the link, so `all`
 * has to be 0 as well; what it did for the other links is written down for each of them first.
 */
function acceptFromAnywhere(
  draft: DraftBuilder,
  { links, sysctls }: HostFacts,
  tunnel: string,
  tunnels: ReadonlySet<string>,
): void {
  const filter = (link: string) => confName('ipv4', link, 'rp_filter');
  const all = Number(sysctls.get(filter('all')) ?? 0);
  const others = ['default', ...links.map((link) => link.name)];
  for (const link of all === 0 ? [] : others) {
    const own = sysctls.get(filter(link));
    if (tunnels.has(link) || link === 'lo' || own === undefined || Number(own) >= all) continue;
    draft.sysctl(
      filter(link),
      String(all),
      keptFilterReason(link === 'default' ? 'interfaces to come' : link),
    );
  }
  draft.sysctl(filter('all'), '0', reasons.noFilterOfAll);
  draft.sysctl(filter(tunnel), '0', reasons.noFilter);
}
