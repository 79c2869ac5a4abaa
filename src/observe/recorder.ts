import type { DirectorEvent } from './director-event.ts';
import { type HistoryOptions, type HistoryStatistics, HistoryWriter } from './history-writer.ts';
import type { Operations } from './operations.ts';
import { Standings } from './standings.ts';

export interface RecorderOptions extends Omit<HistoryOptions, 'standing'> {
  /** Told that how the director stands could not be found out. Default: nobody is. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const beatIntervalMs = 10_000;

/** Writes the history of a director: what happens to it, and what it takes to make sense of that. */
export class Recorder {
  readonly #writer: HistoryWriter;
  readonly #standings: Standings;
  readonly #options: RecorderOptions;
  #operations: Operations | undefined;
  #unsubscribe: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #restating: Promise<void> = Promise.resolve();
  #isToRestate = false;

  private constructor(writer: HistoryWriter, standings: Standings, options: RecorderOptions) {
    this.#writer = writer;
    this.#standings = standings;
    this.#options = options;
  }

  /** Opens the history; never fails for the sake of a disk. */
  static async open(options: RecorderOptions): Promise<Recorder> {
    const standings = new Standings();
    const { now = Date.now } = options;
    const standing = () => standings.records(now());
    const writer = await HistoryWriter.open({ ...options, standing });
    return new Recorder(writer, standings, options);
  }

  get statistics(): HistoryStatistics {
    return this.#writer.statistics;
  }

  /** Begins to write what happens to a director. */
  attach(operations: Operations): void {
    this.#operations = operations;
    this.#unsubscribe = operations.subscribe((event) => this.#take(event));
    this.#timer = setInterval(() => void this.#writer.beat(), beatIntervalMs);
    // It keeps no process alive.
    this.#timer.unref();
    this.#restate();
  }

  /** Resolves once all that happened is written, or lost. */
  async flush(): Promise<void> {
    await this.#restating;
    await this.#writer.flush();
  }

  async close(): Promise<void> {
    this.#unsubscribe?.();
    clearInterval(this.#timer);
    await this.#restating;
    await this.#writer.close();
  }

  #take(event: DirectorEvent): void {
    this.#writer.append(event);
    this.#standings.take(event);
    if (event.event === 'started' || event.event === 'reloaded') this.#restate();
    // The first that is known of a service: that one of its servers has been checked.
    const isOfServer = event.event === 'server-up' || event.event === 'server-down';
    if (isOfServer && !this.#standings.services.has(event.service)) this.#restate();
  }

  /** Writes how services stand that no event has told of: at the start, and those that are new. */
  #restate(): void {
    const { now = Date.now, onError } = this.#options;
    // One that has not begun yet will tell of this too.
    if (this.#isToRestate) return;
    this.#isToRestate = true;
    this.#restating = this.#restating.then(async () => {
      this.#isToRestate = false;
      try {
        const status = await this.#operations?.status();
        if (status === undefined) return;
        for (const record of this.#standings.differencesTo(status, now())) {
          this.#writer.append(record);
          this.#standings.take(record);
        }
      } catch (error) {
        onError?.(error);
      }
    });
  }
}
