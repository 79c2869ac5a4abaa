import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from '../config/config-error.ts';
import type { DirectorConfig } from '../config/director-config.ts';
import { loadConfig } from '../config/load.ts';
import { longestConfig } from '../config/sources.ts';
import { readFileBytes } from '../config/text-file.ts';

const settleMs = 100;
const mostAttempts = 20;

/** What paths lead to. */
type Signature = ReadonlyMap<string, string>;

/** A configuration file, and everything that it includes, followed over time. */
export class ConfigSource {
  readonly #file: string;
  /** What is looked at to find that it has changed. */
  #watched: readonly string[];
  /** As it was when it was read the last time, and when it was looked at the last time. */
  #loaded: Signature = new Map();
  #seen: Signature = new Map();

  constructor(file: string) {
    this.#file = file;
    this.#watched = [resolve(file)];
  }

  /**
   * Reads it. Files that change meanwhile are read again, until they do not.
   *
   * @throws ConfigError, TextFileError when it is not right. It has to change to be
   * {@link hasChanged} then.
   */
  async load(): Promise<DirectorConfig> {
    for (let attempt = 1; ; attempt++) {
      const before = await signatureOf(this.#watched);
      const result = await loadConfig(this.#file).then(
        (config) => ({ config }),
        (error: unknown) => ({ error }),
      );
      const watched = this.#watch(result);
      const isKnown = watched.every((path) => this.#watched.includes(path));
      this.#watched = isKnown ? this.#watched : watched;
      const after = await signatureOf(this.#watched);
      if ((isKnown && isDeepStrictEqual(after, before)) || attempt === mostAttempts) {
        this.#watched = watched;
        // What has been written since is not what was read.
        this.#loaded = new Map([...after].filter(([path]) => watched.includes(path)));
        this.#seen = this.#loaded;
        if ('error' in result) throw result.error;
        return result.config;
      }
      if (isKnown) await delay(settleMs);
    }
  }

  /** Whether it has changed since it was read, and has not since this was asked before. */
  async hasChanged(): Promise<boolean> {
    const now = await signatureOf(this.#watched);
    const isSettled = isDeepStrictEqual(now, this.#seen);
    this.#seen = now;
    return isSettled && !isDeepStrictEqual(now, this.#loaded);
  }

  #watch(result: { config: DirectorConfig } | { error: unknown }): readonly string[] {
    const paths = new Set([resolve(this.#file)]);
    if ('config' in result) {
      for (const path of [...result.config.files, ...result.config.folders]) paths.add(path);
      return [...paths];
    }
    // What was right before may be what is wrong now.
    for (const path of this.#watched) paths.add(path);
    if (result.error instanceof ConfigError) {
      for (const { file } of result.error.problems) paths.add(resolve(file));
    }
    return [...paths];
  }
}

/**
 * What changes when one of the files does, or when one comes to a folder or goes. Times and lengths do
 * not tell: many file systems keep times to the second only, and who corrects a letter keeps the length.
 */
async function signatureOf(paths: readonly string[]): Promise<Signature> {
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await contentsOf(path)] as const)),
  );
}

/** A digest of a file's bytes or of a folder's names; of anything else, why there is none. */
async function contentsOf(path: string): Promise<string> {
  try {
    const bytes = (await stat(path)).isDirectory()
      ? (await readdir(path)).sort().join('\0')
      : (await readFileBytes(path, longestConfig, { onlyFiles: true })).bytes;
    return createHash('sha256').update(bytes).digest('base64');
  } catch (error) {
    return String(error);
  }
}
