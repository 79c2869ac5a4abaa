import { setTimeout as delay } from 'node:timers/promises';

const lookMs = 50;
/** A director takes a second to start, and on a busy machine, in a guest, much longer. */
const patienceMs = 60_000;

/**
 * Asks until something is so.
 *
 * @param what It, in the words of the error when it is not so within a minute.
 */
export async function waitFor(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited for a minute, in vain: ${what}`);
    await delay(lookMs, undefined, { signal });
  }
}
