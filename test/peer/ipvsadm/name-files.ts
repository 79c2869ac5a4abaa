import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';

const files = [
  ['hosts', '/etc/hosts'],
  ['services', '/etc/services'],
] as const;

/**
 * Puts the hosts and services of these tests in the place of the machine's own, for as long as the
 * file's tests run. `in-kernel` has given us a mount namespace to do so in.
 */
export function useOwnNames(): void {
  beforeAll(() => {
    for (const [name, place] of files) {
      const own = fileURLToPath(new URL(name, import.meta.url));
      execFileSync('mount', ['--bind', own, place]);
    }
  });
  afterAll(() => {
    for (const [, place] of files) execFileSync('umount', [place]);
  });
}
