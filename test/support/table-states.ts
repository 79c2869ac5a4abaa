import type { DestinationState, ServiceState, Statistics } from '../../src/index.ts';
import { statisticsAt } from '../../src/ipvs/statistics.ts';

/** Counters, those left out 0, as a table read with statistics has them. */
export function counted(...counters: readonly bigint[]): Statistics {
  const all = new BigUint64Array(10);
  all.set(counters);
  return statisticsAt(all, 0);
}

/** A destination at 10.0.0.`host`:80, ordinary in all that is not given. */
export function destinationState(
  host: number,
  changed: Partial<DestinationState> = {},
): DestinationState {
  return {
    key: { address: `10.0.0.${host}`, port: 80 },
    forwarding: 'dr',
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnel: undefined,
    activeConnections: 0,
    inactiveConnections: 0,
    persistentConnections: 0,
    statistics: undefined,
    ...changed,
  };
}

/** The service tcp 192.0.2.`host`:80, ordinary in all that is not given. */
export function serviceState(host: number, changed: Partial<ServiceState> = {}): ServiceState {
  return {
    key: { protocol: 'tcp', address: `192.0.2.${host}`, port: 80 },
    scheduler: 'wlc',
    schedulerFlags: [],
    persistence: undefined,
    onePacket: false,
    persistenceEngine: undefined,
    destinations: [],
    statistics: undefined,
    ...changed,
  };
}
