import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { TestContext } from 'vitest';

/** `[6, 12]` of a kernel called `6.12.101-amd64`. */
function versionOf(text: string): readonly [major: number, minor: number] {
  const match = /^(\d+)\.(\d+)/.exec(text);
  if (match === null) throw new Error(`${text} is not the version of a kernel`);
  return [Number(match[1]), Number(match[2])];
}

/** Whether this kernel is `version` or newer. */
export function kernelIs(version: string): boolean {
  const [major, minor] = versionOf(release());
  const [wantedMajor, wantedMinor] = versionOf(version);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/**
 * Leaves the test out on older kernels, and says so.
 *
 * @param feature What they lack.
 */
export function needsKernel({ skip }: TestContext, version: string, feature: string): void {
  skip(!kernelIs(version), `Linux ${release()} is from before ${version}, which has ${feature}`);
}

/** Whether the kernel is there for these tests alone. */
export function hasKernelOfItsOwn(): boolean {
  return /User Mode Linux/.test(readFileSync('/proc/cpuinfo', 'utf8'));
}

/** Leaves the test out on a kernel that others use too: it unloads modules. */
export function needsKernelOfItsOwn({ skip }: TestContext): void {
  skip(!hasKernelOfItsOwn(), 'the modules of this machine are not for a test to unload');
}

/** Whether there is time for what other tests show as well, or almost: `LVSKIT_ALL=1`. */
export const thorough: boolean = process.env['LVSKIT_ALL'] !== undefined;

const isWhole = thorough || !hasKernelOfItsOwn() || kernelIs('7.0');

/**
 * Whether this run would only repeat what another kernel shows: all tests of commands and of real
 * servers run on Linux 7.2, where tests run fastest, and here, in a guest with an older kernel, those
 * in which it could make a difference. `LVSKIT_ALL=1` has all of them run here too.
 */
export const repeats: boolean = !isWhole;

/**
 * The same for tests of the library, all of which run on Linux 6.1 as well: whether this is a kernel
 * on which only those run that do not take long, or in which it could make a difference.
 */
export const secondary: boolean = !isWhole && !/^6\.1\./.test(release());
