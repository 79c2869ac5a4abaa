import { readdirSync, readlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How many of this process's descriptors are sockets or stand for namespaces. */
export function socketCount(): number {
  let count = 0;
  for (const number of readdirSync('/proc/self/fd')) {
    try {
      if (/^(?:socket|net):/.test(readlinkSync(`/proc/self/fd/${number}`))) count++;
    } catch {
      // The descriptor that listed the folder is closed by now.
    }
  }
  return count;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/**
 * Collects garbage until a condition holds. Finalizers run on later turns of the event loop, so one
 * collection is not enough.
 *
 * @returns Whether it came to hold within 10 seconds.
 */
export async function collectUntil(condition: () => boolean): Promise<boolean> {
  const deadline = Date.now() + 10_000;
  do {
    collectGarbage();
    await setImmediate();
    if (condition()) return true;
  } while (Date.now() < deadline);
  return false;
}
