import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NetworkNamespace } from '../../src/net/namespace.ts';
import { applyConfig } from '../../src/real-server/apply-config.ts';
import { type Outcome, rsSetup } from '../support/command.ts';
import { filesBelow } from '../support/host-state.ts';
import { hasKernelOfItsOwn, needsKernelOfItsOwn } from '../support/kernel.ts';
import { ip, joinStorageMachine, nas, startNfsServer } from '../support/storage-servers.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const server = `lvskit-nas-${process.pid}`;
const program = fileURLToPath(new URL('programs/apply-and-die.mjs', import.meta.url));
const done = { code: 0, stderr: '' };
let namespace: NetworkNamespace;
let folder: string;
let point: string;

beforeAll(async () => {
  if (!hasKernelOfItsOwn()) return;
  namespace = await joinStorageMachine(server);
  for (const name of ['www', 'shop']) {
    await mkdir(`/run/nas/${name}`, { recursive: true });
    await writeFile(`/run/nas/${name}/index.html`, `${name}\n`);
  }
  await startNfsServer(server, '/run/nfsd', [
    { path: '/run/nas', id: 0 },
    { path: '/run/nas/shop', id: 5, readOnly: true },
  ]);
});

afterAll(async () => {
  if (namespace === undefined) return;
  await execa('umount', ['/run/nfsd']);
  await namespace.remove();
});

beforeEach(async (context) => {
  needsKernelOfItsOwn(context);
  folder = await mkdtemp(join(tmpdir(), 'lvskit-rs-'));
  point = join(folder, 'srv');
});

afterEach(async () => {
  if (folder === undefined) return;
  for (const at of (await mounted()).filter((one) => one.startsWith(folder)).reverse()) {
    await execa('umount', ['-l', at]);
  }
  await rm(folder, { recursive: true });
});

async function mounted(): Promise<readonly string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8');
  return text.split('\n').flatMap((line) => line.split(' ')[4] ?? []);
}

/** Entries of `storage:`, on the mount point of the test where they do not say another. */
async function config(...entries: readonly object[]): Promise<string> {
  const file = join(folder, 'storage.yaml');
  const storage = entries.map((entry) => ({ 'mount-point': point, ...entry }));
  await writeFile(file, JSON.stringify({ storage }));
  return file;
}

const run = (...words: string[]): Promise<Outcome> =>
  rsSetup([...words, '--root', join(folder, 'root')]);
const apply = async (entries: readonly object[], ...words: string[]) =>
  run('apply', '--config', await config(...entries), ...words);
const findings = async (...words: string[]) => {
  const { code, stdout } = await run('verify', '-o', 'json', ...words);
  const { setups } = JSON.parse(stdout);
  return {
    code,
    ids: setups.flatMap((one: { findings: { id: string }[] }) => one.findings.map(({ id }) => id)),
  };
};
const www = { type: 'nfs', server: nas, export: '/www' };

describe('NFS storage', () => {
  it('is planned, mounted once, checked, and undone exactly', async () => {
    const entries = [{ ...www, version: '4.2', options: ['noatime', 'nosuid'] }];
    const before = await mounted();
    const plan = await apply(entries, '--dry-run');
    expect(plan).toMatchObject(done);
    expect(plan.stdout).toContain(`NFS storage ${nas}:/www on ${point} would change:`);
    expect(plan.stdout).toContain(`folder ${point}: absent -> present`);
    expect(plan.stdout).toContain('not mounted -> mounted with noatime,nosuid,vers=4.2');
    expect([await mounted(), existsSync(point)]).toEqual([before, false]);

    expect(await apply(entries)).toMatchObject(done);
    expect(await readFile(join(point, 'index.html'), 'utf8')).toBe('www\n');
    expect((await apply(entries)).stdout).toMatch(/: nothing to do\n$/);
    expect((await run('status')).stdout).toContain(
      `nfs-${point}: NFS storage ${nas}:/www on ${point}, in place`,
    );
    expect(await findings()).toEqual({ code: 0, ids: [] });

    // Other options of the same are made so, and more is undone than was asked for at first.
    expect(await apply([{ ...www, options: ['ro'] }])).toMatchObject(done);
    await expect(writeFile(join(point, 'new'), '')).rejects.toThrow('EROFS');
    const undone = await run('undo');
    expect(undone).toMatchObject(done);
    expect(undone.stdout).toContain(`${nas}:/www on ${point}: mounted with`);
    expect([await mounted(), existsSync(point)]).toEqual([before, false]);
    expect(await filesBelow(join(folder, 'root'))).toEqual(['real-server.lock']);
  });

  it('moves with its file, and goes with its entry', async () => {
    const entry = { ...www, name: 'files' };
    expect(await apply([entry])).toMatchObject(done);
    expect(await apply([{ ...entry, export: '/shop', options: ['ro'] }])).toMatchObject(done);
    expect(await readFile(join(point, 'index.html'), 'utf8')).toBe('shop\n');
    expect(await apply([])).toMatchObject(done);
    expect(existsSync(point)).toBe(false);
  });

  it('that somebody mounted by hand is left, and not taken for another', async () => {
    await mkdir(point);
    await execa('mount.nfs', [`${nas}:/www`, point, '-o', 'ro']);
    const refused = await apply([{ ...www, options: ['noexec'] }]);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('mounted by others with other options');
    const other = await apply([{ ...www, export: '/shop' }]);
    expect(other.stderr).toContain(`${nas}:/www (nfs4) is mounted on ${point} already`);
    expect(await apply([{ ...www, options: ['ro'] }])).toMatchObject(done);
    expect(await run('undo')).toMatchObject(done);
    expect(await mounted()).toContain(point);
  });

  it('that is in use stays, and who uses it is said', async () => {
    expect(await apply([www])).toMatchObject(done);
    const file = await open(join(point, 'index.html'));
    const busy = await run('undo');
    expect(busy.code).toBe(1);
    expect(busy.stderr).toMatch(
      new RegExp(`cannot unmount ${point}: it is in use by .*\\(pid ${process.pid}\\)`),
    );
    await file.close();
    expect(await run('undo')).toMatchObject(done);
    expect(existsSync(point)).toBe(false);
  });

  it('is found silent, elsewhere, missing, without its options, stale', async () => {
    expect(await apply([{ ...www, options: ['noexec'] }])).toMatchObject(done);
    await ip('-n', server, 'link', 'set', 'eth0', 'down');
    const silent = await findings('--storage-timeout', '1');
    await ip('-n', server, 'link', 'set', 'eth0', 'up');
    expect(silent).toEqual({ code: 3, ids: ['storage-silent'] });
    expect(await findings()).toEqual({ code: 0, ids: [] });

    await execa('mount', ['-o', 'remount,bind,exec', point]);
    expect(await findings()).toEqual({ code: 3, ids: ['storage-options'] });
    await execa('umount', [point]);
    expect(await findings()).toEqual({ code: 3, ids: ['storage-missing'] });
    await execa('mount', ['-t', 'tmpfs', 'other', point]);
    expect(await findings()).toEqual({ code: 3, ids: ['storage-other'] });
    await execa('umount', [point]);

    await mkdir('/run/nas/short-lived');
    expect(await apply([{ ...www, export: '/short-lived' }])).toMatchObject(done);
    await rm('/run/nas/short-lived', { recursive: true });
    expect(await findings()).toEqual({ code: 3, ids: ['storage-stale'] });
    expect(await run('undo')).toMatchObject(done);
  });

  it('is unmounted although its server is dead', async () => {
    expect(await apply([www])).toMatchObject(done);
    await ip('-n', server, 'link', 'set', 'eth0', 'down');
    const undone = await run('undo', '--storage-timeout', '5');
    await ip('-n', server, 'link', 'set', 'eth0', 'up');
    expect(undone).toMatchObject(done);
    expect(existsSync(point)).toBe(false);
  });

  it('comes back with a unit that undo removes', async () => {
    expect(
      await apply([{ ...www, options: ['noatime'] }], '--persist', '--before', 'shop.service'),
    ).toMatchObject(done);
    const units = join(folder, 'root/etc/systemd/system');
    const { stdout: name } = await execa('systemd-escape', ['--path', '--suffix=mount', point]);
    const unit = await readFile(join(units, name), 'utf8');
    expect(unit).toContain(
      `[Mount]\nWhat=${nas}:/www\nWhere=${point}\nType=nfs\nOptions=noatime,_netdev\n`,
    );
    expect(unit).toMatch(/^After=network-online\.target remote-fs-pre\.target$/m);
    expect(unit).toMatch(/^Before=shop\.service .*nginx\.service/m);
    expect(await readFile(join(units, 'remote-fs.target.wants', name), 'utf8')).toBe(unit);
    const { exitCode, stderr } = await execa(
      'systemd-analyze',
      ['verify', '--man=no', join(units, name)],
      { reject: false },
    );
    const about = stderr.split('\n').filter((line) => line.includes(name));
    expect({ exitCode, about }).toEqual({ exitCode: 0, about: [] });
    // As after a start at which the server was not there.
    await execa('umount', [point]);
    const saved = await run('apply', '--saved');
    expect(saved).toMatchObject(done);
    expect(saved.stdout).toContain('not mounted -> mounted with noatime');
    expect(await run('undo')).toMatchObject(done);
    expect(await filesBelow(join(folder, 'root'))).toEqual(['real-server.lock']);
  });

  it('is there, or is not, after a run was killed at any step', async () => {
    const settings = { mode: 'storage', storage: { 'mount-point': point, ...www } };
    const die = async (verb: string, step: number) => {
      const words = [program, verb, '', join(folder, 'root'), `${step}`, JSON.stringify(settings)];
      const { stdout, signal } = await execa(process.execPath, words, { reject: step === 0 });
      expect(signal).toBe(step === 0 ? undefined : 'SIGKILL');
      return Number(stdout);
    };
    const steps = await die('apply', 0);
    expect(steps).toBe(4);
    expect(await run('undo')).toMatchObject(done);
    for (let step = 1; step <= steps; step++) {
      await die('apply', step);
      if (step % 2 === 0) {
        expect(await apply([www])).toMatchObject(done);
        expect(await readFile(join(point, 'index.html'), 'utf8')).toBe('www\n');
      }
      expect(await run('undo')).toMatchObject(done);
      expect({ step, there: existsSync(point) }).toEqual({ step, there: false });
    }
  });
});

describe('NFS storage is refused', () => {
  const cases: readonly (readonly [string, number, (file: string) => Promise<object>, string])[] = [
    [
      'a folder with something in it',
      2,
      async () => {
        await mkdir(join(point, 'x'), { recursive: true });
        return www;
      },
      'is not empty',
    ],
    [
      'a file',
      2,
      async () => {
        await writeFile(point, 'x');
        return www;
      },
      'is a regular file, not a folder',
    ],
    [
      'a symbolic link',
      2,
      async () => {
        await symlink('/tmp', point);
        return www;
      },
      'is a symbolic link, not a folder',
    ],
    [
      'no folder above',
      2,
      async () => ({ ...www, 'mount-point': `${point}/a/b` }),
      `there is no folder ${'/'}`,
    ],
    [
      'a relative path',
      2,
      async () => ({ ...www, 'mount-point': 'srv' }),
      'the mount point must begin with /',
    ],
    [
      'a way up',
      2,
      async () => ({ ...www, 'mount-point': '/srv/../etc' }),
      'must not have . or .. in it',
    ],
    [
      'a folder of the system',
      2,
      async () => ({ ...www, 'mount-point': '/etc' }),
      'that the system itself needs',
    ],
    ['two options in one', 2, async () => ({ ...www, options: ['ro,suid'] }), 'without commas'],
    [
      'an option that is none',
      2,
      async () => ({ ...www, options: ['remount'] }),
      'it changes a mount',
    ],
    ['another kind', 2, async () => ({ ...www, type: 'ntfs' }), 'type'],
    [
      'a server that is an option',
      2,
      async () => ({ ...www, server: '-o' }),
      'must be a host name or an address',
    ],
    [
      'an export that is not there',
      1,
      async () => ({ ...www, version: '4.2', export: '/nowhere' }),
      'No such file or directory',
    ],
    [
      'a port where nobody listens',
      1,
      async () => ({ ...www, server: '127.0.0.1' }),
      'cannot reach the NFS server at 127.0.0.1 port 2049: nothing listens there',
    ],
    [
      'a machine that is not there',
      1,
      async () => ({ ...www, server: '10.82.7.9' }),
      'cannot reach the NFS server at 10.82.7.9 port 2049',
    ],
  ];
  it.each(cases)('%s', async (_what, code, prepare, says) => {
    const entry = await prepare(point);
    const before = await mounted();
    const files = await filesBelow(folder);
    const outcome = await apply([entry], '--storage-timeout', '10');
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(outcome.stderr).toContain(says);
    if (code === 1) expect(outcome.stderr).toContain('what this run had changed was taken back');
    expect(await mounted()).toEqual(before);
    const left = (await filesBelow(folder)).filter(
      (name) => !/^(real-server\.lock|storage\.yaml)$/.test(name),
    );
    expect(left).toEqual(files);
  });

  it('without its program, whose package is named', async () => {
    const file = await config(www);
    const options = { root: join(folder, 'root'), storage: { folders: ['/bin', '/usr/bin'] } };
    await expect(applyConfig(file, {}, options)).rejects.toMatchObject({
      code: 'REAL_SERVER_CONFLICT',
      message: expect.stringContaining('there is no mount.nfs (apt-get install nfs-common)'),
    });
    expect(existsSync(point)).toBe(false);
  });

  it('in a network namespace, which has no mounts of its own', async () => {
    const { code, stderr } = await apply([www], '--netns', server);
    expect(code).toBe(2);
    expect(stderr).toContain('storage is mounted for the whole machine');
  });
});
