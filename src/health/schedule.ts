import type { Clock } from './clock.ts';
import { type HeapEntry, TimerHeap } from './timer-heap.ts';

/** Something to be done again and again, never twice at once. */
export interface Task {
  /** Which limit it counts against: sockets are cheap, processes are not. */
  readonly lane: Lane;
  /** Does it once. A rejection is the task's own affair: the schedule goes on. */
  run(): Promise<void>;
  /** Asked after each run: milliseconds from its start to the start of the next. */
  delayMs(): number;
}

export type Lane = 'network' | 'process';

export interface SchedulerOptions {
  readonly clock: Clock;
  /** How many of each lane may be under way at once. */
  readonly limits?: Partial<Readonly<Record<Lane, number>>> | undefined;
}

export interface ScheduleStatistics {
  readonly tasks: number;
  /** Under way. */
  readonly running: number;
  /** Due, but the limit of their lane is met. */
  readonly waiting: number;
  /** How late the last task was that started, in milliseconds. */
  readonly latenessMs: number;
  /** How long the next has been due, in milliseconds: much only when nothing is started any more. */
  readonly overdueMs: number;
}

/** A task's place in the schedule. */
export interface Scheduled {
  /** Brings the next run forward to at most this many milliseconds from now. */
  hurry(withinMs: number): void;
  /** Ends it. A run that is under way goes on; it is the last. */
  remove(): void;
}

interface Entry extends HeapEntry {
  readonly task: Task;
  state: 'resting' | 'waiting' | 'running' | 'removed';
  /** While it runs: somebody asked for the next run to begin by then. */
  wantedBy: number;
  /** How much too early it may run, to run together with another. */
  slackMs: number;
}

interface LaneState {
  readonly limit: number;
  running: number;
  /** Due, in the order they became so. What was removed meanwhile is passed over. */
  readonly waiting: Set<Entry>;
}

/**
 * What is due within this share of its delay runs along with what is due. Waking up, and waking the
 * thread that asks, costs more than asking; and what has run together is due together from then on.
 */
const slackShare = 0.01;

const defaultLimits: Readonly<Record<Lane, number>> = { network: 4096, process: 16 };

/**
 * When each of thousands of tasks runs: one timer, for the one that is due first. Tasks that are due
 * while the limit is met wait in line, and start as others end.
 */
export class Scheduler {
  readonly #clock: Clock;
  readonly #heap = new TimerHeap<Entry>();
  readonly #entries = new Set<Entry>();
  readonly #lanes: Readonly<Record<Lane, LaneState>>;
  #cancelTimer: (() => void) | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #latenessMs = 0;
  #whenIdle: (() => void)[] = [];

  constructor(options: SchedulerOptions) {
    this.#clock = options.clock;
    const limits = { ...defaultLimits, ...options.limits };
    const lane = (limit: number): LaneState => ({ limit, running: 0, waiting: new Set() });
    this.#lanes = { network: lane(limits.network), process: lane(limits.process) };
  }

  get statistics(): ScheduleStatistics {
    const { network, process } = this.#lanes;
    return {
      tasks: this.#entries.size,
      running: network.running + process.running,
      waiting: network.waiting.size + process.waiting.size,
      latenessMs: this.#latenessMs,
      overdueMs: Math.max(0, this.#clock.now() - (this.#heap.first()?.at ?? Infinity)),
    };
  }

  /** @param firstAfterMs When it runs for the first time, in milliseconds from now. */
  add(task: Task, firstAfterMs: number): Scheduled {
    const entry: Entry = {
      task,
      at: 0,
      place: -1,
      state: 'resting',
      wantedBy: Number.POSITIVE_INFINITY,
      slackMs: 0,
    };
    this.#entries.add(entry);
    this.#heap.put(entry, this.#clock.now() + firstAfterMs);
    this.#setTimer();
    return {
      hurry: (withinMs) => this.#hurry(entry, this.#clock.now() + withinMs),
      remove: () => this.#remove(entry),
    };
  }

  /** Removes every task, and resolves when those under way have ended. */
  async stop(): Promise<void> {
    for (const entry of [...this.#entries]) this.#remove(entry);
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    if (this.statistics.running === 0) return;
    await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #hurry(entry: Entry, by: number): void {
    if (entry.state === 'running') entry.wantedBy = Math.min(entry.wantedBy, by);
    if (entry.state !== 'resting' || entry.at <= by) return;
    this.#heap.put(entry, by);
    this.#setTimer();
  }

  #remove(entry: Entry): void {
    entry.state = 'removed';
    this.#entries.delete(entry);
    this.#heap.remove(entry);
    this.#lanes[entry.task.lane].waiting.delete(entry);
  }

  #setTimer(): void {
    const at = this.#heap.first()?.at ?? Number.POSITIVE_INFINITY;
    // One that fires too early finds nothing due and sets the next: cheaper than setting anew.
    if (at >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = at;
    this.#cancelTimer = this.#clock.schedule(at, () => this.#wake());
  }

  #wake(): void {
    this.#cancelTimer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    for (;;) {
      const entry = this.#heap.first();
      if (entry === undefined || entry.at - entry.slackMs > now) break;
      this.#heap.remove(entry);
      const lane = this.#lanes[entry.task.lane];
      if (lane.running < lane.limit) {
        this.#start(entry, lane);
      } else {
        entry.state = 'waiting';
        lane.waiting.add(entry);
      }
    }
    this.#setTimer();
  }

  #start(entry: Entry, lane: LaneState): void {
    const startedAt = this.#clock.now();
    this.#latenessMs = Math.max(0, startedAt - entry.at);
    entry.state = 'running';
    entry.wantedBy = Number.POSITIVE_INFINITY;
    lane.running++;
    const ended = (): void => this.#ended(entry, lane, startedAt);
    entry.task.run().then(ended, ended);
  }

  #ended(entry: Entry, lane: LaneState, startedAt: number): void {
    lane.running--;
    if (entry.state === 'running') {
      entry.state = 'resting';
      const delayMs = entry.task.delayMs();
      const at = Math.min(startedAt + delayMs, entry.wantedBy);
      entry.slackMs = delayMs * slackShare;
      this.#heap.put(entry, Math.max(at, this.#clock.now()));
    }
    for (const next of lane.waiting) {
      if (lane.running >= lane.limit) break;
      lane.waiting.delete(next);
      this.#start(next, lane);
    }
    this.#setTimer();
    if (this.statistics.running > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
