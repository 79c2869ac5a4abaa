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
    try {
      loaded = load(`${import.meta.dirname}/../../`);
    } catch (cause) {
      throw new UnsupportedError(
        `no native addon for ${process.platform}-${process.arch}; build it with: npm run build:native`,
        { cause },
      );
    }
  }
  return loaded;
}

/**
 * Takes the build of this checkout where there is one, else what node-gyp-build finds among the
 * prebuilt binaries (or in `LVSKIT_PREBUILD`, as sanitizer builds are run). The first way is far
 * quicker, which short-lived commands notice.
 */
function load(root: string): Addon {
  if (process.env['LVSKIT_PREBUILD'] === undefined) {
    try {
      const module = { exports: {} as Addon };
      process.dlopen(module, `${root}build/Release/lvskit.node`);
      return module.exports;
    } catch {
      // No such build, or not for this machine: the next way says so if it fails too.
    }
  }
  const { createRequire } = process.getBuiltinModule('node:module');
  return createRequire(import.meta.url)('node-gyp-build')(root) as Addon;
}
