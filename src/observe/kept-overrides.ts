import type { Override } from '../health/server-health.ts';
import type { Damage, KeptOverride, OverrideFile } from './override-file.ts';

/**
 * What operators want of servers, looked up in memory and kept on disk. What could not be kept is not
 * in force: nobody is told that a server drains which would serve again after a restart.
 */
export class KeptOverrides {
  /** What was found damaged when they were loaded. */
  readonly damage: Damage | undefined;
  readonly #file: OverrideFile;
  readonly #now: () => number;
  #overrides: ReadonlyMap<string, KeptOverride>;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    file: OverrideFile,
    overrides: readonly KeptOverride[],
    damage: Damage | undefined,
    now: () => number,
  ) {
    this.#file = file;
    this.damage = damage;
    this.#now = now;
    this.#overrides = new Map(overrides.map((kept) => [keyOf(kept.service, kept.server), kept]));
  }

  /** @throws StateError as {@link OverrideFile.load}. */
  static async load(file: OverrideFile, now: () => number = Date.now): Promise<KeptOverrides> {
    const { overrides, damage } = await file.load();
    return new KeptOverrides(file, overrides, damage, now);
  }

  get all(): readonly KeptOverride[] {
    return [...this.#overrides.values()];
  }

  /** Undefined where nothing else is wanted than what the configuration says. */
  get(service: string, server: string): Override | undefined {
    return this.#overrides.get(keyOf(service, server))?.override;
  }

  /**
   * Resolves once it is safely kept. One that wants nothing is forgotten.
   *
   * @param by Who wants it.
   * @throws StateError `STATE_NOT_KEPT`: the one before is still in force, and kept.
   */
  set(service: string, server: string, override: Override, by = ''): Promise<void> {
    const kept = this.#last.then(async () => {
      const next = new Map(this.#overrides);
      const key = keyOf(service, server);
      if (override.mode === 'ready' && override.weight === undefined) next.delete(key);
      else next.set(key, { service, server, override, by, at: this.#now() });
      await this.#file.save([...next.values()]);
      this.#overrides = next;
    });
    this.#last = kept.catch(() => undefined);
    return kept;
  }
}

/** Neither has a line break in it. */
function keyOf(service: string, server: string): string {
  return `${service}\n${server}`;
}
