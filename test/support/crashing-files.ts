import { constants } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { OverrideFileSystem } from '../../src/observe/override-file.ts';

/** The process is gone: whatever it does afterwards does nothing. */
export class Killed extends Error {}

interface Inode {
  /** What a reader sees, and what is left when the machine stops. */
  seen: string;
  kept: string;
}

/**
 * A folder of files in memory that knows what is on the disk and what is only in memory, counts the
 * steps of whoever uses it, and ends it at one of them.
 */
export class CrashingFiles implements OverrideFileSystem {
  steps = 0;
  /** Ends whoever uses it at this step, before the step is done or after. */
  killAt: { readonly step: number; readonly done: boolean } | undefined;
  /** What this step fails with. */
  failAt: { readonly step: number; readonly code: string } | undefined;
  #seen = new Map<string, Inode>();
  #kept = new Map<string, Inode>();
  #isKilled = false;

  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  get names(): readonly string[] {
    return [...this.#seen.keys()];
  }

  put(name: string, text: string): void {
    const inode = { seen: text, kept: text };
    this.#seen.set(name, inode);
    this.#kept.set(name, inode);
  }

  textOf(name: string): string | undefined {
    return this.#seen.get(name)?.seen;
  }

  /** The process starts again; what it had written is there, for the machine goes on. */
  afterKill(): CrashingFiles {
    return this.#restarted(this.#seen, ({ seen }) => seen);
  }

  /** The machine starts again; only what was brought to the disk is sure to be there. */
  afterPowerLoss(names: 'kept' | 'seen'): CrashingFiles {
    return this.#restarted(names === 'kept' ? this.#kept : this.#seen, ({ kept }) => kept);
  }

  #restarted(names: ReadonlyMap<string, Inode>, textOf: (inode: Inode) => string): CrashingFiles {
    const files = new CrashingFiles(this.folder);
    for (const [name, inode] of names) files.put(name, textOf(inode));
    return files;
  }

  async open(path: string, flags: number) {
    if ((flags & constants.O_DIRECTORY) !== 0) {
      await this.#step('open folder', () => undefined);
      return {
        writeFile: () => Promise.reject(new Error('a folder')),
        sync: () => this.#step('sync folder', () => this.#keepNames()),
        close: () => this.#step('close folder', () => undefined),
      };
    }
    const name = this.#nameOf(path);
    const inode = await this.#step('open', () => {
      const opened = this.#seen.get(name) ?? { seen: '', kept: '' };
      opened.seen = '';
      this.#seen.set(name, opened);
      return opened;
    });
    return {
      writeFile: async (text: string) => {
        // A kill, or a full disk, leaves a part of it.
        await this.#step('write', () => {
          inode.seen = text.slice(0, text.length / 2);
        });
        await this.#step('write the rest', () => {
          inode.seen = text;
        });
      },
      sync: () =>
        this.#step('sync', () => {
          inode.kept = inode.seen;
        }),
      close: () => this.#step('close', () => undefined),
    };
  }

  rename(from: string, to: string): Promise<void> {
    return this.#step('rename', () => {
      const inode = this.#get(from);
      this.#seen.delete(this.#nameOf(from));
      this.#seen.set(this.#nameOf(to), inode);
    });
  }

  unlink(path: string): Promise<void> {
    return this.#step('unlink', () => {
      this.#get(path);
      this.#seen.delete(this.#nameOf(path));
    });
  }

  readFile(path: string): Promise<string> {
    return this.#step('read', () => this.#get(path).seen);
  }

  mkdir(path: string): Promise<void> {
    return this.#step('mkdir', () => {
      if (path !== this.folder) throw new Error(`mkdir ${path}`);
    });
  }

  #get(path: string): Inode {
    const inode = this.#seen.get(this.#nameOf(path));
    if (inode === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
    return inode;
  }

  #keepNames(): void {
    this.#kept = new Map(this.#seen);
  }

  #nameOf(path: string): string {
    if (dirname(path) !== this.folder) throw new Error(`outside: ${path}`);
    return basename(path);
  }

  async #step<Result>(_what: string, act: () => Result): Promise<Result> {
    await Promise.resolve();
    if (this.#isKilled) throw new Killed();
    const step = this.steps++;
    if (this.failAt?.step === step) {
      throw Object.assign(new Error(this.failAt.code), { code: this.failAt.code });
    }
    const kill = this.killAt?.step === step ? this.killAt : undefined;
    if (kill?.done === false) {
      this.#isKilled = true;
      throw new Killed();
    }
    const result = act();
    if (kill !== undefined) {
      this.#isKilled = true;
      throw new Killed();
    }
    return result;
  }
}
