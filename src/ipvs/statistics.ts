import { inspect } from 'node:util';

/**
 * Counters and rates of a service or destination, 64 bits wide (`IPVS_*_ATTR_STATS64`, since Linux
 * 4.1; the 32-bit ones of older kernels, widened).
 *
 * The kernel's estimator refreshes them every 2 seconds, and not at all while the sysctl
 * `net.ipv4.vs.run_estimation` is 0. Rates are its moving average over about 8 seconds.
 * Packets and bytes out are counted for NAT only: with DR and TUN answers do not pass the director.
 */
export interface Statistics {
  /** Connections scheduled. */
  readonly connections: bigint;
  readonly packetsIn: bigint;
  readonly packetsOut: bigint;
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
  readonly connectionsPerSecond: bigint;
  readonly packetsInPerSecond: bigint;
  readonly packetsOutPerSecond: bigint;
  /** Bytes, not bits. */
  readonly bytesInPerSecond: bigint;
  /** Bytes, not bits. */
  readonly bytesOutPerSecond: bigint;
}

/** The ten fields of {@link Statistics} in the order of their record. */
export const statisticsFields: readonly (keyof Statistics)[] = [
  'connections',
  'packetsIn',
  'packetsOut',
  'bytesIn',
  'bytesOut',
  'connectionsPerSecond',
  'packetsInPerSecond',
  'packetsOutPerSecond',
  'bytesInPerSecond',
  'bytesOutPerSecond',
];

/** Counters read from their record one at a time, when asked for. */
class StatisticsView implements Statistics {
  readonly #counters: BigUint64Array;
  readonly #at: number;

  /** @param at Index of the first counter. */
  constructor(counters: BigUint64Array, at: number) {
    this.#counters = counters;
    this.#at = at;
  }

  get connections(): bigint {
    return this.#read(0);
  }
  get packetsIn(): bigint {
    return this.#read(1);
  }
  get packetsOut(): bigint {
    return this.#read(2);
  }
  get bytesIn(): bigint {
    return this.#read(3);
  }
  get bytesOut(): bigint {
    return this.#read(4);
  }
  get connectionsPerSecond(): bigint {
    return this.#read(5);
  }
  get packetsInPerSecond(): bigint {
    return this.#read(6);
  }
  get packetsOutPerSecond(): bigint {
    return this.#read(7);
  }
  get bytesInPerSecond(): bigint {
    return this.#read(8);
  }
  get bytesOutPerSecond(): bigint {
    return this.#read(9);
  }

  /** Decimal strings, since JSON has no integers of this size. */
  toJSON(): Record<keyof Statistics, string> {
    return Object.fromEntries(
      statisticsFields.map((field) => [field, this[field].toString()]),
    ) as Record<keyof Statistics, string>;
  }

  [inspect.custom](): Statistics {
    return Object.fromEntries(statisticsFields.map((field) => [field, this[field]])) as {
      [Field in keyof Statistics]: bigint;
    };
  }

  #read(index: number): bigint {
    return this.#counters[this.#at + index] ?? 0n;
  }
}

/** The counters that start at index `at` of a buffer, read when asked for. */
export function statisticsAt(counters: BigUint64Array, at: number): Statistics {
  return new StatisticsView(counters, at);
}
