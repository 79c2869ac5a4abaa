import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoName } from '../errors.ts';
import { isNativeError } from '../native/addon.ts';
import { loadAddon } from '../native/load.ts';
import { fileError } from './state-file.ts';

const pollMs = 50;

/** Given back by closing, and when the process ends, however it ends. */
export interface Lock extends AsyncDisposable {
  release(): void;
}

export interface LockOptions {
  /** Told once when others have the lock. */
  readonly onWait?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits for the lock that goes with a file.
 *
 * @throws RealServerError `REAL_SERVER_NOT_PERMITTED`, `REAL_SERVER_STATE`; the signal's reason.
 */
export async function acquireLock(path: string, options: LockOptions = {}): Promise<Lock> {
  const { onWait, signal } = options;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    for (let told = false; ; ) {
      const file = await loadAddon().lockFile(path);
      if (file !== undefined) {
        const release = () => file.close();
        return { release, [Symbol.asyncDispose]: async () => release() };
      }
      if (!told) onWait?.();
      told = true;
      await delay(pollMs, undefined, signal && { signal });
    }
  } catch (error) {
    signal?.throwIfAborted();
    const failure = isNativeError(error) && !('code' in error);
    const known = failure ? Object.assign(error, { code: errnoName(error.errno) }) : error;
    throw fileError(`cannot lock ${path}`, known);
  }
}
