import type { Tunnel } from '../ipvs/destination.ts';
import type { Link } from '../net/link.ts';
import { addressKey, type ServerFacts, type VipFacts } from './facts.ts';
import { type Finding, finding } from './finding.ts';

/** What fits through the tunnel to a server. */
export interface TunnelRoom {
  /** The largest packet on the way to the server that is known to fit. */
  readonly path: number;
  /** What the director puts before each packet. */
  readonly overhead: number;
  /** The largest packet of a client that fits. */
  readonly fits: number;
}

const headers = { ipv4: 40, ipv6: 60 } as const;
/** What every network has to carry of IPv6 (RFC 8200). */
const leastOfIpv6 = 1280;

/** Bytes before each packet: RFC 2003, 2473, 2784, and the GUE of <linux/ip_vs.h>. */
export function overheadOf(tunnel: Tunnel | undefined, server: string): number {
  const outer = server.includes(':') ? 40 : 20;
  const checksum = tunnel?.type === 'gre' || tunnel?.type === 'gue' ? tunnel.checksum : 'none';
  if (tunnel?.type === 'gre') return outer + 4 + (checksum === 'full' ? 4 : 0);
  // UDP and GUE; a remote checksum adds the word of private flags, and its own.
  if (tunnel?.type === 'gue') return outer + 8 + 4 + (checksum === 'remote' ? 8 : 0);
  return outer;
}

export function tunnelRoom({ server, way }: ServerFacts): TunnelRoom | undefined {
  if (server.forwarding !== 'tun' || way.mtu === undefined || way.local) return undefined;
  const overhead = overheadOf(server.tunnel, server.key.address);
  return { path: way.mtu, overhead, fits: way.mtu - overhead };
}

interface Tunnelled {
  readonly room: TunnelRoom;
  readonly vip: VipFacts;
  readonly servers: readonly ServerFacts[];
}

/** What is wrong with the room in tunnels, a word for all servers of a service with the same. */
export function judgeTunnels(
  servers: readonly ServerFacts[],
  vips: readonly VipFacts[],
  links: readonly Link[],
): readonly Finding[] {
  const groups = new Map<string, Tunnelled>();
  for (const facts of servers) {
    const room = tunnelRoom(facts);
    const vip = vips.find((one) => one.vip === addressKey(facts.service)?.address);
    if (room === undefined || vip === undefined) continue;
    const name = `${facts.service.text} ${room.path} ${room.overhead}`;
    const others = groups.get(name)?.servers ?? [];
    groups.set(name, { room, vip, servers: [...others, facts] });
  }
  return [...groups.values()].flatMap((group) => judgeRoom(group, links));
}

function judgeRoom(
  { room: { path, overhead, fits }, vip, servers }: Tunnelled,
  links: readonly Link[],
): readonly Finding[] {
  const addresses = servers.map(({ server }) => server.key.address);
  const names = addresses.length > 4 ? `${addresses.length} servers` : addresses.join(', ');
  const about = servers.length === 1 ? servers[0]?.about : servers[0]?.service.text;
  const found = `the way to ${names} carries ${path} bytes, the tunnel takes ${overhead}: ${fits} are left for a packet of a client`;
  if (vip.family === 'ipv6' && fits < leastOfIpv6) {
    const mend = `give that way an MTU of ${leastOfIpv6 + overhead} at least`;
    return [finding('tunnel-mtu', found, { about, mend })];
  }
  const sizes = links.filter(({ name }) => vip.near.includes(name)).map(({ mtu }) => mtu);
  const clients = sizes.length > 0 ? Math.min(...sizes) : path;
  if (fits >= clients) return [];
  // That a header takes its room is so with every tunnel; a way narrower than the clients' is not.
  const severity = path < clients ? 'warning' : 'hint';
  const segment = fits - headers[vip.family];
  const ip = vip.family === 'ipv6' ? 'ip -6' : 'ip';
  const mend = `on ${names}: ${ip} route change default … advmss ${segment}`;
  return [finding('tunnel-mtu', found, { about, mend, severity })];
}
