import {
  type DestinationSettings,
  formatDestinationKey,
  type Tunnel,
} from '../ipvs/destination.ts';
import {
  formatServiceKey,
  type Persistence,
  type ServiceKey,
  type ServiceSettings,
} from '../ipvs/service.ts';
import { isWholeAddress } from '../ipvs/table-definition.ts';
import type { TableChange } from '../ipvs/table-diff.ts';
import type { Plan } from './plan.ts';

/** A line of a plan in words, and whether it brings, changes or takes something. */
export interface PlanLine {
  readonly kind: 'add' | 'edit' | 'remove';
  readonly text: string;
}

/** A plan in words, by service. Lines of destinations are set in under their service's. */
export function describePlan(plan: Pick<Plan, 'changes'>): readonly PlanLine[] {
  const lines: PlanLine[] = [];
  let heading: string | undefined;
  for (const change of plan.changes) {
    const service = formatServiceKey(change.service);
    const isService = !('destination' in change);
    // Changes of destinations alone need the name of their service above them.
    if (!isService && heading !== service && !isGoing(plan, service)) {
      lines.push({ kind: 'edit', text: `service ${service}` });
    }
    heading = service;
    if (change.type === 'destination-removed' && isGoing(plan, service)) continue;
    lines.push(lineOf(change, plan, service));
  }
  return lines;
}

const goingOf = new WeakMap<object, ReadonlyMap<string, number>>();

/** Whether the plan removes the service, which says it for its destinations too. */
function isGoing(plan: Pick<Plan, 'changes'>, service: string): boolean {
  return destinationsGoing(plan).has(service);
}

/** The services that go, each with the number of its destinations. */
function destinationsGoing(plan: Pick<Plan, 'changes'>): ReadonlyMap<string, number> {
  const known = goingOf.get(plan.changes);
  if (known !== undefined) return known;
  const going = new Map<string, number>();
  for (const change of plan.changes) {
    if (change.type === 'service-removed') going.set(formatServiceKey(change.service), 0);
  }
  for (const change of plan.changes) {
    if (change.type !== 'destination-removed') continue;
    const service = formatServiceKey(change.service);
    const count = going.get(service);
    if (count !== undefined) going.set(service, count + 1);
  }
  goingOf.set(plan.changes, going);
  return going;
}

function lineOf(change: TableChange, plan: Pick<Plan, 'changes'>, service: string): PlanLine {
  switch (change.type) {
    case 'service-added':
      return {
        kind: 'add',
        text: `service ${service}: ${serviceWords(change.after, change.service)}`,
      };
    case 'service-edited': {
      const words = differences(change.before, change.after, change.changed, (settings, field) =>
        serviceText(settings, field, change.service),
      );
      return { kind: 'edit', text: `service ${service}: ${words}` };
    }
    case 'service-removed': {
      const count = destinationsGoing(plan).get(service) ?? 0;
      const held = count === 0 ? '' : `, with its ${plural(count, 'destination')}`;
      return { kind: 'remove', text: `service ${service}${held}` };
    }
    case 'destination-added': {
      const words = destinationWords(change.after);
      return {
        kind: 'add',
        text: `  destination ${formatDestinationKey(change.destination)}: ${words}`,
      };
    }
    case 'destination-edited': {
      const words = differences(change.before, change.after, change.changed, destinationText);
      return {
        kind: 'edit',
        text: `  destination ${formatDestinationKey(change.destination)}: ${words}`,
      };
    }
    case 'destination-removed':
      return {
        kind: 'remove',
        text: `  destination ${formatDestinationKey(change.destination)}`,
      };
  }
}

/** `2 to add, 1 to edit, none to remove`, of services and destinations apart. */
export function summarisePlan(plan: Pick<Plan, 'changes'>): string {
  const { services, destinations } = countChanges(plan);
  const parts = (['add', 'edit', 'remove'] as const).flatMap((kind) => {
    const counted = [
      ...(services[kind] > 0 ? [plural(services[kind], 'service')] : []),
      ...(destinations[kind] > 0 ? [plural(destinations[kind], 'destination')] : []),
    ];
    return counted.length === 0 ? [] : [`${kind} ${counted.join(' and ')}`];
  });
  return parts.length === 0 ? 'nothing to change' : parts.join(', ');
}

export interface ChangeCounts {
  readonly add: number;
  readonly edit: number;
  readonly remove: number;
}

/** How many changes of each kind a plan has. */
export function countChanges(plan: Pick<Plan, 'changes'>): {
  readonly services: ChangeCounts;
  readonly destinations: ChangeCounts;
} {
  const counts = {
    services: { add: 0, edit: 0, remove: 0 },
    destinations: { add: 0, edit: 0, remove: 0 },
  };
  for (const change of plan.changes) {
    counts['destination' in change ? 'destinations' : 'services'][kindOf(change)]++;
  }
  return counts;
}

export function kindOf(change: TableChange): PlanLine['kind'] {
  if (change.type.endsWith('-added')) return 'add';
  return change.type.endsWith('-edited') ? 'edit' : 'remove';
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The settings that are no default, for a line about something new. */
function serviceWords(settings: ServiceSettings, service: ServiceKey): string {
  const words = [`scheduler ${settings.scheduler}`];
  if (settings.schedulerFlags.length > 0) words.push(`flags ${settings.schedulerFlags.join(',')}`);
  if (settings.persistence !== undefined) {
    words.push(`persistence ${persistenceText(settings.persistence, service)}`);
  }
  if (settings.persistenceEngine !== undefined) words.push(`engine ${settings.persistenceEngine}`);
  if (settings.onePacket) words.push('one packet at a time');
  return words.join(', ');
}

function destinationWords(settings: DestinationSettings): string {
  const words = [`${settings.forwarding}`, `weight ${settings.weight}`];
  if (settings.tunnel !== undefined && settings.tunnel.type !== 'ipip') {
    words.push(`tunnel ${tunnelText(settings.tunnel)}`);
  }
  if (settings.upperThreshold > 0) words.push(`upper threshold ${settings.upperThreshold}`);
  if (settings.lowerThreshold > 0) words.push(`lower threshold ${settings.lowerThreshold}`);
  return words.join(', ');
}

const fieldNames: Readonly<Record<keyof ServiceSettings | keyof DestinationSettings, string>> = {
  scheduler: 'scheduler',
  schedulerFlags: 'flags',
  persistence: 'persistence',
  onePacket: 'one packet at a time',
  persistenceEngine: 'engine',
  forwarding: 'forwarding',
  weight: 'weight',
  upperThreshold: 'upper threshold',
  lowerThreshold: 'lower threshold',
  tunnel: 'tunnel',
};

function differences<Settings, Field extends keyof Settings & keyof typeof fieldNames>(
  before: Settings,
  after: Settings,
  changed: readonly Field[],
  text: (settings: Settings, field: Field) => string,
): string {
  return changed
    .map((field) => `${fieldNames[field]} ${text(before, field)} -> ${text(after, field)}`)
    .join(', ');
}

function serviceText(
  settings: ServiceSettings,
  field: keyof ServiceSettings,
  service: ServiceKey,
): string {
  switch (field) {
    case 'scheduler':
      return settings.scheduler;
    case 'schedulerFlags':
      return settings.schedulerFlags.length === 0 ? 'none' : settings.schedulerFlags.join(',');
    case 'persistence':
      return settings.persistence === undefined
        ? 'none'
        : persistenceText(settings.persistence, service);
    case 'onePacket':
      return settings.onePacket ? 'yes' : 'no';
    case 'persistenceEngine':
      return settings.persistenceEngine ?? 'none';
  }
}

function destinationText(settings: DestinationSettings, field: keyof DestinationSettings): string {
  if (field !== 'tunnel') return `${settings[field]}`;
  return settings.tunnel === undefined ? 'none' : tunnelText(settings.tunnel);
}

function persistenceText(
  { timeoutSeconds, netmask }: Required<Persistence>,
  service: ServiceKey,
): string {
  const alone = isWholeAddress(netmask, service);
  return `${timeoutSeconds}s${alone ? '' : ` by netmask ${netmask}`}`;
}

function tunnelText(tunnel: Tunnel): string {
  if (tunnel.type === 'ipip') return 'ipip';
  const port = tunnel.type === 'gue' ? `port ${tunnel.port}` : undefined;
  const checksum = tunnel.checksum ?? 'none';
  const details = [port, checksum === 'none' ? undefined : `checksum ${checksum}`];
  return [tunnel.type, ...details.filter((detail) => detail !== undefined)].join(' ');
}
