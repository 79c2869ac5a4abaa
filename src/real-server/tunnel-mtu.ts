import type { AddressFamily } from '../net/ip.ts';
import type { DraftBuilder } from './draft.ts';
import type { HostFacts } from './facts.ts';
import { hasNeighbours } from './interfaces.ts';
import type { RealServerSettings } from './settings.ts';

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

/** Says what fits through the tunnel, and what to do about clients that send more. */
export function adviseMtu(
  draft: DraftBuilder,
  settings: RealServerSettings,
  { links, routes }: HostFacts,
  inner: AddressFamily,
  interfaces: readonly string[],
): void {
  const outer = settings.outer ?? inner;
  const defaults = routes.filter(
    (route) => route.family === outer && route.destination === 'default',
  );
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
  if (sizes.length === 0) return;
  const path = Math.min(...sizes);
  const fits = path - tunnelOverhead(settings, inner);
  const segment = fits - segmentHeaders[inner];
  const name = inner === 'ipv4' ? 'IPv4' : 'IPv6';
  draft.notes.push(
    `tunnelled ${name} packets may have ${fits} bytes where the path from the director carries ${path}: offer clients a TCP segment size of ${segment} at most (ip route change default … advmss ${segment}), or give that path an MTU of ${path + tunnelOverhead(settings, inner)}`,
  );
}
