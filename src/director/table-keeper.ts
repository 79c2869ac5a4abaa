import type { Clock } from '../health/clock.ts';
import type { Ipvs } from '../ipvs/client.ts';
import { formatServiceKey } from '../ipvs/service.ts';
import type { ServiceState } from '../ipvs/table.ts';
import {
  type ComparedService,
  indexTable,
  type TableChange,
  type TableIndex,
} from '../ipvs/table-diff.ts';
import type { DirectorEventDetails } from '../observe/director-event.ts';
import { planChanges, subjectOf } from '../reconcile/plan.ts';
import { carryOut } from './carry-out.ts';
import { Comparison, only } from './comparison.ts';
import { type BusyService, type DrainRules, type Drains, drainBeforeRemoval } from './drain.ts';
import { DriftLog, Tolerated, withoutPrivate } from './drift.ts';
import { holdBack } from './hold-back.ts';
import { KnownTable } from './known-table.ts';
import { Refusals } from './refusals.ts';
import { Serially } from './serially.ts';
import { destinationSettingsOf, serviceSettingsOf } from './settings-of.ts';

/** What the kernel is to have. */
export interface Desired extends DrainRules {
  /** All of it. */
  table(): readonly ComparedService[];
  /** The services of that name, as far as there are any. */
  some(names: ReadonlySet<string>): readonly ComparedService[];
  drift(): 'correct' | 'report';
}

export interface TableKeeperOptions {
  /** Two clients, so that nothing that is urgent waits for a table to be read. */
  readonly reader: Pick<Ipvs, 'list'>;
  readonly writer: Pick<Ipvs, 'transaction'>;
  readonly desired: Desired;
  readonly clock: Clock;
  readonly onEvent: (details: DirectorEventDetails) => void;
  /** Told of the whole table each time that it has been read. */
  readonly onRead?: ((table: TableIndex<ServiceState>) => void) | undefined;
}

export interface TableKeeperStatistics {
  readonly comparisons: number;
  readonly comparisonMs: number | undefined;
  readonly changes: number;
  readonly drifts: number;
}

/** From one comparison to the next, so that what others do is seen within a second. */
const periodMs = 900;
/** The same while it is not known what became of a change: until then no other is made there. */
const periodInDoubtMs = 500;
/** Of a large table: a comparison takes at most a fifth of the time. */
const restFactor = 4;
/** How often to look again at once when others change the table while it is changed. */
const mostAttempts = 5;

/**
 * Makes the kernel's table what is desired, and keeps it so. What the health of servers changes is
 * made at once, from what is known of the table; and the whole table is compared again and again, by
 * which what others do is found.
 */
export class TableKeeper {
  readonly #options: TableKeeperOptions;
  readonly #refusals = new Refusals();
  readonly #driftLog = new DriftLog();
  readonly #tolerated = new Tolerated();
  readonly #known = new KnownTable();
  readonly #comparison = new Comparison();
  #drains: Drains = new Map();
  #pending = new Set<string>();
  #changing: Promise<void> | undefined;
  readonly #writing = new Serially();
  readonly #comparing = new Serially();
  #cancelTimer: (() => void) | undefined;
  #isKeeping = false;
  #comparedAt = Number.NEGATIVE_INFINITY;
  #statistics: TableKeeperStatistics = {
    comparisons: 0,
    comparisonMs: undefined,
    changes: 0,
    drifts: 0,
  };
  #trouble: string | undefined;

  constructor(options: TableKeeperOptions) {
    this.#options = options;
  }

  get statistics(): TableKeeperStatistics {
    return this.#statistics;
  }

  /** When the table was last compared, or that was tried, by the clock. */
  get comparedAt(): number {
    return this.#comparedAt;
  }

  /** Why the kernel does not take a service as it is desired, if so. */
  refusalOf(service: string): string | undefined {
    return this.#refusals.reasonOf(service);
  }

  /** Whether a destination is on its way out, by the texts of the service and itself. */
  isLeaving(service: string, destination: string): boolean {
    return this.#drains.has(`${service} ${destination}`);
  }

  /**
   * Reads the table and makes it what is desired; what differs from what it was left as is others'
   * doing.
   *
   * @param prepare What is desired may come of the table itself: done when it has been read.
   * @returns The number of commands that were needed.
   * @throws IpvsError when it cannot be read.
   */
  async settle(prepare?: (table: TableIndex<ServiceState>) => Promise<void>): Promise<number> {
    let changes = 0;
    for (let attempt = 1; ; attempt++) {
      const isFirst = attempt === 1;
      const made = await this.#comparing.run(() =>
        this.#compareOnce(isFirst ? prepare : undefined),
      );
      changes += made.changes;
      if (!made.again || attempt === mostAttempts) return changes;
    }
  }

  /** Compares again and again from now on. */
  keep(): void {
    this.#isKeeping = true;
    this.#comparedAt = this.#options.clock.now();
    this.#rest(this.#periodMs);
  }

  /**
   * Makes what has changed about these services so, at the end of this turn of the event loop. Resolves
   * when that has been done or tried.
   */
  change(names: ReadonlySet<string>): Promise<void> {
    if (!this.#known.isRead) return Promise.resolve();
    for (const name of names) this.#pending.add(name);
    this.#changing ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#changing = undefined;
        void this.#changePending().then(resolve);
      });
    });
    return this.#changing;
  }

  /** Ends when what is under way is done. */
  async stop(): Promise<void> {
    this.#isKeeping = false;
    this.#cancelTimer?.();
    this.#pending.clear();
    this.#known.forget();
    await this.#comparing.idle();
    await this.#writing.idle();
  }

  get #periodMs(): number {
    return this.#known.isUnsure ? periodInDoubtMs : periodMs;
  }

  #rest(ms: number): void {
    this.#cancelTimer?.();
    if (!this.#isKeeping) return;
    const { clock } = this.#options;
    this.#cancelTimer = clock.schedule(clock.now() + ms, () => void this.#keepOnce());
  }

  async #keepOnce(): Promise<void> {
    try {
      await this.#comparing.run(() => this.#compareOnce());
      this.#trouble = undefined;
    } catch (error) {
      this.#tell('cannot compare the table', error);
    }
    const { comparisonMs = 0 } = this.#statistics;
    this.#rest(Math.max(this.#periodMs - comparisonMs, comparisonMs * restFactor));
  }

  async #compareOnce(prepare?: (table: TableIndex<ServiceState>) => Promise<void>): Promise<Made> {
    const { reader, clock, onRead } = this.#options;
    const startedAt = clock.now();
    try {
      await this.#writing.idle();
      this.#known.beginReading();
      const table = this.#comparison.read(await reader.list({ consistent: true }));
      await prepare?.(table);
      onRead?.(table);
      return await this.#writing.run(() => this.#meet(table));
    } finally {
      this.#comparedAt = clock.now();
      const { comparisons } = this.#statistics;
      this.#count({ comparisons: comparisons + 1, comparisonMs: this.#comparedAt - startedAt });
    }
  }

  /** Makes the table, as it was just read, what is desired. */
  async #meet(read: TableIndex<ServiceState>): Promise<Made> {
    const { desired, clock } = this.#options;
    const now = clock.now();
    const { table: actual, othersDid } = this.#known.endReading(read);
    const wanted = this.#comparison.desire(desired.table());
    const changes = this.#comparison.differences(read, actual, wanted);
    const subjects = new Set(changes.map(subjectOf));
    this.#refusals.keepOnly((subject, service) => subjects.has(subject) || subjects.has(service));
    this.#tolerated.keepOnly((subject) => subjects.has(subject));
    const names = new Set(changes.map(({ service }) => formatServiceKey(service)));
    this.#noteDrift(withoutPrivate(othersDid(names)), wanted, now);
    if (changes.length === 0) {
      this.#drains = new Map();
      this.#tellRefusals();
      return { changes: 0, again: false };
    }
    return await this.#make(only(wanted, names), only(actual, names), wanted, now);
  }

  /** Takes in what others have done to what is not as it should be. */
  #noteDrift(drift: readonly TableChange[], desired: TableIndex, now: number): void {
    if (drift.length === 0) return;
    const corrected = this.#options.desired.drift() === 'correct';
    if (!corrected) this.#tolerated.add(drift, desired);
    this.#count({ drifts: this.#statistics.drifts + 1 });
    const news = this.#driftLog.news(drift, corrected, now);
    if (news !== undefined) this.#options.onEvent(news);
  }

  async #changePending(): Promise<void> {
    const names = this.#pending;
    this.#pending = new Set();
    try {
      await this.#writing.run(async () => {
        const { desired, clock } = this.#options;
        const { desired: wanted, actual } = this.#known.sureOf(desired.some(names));
        await this.#make(wanted, actual, undefined, clock.now());
      });
    } catch (error) {
      this.#tell('cannot change the table', error);
    }
  }

  /**
   * Makes services what is desired of them.
   *
   * @param all Everything that is desired, when the table was read just now; undefined when it is known
   * from before.
   */
  async #make(
    desired: TableIndex,
    actual: TableIndex,
    all: TableIndex | undefined,
    now: number,
  ): Promise<Made> {
    const { writer, onEvent } = this.#options;
    const held = new Set(this.#refusals.held(now));
    if (this.#options.desired.drift() === 'correct') this.#tolerated.clear();
    if (this.#tolerated.size > 0) {
      const whole = all ?? indexTable(this.#options.desired.table());
      for (const subject of this.#tolerated.subjects(whole)) held.add(subject);
    }
    const wanted =
      held.size === 0
        ? Array.from(desired.values(), ({ service }) => service)
        : holdBack(desired, actual, held);
    const services = Array.from(actual.values(), ({ service }) => service);
    const target = this.#drain(wanted, services, all !== undefined, now);
    const { steps } = planChanges(services, target);
    if (steps.length === 0) {
      this.#tellRefusals();
      return { changes: 0, again: false };
    }
    const touched = new Set(steps.map(({ change }) => formatServiceKey(change.service)));
    this.#known.touch(touched);
    let outcome: Awaited<ReturnType<typeof carryOut>> | undefined;
    try {
      outcome = await carryOut(writer, steps);
    } finally {
      this.#known.leave(touched, target, outcome?.unsure ?? touched);
    }
    for (const { service, subject, reason } of outcome.refusals) {
      this.#refusals.refuse(service, subject, reason, now);
    }
    this.#tellRefusals();
    const { changes } = outcome;
    this.#count({ changes: this.#statistics.changes + changes });
    if (changes > 0) onEvent({ event: 'table-changed', changes });
    return { changes, again: outcome.raced };
  }

  /** Lets what is to go keep its connections until they have ended. */
  #drain(
    wanted: readonly ComparedService[],
    actual: readonly ComparedService[],
    isFresh: boolean,
    now: number,
  ): readonly ComparedService[] {
    // What was not read just now may have connections; only its time can be over.
    const busy = isFresh ? (actual as readonly BusyService[]) : actual.map(asBusy);
    const { desired } = this.#options;
    const { table, drains } = drainBeforeRemoval(wanted, busy, this.#drains, desired, now);
    this.#drains = isFresh ? drains : new Map([...this.#drains, ...drains]);
    return table;
  }

  #tellRefusals(): void {
    for (const news of this.#refusals.news()) this.#options.onEvent(news);
  }

  #tell(what: string, error: unknown): void {
    if (!this.#isKeeping) return;
    const reason = `${what}: ${error instanceof Error ? error.message : String(error)}`;
    if (reason === this.#trouble) return;
    this.#trouble = reason;
    this.#options.onEvent({ event: 'trouble', reason });
  }

  #count(counted: Partial<TableKeeperStatistics>): void {
    this.#statistics = { ...this.#statistics, ...counted };
  }
}

interface Made {
  readonly changes: number;
  /** Others changed the table meanwhile. */
  readonly again: boolean;
}

function asBusy(service: ComparedService): BusyService {
  const destinations = service.destinations.map((one) => ({
    ...destinationSettingsOf(one),
    activeConnections: 1,
  }));
  return { key: service.key, ...serviceSettingsOf(service), destinations };
}
