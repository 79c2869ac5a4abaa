import type { Address } from '../net/address.ts';
import { familyOf } from '../net/ip.ts';
import { bare, isWithin } from '../real-server/interfaces.ts';
import type { DirectorFacts, ExaminedServer, VipFacts, WayFacts } from './facts.ts';

/** Where a trial comes from. */
export interface Source {
  readonly address: string;
  readonly link: string;
  /** Whether the server has to look for the way back: it is no neighbour of that address. */
  readonly provesWayBack: boolean;
}

/**
 * The director's own address from which to try a server: never a virtual one, since a server has it
 * too. With address translation the way back leads through the server's gateway only for addresses
 * outside its own network, so such an address comes first; there even the virtual one will do.
 */
export function sourceFor(
  vip: VipFacts,
  server: ExaminedServer,
  way: WayFacts,
  vips: ReadonlySet<string>,
  { addresses }: Pick<DirectorFacts, 'addresses'>,
): Source | undefined {
  const isNat = server.forwarding === 'nat';
  const usable = addresses.filter(isUsable).filter(({ family }) => family === vip.family);
  const own = usable.filter((address) => !vips.has(bare(address)));
  const isNeighbour = (address: Address) =>
    way.shared !== undefined && isWithin(bare(address), way.shared);
  const source = (address: Address): Source => ({
    address: bare(address),
    link: address.link,
    provesWayBack: !isNeighbour(address),
  });
  const ranked = [...own].sort(
    (one, other) => rank(one, vip) - rank(other, vip) || one.linkIndex - other.linkIndex,
  );
  if (!isNat) return ranked.map(source)[0];
  const far = ranked.find((address) => !isNeighbour(address));
  const virtual = usable.find((address) => bare(address) === vip.vip && !isNeighbour(address));
  return [far, virtual, ranked[0]].flatMap((one) => (one === undefined ? [] : source(one)))[0];
}

function isUsable({ scope, flags }: Address): boolean {
  return scope === 'global' && !flags.some((flag) => flag === 'tentative' || flag === 'dadfailed');
}

/** The address by which clients' network knows the director first. */
function rank({ link, address }: Address, { vip, near, addresses }: VipFacts): number {
  if (familyOf(vip) === familyOf(bare({ address })) && near.includes(link)) return 0;
  return addresses.some((one) => one.link === link) ? 1 : 2;
}
