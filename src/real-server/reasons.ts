import type { AddressFamily } from '../net/ip.ts';
import type { TunnelType } from './settings.ts';

/** Why each thing has to be so, in operator's words: for plans, and for scripts that make the same. */
const larger = 'the kernel takes the larger of this and the value of `all`';
const everywhere = 'holds for every interface, also for those that come later';

function scopeOf(link: string): string {
  return link === 'all' ? everywhere : larger;
}

export function arpIgnoreReason(link: string): string {
  return `answers ARP only for addresses of the interface that is asked on: the VIP is on none, so that nobody but the director answers for it; ${scopeOf(link)}`;
}

export function arpAnnounceReason(link: string): string {
  return `asks ARP in the name of an address of the interface, never of the VIP: routers learn from questions too, and would send the VIP's traffic here; ${scopeOf(link)}`;
}

export function vipReason(family: AddressFamily, link: string): string {
  return family === 'ipv4'
    ? 'takes packets for the VIP in as its own; that one address alone, since a shorter mask would make the whole network local'
    : `takes packets for the VIP in as its own; neighbour discovery answers only for addresses of the interface that is asked on, which ${link} is not, and duplicate address detection, which would find the director, is left out`;
}

export function tunnelLinkReason(type: TunnelType): string {
  const carries: Readonly<Record<TunnelType, string>> = {
    ipip: 'plain packets in packets',
    gue: 'packets in UDP (GUE)',
    gre: 'packets in GRE',
  };
  return `unpacks what the director sends: ${carries[type]}`;
}

export function keptFilterReason(link: string): string {
  return `keeps the filter that ${link} had through \`all\`, which is 0 from now on`;
}

const noFilter =
  'a packet out of the tunnel is from a client, to whom the way back is not the tunnel: the filter would drop it';
const noRedirects = 'goes by no redirect that would lead answers past the director';

type ReasonName =
  | 'hostRoute'
  | 'dummy'
  | 'linkUp'
  | 'tunnelUp'
  | 'tunnelPort'
  | 'noFilter'
  | 'noFilterOfAll'
  | 'noRedirects'
  | 'noRedirectsOfLink'
  | 'leadsBack'
  | 'staysNear';

export const reasons: Readonly<Record<ReasonName, string>> = {
  hostRoute: 'leads to the VIP on this machine, as `route add -host VIP dev lo:0` did',
  dummy: 'holds VIPs and nothing else; it sends nothing',
  linkUp: 'a link that is down has no use for its addresses',
  tunnelUp: "takes packets out of the tunnel; while it is down the director's packets are refused",
  tunnelPort: 'takes the UDP off, and hands what is inside to the tunnel link',
  noFilter,
  noFilterOfAll: `${noFilter}; the kernel takes the larger of \`all\` and the link`,
  noRedirects,
  noRedirectsOfLink: `${noRedirects}; the kernel asks this and \`all\``,
  leadsBack: 'leads answers back through the director, which writes the VIP into them',
  staysNear: 'keeps what is for neighbours on the network itself',
};

export function ruleReason(from: string): string {
  return `sends what comes from ${from} by that table; the rest goes as before`;
}

export function portRuleReason(protocol: string, port: number): string {
  return `sends answers of ${protocol} port ${port} by that table, also those to this very network; the rest goes as before`;
}

/** What the operator should know besides. */
export const advice = {
  segment:
    'the director and this machine have to be on one Ethernet segment, and the service has to listen on the VIP (or on all addresses) at the same port',
  forwarding:
    'the director has to forward (net.ipv4.ip_forward or net.ipv6.conf.all.forwarding 1); where it has one interface only, with net.ipv4.conf.all.send_redirects and that of the interface 0',
  portRoute:
    "a policy route for the service's port (--reply-route policy --port tcp:80) leads those answers through the director too",
} as const;
