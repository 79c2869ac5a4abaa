import { createHash } from 'node:crypto';
import * as files from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Override } from '../health/server-health.ts';
import { type DurableFileSystem, syncFolder, writeDurably } from '../system/durable-file.ts';
import { reasonOf, StateError } from './state-error.ts';

/** What an operator wants of a server, as it is kept over restarts. */
export interface KeptOverride {
  /** The name of the service. */
  readonly service: string;
  /** The text of the server's key. */
  readonly server: string;
  readonly override: Override;
  /** Who wanted it, and when, in milliseconds since 1970. */
  readonly by: string;
  readonly at: number;
}

export interface LoadedOverrides {
  readonly overrides: readonly KeptOverride[];
  /** What was there could not be used; it was set aside, for somebody to look at. */
  readonly damage: Damage | undefined;
}

export interface Damage {
  /** Where it is now. */
  readonly path: string;
  readonly reason: string;
}

export interface OverrideFileSystem extends DurableFileSystem {
  readFile(path: string, encoding: 'utf8'): Promise<string>;
  mkdir(path: string, options: { recursive: true; mode: number }): Promise<unknown>;
}

/**
 * What operators want of servers, in one file of the state directory: whole at every moment, the one
 * before or the new one, wherever the process or the machine stops.
 */
export class OverrideFile {
  readonly path: string;
  readonly #fs: OverrideFileSystem;
  readonly #now: () => number;
  #last: Promise<unknown> = Promise.resolve();

  /** @param now Milliseconds since 1970, to name what is set aside. */
  constructor(
    stateDirectory: string,
    fs: OverrideFileSystem = files,
    now: () => number = Date.now,
  ) {
    this.path = join(stateDirectory, 'overrides.json');
    this.#fs = fs;
    this.#now = now;
  }

  /**
   * Reads what is kept; nothing when there is no file.
   *
   * @throws StateError `STATE_UNREADABLE` when it cannot be read, or is damaged and cannot be set
   * aside: what operators wanted would be lost with the next that is saved.
   */
  async load(): Promise<LoadedOverrides> {
    let text: string;
    try {
      text = await this.#fs.readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return { overrides: [], damage: undefined };
      }
      throw new StateError('STATE_UNREADABLE', `cannot read ${this.path}`, error);
    }
    try {
      return { overrides: decode(text), damage: undefined };
    } catch (error) {
      return { overrides: [], damage: await this.#setAside(reasonOf(error)) };
    }
  }

  /**
   * Keeps these in place of those before; done once they are on the disk. Calls keep their order.
   *
   * @throws StateError `STATE_NOT_KEPT`: those before are still kept.
   */
  save(overrides: readonly KeptOverride[]): Promise<void> {
    const text = encode(overrides);
    const saved = this.#last.then(() => this.#write(text));
    this.#last = saved.catch(() => undefined);
    return saved;
  }

  async #write(text: string): Promise<void> {
    try {
      await this.#fs.mkdir(dirname(this.path), { recursive: true, mode: 0o750 });
      await writeDurably(this.path, text, 0o600, this.#fs);
    } catch (error) {
      throw new StateError('STATE_NOT_KEPT', `cannot keep overrides in ${this.path}`, error);
    }
  }

  async #setAside(reason: string): Promise<Damage> {
    const path = `${this.path}.damaged-${this.#now()}`;
    try {
      await this.#fs.rename(this.path, path);
      await syncFolder(dirname(path), this.#fs);
    } catch (error) {
      const action = `${this.path} is damaged (${reason}) and cannot be set aside`;
      throw new StateError('STATE_UNREADABLE', action, error);
    }
    return { path, reason };
  }
}

const version = 1;

function encode(overrides: readonly KeptOverride[]): string {
  const body = { version, overrides };
  return `${JSON.stringify({ ...body, sha256: digestOf(body) }, undefined, 1)}\n`;
}

function digestOf(body: unknown): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('hex');
}

/** @throws Error saying why it is none. */
function decode(text: string): readonly KeptOverride[] {
  if (text === '') throw new Error('it is empty');
  const { sha256, ...body } = (JSON.parse(text) ?? {}) as Readonly<Record<string, unknown>>;
  if (body['version'] !== version) {
    throw new Error(`it is of version ${body['version']}, not ${version}`);
  }
  if (sha256 !== digestOf(body)) throw new Error('its checksum is wrong');
  const { overrides } = body;
  if (!Array.isArray(overrides) || !overrides.every(isKept)) {
    throw new Error('there is something else in it than overrides');
  }
  return overrides;
}

const largestWeight = 0x7fffffff;

function isKept(value: unknown): value is KeptOverride {
  const { service, server, override, by, at } = (value ?? {}) as Partial<KeptOverride>;
  const { mode, weight = 0 } = (override ?? {}) as Partial<Override>;
  return (
    [service, server, by].every((text) => typeof text === 'string') &&
    Number.isFinite(at) &&
    ['ready', 'drain', 'maint'].includes(mode ?? '') &&
    Number.isInteger(weight) &&
    weight >= 0 &&
    weight <= largestWeight
  );
}
