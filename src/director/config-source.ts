import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError } from '../config/config-error.ts';
import type { DirectorConfig } from '../config/director-config.ts';
import { loadConfig } from '../config/load.ts';

const settleMs = 100;
const mostAttempts = 20;

/** A configuration file, and everything that it includes, followed over time. */
export class ConfigSource {
  readonly #file: string;
  /** What is looked at to find that it has changed. */
  #watched: readonly string[];
  /** As it was when it was read the last time, and when it was looked at the last time. */
  #loaded = '';
  #seen = '';

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
      if ((isKnown && after === before) || attempt === mostAttempts) {
        this.#watched = watched;
        this.#loaded = await signatureOf(watched);
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
    const isSettled = now === this.#seen;
    this.#seen = now;
    return isSettled && now !== this.#loaded;
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

/** What changes when one of the files does. */
async function signatureOf(paths: readonly string[]): Promise<string> {
  const signatures = paths.map(async (path) => {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
      return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
    } catch {
      return 'none';
    }
  });
  return (await Promise.all(signatures)).join('\n');
}
