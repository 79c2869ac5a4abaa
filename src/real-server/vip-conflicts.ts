import type { Address } from '../net/address.ts';
import { formatIp, parsePrefix } from '../net/ip.ts';
import { confName, type HostFacts } from './facts.ts';
import { bare, hasNeighbours } from './interfaces.ts';
import { settingId } from './setting.ts';
import { familyOf, fullLength } from './settings.ts';

/** Where a VIP is to be, and what of this machine's addresses is the setup's own already. */
export interface VipPlace {
  /** Undefined where the VIP must not be on this machine at all. */
  readonly link: string | undefined;
  /** Ids of settings that the same setup has claimed before. */
  readonly ownIds: ReadonlySet<string>;
}

/** Why a VIP cannot be put where it is to be, on this machine. */
export function vipConflicts(vip: string, place: VipPlace, facts: HostFacts): readonly string[] {
  const found = facts.addresses.filter((address) => bare(address) === vip);
  const wrong = found.flatMap((address) => wrongPlace(vip, address, place, facts) ?? []);
  return [...wrong, ...broadcastOf(vip, facts), ...withoutIpv6(vip, place, facts)];
}

function wrongPlace(
  vip: string,
  found: Address,
  { link, ownIds }: VipPlace,
  facts: HostFacts,
): string | undefined {
  const { address } = found;
  const full = `${vip}/${fullLength(vip)}`;
  const on = found.link;
  if (address === full && on === link) return undefined;
  if (ownIds.has(settingId({ kind: 'address', link: on, address, value: null }))) return undefined;
  // Nobody is advised to take the address away that the machine is reached at.
  if (isOwn(found, facts)) {
    return `VIP ${vip} is this machine's own address ${address} on ${on}: a VIP is an address of the director`;
  }
  const remove = `ip address del ${address} dev ${on}`;
  if (link === undefined) {
    return `VIP ${vip} is on ${on}: with nat only the director has it, here it would be answered locally (${remove})`;
  }
  if (address === full) {
    return `VIP ${vip} is already on ${on}, and cannot be on ${link} too (${remove})`;
  }
  return `VIP ${vip} is on ${on} as ${address}: that makes the whole network local, it has to be /${fullLength(vip)} (${remove})`;
}

/** Whether it is the address of a network that the machine is on, or the only one of an interface. */
function isOwn({ link, address, family }: Address, { links, addresses }: HostFacts): boolean {
  if (link === 'lo') return false;
  if (parsePrefix(address).length < (family === 'ipv4' ? 32 : 128)) return true;
  const isWire = links.some((one) => one.name === link && hasNeighbours(one));
  const others = addresses.filter(
    (one) =>
      one.link === link &&
      one.family === family &&
      one.scope === 'global' &&
      one.address !== address,
  );
  return isWire && others.length === 0;
}

function broadcastOf(vip: string, { addresses }: HostFacts): readonly string[] {
  if (familyOf(vip) !== 'ipv4') return [];
  return addresses.flatMap(({ address, link, family, broadcast }) => {
    if (family !== 'ipv4') return [];
    const { bytes, length } = parsePrefix(address);
    const ends = length > 30 ? [] : networkEnds(bytes, length);
    const isEnd = vip === broadcast || ends.includes(vip);
    return isEnd
      ? [`VIP ${vip} is a broadcast address of the network of ${address} on ${link}`]
      : [];
  });
}

/** The addresses of a network with only zeros, and with only ones, behind the prefix. */
function networkEnds(bytes: Uint8Array, length: number): readonly string[] {
  const first = bytes.slice();
  const last = bytes.slice();
  for (let bit = length; bit < 32; bit++) {
    const at = bit >> 3;
    const mask = 0x80 >> (bit & 7);
    first[at] = (first[at] ?? 0) & ~mask;
    last[at] = (last[at] ?? 0) | mask;
  }
  return [formatIp(first), formatIp(last)];
}

function withoutIpv6(vip: string, { link }: VipPlace, facts: HostFacts): readonly string[] {
  if (familyOf(vip) !== 'ipv6' || link === undefined) return [];
  if (!facts.sysctls.has(confName('ipv6', 'all', 'disable_ipv6'))) {
    return [`VIP ${vip} cannot be: this kernel has no IPv6, or was started with ipv6.disable=1`];
  }
  const known = facts.links.some((one) => one.name === link) ? link : 'default';
  const name = confName('ipv6', known, 'disable_ipv6');
  if (facts.sysctls.get(name) !== '1') return [];
  return [`VIP ${vip} cannot be on ${link}: IPv6 is disabled there (sysctl ${name} is 1)`];
}
