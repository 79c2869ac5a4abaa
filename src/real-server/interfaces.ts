import type { Address } from '../net/address.ts';
import { parseIp, parsePrefix } from '../net/ip.ts';
import type { Link } from '../net/link.ts';
import type { DraftBuilder } from './draft.ts';
import type { HostFacts } from './facts.ts';
import { familyOf, type RealServerSettings } from './settings.ts';

/** Whether an address is within a prefix such as `192.0.2.1/24`. */
export function isWithin(address: string, prefix: string): boolean {
  const { bytes } = parseIp(address);
  const network = parsePrefix(prefix);
  if (bytes.length !== network.bytes.length) return false;
  for (let bit = 0; bit < network.length; bit++) {
    const mask = 0x80 >> (bit & 7);
    const at = bit >> 3;
    if (((bytes[at] ?? 0) & mask) !== ((network.bytes[at] ?? 0) & mask)) return false;
  }
  return true;
}

/** The address without its length. */
export function bare({ address }: Pick<Address, 'address'>): string {
  return address.slice(0, address.indexOf('/'));
}

/** Whether neighbours can ask on it who has an address: ARP and broadcast, and no dead end. */
export function hasNeighbours(link: Link): boolean {
  return (
    link.arp && link.kind !== 'dummy' && link.flags.includes('broadcast') && link.name !== 'lo'
  );
}

/**
 * The interfaces on which somebody could ask for the VIPs: those that are given, else those whose
 * network a VIP is in, else where the default route leads, else all that have an address.
 */
export function askedOn(
  settings: RealServerSettings,
  facts: HostFacts,
  draft: DraftBuilder,
): readonly string[] {
  const { interfaces } = settings;
  const names = facts.links.map((link) => link.name);
  if (interfaces !== undefined && interfaces.length > 0) {
    for (const name of interfaces.filter((one) => !names.includes(one))) {
      draft.problems.push(`there is no interface ${name}; there are ${names.join(', ')}`);
    }
    return interfaces;
  }
  const ipv4 = settings.vips.filter((vip) => familyOf(vip) === 'ipv4');
  if (ipv4.length === 0) return [];
  const found = new Set(ipv4.flatMap((vip) => interfacesOf(vip, settings, facts)));
  if (found.size === 0) {
    draft.problems.push(
      'no interface with an IPv4 address is up on which neighbours could ask for the VIP; name one with --interface',
    );
  }
  return [...found].sort();
}

function interfacesOf(
  vip: string,
  { vips }: RealServerSettings,
  { links, addresses, routes }: HostFacts,
): readonly string[] {
  const candidates = links.filter((link) => link.up && hasNeighbours(link));
  const isCandidate = (name: string | undefined) => candidates.some((link) => link.name === name);
  const own = addresses.filter(
    (address) =>
      address.family === 'ipv4' &&
      address.scope === 'global' &&
      isCandidate(address.link) &&
      !vips.includes(bare(address)),
  );
  const near = own.filter(({ address }) => isWithin(vip, address));
  if (near.length > 0) return near.map(({ link }) => link);
  const defaults = routes.filter(
    (route) =>
      route.family === 'ipv4' && route.destination === 'default' && isCandidate(route.link),
  );
  if (defaults.length > 0) return defaults.flatMap(({ link }) => link ?? []);
  return own.map(({ link }) => link);
}
