import { draftDirectRouting } from './direct-routing.ts';
import { type Draft, DraftBuilder, type Wanted } from './draft.ts';
import type { HostFacts } from './facts.ts';
import { draftMasquerade } from './masquerade.ts';
import { does, type Setting, settingId } from './setting.ts';
import { commandFor, subjectOf, valueText } from './setting-text.ts';
import type { RealServerSettings } from './settings.ts';
import { draftTunnel } from './tunnel.ts';

/** What a machine has to have to be the real server that settings describe. Pure. */
export function draftRealServer(
  settings: RealServerSettings,
  facts: HostFacts,
  ownIds: ReadonlySet<string> = new Set(),
): Draft {
  const draft = new DraftBuilder();
  const drafts = { dr: draftDirectRouting, tun: draftTunnel, nat: draftMasquerade };
  drafts[settings.mode](draft, settings, facts, ownIds);
  return { ...draft, wanted: withoutRepeats(draft.wanted) };
}

function withoutRepeats(wanted: readonly Wanted[]): readonly Wanted[] {
  const seen = new Set<string>();
  return wanted.filter(({ setting }) => {
    const id = settingId(setting);
    return seen.has(id) ? false : seen.add(id);
  });
}

/** One line of a plan. */
export interface PlanItem {
  readonly setting: Setting;
  /** What it is about, such as `net.ipv4.conf.all.arp_ignore`. */
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly why: string;
  /** Whether anything has to be done. */
  readonly changes: boolean;
  /** What one would type to do it. */
  readonly command: string;
}

/** Whether what is there does for what is wanted. */
export function isSatisfied(current: Setting, { setting, accept = [] }: Wanted): boolean {
  if (does(current, setting)) return true;
  return typeof current.value === 'string' && accept.includes(current.value);
}

/** The line for what is wanted, given what is there. */
export function planItem(current: Setting, wanted: Wanted): PlanItem {
  const changes = !isSatisfied(current, wanted);
  return line(current, changes ? wanted.setting : current, wanted.why, changes);
}

/** The line for what is no longer wanted, or was never more than borrowed. */
export function restoreItem(current: Setting, target: Setting, why: string): PlanItem {
  return line(current, target, why, !does(current, target));
}

function line(current: Setting, target: Setting, why: string, changes: boolean): PlanItem {
  return {
    setting: target,
    subject: subjectOf(target),
    from: valueText(current),
    to: valueText(target),
    why,
    changes,
    command: commandFor(target),
  };
}
