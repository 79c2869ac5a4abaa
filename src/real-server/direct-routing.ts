import type { DraftBuilder } from './draft.ts';
import type { HostFacts } from './facts.ts';
import { dummyName, holdVips } from './hold-vips.ts';
import { askedOn } from './interfaces.ts';
import { keepQuiet } from './keep-quiet.ts';
import { advice, reasons } from './reasons.ts';
import { familyOf, type RealServerSettings } from './settings.ts';

/** Direct routing: packets for the VIP come by Ethernet address, and clients are answered directly. */
export function draftDirectRouting(
  draft: DraftBuilder,
  settings: RealServerSettings,
  facts: HostFacts,
  ownIds: ReadonlySet<string>,
): void {
  const { vips, device = 'lo', onlyInterfaces = false } = settings;
  const interfaces = askedOn(settings, facts, draft);
  const hasIpv4 = vips.some((vip) => familyOf(vip) === 'ipv4');
  if (hasIpv4) keepQuiet(draft, interfaces, onlyInterfaces);
  const link = device === 'dummy' ? dummyName : 'lo';
  wantDevice(draft, link);
  holdVips(draft, vips, { link, ownIds }, facts);
  draft.notes.push(advice.segment);
  warnOfGateway(draft, settings, facts);
}

/** Sees to it that the link that VIPs are put on is there and up. */
export function wantDevice(draft: DraftBuilder, link: string): void {
  if (link === dummyName) {
    draft.want({ kind: 'link', name: link, value: { kind: 'dummy' } }, reasons.dummy);
  }
  draft.want({ kind: 'link-state', link, value: 'up' }, reasons.linkUp);
}

function warnOfGateway(draft: DraftBuilder, settings: RealServerSettings, facts: HostFacts): void {
  const leads = (vip: string) =>
    facts.routes.some((route) => route.destination === 'default' && route.via === vip);
  for (const vip of settings.vips.filter(leads)) {
    draft.problems.push(
      `the default route leads through ${vip}, which is to be a VIP: this machine would send answers to itself`,
    );
  }
}
