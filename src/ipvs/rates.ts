import type { DestinationKey } from './destination.ts';
import type { ServiceKey } from './service.ts';
import type { Counters } from './statistics.ts';
import type { ServiceState } from './table.ts';
import type { TableIndex } from './table-diff.ts';

/** How fast counters grew from one sample to the next; fractions are kept. */
export interface Rates {
  readonly connectionsPerSecond: number;
  readonly packetsInPerSecond: number;
  readonly packetsOutPerSecond: number;
  /** Bytes, not bits. */
  readonly bytesInPerSecond: number;
  /** Bytes, not bits. */
  readonly bytesOutPerSecond: number;
}

/** The rates of a service and of its destinations. */
export interface ServiceRates {
  readonly key: ServiceKey;
  /** Undefined when the service was not there in the sample before. */
  readonly rates: Rates | undefined;
  /** In the order of the service's destinations. */
  readonly destinations: readonly DestinationRates[];
}

/** The rates of one destination of a service. */
export interface DestinationRates {
  readonly key: Required<DestinationKey>;
  /** Undefined when the destination was not there in the sample before. */
  readonly rates: Rates | undefined;
}

/**
 * The rates of a table, in the order of its services.
 *
 * What was not there before has none: the kernel gives a destination that is added again within
 * minutes its old counters back, which would look like a burst.
 *
 * @param seconds Time between the two; more than 0.
 */
export function tableRates(
  before: TableIndex<ServiceState>,
  after: TableIndex<ServiceState>,
  seconds: number,
): readonly ServiceRates[] {
  return Array.from(after, ([name, { service, names }]) => {
    const was = before.get(name);
    return {
      key: service.key,
      rates: ratesBetween(was?.service.statistics, service.statistics, seconds),
      destinations: service.destinations.map((destination, index) => ({
        key: destination.key,
        rates: ratesBetween(
          was?.find(names[index] ?? '', index)?.statistics,
          destination.statistics,
          seconds,
        ),
      })),
    };
  });
}

/** Undefined unless there are counters at both ends. */
export function ratesBetween(
  before: Counters | undefined,
  after: Counters | undefined,
  seconds: number,
): Rates | undefined {
  if (before === undefined || after === undefined) return undefined;
  return {
    connectionsPerSecond: rate(before.connections, after.connections, seconds),
    packetsInPerSecond: rate(before.packetsIn, after.packetsIn, seconds),
    packetsOutPerSecond: rate(before.packetsOut, after.packetsOut, seconds),
    bytesInPerSecond: rate(before.bytesIn, after.bytesIn, seconds),
    bytesOutPerSecond: rate(before.bytesOut, after.bytesOut, seconds),
  };
}

function rate(before: bigint, after: bigint, seconds: number): number {
  // Less than before: it was set to zero meanwhile, and has counted this much since.
  return Number(after >= before ? after - before : after) / seconds;
}
