import type { Change } from '../ipvs/change.ts';
import { type DestinationKey, formatDestinationKey } from '../ipvs/destination.ts';
import { formatServiceKey, type ServiceKey } from '../ipvs/service.ts';
import { destinationConfigOf, serviceConfigOf } from '../ipvs/table-definition.ts';
import { type ComparedService, diffTables, type TableChange } from '../ipvs/table-diff.ts';

/** What leads from the table as it is to the table as it should be. */
export interface Plan {
  /** By service, in the order of their text: for reading. Empty when nothing is to be done. */
  readonly changes: readonly TableChange[];
  /** The same as what is asked of the kernel, in the order it is to be done. */
  readonly steps: readonly PlanStep[];
  /** The services that the plan touches, as they are. */
  readonly before: readonly ComparedService[];
}

/** The changes that plans are made of: those of services and destinations. */
export type PlannedChange = Extract<
  Change,
  { readonly type: `${string}-${'service' | 'destination'}` }
>;

/** Steps of one stage do not depend on each other. */
export type PlanStage = 'services' | 'destinations' | 'removals';

export interface PlanStep {
  readonly stage: PlanStage;
  readonly change: PlannedChange;
}

export interface PlanOptions {
  /** Remove what is not desired. Default true; without it only what is missing or different counts. */
  readonly remove?: boolean;
}

/**
 * Compares two tables in canonical form. Pure: it reads nothing and changes nothing.
 *
 * The order loses no connection of what stays: services come before their destinations, what is new
 * takes its share before anything goes, and what differs is edited, which keeps its connections.
 */
export function planChanges(
  actual: readonly ComparedService[],
  desired: readonly ComparedService[],
  options: PlanOptions = {},
): Plan {
  const { remove = true } = options;
  const found = diffTables(actual, desired);
  const changes = remove ? found : found.filter(({ type }) => !type.endsWith('-removed'));
  const touched = new Set(changes.map(({ service }) => formatServiceKey(service)));
  return {
    changes,
    steps: stepsOf(changes),
    before:
      touched.size === 0 ? [] : actual.filter(({ key }) => touched.has(formatServiceKey(key))),
  };
}

/** The steps of changes, stage by stage. */
export function stepsOf(changes: readonly TableChange[]): readonly PlanStep[] {
  const services: PlanStep[] = [];
  const destinations: PlanStep[] = [];
  const removedDestinations: PlanStep[] = [];
  const removedServices: PlanStep[] = [];
  const going = new Set(
    changes
      .filter(({ type }) => type === 'service-removed')
      .map(({ service }) => formatServiceKey(service)),
  );
  for (const change of changes) {
    switch (change.type) {
      case 'service-added':
      case 'service-edited':
        services.push({ stage: 'services', change: changeOf(change) });
        break;
      case 'destination-added':
      case 'destination-edited':
        destinations.push({ stage: 'destinations', change: changeOf(change) });
        break;
      case 'destination-removed':
        // A service takes its destinations with it.
        if (!going.has(formatServiceKey(change.service))) {
          removedDestinations.push({ stage: 'removals', change: changeOf(change) });
        }
        break;
      case 'service-removed':
        removedServices.push({ stage: 'removals', change: changeOf(change) });
        break;
    }
  }
  return [...services, ...destinations, ...removedDestinations, ...removedServices];
}

function changeOf(change: TableChange): PlannedChange {
  const { service } = change;
  switch (change.type) {
    case 'service-added':
      return { type: 'add-service', service, config: serviceConfigOf(change.after) };
    case 'service-edited':
      return { type: 'edit-service', service, config: serviceConfigOf(change.after) };
    case 'service-removed':
      return { type: 'remove-service', service };
    case 'destination-added': {
      const { destination, after } = change;
      const config = destinationConfigOf(after);
      return { type: 'add-destination', service, destination, config };
    }
    case 'destination-edited': {
      const { destination, after } = change;
      const config = destinationConfigOf(after);
      return { type: 'edit-destination', service, destination, config };
    }
    case 'destination-removed':
      return { type: 'remove-destination', service, destination: change.destination };
  }
}

/** What a change is about, as one text. */
export function subjectOf(change: {
  readonly service: ServiceKey;
  readonly destination?: DestinationKey;
}): string {
  const service = formatServiceKey(change.service);
  if (change.destination === undefined) return service;
  return `${service} ${formatDestinationKey(change.destination)}`;
}
