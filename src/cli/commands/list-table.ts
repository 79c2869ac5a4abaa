import type { DestinationKey, ForwardingMethod, Tunnel } from '../../ipvs/destination.ts';
import type { SchedulerFlag } from '../../ipvs/flags.ts';
import type { ProcService } from '../../ipvs/proc-table.ts';
import type { Rates, ServiceRates } from '../../ipvs/rates.ts';
import type { Scheduler } from '../../ipvs/scheduler.ts';
import type { Persistence, ServiceKey } from '../../ipvs/service.ts';
import type { Statistics } from '../../ipvs/statistics.ts';
import type { DestinationState, ServiceState } from '../../ipvs/table.ts';
import { sortDestinations, sortServices } from '../../ipvs/table-definition.ts';

/**
 * How a destination is: `draining` and `drained` have weight 0, the one with connections still;
 * `overloaded` has as many connections as its upper threshold, or more.
 */
export type DestinationCondition = 'up' | 'draining' | 'drained' | 'overloaded';

/** How a service is: `empty` has no destination, `closed` none that takes new connections. */
export type ServiceCondition = 'up' | 'empty' | 'closed';

/** A destination as it is listed; what /proc does not tell is absent. */
export interface ListedDestination {
  readonly key: Required<DestinationKey>;
  readonly condition: DestinationCondition;
  readonly forwarding: ForwardingMethod;
  readonly tunnel?: Tunnel | undefined;
  readonly weight: number;
  readonly upperThreshold?: number;
  readonly lowerThreshold?: number;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections?: number;
  readonly statistics?: Statistics | undefined;
  readonly rates?: Rates | undefined;
}

/** A service as it is listed; what /proc does not tell is absent. */
export interface ListedService {
  readonly key: ServiceKey;
  readonly condition: ServiceCondition;
  readonly scheduler: Scheduler;
  readonly schedulerFlags?: readonly SchedulerFlag[];
  /** Without its fields where only /proc told of it. */
  readonly persistence?: Partial<Required<Persistence>> | undefined;
  readonly persistenceEngine?: string | undefined;
  readonly onePacket?: boolean | undefined;
  readonly statistics?: Statistics | undefined;
  readonly rates?: Rates | undefined;
  readonly destinations: readonly ListedDestination[];
}

/** One reading of the table, in the order people look things up. */
export interface ListedTable {
  readonly at: Date;
  /** Who told: the kernel itself, or its files in /proc, which know less. */
  readonly source: 'kernel' | 'proc';
  readonly services: readonly ListedService[];
  /** Of the whole table; with statistics from /proc only, which has no others. */
  readonly totals?: Statistics;
}

/** What the kernel told. */
export function listedFromKernel(
  at: Date,
  services: readonly ServiceState[],
  rates: readonly ServiceRates[] | undefined,
): ListedTable {
  const listed = services.map((service, index) => listedService(service, rates?.[index]));
  return { at, source: 'kernel', services: sortServices(listed) };
}

function listedService(service: ServiceState, rates: ServiceRates | undefined): ListedService {
  const { key, scheduler, schedulerFlags, persistence, persistenceEngine, onePacket } = service;
  const destinations = service.destinations.map((destination, index) =>
    listedDestination(destination, rates?.destinations[index]?.rates),
  );
  return {
    key,
    condition: serviceCondition(destinations),
    scheduler,
    schedulerFlags,
    persistence,
    persistenceEngine,
    onePacket,
    statistics: service.statistics,
    rates: rates?.rates,
    destinations: sortDestinations(destinations),
  };
}

function listedDestination(state: DestinationState, rates: Rates | undefined): ListedDestination {
  const { key, forwarding, tunnel, weight, upperThreshold, lowerThreshold } = state;
  const { activeConnections, inactiveConnections, persistentConnections, statistics } = state;
  const connections = activeConnections + inactiveConnections;
  return {
    key,
    condition: destinationCondition(weight, connections, upperThreshold),
    forwarding,
    tunnel,
    weight,
    upperThreshold,
    lowerThreshold,
    activeConnections,
    inactiveConnections,
    persistentConnections,
    statistics,
    rates,
  };
}

/** What /proc told. */
export function listedFromProc(
  at: Date,
  services: readonly ProcService[],
  totals: Statistics | undefined,
): ListedTable {
  const listed = services.map(({ key, scheduler, persistent, onePacket, ...service }) => {
    const destinations = service.destinations.map((destination): ListedDestination => {
      const { weight, activeConnections, inactiveConnections } = destination;
      const connections = activeConnections + inactiveConnections;
      return { ...destination, condition: destinationCondition(weight, connections, 0) };
    });
    return {
      key,
      condition: serviceCondition(destinations),
      scheduler,
      persistence: persistent ? {} : undefined,
      onePacket,
      destinations: sortDestinations(destinations),
    };
  });
  const table = { at, source: 'proc', services: sortServices(listed) } as const;
  return totals === undefined ? table : { ...table, totals };
}

function destinationCondition(
  weight: number,
  connections: number,
  upperThreshold: number,
): DestinationCondition {
  if (weight === 0) return connections > 0 ? 'draining' : 'drained';
  return upperThreshold > 0 && connections >= upperThreshold ? 'overloaded' : 'up';
}

function serviceCondition(destinations: readonly ListedDestination[]): ServiceCondition {
  if (destinations.length === 0) return 'empty';
  return destinations.some(({ condition }) => condition === 'up') ? 'up' : 'closed';
}
