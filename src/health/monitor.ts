import { isDeepStrictEqual } from 'node:util';
import type { CheckTarget, DataPathTarget } from '../config/checks.ts';
import type { DeclaredService } from '../config/director-config.ts';
import { formatServiceKey } from '../ipvs/service.ts';
import type { ComparedService } from '../ipvs/table-diff.ts';
import type { AgentState } from './agent-words.ts';
import { CheckPool } from './check-pool.ts';
import type { CheckResult } from './check-result.ts';
import { type Clock, systemClock } from './clock.ts';
import { DataPath } from './data-path.ts';
import { describeCheck } from './describe-check.ts';
import { type DesiredService, serviceByHealth } from './desired.ts';
import type { HealthEvent, HealthEventDetails } from './health-event.ts';
import { PhysicalCheck, type Subscriber } from './physical-check.ts';
import { type Lane, Scheduler, type ScheduleStatistics } from './schedule.ts';
import type { LeafState, Override } from './server-health.ts';
import { ServiceHealth } from './service-health.ts';
import type { Endpoint, Transport } from './transport.ts';

export interface MonitorOptions {
  readonly transport: Transport;
  /** Default: that of this machine. */
  readonly clock?: Clock | undefined;
  /** From 0 up to 1. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** How many checks may be under way at once. Default: 4096, of them 16 programs. */
  readonly limits?: Partial<Readonly<Record<Lane, number>>> | undefined;
  /**
   * The address of this machine from which to reach a server by way of the VIP: one that is no VIP,
   * which the kernel would choose. Asked for each run of a check.
   */
  readonly sourceFor?: ((target: DataPathTarget) => Promise<string | undefined>) | undefined;
  /** Told of everything that changes, in order. */
  readonly onEvent?: ((event: HealthEvent) => void) | undefined;
  /** Told when what the kernel is to have of these services may have changed; they have their names. */
  readonly onChange?: ((services: ReadonlySet<string>) => void) | undefined;
  /** Told of every run of every check. */
  readonly onResult?: ((check: PhysicalCheck, result: CheckResult) => void) | undefined;
}

/** Where a configuration meets what is there. */
export interface MonitorStart {
  /** The kernel's table. */
  readonly found?: readonly ComparedService[] | undefined;
  /** What an operator has wanted of a server before this process was there. */
  readonly overrideOf?: ((service: string, server: string) => Override | undefined) | undefined;
}

/** How one check of a server stands. */
export interface CheckStanding {
  readonly check: string;
  readonly healthy: boolean;
  /** Results in a row that speak against it, of how many that it takes. */
  readonly against: number;
  readonly needed: number;
  /** Undefined until the first. */
  readonly last: CheckResult | undefined;
}

/** How a server stands. */
export interface ServerStanding {
  readonly healthy: boolean;
  /** How long ago it came to stand so, in milliseconds; undefined since the start. */
  readonly sinceMs: number | undefined;
  readonly reason: string | undefined;
  readonly agent: AgentState;
  readonly override: Override;
  /** The weight it is to have once it is up and has been for long enough. */
  readonly fullWeight: number;
  readonly checks: readonly CheckStanding[];
}

/**
 * Watches over the servers of a director: runs their checks, and says what the kernel is to have of
 * each service. It changes nothing itself.
 */
export class HealthMonitor {
  readonly #options: MonitorOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #scheduler: Scheduler;
  #declared = new Map<string, DeclaredService>();
  #services = new Map<string, ServiceHealth>();
  readonly #pool: CheckPool;
  /** Those with a server whose weight grows. */
  readonly #growing = new Set<ServiceHealth>();
  /** What the kernel is to have of services, since nothing about them has changed. */
  readonly #settled = new Map<string, ComparedService>();
  #dataPath = new DataPath([]);
  #isBegun = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: MonitorOptions) {
    const { clock = systemClock, random = Math.random, limits } = options;
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#scheduler = new Scheduler({ clock, limits });
    const make = ({ leaf }: Subscriber): PhysicalCheck => this.#physical(leaf);
    this.#pool = new CheckPool({ scheduler: this.#scheduler, random, make });
  }

  /**
   * Takes in a configuration, the first or another. What is known of servers and checks that stay is
   * kept; of services that are new, what the kernel has of them is where they begin.
   *
   * Checks that are new do not run before {@link begin}: those through the data path need
   * {@link dataPathServices} in the kernel first.
   */
  update(services: readonly DeclaredService[], start: MonitorStart = {}): void {
    const now = this.#clock.now();
    const { found = [], overrideOf } = start;
    const table = new Map(found.map((service) => [formatServiceKey(service.key), service]));
    const checks = services.flatMap(({ servers }) => servers.map(({ check }) => check));
    this.#dataPath = new DataPath(checks, this.#dataPath, found);
    const before = this.#declared;
    this.#declared = new Map(services.map((service) => [service.name, service]));
    const known = this.#services;
    this.#services = new Map(
      services.map((declared) => {
        const { name, service } = declared;
        const own = known.get(name);
        // A reload is mostly about something else.
        if (own !== undefined && isDeepStrictEqual(before.get(name), declared)) return [name, own];
        this.#settled.delete(name);
        const health = new ServiceHealth(declared, {
          now,
          before: own,
          found: table.get(formatServiceKey(service.key)),
          overrideOf: overrideOf && ((server) => overrideOf(name, server)),
        });
        return [name, health];
      }),
    );
    for (const name of known.keys()) if (!this.#services.has(name)) this.#settled.delete(name);
    this.#growing.clear();
    this.#subscribe();
    for (const service of this.#services.values()) {
      const events = service.settle(now);
      if (events.length > 0) this.#settled.delete(service.name);
      this.#tell(service, events);
      if (this.#growing.has(service)) this.#settled.delete(service.name);
    }
    this.#setTimer();
    this.#told(new Set(this.#services.keys()));
  }

  /** Runs the checks that do not run yet, spread over their fast interval. */
  begin(): void {
    this.#isBegun = true;
    this.#pool.begin();
  }

  /** Ends all checks; what is known stays to be asked for. */
  async stop(): Promise<void> {
    this.#growing.clear();
    this.#cancelTimer?.();
    await this.#pool.stop();
  }

  /**
   * The services of the configuration as the kernel is to have them now, and those for the checks.
   * What has not changed since the last time is the same object.
   */
  table(): readonly ComparedService[] {
    const services = Array.from(this.#declared.keys(), (name) => this.service(name));
    return [...services, ...this.#dataPath.services];
  }

  /** One of them. @throws RangeError when there is no such service. */
  service(name: string): ComparedService {
    const declared = this.#declared.get(name);
    if (declared === undefined) throw new RangeError(`there is no service ${name}`);
    const settled = this.#settled.get(name);
    if (settled !== undefined) return settled;
    const service = serviceByHealth(declared, this.desired(name));
    // A weight that grows does so by itself.
    if (!this.#growing.has(this.#service(name))) this.#settled.set(name, service);
    return service;
  }

  /** The private services that checks through the data path need. */
  get dataPathServices(): readonly ComparedService[] {
    return this.#dataPath.services;
  }

  /** What the kernel is to have of one service. @throws RangeError when there is no such service. */
  desired(service: string): DesiredService {
    return this.#service(service).desired(this.#clock.now());
  }

  /** What the last settled results say of a server. @throws RangeError when there is none such. */
  server(service: string, server: string): ServerStanding {
    const owner = this.#service(service);
    const health = this.#server(owner, server);
    const now = this.#clock.now();
    const { since } = health.standing;
    return {
      healthy: health.healthy,
      sinceMs: since === undefined ? undefined : now - since,
      reason: owner.reasonOf(health),
      agent: health.agent,
      override: health.override,
      fullWeight: health.fullWeight,
      checks: health.leaves.map((leaf) => this.#standingOf(leaf)),
    };
  }

  /** Sets what an operator wants of a server. @throws RangeError when there is none such. */
  override(service: string, server: string, override: Override): void {
    const owner = this.#service(service);
    const health = this.#server(owner, server);
    const checked = health.override.mode !== 'maint';
    this.#tell(owner, owner.override(health, override, this.#clock.now()));
    if (checked !== (override.mode !== 'maint')) {
      this.#subscribe();
      if (this.#isBegun) this.#pool.begin();
    }
    this.#setTimer();
    this.#changed(new Set([service]));
  }

  /** Has the checks of a server run at once: something else speaks against it. */
  recheck(service: string, server: string): void {
    for (const { key } of this.#server(this.#service(service), server).leaves) {
      this.#pool.hurry(key);
    }
  }

  get statistics(): ScheduleStatistics {
    return this.#scheduler.statistics;
  }

  #service(name: string): ServiceHealth {
    const service = this.#services.get(name);
    if (service === undefined) throw new RangeError(`there is no service ${name}`);
    return service;
  }

  #server(service: ServiceHealth, name: string) {
    const server = service.servers.get(name);
    if (server === undefined) throw new RangeError(`service ${service.name} has no server ${name}`);
    return server;
  }

  #standingOf({ check, key, state }: LeafState): CheckStanding {
    const { pace } = check;
    return {
      check: describeCheck(check),
      healthy: state.healthy,
      against: state.against,
      needed: state.healthy ? pace.fall : pace.rise,
      last: this.#pool.lastOf(key),
    };
  }

  #subscribe(): void {
    const subscribers: Subscriber[] = [];
    for (const service of this.#services.values()) {
      for (const server of service.servers.values()) {
        if (server.override.mode === 'maint') continue;
        for (const leaf of server.leaves) subscribers.push({ service, server, leaf });
      }
    }
    this.#pool.set(subscribers);
  }

  #physical({ check }: LeafState): PhysicalCheck {
    return new PhysicalCheck(check, {
      clock: this.#clock,
      random: this.#random,
      transport: this.#options.transport,
      endpoint: () => this.#endpointOf(check.target),
      onResult: (physical, result) => this.#record(physical, result),
    });
  }

  #endpointOf(target: CheckTarget): Endpoint | Promise<Endpoint> {
    const { address, port } = target;
    return target.path === 'direct' ? { address, port } : this.#endpointBehind(target);
  }

  async #endpointBehind(target: DataPathTarget): Promise<Endpoint> {
    const { address, port } = target;
    const mark = this.#dataPath.markOf(target);
    return { address, port, mark, source: await this.#options.sourceFor?.(target) };
  }

  #record(check: PhysicalCheck, result: CheckResult): void {
    const now = this.#clock.now();
    this.#options.onResult?.(check, result);
    const changed = new Set<string>();
    for (const { service, server, leaf } of check.subscribers) {
      const events = service.record(server, leaf, result, now);
      if (events === undefined) continue;
      changed.add(service.name);
      this.#tell(service, events);
    }
    if (changed.size === 0) return;
    this.#setTimer();
    this.#changed(changed);
  }

  #tell(service: ServiceHealth, events: readonly HealthEventDetails[]): void {
    if (service.nextChangeAt(this.#clock.now()) !== undefined) this.#growing.add(service);
    const { onEvent } = this.#options;
    if (onEvent === undefined) return;
    const time = this.#clock.wallTime();
    for (const event of events) onEvent({ time, service: service.name, ...event });
  }

  #changed(services: ReadonlySet<string>): void {
    for (const name of services) this.#settled.delete(name);
    this.#told(services);
  }

  #told(services: ReadonlySet<string>): void {
    if (services.size > 0) this.#options.onChange?.(services);
  }

  /** Wakes up when the weight of some server grows next. */
  #setTimer(): void {
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const service of this.#growing) {
      const at = service.nextChangeAt(now);
      if (at === undefined) this.#growing.delete(service);
      else next = Math.min(next, at);
    }
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (next < Number.POSITIVE_INFINITY) {
      this.#cancelTimer = this.#clock.schedule(next, () => this.#grow());
    }
  }

  #grow(): void {
    const now = this.#clock.now();
    const services = [...this.#growing];
    for (const service of services) this.#tell(service, service.settle(now));
    this.#setTimer();
    this.#changed(new Set(services.map(({ name }) => name)));
  }
}
