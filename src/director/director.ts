import { isDeepStrictEqual } from 'node:util';
import type { DirectorConfig } from '../config/director-config.ts';
import type { Clock } from '../health/clock.ts';
import { systemClock } from '../health/clock.ts';
import { HealthMonitor } from '../health/monitor.ts';
import { noOverride, type Override } from '../health/server-health.ts';
import type { ComparedService } from '../ipvs/table-diff.ts';
import type { DirectorEvent, DirectorEventDetails } from '../observe/director-event.ts';
import type { DirectorStatus } from '../observe/director-status.ts';
import { Durations } from '../observe/durations.ts';
import type { Operations, OverrideStore } from '../observe/operations.ts';
import { Declared } from './declared.ts';
import type { DirectorHost } from './host.ts';
import { OperatorDrains } from './operator-drains.ts';
import { Serially } from './serially.ts';
import { servicesStatus } from './status.ts';
import { Surroundings } from './surroundings.ts';
import { TableKeeper } from './table-keeper.ts';

export interface DirectorOptions {
  /** What to begin with. */
  readonly config: DirectorConfig;
  /** Reads the configuration again. */
  readonly load: () => Promise<DirectorConfig>;
  readonly host: DirectorHost;
  /** Of lvskit. */
  readonly version: string;
  /** Default: what operators want is forgotten at the end. */
  readonly overrides?: OverrideStore | undefined;
  /** Default: that of this machine. */
  readonly clock?: Clock | undefined;
  /** From 0 up to 1. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** A loop that has not gone round for so long does not any more. */
const deadMs = 10_000;

/**
 * A director: makes the kernel balance as its configuration, the health of its servers, and its
 * operators want it. The kernel goes on without it.
 */
export class Director implements Operations, AsyncDisposable {
  readonly #options: DirectorOptions;
  readonly #clock: Clock;
  readonly #monitor: HealthMonitor;
  readonly #keeper: TableKeeper;
  readonly #surroundings: Surroundings;
  readonly #declared = new Declared();
  readonly #drains: OperatorDrains;
  readonly #listeners = new Set<(event: DirectorEvent) => void>();
  readonly #work = new Serially();
  readonly #startedAt: number;
  #config: DirectorConfig;
  #loadedAt: number;
  #problem: string | undefined;
  #reloads = 0;
  #failedReloads = 0;
  #state: DirectorStatus['state'] = 'starting';
  #nextReload: Promise<{ readonly services: number; readonly changes: number }> | undefined;
  #hasBegun = false;
  #isUpdating = false;
  /** Whether the monitor knows the services. */
  #isTold = false;
  readonly #checkDurations = new Map<string, Durations>();
  #checks = 0;
  #failedChecks = 0;

  constructor(options: DirectorOptions) {
    const { config, host, clock = systemClock, random } = options;
    this.#options = options;
    this.#config = config;
    this.#clock = clock;
    this.#startedAt = clock.wallTime();
    this.#loadedAt = this.#startedAt;
    this.#drains = new OperatorDrains((service, server) => {
      this.#tell({ event: 'drained', service, server });
    });
    this.#monitor = new HealthMonitor({
      transport: host.transport,
      clock,
      random,
      sourceFor: host.dataPath.sourceFor,
      onEvent: (event) => this.#publish(event),
      onChange: (services) => {
        if (!this.#isUpdating) void this.#keeper.change(services);
      },
      onResult: ({ check: { probe } }, { passed, durationMs }) => {
        this.#checks++;
        const durations = this.#checkDurations.get(probe.kind) ?? new Durations();
        durations.add(durationMs);
        this.#checkDurations.set(probe.kind, durations);
        if (!passed) this.#failedChecks++;
      },
    });
    const onEvent = (details: DirectorEventDetails) => this.#tell(details);
    this.#surroundings = new Surroundings({ host, clock, onEvent });
    this.#keeper = new TableKeeper({
      reader: host.reader,
      writer: host.writer,
      clock,
      desired: {
        table: () => this.#monitor.table(),
        some: (names) =>
          [...names].flatMap((name) =>
            this.#declared.has(name) ? this.#monitor.service(name) : [],
          ),
        timeoutMs: (service) => this.#declared.drainTimeoutMs(service),
        isDead: (service, server) => this.#isDead(service, server),
        drift: () => this.#config.director.drift,
      },
      onEvent,
      onRead: (table) => this.#drains.look(table),
    });
  }

  /**
   * Takes over the kernel's table: what is right already stays as it is, and everything else is made
   * right. Then checks begin.
   *
   * @throws IpvsError when the table cannot be read or changed at all.
   */
  async start(): Promise<void> {
    await this.#work.run(async () => {
      await this.#take(this.#config);
      // Where a VIP is, connections come; its services had better be there before.
      await this.#surroundings.setVips(this.#config);
      this.#monitor.begin();
      this.#keeper.keep();
      this.#surroundings.keep();
      if (this.#state === 'starting') this.#state = 'running';
      this.#hasBegun = true;
      const services = this.#config.services.length;
      this.#tell({ event: 'started', version: this.#options.version, services });
    });
  }

  /**
   * Ends. With `leave` the table stays as it is, that of the checks too, which the next director takes
   * over without a change; with `flush` all services go.
   */
  async stop(reason: string): Promise<void> {
    if (this.#state === 'stopping') return;
    this.#state = 'stopping';
    await this.#work.run(async () => {
      // One that could not begin has not taken the table over.
      const flush = this.#hasBegun && this.#config.director.onStop === 'flush';
      await this.#monitor.stop();
      await this.#keeper.stop();
      await this.#surroundings.end(flush);
      if (flush) await this.#options.host.writer.flush();
      this.#tell({ event: 'stopped', reason });
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop('disposed of');
  }

  async status(): Promise<DirectorStatus> {
    const { host, version } = this.#options;
    const table = await host.reader.list({ statistics: true });
    const { tasks: _, running, waiting } = this.#monitor.statistics;
    return {
      version,
      pid: process.pid,
      startedAt: this.#startedAt,
      state: this.#state,
      configuration: {
        files: this.#config.files,
        loadedAt: this.#loadedAt,
        problem: this.#problem,
        reloads: this.#reloads,
        failedReloads: this.#failedReloads,
      },
      services: servicesStatus({
        // Before it has begun, nothing is known of them.
        config: this.#isTold ? this.#config : { services: [] },
        monitor: this.#monitor,
        table,
        refusalOf: (service) => this.#keeper.refusalOf(service),
        isLeaving: (service, server) => this.#keeper.isLeaving(service, server),
      }),
      vips: this.#surroundings.vips,
      loops: {
        checks: this.#checks,
        failedChecks: this.#failedChecks,
        checkDurations: Array.from(this.#checkDurations, ([kind, { reading }]) => ({
          kind,
          ...reading,
        })),
        checksRunning: running,
        checksWaiting: waiting,
        ...this.#keeper.statistics,
      },
    };
  }

  async override(service: string, server: string, override: Override, by: string): Promise<void> {
    await this.#work.run(async () => {
      this.#demandRunning();
      const { override: before } = this.#monitor.server(service, server);
      if (isDeepStrictEqual(before, override)) return;
      await this.#options.overrides?.set(service, server, override, by);
      this.#monitor.override(service, server, override);
      this.#watchDrain(service, server, override);
      this.#tell({ event: 'override', service, server, before, after: override, by });
      await this.#keeper.change(new Set([service]));
    });
  }

  reload(): Promise<{ readonly services: number; readonly changes: number }> {
    // Who asks while one is waiting for its turn has that one: it has not read anything yet.
    this.#nextReload ??= this.#work.run(async () => {
      this.#nextReload = undefined;
      this.#demandRunning();
      return await this.#reloadNow();
    });
    return this.#nextReload;
  }

  async #reloadNow(): Promise<{ readonly services: number; readonly changes: number }> {
    let config: DirectorConfig;
    try {
      config = await this.#options.load();
    } catch (error) {
      this.#problem = messageOf(error);
      this.#failedReloads++;
      this.#tell({ event: 'reload-failed', reason: this.#problem });
      throw error;
    }
    this.#problem = undefined;
    this.#reloads++;
    this.#loadedAt = this.#clock.wallTime();
    const changes = await this.#take(config);
    await this.#surroundings.setVips(config);
    this.#monitor.begin();
    const services = config.services.length;
    this.#tell({ event: 'reloaded', services, changes });
    return { services, changes };
  }

  #demandRunning(): void {
    if (this.#state === 'stopping') throw new Error('the director is ending');
  }

  /** Whether all that is to go on by itself does: comparing the table, and checking. */
  get isAlive(): boolean {
    const since = this.#clock.now() - this.#keeper.comparedAt;
    return since < deadMs && this.#monitor.statistics.overdueMs < deadMs;
  }

  /** How it stands, in one line. */
  get summary(): string {
    let up = 0;
    let all = 0;
    for (const { name, servers } of this.#config.services) {
      all += servers.length;
      for (const { state } of this.#monitor.desired(name).servers) {
        if (state === 'up' || state === 'starting' || state === 'standby') up++;
      }
    }
    const refused = this.#problem === undefined ? '' : '; the newest configuration is refused';
    return `${this.#config.services.length} services, ${up} of ${all} servers up${refused}`;
  }

  /** Tells of trouble that others have who work with it. */
  report(reason: string): void {
    this.#tell({ event: 'trouble', reason });
  }

  subscribe(listener: (event: DirectorEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Makes the kernel's table what a configuration says. @returns How many changes that took. */
  async #take(config: DirectorConfig): Promise<number> {
    return await this.#keeper.settle(async (table) => {
      this.#update(
        config,
        Array.from(table.values(), ({ service }) => service),
      );
      await this.#surroundings.setChecks(config);
    });
  }

  /** Takes in a configuration; the kernel is not changed yet. */
  #update(config: DirectorConfig, found: readonly ComparedService[]): void {
    const { overrides } = this.#options;
    this.#config = config;
    this.#declared.set(config.services);
    this.#isUpdating = true;
    try {
      this.#monitor.update(config.services, {
        found,
        overrideOf: overrides && ((service, server) => overrides.get(service, server)),
      });
      this.#isTold = true;
    } finally {
      this.#isUpdating = false;
    }
    this.#drains.keepOnly((service, server) => this.#declared.hasServer(service, server));
    for (const { service, key, server } of this.#declared.servers()) {
      const { mode } = overrides?.get(service, server) ?? noOverride;
      if (mode === 'drain') this.#drains.resume(service, key, server);
    }
  }

  #watchDrain(name: string, server: string, { mode }: Override): void {
    const key = this.#declared.keyOf(name);
    if (mode === 'drain' && key !== undefined) this.#drains.begin(name, key, server);
    else this.#drains.end(name, server);
  }

  #isDead(key: string, server: string): boolean {
    const declared = this.#declared.byKey(key);
    if (declared?.policy.onFailure !== 'remove') return false;
    const { servers } = this.#monitor.desired(declared.name);
    return servers.some((one) => one.server === server && one.state === 'down');
  }

  #tell(details: DirectorEventDetails): void {
    this.#publish({ time: this.#clock.wallTime(), ...details });
  }

  #publish(event: DirectorEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
