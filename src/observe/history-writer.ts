import { constants } from 'node:fs';
import * as files from 'node:fs/promises';
import { historyFiles } from './history-files.ts';
import type { HistoryRecord } from './history-record.ts';
import { toJson } from './json.ts';
import { StateError } from './state-error.ts';

export interface HistoryFileSystem {
  open(path: string, flags: number, mode?: number): Promise<HistoryHandle>;
  rename(from: string, to: string): Promise<void>;
  mkdir(path: string, options: { recursive: true; mode: number }): Promise<unknown>;
}

export interface HistoryHandle {
  stat(): Promise<{ readonly size: number; readonly mtimeMs: number }>;
  read(options: { buffer: Uint8Array; position: number }): Promise<{ readonly bytesRead: number }>;
  write(buffer: Uint8Array): Promise<{ readonly bytesWritten: number }>;
  utimes(accessed: number, modified: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface HistoryOptions {
  readonly stateDirectory: string;
  /** How much of the disk it may take, in all. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
  /** What a file is to begin with that takes over from another, so that it tells by itself. */
  readonly standing?: (() => readonly HistoryRecord[]) | undefined;
  /** Told why nothing can be written, and with undefined that it can again. */
  readonly onProblem?: ((reason: string | undefined) => void) | undefined;
  readonly fs?: HistoryFileSystem | undefined;
}

export interface HistoryStatistics {
  readonly written: number;
  /** Not written: the disk was full, or too slow for what happened. */
  readonly lost: number;
  readonly problem: string | undefined;
}

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDONLY, O_RDWR, O_TRUNC } = constants;
const lineBreak = 0x0a;
/** So much may wait for a slow disk. */
const mostWaiting = 1024 * 1024;

/**
 * Appends what happens to a file, a line of JSON each. When it is half as long as it may be it becomes
 * the older of two, in place of the one before. Whatever becomes of the disk, nobody waits for it.
 *
 * The time of its last change is when the director was last alive; {@link beat} keeps it up to date,
 * which takes no room on a full disk.
 */
export class HistoryWriter {
  readonly #options: HistoryOptions;
  readonly #now: () => number;
  readonly #fs: HistoryFileSystem;
  readonly #paths: { readonly current: string; readonly older: string };
  readonly #half: number;
  #handle: HistoryHandle | undefined;
  #size = 0;
  /** Whether the file ends in the middle of a line. */
  #isTorn = false;
  /** Whether the history tells since when nobody had written it. */
  #hasResumed = false;
  #waiting: string[] = [];
  #waitingLength = 0;
  #work: Promise<void> = Promise.resolve();
  #isWorking = false;
  #written = 0;
  #lost = 0;
  /** How many of those that are lost the history does not tell yet. */
  #untold = 0;
  #problem: string | undefined;

  private constructor(options: HistoryOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#fs = options.fs ?? files;
    this.#paths = historyFiles(options.stateDirectory);
    this.#half = options.bytes / 2;
  }

  /**
   * Goes on with the history that is there. A disk that cannot be written does not keep it from
   * being opened: that is told, and tried again.
   */
  static async open(options: HistoryOptions): Promise<HistoryWriter> {
    const writer = new HistoryWriter(options);
    await writer.#writeLines([]).catch((error: unknown) => writer.#fail(error));
    return writer;
  }

  get statistics(): HistoryStatistics {
    return { written: this.#written, lost: this.#lost, problem: this.#problem };
  }

  /** Has it written soon. */
  append(record: HistoryRecord): void {
    const line = `${toJson(record)}\n`;
    if (this.#waitingLength + line.length > Math.min(mostWaiting, this.#half)) {
      this.#lose(1);
      return;
    }
    this.#waiting.push(line);
    this.#waitingLength += line.length;
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.#work = this.#work.then(() => this.#writeAll());
  }

  /** Resolves once all that was appended is written, or lost. */
  async flush(): Promise<void> {
    await this.#work;
  }

  /** Notes that the director is alive. To be called now and then. */
  async beat(): Promise<void> {
    const seconds = this.#now() / 1000;
    await this.#handle?.utimes(seconds, seconds).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.flush();
    await this.beat();
    await this.#handle?.sync().catch(() => undefined);
    await this.#closeHandle();
  }

  async #open(): Promise<void> {
    await this.#fs.mkdir(this.#options.stateDirectory, { recursive: true, mode: 0o750 });
    const flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW;
    const handle = await this.#fs.open(this.#paths.current, flags, 0o640);
    this.#handle = handle;
    const { size, mtimeMs } = await handle.stat();
    this.#size = size;
    this.#isTorn = size > 0 && (await lastByteOf(handle, size)) !== lineBreak;
    if (this.#hasResumed) return;
    const lastSeen = size > 0 ? mtimeMs : await this.#olderChanged();
    if (lastSeen !== undefined) {
      const time = this.#now();
      const mark = { time, event: 'resumed', lastSeen: Math.min(time, Math.floor(lastSeen)) };
      await this.#write(`${toJson(mark)}\n`);
    }
    this.#hasResumed = true;
  }

  /** When the older file was last written; undefined when there is none. */
  async #olderChanged(): Promise<number | undefined> {
    let handle: HistoryHandle | undefined;
    try {
      handle = await this.#fs.open(this.#paths.older, O_RDONLY | O_NOFOLLOW);
      return (await handle.stat()).mtimeMs;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    } finally {
      await handle?.close();
    }
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#waitingLength = 0;
      try {
        await this.#writeLines(lines);
        this.#written += lines.length;
        if (this.#problem !== undefined) {
          this.#problem = undefined;
          this.#options.onProblem?.(undefined);
        }
      } catch (error) {
        this.#lose(lines.length);
        this.#fail(error);
      }
    }
    this.#isWorking = false;
  }

  async #writeLines(lines: readonly string[]): Promise<void> {
    if (this.#handle === undefined) await this.#open();
    if (lines.length === 0) return;
    const untold = this.#untold;
    const gap: HistoryRecord = { time: this.#now(), event: 'lost', count: untold };
    const text = `${untold > 0 ? `${toJson(gap)}\n` : ''}${lines.join('')}`;
    if (this.#size > 0 && this.#size + Buffer.byteLength(text) > this.#half) await this.#turnOver();
    await this.#write(text);
    this.#untold -= untold;
  }

  /** Makes the file the older one, and begins another. */
  async #turnOver(): Promise<void> {
    await this.#closeHandle();
    await this.#fs.rename(this.#paths.current, this.#paths.older);
    const flags = O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_NOFOLLOW;
    this.#handle = await this.#fs.open(this.#paths.current, flags, 0o640);
    this.#size = 0;
    this.#isTorn = false;
    const standing = this.#options.standing?.() ?? [];
    const text = standing.map((record) => `${toJson(record)}\n`).join('');
    // Where it would leave little room for what happens, it is left out: then nobody knows.
    if (text !== '' && text.length < this.#half / 2) await this.#write(text);
  }

  async #write(text: string): Promise<void> {
    const bytes = Buffer.from(`${this.#isTorn ? '\n' : ''}${text}`);
    // A write that fails may have written a part.
    this.#isTorn = true;
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten = 0 } = (await this.#handle?.write(bytes.subarray(at))) ?? {};
      if (bytesWritten === 0) throw new Error('nothing can be written');
      at += bytesWritten;
      this.#size += bytesWritten;
    }
    this.#isTorn = false;
  }

  #lose(count: number): void {
    this.#lost += count;
    this.#untold += count;
  }

  #fail(error: unknown): undefined {
    const { current } = this.#paths;
    const { message } = new StateError('STATE_NOT_KEPT', `cannot write ${current}`, error);
    if (this.#problem === message) return;
    this.#problem = message;
    this.#options.onProblem?.(message);
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }
}

async function lastByteOf(handle: HistoryHandle, size: number): Promise<number | undefined> {
  const buffer = Buffer.alloc(1);
  const { bytesRead } = await handle.read({ buffer, position: size - 1 });
  return bytesRead === 1 ? buffer[0] : undefined;
}
