import type { Address } from '../net/address.ts';
import { familyOf } from '../net/ip.ts';
import { bare, isWithin } from '../real-server/interfaces.ts';
import type { DirectorFacts, ExaminedServer, VipFacts, WayFacts } from './facts.ts';
import { loneAddress } from './lone-addresses.ts';

/** Where a trial comes from. */
export interface Source {
  readonly address: string;
  readonly link: string;
  /** Whether the server has to look for the way back: it is no neighbour of that address. */
  readonly provesWayBack: boolean;
}

/**
 * The address from which to try a server: the director's own, never a virtual one, since a server has
 * it too. With address translation the way back has to be that of clients, by the server's gateway, so
 * it is one that nobody else has a way to, unless `from` says which address of the director does for one
 * of a client.
 */
export function sourceFor(
  vip: VipFacts,
  server: ExaminedServer,
  way: WayFacts,
  vips: ReadonlySet<string>,
  { addresses }: Pick<DirectorFacts, 'addresses'>,
  from?: string,
): Source | undefined {
  const isNeighbour = (address: Address) =>
    way.shared !== undefined && isWithin(bare(address), way.shared);
  const source = (address: Address): Source => ({
    address: bare(address),
    link: address.link,
    provesWayBack: !isNeighbour(address),
  });
  if (server.forwarding === 'nat') {
    const given = addresses.find((one) => one.family === vip.family && bare(one) === from);
    if (given !== undefined) return source(given);
    return { address: loneAddress[vip.family], link: 'lo', provesWayBack: true };
  }
  const usable = addresses.filter(isUsable).filter(({ family }) => family === vip.family);
  const own = usable.filter((address) => !vips.has(bare(address)));
  const ranked = [...own].sort(
    (one, other) => rank(one, vip) - rank(other, vip) || one.linkIndex - other.linkIndex,
  );
  return ranked.map(source)[0];
}

function isUsable({ scope, flags }: Address): boolean {
  return scope === 'global' && !flags.some((flag) => flag === 'tentative' || flag === 'dadfailed');
}

/** The address by which clients' network knows the director first. */
function rank({ link, address }: Address, { vip, near, addresses }: VipFacts): number {
  if (familyOf(vip) === familyOf(bare({ address })) && near.includes(link)) return 0;
  return addresses.some((one) => one.link === link) ? 1 : 2;
}
