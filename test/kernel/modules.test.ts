import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadModule } from '../../src/net/modules.ts';

const module = 'ip_vs_nq';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvskit-modules-'));
  await chmod(folder, 0o755);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A modprobe that does what the lines say. */
async function modprobe(...lines: string[]): Promise<{ folders: string[] }> {
  const path = join(folder, 'modprobe');
  await writeFile(path, `#!/bin/sh\n${lines.join('\n')}\n`);
  await chmod(path, 0o755);
  return { folders: [folder] };
}

describe('loadModule', () => {
  beforeEach(async () => {
    await execa('modprobe', ['--remove', module], { reject: false });
  });

  it('loads a module once', async () => {
    expect(await loadModule(module)).toBe(true);
    expect((await execa('lsmod')).stdout).toMatch(new RegExp(`^${module} `, 'm'));
    expect(await loadModule(module)).toBe(false);
  });

  it('takes the name with dashes for the same', async () => {
    await loadModule(module);
    expect(await loadModule(module.replaceAll('_', '-'))).toBe(false);
  });

  it('says that the kernel does not have the module', async () => {
    await expect(loadModule('lvskit_none')).rejects.toMatchObject({
      name: 'NetworkError',
      code: 'NETWORK_UNSUPPORTED',
      message:
        'cannot load kernel module lvskit_none: this kernel does not have it (install the modules that belong to it)',
    });
  });

  it('says that there is no modprobe', async () => {
    await expect(loadModule(module, { folders: ['/nonexistent'] })).rejects.toMatchObject({
      code: 'NETWORK_UNSUPPORTED',
      message: expect.stringContaining('there is no modprobe (install the package kmod'),
    });
  });

  it('says which capability is missing', async () => {
    const unprivileged = await modprobe(
      'exec setpriv --bounding-set -sys_module --inh-caps -sys_module modprobe "$@"',
    );
    await expect(loadModule(module, unprivileged)).rejects.toMatchObject({
      code: 'NETWORK_NOT_PERMITTED',
      message: expect.stringContaining(`(as root of the host: modprobe ${module})`),
    });
  });

  it('passes the words of modprobe on', async () => {
    const refusing = await modprobe('echo "modprobe: ERROR: Key was rejected" >&2', 'exit 1');
    await expect(loadModule(module, refusing)).rejects.toMatchObject({
      code: 'NETWORK_FAILED',
      message: `cannot load kernel module ${module}: modprobe: ERROR: Key was rejected`,
    });
  });

  it.each(['', '-r', 'a b', 'a;b', '../x', 'a/b', 'x'.repeat(64), 'a\0b'])(
    'refuses the name %j without running anything',
    async (name) => {
      const never = await modprobe('exit 0');
      await expect(loadModule(name, never)).rejects.toThrow(RangeError);
    },
  );

  it('refuses a name that is no text', async () => {
    await expect(loadModule(undefined as never)).rejects.toThrow(TypeError);
  });
});
