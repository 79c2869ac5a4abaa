import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadModule } from '../../src/net/modules.ts';
import { type Outcome, rsSetup } from '../support/command.ts';
import { filesBelow } from '../support/host-state.ts';
import { hasKernelOfItsOwn, repeats, thorough } from '../support/kernel.ts';
import { demandProgram, runProgram } from '../support/small-process.ts';
import {
  chapTarget,
  ip,
  startInitiator,
  startIscsiTarget,
  target,
} from '../support/storage-servers.ts';

const done = { code: 0, stderr: '' };
const patience = { timeout: 240_000 };
/** The kernel has its part in it, but not one that differs. */
const isHere = hasKernelOfItsOwn() && !repeats;
const portal = '10.82.8.1';
const secret = 'only-root-may-know';
const bytes = 16 * 1024 * 1024;
const uuid = '6c7b1e52-0000-4000-8000-00000000c0de';
let images: string;
let folder: string;
let point: string;
let device: string;
let endInitiator: () => Promise<void>;

/** A file with a file system that has one file in it. */
async function image(name: string, ...words: string[]): Promise<string> {
  const path = join(images, name);
  await mkdir(join(images, 'content'), { recursive: true });
  await writeFile(join(images, 'content', 'index.html'), 'from a disk\n');
  await writeFile(path, '');
  await truncate(path, bytes);
  await demandProgram([
    'mke2fs',
    '-q',
    '-t',
    'ext4',
    '-d',
    join(images, 'content'),
    ...words,
    path,
  ]);
  return path;
}

beforeAll(async () => {
  if (!isHere) return;
  images = await mkdtemp('/run/lvskit-images-');
  await loadModule('loop');
  const disk = await image('das', '-U', uuid);
  device = (await demandProgram(['losetup', '--find', '--show', disk])).trim();
  await ip('address', 'add', `${portal}/32`, 'dev', 'lo');
  await startIscsiTarget(portal, [
    { target, image: await image('san'), bytes },
    { target: chapTarget, image: await image('locked'), bytes, chap: { user: 'web', secret } },
  ]);
  endInitiator = await startInitiator();
}, patience.timeout);

afterAll(async () => {
  if (endInitiator === undefined) return;
  await endInitiator();
  await demandProgram(['losetup', '--detach', device]);
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

const run = (...words: string[]): Promise<Outcome> =>
  rsSetup([...words, '--root', join(folder, 'root')]);

async function apply(entry: object, ...words: string[]): Promise<Outcome> {
  const file = join(folder, 'storage.yaml');
  await writeFile(file, JSON.stringify({ storage: [{ 'mount-point': point, ...entry }] }));
  return run('apply', '--config', file, ...words);
}

async function findings(): Promise<unknown> {
  const { code, stdout } = await run('verify', '-o', 'json');
  const [setup] = JSON.parse(stdout).setups;
  return { code, ids: setup.findings.map(({ id }: { readonly id: string }) => id) };
}

const sessions = async () => {
  const { stdout } = await runProgram(['iscsiadm', '-m', 'session']);
  return stdout.split('\n').filter((line) => line !== '');
};
const records = () => filesBelow('/etc/iscsi/nodes').catch(() => []);
const node = (name: string) => ['-m', 'node', '-T', name, '-p', `${portal}:3260`];

describe.skipIf(!isHere)('iSCSI storage', patience, () => {
  const san = { type: 'iscsi', portal, target, 'file-system': 'ext4', options: ['noatime'] };

  it('is logged in to, mounted, checked, made permanent, and undone exactly', async () => {
    const before = await mounted();
    expect(await apply(san, '--dry-run')).toMatchObject(done);
    expect([await sessions(), await records(), await mounted()]).toEqual([[], [], before]);

    expect(await apply(san, '--persist')).toMatchObject(done);
    expect(await readFile(join(point, 'index.html'), 'utf8')).toBe('from a disk\n');
    const [name = ''] = await records();
    expect(name).toBe(`${portal},3260`);
    const record = await readFile(join('/etc/iscsi/nodes', target, name), 'utf8');
    expect(record).toContain('node.startup = automatic\n');
    const unitName = await demandProgram(['systemd-escape', '-p', '--suffix=mount', point]);
    const units = join(folder, 'root/etc/systemd/system');
    const unit = await readFile(join(units, unitName.trim()), 'utf8');
    expect(unit).toContain(`What=/dev/disk/by-path/ip-${portal}:3260-iscsi-${target}-lun-0\n`);
    expect(unit).toMatch(/^After=.*remote-fs-pre\.target iscsid\.service open-iscsi\.service$/m);
    expect(unit).toContain('Options=noatime,_netdev\n');
    expect((await apply(san)).stdout).toMatch(/nothing to do\n$/);
    expect(await findings()).toEqual({ code: 0, ids: [] });

    // As after an iscsiadm --logout by hand.
    await demandProgram(['umount', point]);
    await demandProgram(['iscsiadm', ...node(target), '--logout']);
    expect(await findings()).toEqual({ code: 3, ids: ['storage-session', 'storage-missing'] });
    expect(await apply(san)).toMatchObject(done);

    expect(await run('undo')).toMatchObject(done);
    expect([await sessions(), await records(), await mounted()]).toEqual([[], [], before]);
    expect(await filesBelow(join(folder, 'root'))).toEqual(['real-server.lock']);
    expect(existsSync(point)).toBe(false);
  });

  it.runIf(thorough)('leaves the session that was there before, and its record', async () => {
    await demandProgram(['iscsiadm', ...node(target), '-o', 'new']);
    await demandProgram(['iscsiadm', ...node(target), '--login']);
    expect(await apply(san)).toMatchObject(done);
    expect(await run('undo')).toMatchObject(done);
    expect(await sessions()).toHaveLength(1);
    expect(await records()).toEqual([`${portal},3260`]);
    await demandProgram(['iscsiadm', ...node(target), '--logout']);
    await demandProgram(['iscsiadm', ...node(target), '-o', 'delete']);
  });

  it('is taken back where it fails, and refused where it cannot be', async () => {
    const before = await mounted();
    for (const [entry, code, says] of [
      [{ ...san, 'file-system': 'ext2', options: ['dioread_nolock'] }, 1, 'cannot mount'],
      // Which there are may not be known by then.
      [{ ...san, lun: 3 }, 1, 'the target has no LUN 3, but'],
      [{ ...san, target: `${target}-2` }, 1, 'cannot log in'],
      [{ ...san, portal: '127.0.0.1:3261' }, 1, 'at 127.0.0.1 port 3261: nothing listens there'],
      [{ ...san, 'file-system': 'zfs9' }, 2, 'this kernel knows no file system zfs9'],
      [{ ...san, 'file-system': 'proc' }, 2, 'proc is no file system of a disk'],
    ] as const) {
      const outcome = await apply(entry, '--storage-timeout', 'lun' in entry ? '3' : '20');
      expect({ says, ...outcome }).toMatchObject({ says, code, stdout: '' });
      expect(outcome.stderr).toContain(says);
      expect([await sessions(), await records(), await mounted()]).toEqual([[], [], before]);
      expect(existsSync(point)).toBe(false);
    }
  });

  it('has its secret from a file of root alone, and keeps it to itself', async () => {
    const file = join(folder, 'secret');
    await writeFile(file, `${secret}\n`, { mode: 0o644 });
    const locked = { ...san, target: chapTarget, chap: { user: 'web', 'secret-file': file } };
    const open = await apply(locked);
    expect(open).toMatchObject({ code: 2, stdout: '' });
    expect(open.stderr).toContain(`chmod 600 ${file}`);
    await chmod(file, 0o600);
    expect(await apply(locked)).toMatchObject(done);
    const record = join('/etc/iscsi/nodes', chapTarget, `${portal},3260`);
    expect((await stat(record)).mode & 0o777).toBe(0o600);
    const ledger = await readFile(join(folder, 'root/var/lib/lvskit/real-server.json'), 'utf8');
    const { stdout } = await run('status', '-o', 'json');
    for (const text of [ledger, stdout]) expect(text).not.toContain(secret);
    expect(await run('undo')).toMatchObject(done);

    await writeFile(file, 'wrong-but-long-enough');
    const wrong = await apply(locked);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('cannot log in');
    expect([await sessions(), await records()]).toEqual([[], []]);
  });
});

describe.skipIf(!isHere)('storage on a local disk', patience, () => {
  const das = { type: 'das', device: `UUID=${uuid}` };

  it('is only looked at: that it is where it should be', async () => {
    const noted = await apply(das);
    expect(noted).toMatchObject(done);
    expect(await findings()).toEqual({ code: 3, ids: ['storage-missing'] });
    await mkdir(point);
    await demandProgram(['mount', '-t', 'tmpfs', 'other', point]);
    expect(await findings()).toEqual({ code: 3, ids: ['storage-other'] });
    await demandProgram(['umount', point]);
    await demandProgram(['mount', device, point]);
    expect(await findings()).toEqual({ code: 0, ids: [] });
    expect(await run('undo')).toMatchObject(done);
    expect(await mounted()).toContain(point);
  });

  it.runIf(thorough)('is mounted when asked to, by what is on it or by its name', async () => {
    const mount = { 'file-system': 'ext4', mount: true, options: ['ro'] };
    expect(await apply({ ...das, ...mount })).toMatchObject(done);
    expect(await readFile(join(point, 'index.html'), 'utf8')).toBe('from a disk\n');
    expect((await apply({ ...das, ...mount })).stdout).toMatch(/nothing to do\n$/);
    expect(await apply({ type: 'das', device, ...mount })).toMatchObject(done);
    expect(await readFile(join(point, 'index.html'), 'utf8')).toBe('from a disk\n');
    expect(await findings()).toEqual({ code: 0, ids: [] });
    expect(await run('undo')).toMatchObject(done);
    expect(existsSync(point)).toBe(false);
    const gone = await apply({ type: 'das', device: 'LABEL=nowhere', ...mount });
    expect(gone.stderr).toContain('there is no device LABEL=nowhere');
    expect(existsSync(point)).toBe(false);
  });
});
