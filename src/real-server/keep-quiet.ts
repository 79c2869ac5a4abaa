import type { DraftBuilder } from './draft.ts';
import { confName } from './facts.ts';
import { arpAnnounceReason, arpIgnoreReason } from './reasons.ts';

/**
 * No ARP answer for addresses of other interfaces, and no ARP question from the VIP. What counts is
 * the interface that ARP arrives on, or `all`; never the one that the VIP is on. It has to be in
 * effect before the VIP is there.
 */
export function keepQuiet(
  draft: DraftBuilder,
  interfaces: readonly string[],
  onlyInterfaces: boolean,
): void {
  for (const link of onlyInterfaces ? interfaces : ['all', ...interfaces]) {
    // 2 answers only to neighbours of the same network, which keeps the VIP as quiet.
    draft.sysctl(confName('ipv4', link, 'arp_ignore'), '1', arpIgnoreReason(link), ['2']);
    draft.sysctl(confName('ipv4', link, 'arp_announce'), '2', arpAnnounceReason(link));
  }
}
