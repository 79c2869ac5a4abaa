import { inspect } from 'node:util';

/** What is counted, 64 bits wide. */
export interface Counters {
  /** Connections scheduled. */
  readonly connections: bigint;
  /** Packets from clients. */
  readonly packetsIn: bigint;
  /** Packets to clients. Counted for NAT only: with DR and TUN answers do not pass the director. */
  readonly packetsOut: bigint;
  /** Bytes from clients, with their IP headers. */
  readonly bytesIn: bigint;
  /** Bytes to clients; counted as packets out are. */
  readonly bytesOut: bigint;
}

/**
 * Counters and rates of a service or destination, 64 bits wide (`IPVS_*_ATTR_STATS64`, since Linux
 * 4.1; the 32-bit ones of older kernels, widened).
 *
 * The kernel's estimator refreshes them every 2 seconds, and not at all while the sysctl
 * `net.ipv4.vs.run_estimation` is 0. Rates are its moving average over about 8 seconds.
 */
export interface Statistics extends Counters {
  readonly connectionsPerSecond: bigint;
  readonly packetsInPerSecond: bigint;
  readonly packetsOutPerSecond: bigint;
  /** Bytes, not bits. */
  readonly bytesInPerSecond: bigint;
  /** Bytes, not bits. */
  readonly bytesOutPerSecond: bigint;
}

/** The five fields of {@link Counters} in the order of their record. */
export const counterFields: readonly (keyof Counters)[] = [
  'connections',
  'packetsIn',
  'packetsOut',
  'bytesIn',
  'bytesOut',
];

/** The ten fields of {@link Statistics} in the order of their record. */
export const statisticsFields: readonly (keyof Statistics)[] = [
  ...counterFields,
  'connectionsPerSecond',
  'packetsInPerSecond',
  'packetsOutPerSecond',
  'bytesInPerSecond',
  'bytesOutPerSecond',
];

/** Counters read from their record one at a time, when asked for. */
class CountersView implements Counters {
  private readonly counters: BigUint64Array;
  private readonly at: number;

  /** @param at Index of the first counter. */
  constructor(counters: BigUint64Array, at: number) {
    this.counters = counters;
    this.at = at;
  }

  get connections(): bigint {
    return this.read(0);
  }
  get packetsIn(): bigint {
    return this.read(1);
  }
  get packetsOut(): bigint {
    return this.read(2);
  }
  get bytesIn(): bigint {
    return this.read(3);
  }
  get bytesOut(): bigint {
    return this.read(4);
  }

  /** Decimal strings, since JSON has no integers of this size. */
  toJSON(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.fields().map((field, index) => [field, `${this.read(index)}`]));
  }

  [inspect.custom](): Readonly<Record<string, bigint>> {
    return Object.fromEntries(this.fields().map((field, index) => [field, this.read(index)]));
  }

  protected fields(): readonly string[] {
    return counterFields;
  }

  protected read(index: number): bigint {
    return this.counters[this.at + index] ?? 0n;
  }
}

class StatisticsView extends CountersView implements Statistics {
  get connectionsPerSecond(): bigint {
    return this.read(5);
  }
  get packetsInPerSecond(): bigint {
    return this.read(6);
  }
  get packetsOutPerSecond(): bigint {
    return this.read(7);
  }
  get bytesInPerSecond(): bigint {
    return this.read(8);
  }
  get bytesOutPerSecond(): bigint {
    return this.read(9);
  }

  protected override fields(): readonly string[] {
    return statisticsFields;
  }
}

/** The five counters from index `at` of a buffer on, read when asked for. */
export function countersAt(counters: BigUint64Array, at: number): Counters {
  return new CountersView(counters, at);
}

/** The ten counters and rates from index `at` of a buffer on, read when asked for. */
export function statisticsAt(counters: BigUint64Array, at: number): Statistics {
  return new StatisticsView(counters, at);
}
