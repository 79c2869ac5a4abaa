import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { UnsupportedError } from '../errors.ts';
import type { Addon } from './addon.ts';

let loaded: Addon | undefined;

/**
 * Loads the native addon, on first use: importing lvskit works anywhere, opening the kernel only
 * on Linux.
 *
 * @throws {@link UnsupportedError} `LVSKIT_UNSUPPORTED` when this is not Linux or there is no
 * binary for this machine.
 */
export function loadAddon(): Addon {
  if (loaded === undefined) {
    if (process.platform !== 'linux') {
      throw new UnsupportedError(`IPVS is part of the Linux kernel; this is ${process.platform}`);
    }
    const require = createRequire(import.meta.url);
    const root = fileURLToPath(new URL('../..', import.meta.url));
    try {
      loaded = require('node-gyp-build')(root) as Addon;
    } catch (cause) {
      throw new UnsupportedError(
        `no native addon for ${process.platform}-${process.arch}; build it with: npm run build:native`,
        { cause },
      );
    }
  }
  return loaded;
}
