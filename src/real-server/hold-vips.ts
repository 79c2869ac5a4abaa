import type { DraftBuilder } from './draft.ts';
import type { HostFacts } from './facts.ts';
import { reasons, vipReason } from './reasons.ts';
import { familyOf, fullLength } from './settings.ts';
import { type VipPlace, vipConflicts } from './vip-conflicts.ts';

/** The dummy link that VIPs are on when they are not to be on `lo`. */
export const dummyName = 'lvs0';

/** Puts VIPs on a link, labelled there as old tools show them. */
export function holdVips(
  draft: DraftBuilder,
  vips: readonly string[],
  place: VipPlace & { readonly link: string },
  facts: HostFacts,
): void {
  const { link } = place;
  const labels = new Set(facts.addresses.flatMap(({ label }) => label ?? []));
  for (const vip of vips) {
    draft.problems.push(...vipConflicts(vip, place, facts));
    const address = `${vip}/${fullLength(vip)}`;
    const there = facts.addresses.find((one) => one.address === address && one.link === link);
    const ipv4 = familyOf(vip) === 'ipv4';
    const label = ipv4 && there === undefined ? freeLabel(link, labels) : undefined;
    if (label !== undefined) labels.add(label);
    draft.want(
      { kind: 'address', link, address, value: label === undefined ? {} : { label } },
      vipReason(familyOf(vip), link),
    );
    if (!ipv4 || link !== 'lo') continue;
    draft.want(
      {
        kind: 'route',
        family: 'ipv4',
        destination: address,
        table: 'main',
        metric: 0,
        value: { type: 'unicast', link, scope: 'link' },
      },
      reasons.hostRoute,
    );
  }
}

/** `lo:0`, `lo:1`…; none for a link whose name leaves no room for it. */
function freeLabel(link: string, taken: ReadonlySet<string>): string | undefined {
  for (let number = 0; ; number++) {
    const label = `${link}:${number}`;
    if (label.length > 15) return undefined;
    if (!taken.has(label)) return label;
  }
}
