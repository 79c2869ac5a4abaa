import { type DestinationSettings, formatDestinationKey } from '../../ipvs/destination.ts';
import { formatServiceKey, type ServiceSettings } from '../../ipvs/service.ts';
import type { TableChange } from '../../ipvs/table-diff.ts';
import {
  type ChangeCounts,
  countChanges,
  describePlan,
  kindOf,
  type PlanLine,
} from '../../reconcile/describe.ts';
import type { Plan } from '../../reconcile/plan.ts';
import type { Style } from './style.ts';

/** One change, as documents have it. Settings that are not there are left out. */
export interface ChangeDocument {
  readonly action: 'add' | 'edit' | 'remove';
  /** Such as `tcp 192.0.2.1:80`. */
  readonly service: string;
  /** Such as `10.0.0.11:80`; absent when the change is one of the service itself. */
  readonly destination?: string;
  readonly before?: ServiceSettings | DestinationSettings;
  readonly after?: ServiceSettings | DestinationSettings;
  /** The settings that differ, of an edit. */
  readonly changed?: readonly string[];
}

/** What commands that change the table print. Fields may be added; a change of meaning raises `version`. */
export interface PlanDocument {
  readonly version: 1;
  /** Whether the changes were made; false for a dry run. */
  readonly applied: boolean;
  readonly services: ChangeCounts;
  readonly destinations: ChangeCounts;
  readonly changes: readonly ChangeDocument[];
}

export function planDocument(plan: Pick<Plan, 'changes'>, applied: boolean): PlanDocument {
  return { version: 1, applied, ...countChanges(plan), changes: plan.changes.map(changeDocument) };
}

function changeDocument(change: TableChange): ChangeDocument {
  return {
    action: kindOf(change),
    service: formatServiceKey(change.service),
    ...('destination' in change && { destination: formatDestinationKey(change.destination) }),
    ...('before' in change && { before: change.before }),
    ...('after' in change && { after: change.after }),
    ...('changed' in change && { changed: change.changed }),
  };
}

const signs: Readonly<Record<PlanLine['kind'], string>> = { add: '+', edit: '~', remove: '-' };

/** A plan for people, a line for each change, coloured on a terminal. */
export function planText(plan: Pick<Plan, 'changes'>, style: Style): string {
  const paints = { add: style.green, edit: style.yellow, remove: style.red };
  return describePlan(plan)
    .map(({ kind, text }) => `${paints[kind](`${signs[kind]} ${text}`)}\n`)
    .join('');
}
