import type { DraftBuilder } from './draft.ts';
import { confName } from './facts.ts';

const ignore = `answers ARP only for addresses of the interface that is asked on: the VIP is on none, so that nobody but the director answers for it`;
const announce = `asks ARP in the name of an address of the interface, never of the VIP: routers learn from questions too, and would send the VIP's traffic here`;
const larger = 'the kernel takes the larger of this and the value of `all`';
const everywhere = 'holds for every interface, also for those that come later';

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
    const scope = link === 'all' ? everywhere : larger;
    // 2 answers only to neighbours of the same network, which keeps the VIP as quiet.
    draft.sysctl(confName('ipv4', link, 'arp_ignore'), '1', `${ignore}; ${scope}`, ['2']);
    draft.sysctl(confName('ipv4', link, 'arp_announce'), '2', `${announce}; ${scope}`);
  }
}
