import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { NetworkNamespace } from '../../src/net/namespace.ts';
import { applyRealServer } from '../../src/real-server/apply.ts';
import { applyConfig } from '../../src/real-server/apply-config.ts';
import { abandon } from '../support/abandon.ts';
import { type Outcome, rsSetup } from '../support/command.ts';
import { filesBelow } from '../support/host-state.ts';
import { hasKernelOfItsOwn, repeats, thorough } from '../support/kernel.ts';
import { demandProgram, runProgram } from '../support/small-process.ts';
import { ip, joinStorageMachine, nas, startNfsServer } from '../support/storage-servers.ts';

const server = `lvskit-nas-${process.pid}`;
const done = { code: 0, stderr: '' };
const patience = { timeout: 240_000 };
/** The kernel has its part in it, but not one that differs. */
const isHere = hasKernelOfItsOwn() && !repeats;
let namespace: NetworkNamespace;
let folder: string;
let point: string;

beforeAll(async () => {
  if (!isHere) return;
  namespace = await joinStorageMachine(server);
  for (const name of ['www', 'shop']) {
    await mkdir(`/run/nas/${name}`, { recursive: true });
    await writeFile(`/run/nas/${name}/index.html`, `${name}\n`);
  }
  await startNfsServer(server, '/run/nfsd', [
    { path: '/run/nas', id: 0 },
    { path: '/run/nas/shop', id: 5, readOnly: true },
  ]);
}, patience.timeout);

afterAll(async () => {
  if (namespace === undefined) return;
  await demandProgram(['umount', '/run/nfsd']);
  await namespace.remove();
});

beforeEach(async () => {
  if (!isHere) return;
  folder = await mkdtemp('/run/lvskit-storage-');
  point = join(folder, 'srv');
});

afterEach(async () => {
  if (folder === undefined) return;
  for (const at of (await mounted()).filter((one) => one.startsWith(folder)).reverse()) {
    await demandProgram(['umount', '-l', at]);
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
const www = { type: 'nfs', server: nas, export: '/www' } as const;

describe.skipIf(!isHere)('NFS storage', patience, () => {
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

    // It moves with its file, and goes with its entry.
    expect(await apply([{ ...www, name: 'files' }])).toMatchObject(done);
    const moved = { ...www, name: 'files', export: '/shop', options: ['ro'] };
    expect(await apply([moved])).toMatchObject(done);
    expect(await readFile(join(point, 'index.html'), 'utf8')).toBe('shop\n');
    expect(await apply([{ ...moved, servers: ['10.99.99.99'] }])).toMatchObject(done);
    expect([await mounted(), existsSync(point)]).toEqual([before, false]);
    expect(await filesBelow(join(folder, 'root'))).toEqual(['real-server.lock']);
  });

  it('that somebody mounted by hand is left, and not taken for another', async () => {
    await mkdir(point);
    await demandProgram(['mount.nfs', `${nas}:/www`, point, '-o', 'ro']);
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

    await demandProgram(['mount', '-o', 'remount,bind,exec', point]);
    expect(await findings()).toEqual({ code: 3, ids: ['storage-options'] });
    await demandProgram(['umount', point]);
    expect(await findings()).toEqual({ code: 3, ids: ['storage-missing'] });
    await demandProgram(['mount', '-t', 'tmpfs', 'other', point]);
    expect(await findings()).toEqual({ code: 3, ids: ['storage-other'] });
    await demandProgram(['umount', point]);

    await mkdir('/run/nas/short-lived');
    expect(await apply([{ ...www, export: '/short-lived' }])).toMatchObject(done);
    await rm('/run/nas/short-lived', { recursive: true });
    expect(await findings()).toEqual({ code: 3, ids: ['storage-stale'] });
    expect(await run('undo')).toMatchObject(done);
  });

  it('is unmounted although its server is dead', async () => {
    expect(await apply([www])).toMatchObject(done);
    await ip('-n', server, 'link', 'set', 'eth0', 'down');
    const undone = await run('undo', '--storage-timeout', '2');
    await ip('-n', server, 'link', 'set', 'eth0', 'up');
    expect(undone).toMatchObject(done);
    expect(existsSync(point)).toBe(false);
  });

  it.runIf(thorough)('comes back with a unit that undo removes', async () => {
    expect(
      await apply([{ ...www, options: ['noatime'] }], '--persist', '--before', 'shop.service'),
    ).toMatchObject(done);
    const units = join(folder, 'root/etc/systemd/system');
    const escaped = await demandProgram(['systemd-escape', '--path', '--suffix=mount', point]);
    const name = escaped.trim();
    const unit = await readFile(join(units, name), 'utf8');
    expect(unit).toContain(
      `[Mount]\nWhat=${nas}:/www\nWhere=${point}\nType=nfs\nOptions=noatime,_netdev\n`,
    );
    expect(unit).toMatch(/^After=network-online\.target remote-fs-pre\.target$/m);
    expect(unit).toMatch(/^Before=shop\.service .*nginx\.service/m);
    expect(await readFile(join(units, 'remote-fs.target.wants', name), 'utf8')).toBe(unit);
    const analyze = ['systemd-analyze', 'verify', '--man=no', join(units, name)];
    const { exitCode, stderr } = await runProgram(analyze);
    const about = stderr.split('\n').filter((line) => line.includes(name));
    expect({ exitCode, about }).toEqual({ exitCode: 0, about: [] });
    // As after a start at which the server was not there.
    await demandProgram(['umount', point]);
    const saved = await run('apply', '--saved');
    expect(saved).toMatchObject(done);
    expect(saved.stdout).toContain('not mounted -> mounted with noatime');
    expect(await run('undo')).toMatchObject(done);
    expect(await filesBelow(join(folder, 'root'))).toEqual(['real-server.lock']);
  });

  it.runIf(thorough)('is there, or is not, after a run was stopped at any step', async () => {
    const storage = { 'mount-point': point, ...www } as const;
    const here = { root: join(folder, 'root') };
    const die = (step: number) =>
      abandon(here, step, (options) => applyRealServer({ mode: 'storage', storage }, options));
    expect(await die(0)).toBe(4);
    expect(await run('undo')).toMatchObject(done);
    for (let step = 1; step <= 4; step++) {
      await die(step);
      if (step % 2 === 0) {
        expect(await apply([www])).toMatchObject(done);
        expect(await readFile(join(point, 'index.html'), 'utf8')).toBe('www\n');
      }
      expect(await run('undo')).toMatchObject(done);
      expect({ step, there: existsSync(point) }).toEqual({ step, there: false });
    }
  });
});

/** What is there before, what is asked for, and what comes of it. What a file cannot say is refused in units. */
const refusals: readonly (readonly [
  what: string,
  prepare: () => Promise<unknown>,
  entry: () => object,
  code: number,
  says: string,
])[] = [
  [
    'a folder with something in it',
    () => mkdir(join(point, 'x'), { recursive: true }),
    () => www,
    2,
    'is not empty',
  ],
  ['a file', () => writeFile(point, 'x'), () => www, 2, 'is a regular file, not a folder'],
  [
    'a symbolic link',
    () => symlink('/tmp', point),
    () => www,
    2,
    'is a symbolic link, not a folder',
  ],
  [
    'no folder above',
    async () => {},
    () => ({ ...www, 'mount-point': `${point}/a/b` }),
    2,
    'there is no folder /',
  ],
  [
    'a relative path',
    async () => {},
    () => ({ ...www, 'mount-point': 'srv' }),
    2,
    'the mount point must begin with /',
  ],
  [
    'an export that is not there',
    async () => {},
    () => ({ ...www, version: '4.2', export: '/nowhere' }),
    1,
    'No such file or directory',
  ],
  [
    'a port where nobody listens',
    async () => {},
    () => ({ ...www, server: '127.0.0.1' }),
    1,
    'cannot reach the NFS server at 127.0.0.1 port 2049: nothing listens there',
  ],
  [
    'a machine that is not there',
    async () => {},
    () => ({ ...www, server: '10.82.7.9' }),
    1,
    'cannot reach the NFS server at 10.82.7.9 port 2049',
  ],
];

describe.skipIf(!isHere)('NFS storage is refused', patience, () => {
  it('for what is there, and taken back where it fails', async () => {
    const before = await mounted();
    for (const [what, prepare, entry, code, says] of refusals) {
      await rm(point, { recursive: true, force: true });
      await prepare();
      const outcome = await apply([entry()], '--storage-timeout', '2');
      expect({ what, ...outcome }).toMatchObject({ what, code, stdout: '' });
      expect(outcome.stderr).toContain(says);
      if (code === 1) expect(outcome.stderr).toContain('what this run had changed was taken back');
    }
    expect(await mounted()).toEqual(before);
    expect([...(await filesBelow(folder))].sort()).toEqual(['real-server.lock', 'storage.yaml']);
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
