import type { Address } from '../net/address.ts';
import type { Network } from '../net/network.ts';
import { NetworkError } from '../net/network-error.ts';
import type { Sysctl } from '../net/sysctl.ts';
import { confName } from '../real-server/facts.ts';
import { bare, isWithin } from '../real-server/interfaces.ts';
import type { DirectorFacts, VipFacts, WayFacts } from './facts.ts';

type Interfaces = Omit<DirectorFacts, 'sysctls'>;

export async function readInterfaces(network: Network): Promise<Interfaces> {
  return {
    links: await network.links.list(),
    addresses: await network.addresses.list(),
    routes: await network.routes.list({ table: 'main' }),
  };
}

/** Where a virtual address is. */
export async function readVip(
  vip: string,
  network: Network,
  { links, addresses }: Interfaces,
): Promise<VipFacts> {
  const family = vip.includes(':') ? 'ipv6' : 'ipv4';
  const own = addresses.filter((address) => bare(address) === vip);
  const up = new Set(links.filter((link) => link.up).map(({ name }) => name));
  const near = addresses.filter(
    (address) =>
      address.family === family &&
      up.has(address.link) &&
      address.link !== 'lo' &&
      bare(address) !== vip &&
      isWithin(vip, address.address),
  );
  return {
    vip,
    family,
    // A route of type local takes whole networks in without an address.
    here: own.length > 0 || (await routeTo(vip, network))?.type === 'local',
    addresses: own,
    near: [...new Set(near.map(({ link }) => link))],
  };
}

/** How packets get from the director to a server. */
export async function readWay(
  server: string,
  network: Network,
  { links, addresses }: Interfaces,
): Promise<WayFacts> {
  if (addresses.some((address) => bare(address) === server)) return { local: true };
  const route = await routeTo(server, network);
  const link = route?.link;
  if (route === undefined || link === undefined) return { local: route?.type === 'local' };
  const mtu = route.metrics.mtu ?? links.find(({ name }) => name === link)?.mtu;
  const shared = addresses.find((one: Address) => one.link === link && sharesNetwork(one, server));
  return {
    link,
    local: route.type === 'local',
    ...(route.via === undefined ? {} : { via: route.via }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(shared === undefined ? {} : { shared: shared.address }),
  };
}

function sharesNetwork({ address }: Address, server: string): boolean {
  return address.includes(':') === server.includes(':') && isWithin(server, address);
}

async function routeTo(address: string, network: Network) {
  try {
    return await network.routes.get(address);
  } catch (error) {
    if (error instanceof NetworkError && error.code === 'NETWORK_UNREACHABLE') return undefined;
    throw error;
  }
}

/** What is looked at of each interface. */
const ofLinks = ['arp_ignore', 'forwarding', 'rp_filter', 'send_redirects'];
const alone = [
  'net.ipv6.conf.all.forwarding',
  'net.netfilter.nf_conntrack_count',
  'net.netfilter.nf_conntrack_max',
];

/** @param links Those that lead to clients and servers; a host of containers has thousands more. */
export async function readSysctls(
  sysctl: Sysctl,
  links: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  for (const { name, value } of await sysctl.list('net.ipv4.vs')) {
    if (value !== undefined) values.set(name, value);
  }
  const names = ['all', ...links].flatMap((link) =>
    ofLinks.map((name) => confName('ipv4', link, name)),
  );
  for (const name of [...names, ...alone]) {
    try {
      values.set(name, await sysctl.read(name));
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
    }
  }
  return values;
}
