import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoName } from '../errors.ts';
import { isNativeError } from '../native/addon.ts';
import { loadAddon } from '../native/load.ts';

/** Where the locks of directors are. */
export const runtimeDirectory = '/run/lvskit';

/** Another director works on the same table, or it cannot be told whether one does. */
export class InstanceError extends Error {
  static {
    InstanceError.prototype.name = 'InstanceError';
  }

  readonly code: 'DIRECTOR_RUNS' | 'DIRECTOR_LOCK';

  constructor(code: InstanceError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Makes this the only director of a network namespace, until the lock is released or the process
 * ends, however it does.
 *
 * @throws InstanceError with the process that is another.
 */
export async function lockInstance(
  netns: string | undefined,
  folder: string = runtimeDirectory,
): Promise<Disposable> {
  const namespace = await identityOf(netns);
  const path = join(folder, `director-${namespace}.lock`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const file = await loadAddon().lockFile(path);
    if (file !== undefined) {
      await writeFile(path, `${process.pid}\n`);
      return { [Symbol.dispose]: () => file.close() };
    }
  } catch (error) {
    const name = isNativeError(error)
      ? errnoName(error.errno)
      : ((error as NodeJS.ErrnoException).code ?? String(error));
    const because =
      name === 'EACCES' || name === 'EPERM'
        ? `this user may not write there (as root: install -d -o ${userText()} ${folder})`
        : name;
    const message = `cannot lock ${path}: ${because}`;
    throw new InstanceError('DIRECTOR_LOCK', message, { cause: error });
  }
  const pid = (await readFile(path, 'utf8').catch(() => '')).trim();
  const who = /^\d+$/.test(pid) ? `process ${pid}` : `somebody who has locked ${path}`;
  throw new InstanceError('DIRECTOR_RUNS', `a director runs here already: ${who}`);
}

/** What tells one network namespace from another. */
async function identityOf(netns: string | undefined): Promise<string> {
  const path =
    netns === undefined
      ? '/proc/self/ns/net'
      : netns.startsWith('/')
        ? netns
        : `/run/netns/${netns}`;
  try {
    return String((await stat(path)).ino);
  } catch (error) {
    const message = `there is no network namespace ${netns ?? path}`;
    throw new InstanceError('DIRECTOR_LOCK', message, { cause: error });
  }
}

function userText(): string {
  return String(process.getuid?.() ?? 'USER');
}
