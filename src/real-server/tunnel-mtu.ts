import type { AddressFamily } from '../net/ip.ts';
import type { DraftBuilder } from './draft.ts';
import type { HostFacts } from './facts.ts';
import { type Finding, meanings } from './finding.ts';
import { hasNeighbours } from './interfaces.ts';
import { familyOf, type RealServerSettings } from './settings.ts';

/** Bytes that the director puts before each packet (RFC 2003, RFC 2473, RFC 2784, GUE draft). */
export function tunnelOverhead(settings: RealServerSettings, inner: AddressFamily): number {
  const { tunnelType = 'ipip', tunnelChecksum = false, outer = inner } = settings;
  const header = outer === 'ipv4' ? 20 : 40;
  if (tunnelType === 'gre') return header + 4 + (tunnelChecksum ? 4 : 0);
  if (tunnelType === 'gue') return header + 8 + 4;
  return header;
}

/** The headers of IP and TCP, without options. */
export const segmentHeaders: Readonly<Record<AddressFamily, number>> = { ipv4: 40, ipv6: 60 };

/** What fits through the tunnel. */
export interface TunnelRoom {
  /** The largest packet that this machine's own networks carry. */
  readonly path: number;
  readonly fits: number;
  /** The largest TCP segment that fits. */
  readonly segment: number;
}

/** @param interfaces Where the director's packets come in; none: where the default routes lead. */
export function tunnelRoom(
  settings: RealServerSettings,
  { links, routes }: HostFacts,
  inner: AddressFamily,
  interfaces: readonly string[],
): TunnelRoom | undefined {
  const defaults = defaultRoutes(routes, settings.outer ?? inner);
  const names = new Set(
    interfaces.length > 0 ? interfaces : defaults.flatMap(({ link }) => link ?? []),
  );
  const paths = links.filter(
    (link) => hasNeighbours(link) && (names.size === 0 || names.has(link.name)),
  );
  const sizes = [
    ...paths.map((link) => link.mtu),
    ...defaults.flatMap(({ link, metrics }) =>
      link !== undefined && names.has(link) && metrics.mtu !== undefined ? [metrics.mtu] : [],
    ),
  ];
  if (sizes.length === 0) return undefined;
  const path = Math.min(...sizes);
  const fits = path - tunnelOverhead(settings, inner);
  return { path, fits, segment: fits - segmentHeaders[inner] };
}

/** Says what fits through the tunnel, and what to do about clients that send more. */
export function adviseMtu(
  draft: DraftBuilder,
  settings: RealServerSettings,
  facts: HostFacts,
  inner: AddressFamily,
  interfaces: readonly string[],
): void {
  const room = tunnelRoom(settings, facts, inner, interfaces);
  if (room === undefined) return;
  const { path, fits, segment } = room;
  draft.notes.push(
    `tunnelled ${familyName[inner]} packets may have ${fits} bytes where the path from the director carries ${path}: offer clients a TCP segment size of ${segment} at most (ip route change default … advmss ${segment}), or give that path an MTU of ${path + tunnelOverhead(settings, inner)}`,
  );
}

/** Default routes by which clients are offered larger segments than fit through the tunnel. */
export function tightTunnels(settings: RealServerSettings, facts: HostFacts): readonly Finding[] {
  if (settings.mode !== 'tun') return [];
  const findings: Finding[] = [];
  for (const inner of ['ipv4', 'ipv6'] as const) {
    const room = tunnelRoom(settings, facts, inner, settings.interfaces ?? []);
    if (room === undefined || !settings.vips.some((vip) => familyOf(vip) === inner)) continue;
    for (const { via, link, metric, metrics } of defaultRoutes(facts.routes, inner)) {
      const mtu = metrics.mtu ?? facts.links.find(({ name }) => name === link)?.mtu;
      const offered =
        metrics.advertisedMss ?? (mtu === undefined ? 0 : mtu - segmentHeaders[inner]);
      if (offered <= room.segment) continue;
      const words = [
        inner === 'ipv6' ? 'ip -6 route change default' : 'ip route change default',
        ...(via === undefined ? [] : [`via ${via}`]),
        ...(link === undefined ? [] : [`dev ${link}`]),
        ...(metric === 0 ? [] : [`metric ${metric}`]),
        ...(metrics.mtu === undefined ? [] : [`mtu ${metrics.mtu}`]),
        `advmss ${room.segment}`,
      ];
      findings.push({
        id: 'tunnel-mtu',
        severity: 'warning',
        found: `${familyName[inner]} clients are offered TCP segments of ${offered} bytes, and ${room.segment} fit through the tunnel where the path carries ${room.path}`,
        meaning: meanings['tunnel-mtu'],
        mend: words.join(' '),
      });
    }
  }
  return findings;
}

const familyName = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;

function defaultRoutes(routes: HostFacts['routes'], family: AddressFamily): HostFacts['routes'] {
  return routes.filter((route) => route.family === family && route.destination === 'default');
}
