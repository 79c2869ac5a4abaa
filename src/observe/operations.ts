import type { Override } from '../health/server-health.ts';
import type { DirectorEvent } from './director-event.ts';
import type { DirectorStatus } from './director-status.ts';

/** What can be asked and wanted of a director that runs. */
export interface Operations {
  /** Reads the kernel's counters first. */
  status(): Promise<DirectorStatus>;
  /**
   * Sets what an operator wants of a server; kept over restarts. Resolves once it is safely kept and
   * the kernel has it.
   *
   * @param server The text of its key, `10.0.0.11:80`.
   * @param by Who wants it.
   * @throws RangeError when there is no such service or server.
   */
  override(service: string, server: string, override: Override, by: string): Promise<void>;
  /** Loads the configuration again. @throws ConfigError when it is refused: the old one goes on. */
  reload(): Promise<{ readonly services: number; readonly changes: number }>;
  /** @returns What ends the subscription. */
  subscribe(listener: (event: DirectorEvent) => void): () => void;
}

/** Where what operators want of servers is kept over restarts. */
export interface OverrideStore {
  /** Undefined where nothing else is wanted than what the configuration says. */
  get(service: string, server: string): Override | undefined;
  /** Resolves once it is safely kept. */
  set(service: string, server: string, override: Override, by: string): Promise<void>;
}
