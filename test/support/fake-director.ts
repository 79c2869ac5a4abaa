import type { DeclaredService } from '../../src/config/director-config.ts';
import { CheckFailure } from '../../src/health/check-result.ts';
import { HealthMonitor } from '../../src/health/monitor.ts';
import type { Override } from '../../src/health/server-health.ts';
import { formatDestinationKey } from '../../src/ipvs/destination.ts';
import { formatServiceKey } from '../../src/ipvs/service.ts';
import type { Statistics } from '../../src/ipvs/statistics.ts';
import type { DirectorEvent, DirectorEventDetails } from '../../src/observe/director-event.ts';
import type {
  DestinationReading,
  DirectorStatus,
  ServiceStatus,
} from '../../src/observe/director-status.ts';
import { Durations } from '../../src/observe/durations.ts';
import type { Operations } from '../../src/observe/operations.ts';
import { FakeClock } from './fake-clock.ts';
import { kernelOf, serviceOf } from './health.ts';

/** Counters that differ from one another, and that no double has exactly. */
export function statisticsFrom(start: bigint): Statistics {
  const big = 2n ** 60n + start;
  return {
    connections: start,
    packetsIn: big,
    packetsOut: 0n,
    bytesIn: big + 1n,
    bytesOut: 0n,
    connectionsPerSecond: 3n,
    packetsInPerSecond: 40n,
    packetsOutPerSecond: 0n,
    bytesInPerSecond: 5000n,
    bytesOutPerSecond: 0n,
  };
}

export const webAndDns: readonly DeclaredService[] = [
  serviceOf('web', [{ address: '10.0.0.11', weight: 2 }, { address: '10.0.0.12' }]),
  serviceOf('api:8080', [{ address: '10.0.0.11' }, { address: '10.0.0.21' }]),
];

/**
 * A director without a kernel: the health of its servers is judged as in a real one, by results that
 * tests give; its counters and connections are what tests say.
 */
export class FakeDirector implements Operations {
  readonly #durations = new Durations();
  readonly clock = new FakeClock();
  readonly monitor: HealthMonitor;
  /** Established connections, by the text of the server's key. */
  readonly connections = new Map<string, number>();
  /** Addresses that refuse connections. */
  readonly refusing = new Set<string>();
  /** What each change was asked for by. */
  readonly askedBy: string[] = [];
  /** What the next call fails with. */
  failure: Error | undefined;
  services: readonly DeclaredService[];
  statusCalls = 0;
  readonly #listeners = new Set<(event: DirectorEvent) => void>();

  /** @param isAdopted Whether the kernel has the services already, as they should be. */
  constructor(services: readonly DeclaredService[] = webAndDns, isAdopted = true) {
    for (const ms of [0.4, 3, 30, 20_000]) this.#durations.add(ms);
    this.services = services;
    const never = () => Promise.reject(new CheckFailure('SOCKERR', 'not in this network'));
    this.monitor = new HealthMonitor({
      clock: this.clock,
      random: () => 0.5,
      transport: {
        probe: async ({ address }) => {
          if (this.refusing.has(address)) throw new CheckFailure('L4CON', 'connection refused');
        },
        connect: never,
        udp: never,
        ping: never,
      },
      onEvent: (event) => this.#tell(event),
    });
    const found = (isAdopted ? services : []).map((service) =>
      kernelOf(
        service,
        service.servers.map(() => 1),
      ),
    );
    this.monitor.update(services, { found });
  }

  /** Lets time pass in which servers are checked. */
  async check(ms = 10_000): Promise<void> {
    this.monitor.begin();
    await this.clock.advance(ms, 50);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async status(): Promise<DirectorStatus> {
    this.statusCalls++;
    this.#mayFail();
    return {
      version: '1.2.3',
      pid: 4321,
      startedAt: 1_700_000_000_000,
      state: 'running',
      configuration: {
        files: ['/etc/lvskit/lvskit.yaml'],
        loadedAt: 1_700_000_000_000,
        problem: undefined,
        reloads: 2,
        failedReloads: 1,
      },
      services: this.services.map((service, index) => this.#service(service, index)),
      vips: [{ vip: '192.0.2.1', link: 'eth0', present: true }],
      loops: {
        checks: 1000,
        failedChecks: 7,
        checkDurations: [{ kind: 'tcp', ...this.#durations.reading }],
        checksRunning: 3,
        checksWaiting: 0,
        comparisons: 60,
        comparisonMs: 1.5,
        changes: 4,
        drifts: 1,
      },
    };
  }

  async override(service: string, server: string, override: Override, by: string): Promise<void> {
    this.#mayFail();
    const { override: before } = this.monitor.server(service, server);
    this.monitor.override(service, server, override);
    this.askedBy.push(by);
    this.emit({ event: 'override', service, server, before, after: override, by });
  }

  async reload(): Promise<{ readonly services: number; readonly changes: number }> {
    this.#mayFail();
    this.emit({ event: 'reloaded', services: this.services.length, changes: 1 });
    return { services: this.services.length, changes: 1 };
  }

  subscribe(listener: (event: DirectorEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(details: DirectorEventDetails): void {
    this.#tell({ time: this.clock.wallTime(), ...details });
  }

  #tell(event: DirectorEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #mayFail(): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }

  #service({ name, service, servers }: DeclaredService, index: number): ServiceStatus {
    const desired = this.monitor.desired(name);
    return {
      name,
      service: formatServiceKey(service.key),
      scheduler: service.scheduler,
      mode: desired.mode,
      hasQuorum: desired.hasQuorum,
      refusal: undefined,
      statistics: statisticsFrom(BigInt(index) * 1000n + 100n),
      servers: servers.map(({ destination }, place) => {
        const server = formatDestinationKey(destination.key);
        const standing = this.monitor.server(name, server);
        const wanted = desired.servers[place];
        const weight = wanted?.destination?.weight;
        return {
          server,
          state: wanted?.state ?? 'up',
          configuredWeight: destination.weight,
          standing,
          override: standing.override,
          kernel: weight === undefined ? undefined : this.#reading(server, weight, place),
        };
      }),
      others: [],
    };
  }

  #reading(server: string, weight: number, place: number): DestinationReading {
    return {
      weight,
      activeConnections: this.connections.get(server) ?? 0,
      inactiveConnections: 5,
      persistentConnections: 2,
      statistics: statisticsFrom(BigInt(place) * 10n + 10n),
    };
  }
}
