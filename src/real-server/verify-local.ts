import type { Neighbour } from '../net/neighbours.ts';
import type { Wanted } from './draft.ts';
import { confName, type HostFacts } from './facts.ts';
import { type Finding, type FindingId, meanings } from './finding.ts';
import { hasNeighbours } from './interfaces.ts';
import type { KernelHost } from './kernel-host.ts';
import { draftRealServer, isSatisfied } from './plan.ts';
import type { Setting } from './setting.ts';
import { commandFor, subjectOf, valueText } from './setting-text.ts';
import { familyOf, type RealServerSettings } from './settings.ts';
import { tightTunnels } from './tunnel-mtu.ts';

/** What was looked at, and what of it is wrong. */
export interface LocalResult {
  /** Each thing that has to be so, as the plan names it, and whether it is. */
  readonly checks: readonly { readonly subject: string; readonly ok: boolean }[];
  readonly findings: readonly Finding[];
}

/** Looks at every setting that makes this machine a real server. Changes nothing. */
export async function verifyLocally(
  host: KernelHost,
  settings: RealServerSettings,
  facts: HostFacts,
  ownIds: ReadonlySet<string>,
): Promise<LocalResult> {
  const draft = draftRealServer(settings, facts, ownIds);
  const findings: Finding[] = draft.problems.map((found) => finding('address-conflict', found));
  const checks: { subject: string; ok: boolean; arp?: FindingId }[] = [];
  for (const wanted of draft.wanted) {
    const current = await host.read(wanted.setting);
    const result = judge(current, wanted);
    const subject = subjectOf(wanted.setting);
    const arp = isSatisfied(current, wanted) ? undefined : arpFindingOf(wanted.setting);
    checks.push({ subject, ok: result === undefined, ...(arp && { arp }) });
    if (result !== undefined) findings.push(result);
  }
  findings.push(...tightTunnels(settings, facts));
  if (settings.mode !== 'nat') {
    findings.push(...(await noisyLinks(host, settings, facts)));
    findings.push(...proxies(await host.network.neighbours.list(), settings.vips));
  }
  const found = new Set(findings.map(({ id }) => id));
  return {
    checks: checks.map(({ subject, ok, arp }) => ({
      subject,
      ok: arp === undefined ? ok : !found.has(arp),
    })),
    findings: withoutRepeats(findings),
  };
}

/** What says whether a sysctl of ARP does, of which there are two. */
function arpFindingOf(setting: Setting): FindingId | undefined {
  if (setting.kind !== 'sysctl') return undefined;
  if (setting.name.endsWith('.arp_ignore')) return 'arp-ignore';
  return setting.name.endsWith('.arp_announce') ? 'arp-announce' : undefined;
}

/** The finding about one thing that is not as wanted; undefined where it does all the same. */
function judge(current: Setting, wanted: Wanted): Finding | undefined {
  if (isSatisfied(current, wanted)) return undefined;
  const { setting } = wanted;
  // What counts of these is the larger of two values, which is looked at link by link.
  if (arpFindingOf(setting) !== undefined) return undefined;
  const name = setting.kind === 'sysctl' ? (setting.name.split('.').at(-1) ?? '') : '';
  // What the filter of other links was raised to is no matter of the tunnel.
  if (name === 'rp_filter' && setting.value !== '0') return undefined;
  const found = `${subjectOf(setting)} is ${valueText(current)}, not ${valueText(setting)}`;
  const severity = setting.kind === 'route' && setting.value?.link === 'lo' ? 'warning' : 'error';
  return finding(idOf(setting), found, { severity, mend: commandFor(setting) });
}

function idOf(setting: Setting): FindingId {
  switch (setting.kind) {
    case 'sysctl':
      return setting.name.endsWith('rp_filter') ? 'rp-filter' : 'redirects';
    case 'address':
      return 'vip-missing';
    case 'fou':
      return 'tunnel-port';
    case 'link':
      return setting.value?.kind === 'dummy' ? 'vip-missing' : 'tunnel-link';
    case 'link-state':
      return /^(lo|lvs0)$/.test(setting.link) ? 'vip-missing' : 'tunnel-link';
    case 'rule':
      return 'gateway';
    case 'route':
      return setting.value?.link === 'lo' ? 'host-route' : 'gateway';
    default:
      return 'storage-missing';
  }
}

/** Links on which the kernel would answer for the VIP, or ask in its name. */
async function noisyLinks(
  host: KernelHost,
  settings: RealServerSettings,
  { links }: HostFacts,
): Promise<readonly Finding[]> {
  if (!settings.vips.some((vip) => familyOf(vip) === 'ipv4')) return [];
  const result: Finding[] = [];
  const read = (link: string, name: string) => host.sysctl.readNumber(confName('ipv4', link, name));
  const given = settings.interfaces ?? [];
  const counts = (name: string) =>
    settings.onlyInterfaces !== true || given.length === 0 || given.includes(name);
  for (const link of links.filter((one) => one.up && hasNeighbours(one) && counts(one.name))) {
    const effective = async (name: string) =>
      Math.max(await read('all', name), await read(link.name, name));
    const report = (id: FindingId, name: string, value: number, wanted: number) => {
      const found = `${name} of ${link.name} is ${value} (the larger of it and all)`;
      result.push(
        finding(id, found, { mend: `sysctl -w ${confName('ipv4', 'all', name)}=${wanted}` }),
      );
    };
    const ignore = await effective('arp_ignore');
    // 3 leaves out addresses of scope host alone, which VIPs are not.
    if (![1, 2, 8].includes(ignore)) report('arp-ignore', 'arp_ignore', ignore, 1);
    const announce = await effective('arp_announce');
    if (announce < 2) report('arp-announce', 'arp_announce', announce, 2);
  }
  return result;
}

function proxies(neighbours: readonly Neighbour[], vips: readonly string[]): readonly Finding[] {
  return neighbours
    .filter(({ address, flags }) => vips.includes(address) && flags.includes('proxy'))
    .map(({ address, link }) =>
      finding('neighbour-proxy', `${address} has a proxy entry on ${link}`, {
        mend: `ip neighbour del proxy ${address} dev ${link}`,
      }),
    );
}

/** A finding with the meaning of its kind. */
export function finding(
  id: FindingId,
  found: string,
  { severity = 'error', mend }: Partial<Pick<Finding, 'severity' | 'mend'>> = {},
): Finding {
  return { id, severity, found, meaning: meanings[id], ...(mend === undefined ? {} : { mend }) };
}

function withoutRepeats(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ found }) => (seen.has(found) ? false : seen.add(found)));
}
