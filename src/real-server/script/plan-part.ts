import type { AddressFamily } from '../../net/ip.ts';
import { dummyName } from '../hold-vips.ts';
import { firstMetric, transports } from '../masquerade.ts';
import {
  advice,
  arpAnnounceReason,
  arpIgnoreReason,
  portRuleReason,
  reasons,
  ruleReason,
  tunnelLinkReason,
  vipReason,
} from '../reasons.ts';
import { familyOf, type RealServerSettings } from '../settings.ts';
import { decapsulatorShape } from '../tunnel.ts';
import { segmentHeaders, tunnelOverhead } from '../tunnel-mtu.ts';
import { quoted } from './shell.ts';

/** The lines of the script that say what has to be so for one setup, in the order of the plan. */
export function planLines(settings: RealServerSettings): readonly string[] {
  const { vips, interfaces = [] } = settings;
  return [
    `vips=${quoted(vips.join(' '))} given_interfaces=${quoted(interfaces.join(' '))}`,
    ...{ dr: directLines, tun: tunnelLines, nat: masqueradeLines }[settings.mode](settings),
  ];
}

function directLines(settings: RealServerSettings): readonly string[] {
  const { vips, device = 'lo' } = settings;
  const link = device === 'dummy' ? dummyName : 'lo';
  return [
    ...interfaceLines(settings),
    ...(vips.some(isIpv4) ? quietLines(settings) : []),
    ...deviceLines(link),
    ...vips.map((vip) => holdLine(link, vip)),
    ...vips.map((vip) => `check_gateway ${vip}`),
    noteLine(advice.segment),
  ];
}

function isIpv4(address: string): boolean {
  return familyOf(address) === 'ipv4';
}

/** The interfaces that are given, or the search for them. */
function interfaceLines({ interfaces = [] }: RealServerSettings): readonly string[] {
  if (interfaces.length === 0) return ['find_interfaces'];
  return ['interfaces=$given_interfaces', 'check_interfaces'];
}

function quietLines({ onlyInterfaces = false }: RealServerSettings): readonly string[] {
  const words = (link: string) =>
    `${quoted(arpIgnoreReason(link))} \\\n  ${quoted(arpAnnounceReason(link))}`;
  return [
    ...(onlyInterfaces ? [] : [`keep_quiet all ${words('all')}`]),
    'for link in $interfaces; do',
    `  keep_quiet "$link" ${words('')}`,
    'done',
  ];
}

function deviceLines(link: string): readonly string[] {
  const dummy = [`why=${quoted(reasons.dummy)}`, `want link ${link} dummy`];
  return [
    ...(link === dummyName ? dummy : []),
    `why=${quoted(reasons.linkUp)}`,
    `want state ${link} up`,
  ];
}

function holdLine(link: string, vip: string): string {
  return `hold_vip ${link} ${vip} ${quoted(vipReason(familyOf(vip), link))}`;
}

function noteLine(text: string): string {
  return `note ${quoted(text)}`;
}

function tunnelLines(settings: RealServerSettings): readonly string[] {
  const { vips, device = 'tunnel' } = settings;
  const lines: string[] = [...interfaceLines(settings)];
  const tunnels = new Set<string>();
  const places = new Map<string, string[]>();
  for (const family of ['ipv4', 'ipv6'] as const) {
    const own = vips.filter((vip) => familyOf(vip) === family);
    if (own.length === 0) continue;
    const { name } = decapsulatorShape(settings, family);
    tunnels.add(name);
    lines.push(...decapsulatorLines(settings, family));
    if (family === 'ipv4') lines.push(`accept_from_anywhere ${name}`, ...quietLines(settings));
    lines.push(`why=${quoted(reasons.tunnelUp)}`, `want state ${name} up`);
    const place = device === 'dummy' ? dummyName : device === 'lo' ? 'lo' : name;
    places.set(place, [...(places.get(place) ?? []), ...own]);
    lines.push(mtuLine(settings, family));
  }
  for (const [link, own] of places) {
    if (!tunnels.has(link)) lines.push(...deviceLines(link));
    lines.push(...own.map((vip) => holdLine(link, vip)));
  }
  return lines;
}

function decapsulatorLines(settings: RealServerSettings, inner: AddressFamily): readonly string[] {
  const { tunnelType = 'ipip', tunnelPort, outer = inner } = settings;
  const { name, kind, tunnel = {}, local } = decapsulatorShape(settings, inner);
  const mode = tunnel.mode === undefined ? '' : ` mode ${tunnel.mode}`;
  const checksum = tunnel.inputChecksum === true ? ' icsum' : '';
  const find = local === undefined ? [] : [`own_address ${versionOf(local)}`];
  const shape = local === undefined ? kind : `"${kind}${mode} local $local${checksum}"`;
  const fou =
    tunnelType === 'gue'
      ? [`why=${quoted(reasons.tunnelPort)}`, `want fou '${versionOf(outer)} ${tunnelPort}' gue`]
      : [];
  return [
    ...find,
    `why=${quoted(tunnelLinkReason(tunnelType))}`,
    `want link ${name} ${shape}`,
    ...fou,
  ];
}

function versionOf(family: AddressFamily): 4 | 6 {
  return family === 'ipv4' ? 4 : 6;
}

function mtuLine(settings: RealServerSettings, inner: AddressFamily): string {
  const overhead = tunnelOverhead(settings, inner);
  const name = inner === 'ipv4' ? 'IPv4' : 'IPv6';
  return noteLine(
    `tunnelled ${name} packets may have ${overhead} bytes less than the path from the director carries: offer clients a TCP segment size of its MTU less ${overhead + segmentHeaders[inner]} at most (ip route change default … advmss …), or give that path an MTU that is ${overhead} larger`,
  );
}

function masqueradeLines(settings: RealServerSettings): readonly string[] {
  const { vips, gateways = [] } = settings;
  return [
    ...vips.map((vip) => `check_vip - ${vip}`),
    ...gateways.flatMap((gateway) => gatewayLines(gateway, settings)),
    noteLine(advice.forwarding),
  ];
}

function gatewayLines(
  gateway: string,
  { replies, ports = [] }: RealServerSettings,
): readonly string[] {
  const family = familyOf(gateway);
  const version = versionOf(family);
  const route = `${version} ${gateway} ${firstMetric[family]}`;
  const lead =
    replies === 'policy'
      ? [
          `lead_by_table ${route} ${ports.length === 0 ? 'all' : 'ports'}`,
          ...ruleLines(version, ports),
        ]
      : [`lead_by_default ${route}`];
  const warn = replies === 'policy' && ports.length > 0 ? [] : ['warn_of_neighbours'];
  const lines = [`keep_to_gateway ${version}`, ...lead, ...warn];
  return [`if find_own ${gateway}; then`, ...lines.map((line) => `  ${line}`), 'fi'];
}

function ruleLines(
  version: 4 | 6,
  ports: NonNullable<RealServerSettings['ports']>,
): readonly string[] {
  const from = `${version} from \${own%/*}`;
  if (ports.length === 0) {
    return [`why=${quoted(ruleReason('this address'))}`, `want rule "${from}" present`];
  }
  return ports.flatMap(({ protocol, port }) => [
    `why=${quoted(portRuleReason(protocol, port))}`,
    `want rule "${from} ipproto ${transports[protocol]} sport ${port}" present`,
  ]);
}
