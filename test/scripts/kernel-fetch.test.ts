import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { scripts } from './in-kernel-run.ts';

/** A mirror of one suite on this disk, whose kernel is a shell script that tells its version. */
interface Mirror {
  readonly root: string;
  readonly cache: string;
  readonly environment: Record<string, string>;
}

const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

async function program(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}

async function makePackage(root: string): Promise<string> {
  const tree = `${root}/tree`;
  await mkdir(`${tree}/DEBIAN`, { recursive: true });
  await mkdir(`${tree}/usr/bin`, { recursive: true });
  await mkdir(`${tree}/usr/lib/uml/modules/5.10.99`, { recursive: true });
  const control = ['Package: user-mode-linux', 'Version: 5.10um9', 'Architecture: amd64'];
  const rest = ['Maintainer: nobody <nobody@example.org>', 'Description: test', ''];
  await writeFile(`${tree}/DEBIAN/control`, [...control, ...rest].join('\n'));
  await writeFile(`${tree}/usr/lib/uml/modules/5.10.99/modules.dep`, '');
  await program(`${tree}/usr/bin/linux.uml`, '#!/bin/sh\necho 5.10.99\n');
  await execa`dpkg-deb --root-owner-group --build ${tree} ${root}/kernel.deb`;
  const hash = sha256(await readFile(`${root}/kernel.deb`));
  return [...control, 'Filename: kernel.deb', `SHA256: ${hash}`, ''].join('\n');
}

async function makeMirror(): Promise<Mirror> {
  const root = await mkdtemp('/tmp/lvskit-mirror-');
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const suite = `${root}/dists/bullseye`;
  await mkdir(`${suite}/main/binary-amd64`, { recursive: true });
  await mkdir(`${root}/bin`);
  await writeFile(`${root}/packages`, `Package: other\nVersion: 1\n\n${await makePackage(root)}`);
  await execa`xz --keep ${root}/packages`;
  const index = await readFile(`${root}/packages.xz`);
  await writeFile(`${suite}/main/binary-amd64/Packages.xz`, index);
  await writeFile(
    `${suite}/InRelease`,
    `SHA256:\n ${sha256(index)} ${index.length} main/binary-amd64/Packages.xz\n`,
  );
  // Stand-ins for what the machine says of its mirrors and for the keys of Debian.
  await program(`${root}/bin/apt-get`, `#!/bin/sh\necho file:${root}/\n`);
  await program(`${root}/bin/gpgv`, '#!/bin/sh\ncp "$7" "$6"\necho "[GNUPG:] $STATUS 0123"\n');
  const cache = `${root}/cache/lvskit/kernels`;
  const environment = {
    PATH: `${root}/bin:${process.env['PATH']}`,
    XDG_CACHE_HOME: `${root}/cache`,
    STATUS: 'VALIDSIG',
  };
  return { root, cache, environment };
}

describe('fetching a kernel', () => {
  let mirror: Mirror;

  beforeEach(async () => {
    mirror = await makeMirror();
  });

  const fetch = (version = '5.10', environment: Record<string, string> = {}) =>
    execa(`${scripts}/kernel/fetch`, [version], {
      reject: false,
      env: { ...mirror.environment, ...environment },
    });

  it('puts its program and modules into the cache, and says so meanwhile', async () => {
    const run = await fetch();
    expect(run).toMatchObject({ exitCode: 0, stdout: '' });
    expect(run.stderr.split('\n')).toEqual([
      'in-kernel: fetching the index of Debian bullseye',
      'in-kernel: fetching user-mode-linux 5.10um9',
    ]);
    expect((await execa`${mirror.cache}/5.10/linux`).stdout).toBe('5.10.99');
    expect(await readdir(`${mirror.cache}/5.10/modules/5.10.99`)).toEqual(['modules.dep']);
    expect((await readdir(mirror.cache)).sort()).toEqual(['5.10', '5.10.lock']);
  });

  it('needs no mirror for a kernel that is there', async () => {
    await fetch();
    await rm(`${mirror.root}/dists`, { recursive: true });
    expect(await fetch()).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('is done once by two that want it at the same time', async () => {
    const runs = await Promise.all([fetch(), fetch()]);
    expect(runs.map((run) => run.exitCode)).toEqual([0, 0]);
    expect(runs.filter((run) => run.stderr !== '')).toHaveLength(1);
  });

  it('starts afresh after one that was killed half way', async () => {
    await mkdir(`${mirror.cache}/.5.10.killed/staged`, { recursive: true });
    expect(await fetch()).toMatchObject({ exitCode: 0 });
    expect((await readdir(mirror.cache)).sort()).toEqual(['5.10', '5.10.lock']);
  });

  it('does not outlive its being ended', async () => {
    await program(`${mirror.root}/bin/xz`, '#!/bin/sh\nexec sleep 2\n');
    const run = fetch();
    await expect.poll(() => readdir(mirror.cache).catch(() => [])).toHaveLength(2);
    await sleep(300);
    run.kill('SIGTERM');
    await run;
    expect(await readdir(mirror.cache)).toEqual(['5.10.lock']);
  });

  it.for([
    ['a signature that is bad', 'BADSIG', 'carries no valid signature'],
    ['a signature by a stranger', 'ERRSIG', 'carries no valid signature'],
  ] as const)('refuses an index with %s', async ([, status, message]) => {
    const run = await fetch('5.10', { STATUS: status });
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain(message);
    expect(await readdir(mirror.cache)).toEqual(['5.10.lock']);
  });

  it.for([
    [
      'an index',
      'dists/bullseye/main/binary-amd64/Packages.xz',
      /fetching the index of bullseye .*failed \(.*\)/,
    ],
    ['a package', 'kernel.deb', /fetching user-mode-linux from .*failed \(.*Hash Sum mismatch.*\)/],
  ] as const)('refuses %s that is not what was signed for', async ([, file, message]) => {
    const path = `${mirror.root}/${file}`;
    const data = await readFile(path);
    data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
    await writeFile(path, data);
    const run = await fetch();
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(message);
    expect(await readdir(mirror.cache)).toEqual(['5.10.lock']);
  });

  it('says what is missing where no mirror has the kernel', async () => {
    const run = await fetch('6.12');
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(
      /^in-kernel: no mirror of apt's configuration has user-mode-linux 6\.12 in Debian trixie: add one that has to \/etc\/apt\/sources\.list\.d \(.*\/dists\/trixie\/InRelease .*\)$/,
    );
  });

  it('refuses a kernel it does not know', async () => {
    expect(await fetch('4.19')).toMatchObject({
      exitCode: 1,
      stderr: 'in-kernel: unknown kernel 4.19',
    });
  });
});
