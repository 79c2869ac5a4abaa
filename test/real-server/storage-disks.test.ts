import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadModule } from '../../src/net/modules.ts';
import { type Outcome, rsSetup } from '../support/command.ts';
import { filesBelow } from '../support/host-state.ts';
import { hasKernelOfItsOwn, needsKernelOfItsOwn } from '../support/kernel.ts';
import {
  chapTarget,
  ip,
  startInitiator,
  startIscsiTarget,
  target,
} from '../support/storage-servers.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const done = { code: 0, stderr: '' };
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
  await execa('mke2fs', ['-q', '-t', 'ext4', '-d', join(images, 'content'), ...words, path]);
  return path;
}

beforeAll(async () => {
  if (!hasKernelOfItsOwn()) return;
  images = await mkdtemp('/run/lvskit-images-');
  await loadModule('loop');
  const disk = await image('das', '-U', uuid);
  device = (await execa('losetup', ['--find', '--show', disk])).stdout;
  await ip('address', 'add', `${portal}/32`, 'dev', 'lo');
  await startIscsiTarget(portal, [
    { target, image: await image('san'), bytes },
    { target: chapTarget, image: await image('locked'), bytes, chap: { user: 'web', secret } },
  ]);
  endInitiator = await startInitiator();
});

afterAll(async () => {
  if (endInitiator === undefined) return;
  await endInitiator();
  await execa('losetup', ['--detach', device]);
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

const run = (...words: string[]): Promise<Outcome> =>
  rsSetup([...words, '--root', join(folder, 'root')]);

async function apply(entry: object, ...words: string[]): Promise<Outcome> {
  const file = join(folder, 'storage.yaml');
  await writeFile(file, JSON.stringify({ storage: [{ 'mount-point': point, ...entry }] }));
  return run('apply', '--config', file, '--storage-timeout', '20', ...words);
}

async function findings(): Promise<unknown> {
  const { code, stdout } = await run('verify', '-o', 'json');
  const [setup] = JSON.parse(stdout).setups;
  return { code, ids: setup.findings.map(({ id }: { readonly id: string }) => id) };
}

const sessions = async () => {
  const { stdout } = await execa('iscsiadm', ['-m', 'session'], { reject: false });
  return stdout.split('\n').filter((line) => line !== '');
};
const records = () => filesBelow('/etc/iscsi/nodes').catch(() => []);
const node = (name: string) => ['-m', 'node', '-T', name, '-p', `${portal}:3260`];

describe('iSCSI storage', () => {
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
    const { stdout: unitName } = await execa('systemd-escape', ['-p', '--suffix=mount', point]);
    const unit = await readFile(join(folder, 'root/etc/systemd/system', unitName), 'utf8');
    expect(unit).toContain(`What=/dev/disk/by-path/ip-${portal}:3260-iscsi-${target}-lun-0\n`);
    expect(unit).toMatch(/^After=.*remote-fs-pre\.target iscsid\.service open-iscsi\.service$/m);
    expect(unit).toContain('Options=noatime,_netdev\n');
    expect((await apply(san)).stdout).toMatch(/nothing to do\n$/);
    expect(await findings()).toEqual({ code: 0, ids: [] });

    // As after an iscsiadm --logout by hand.
    await execa('umount', [point]);
    await execa('iscsiadm', [...node(target), '--logout']);
    expect(await findings()).toEqual({ code: 3, ids: ['storage-session', 'storage-missing'] });
    expect(await apply(san)).toMatchObject(done);

    expect(await run('undo')).toMatchObject(done);
    expect([await sessions(), await records(), await mounted()]).toEqual([[], [], before]);
    expect(await filesBelow(join(folder, 'root'))).toEqual(['real-server.lock']);
    expect(existsSync(point)).toBe(false);
  });

  it('leaves the session that was there before, and its record', async () => {
    await execa('iscsiadm', [...node(target), '-o', 'new']);
    await execa('iscsiadm', [...node(target), '--login']);
    expect(await apply(san)).toMatchObject(done);
    expect(await run('undo')).toMatchObject(done);
    expect(await sessions()).toHaveLength(1);
    expect(await records()).toEqual([`${portal},3260`]);
    await execa('iscsiadm', [...node(target), '--logout']);
    await execa('iscsiadm', [...node(target), '-o', 'delete']);
  });

  it.each([
    [
      'another file system',
      { ...san, 'file-system': 'ext2', options: ['dioread_nolock'] },
      1,
      'cannot mount',
    ],
    ['a LUN that is not there', { ...san, lun: 3 }, 1, 'the target has no LUN 3, but LUN 0'],
    ['a target that is not there', { ...san, target: `${target}-2` }, 1, 'cannot log in'],
    [
      'a portal where nobody listens',
      { ...san, portal: '127.0.0.1:3261' },
      1,
      'at 127.0.0.1 port 3261: nothing listens there',
    ],
    [
      'an unknown file system',
      { ...san, 'file-system': 'zfs9' },
      2,
      'this kernel knows no file system zfs9',
    ],
    [
      'a file system of no disk',
      { ...san, 'file-system': 'proc' },
      2,
      'proc is no file system of a disk',
    ],
    ['a portal that is a name', { ...san, portal: 'san.example' }, 2, 'must be an address'],
    ['a target that is an option', { ...san, target: '--help' }, 2, 'must be the name of a target'],
  ])('is taken back or refused: %s', async (_what, entry, code, says) => {
    const before = await mounted();
    const words = 'lun' in entry ? ['--storage-timeout', '3'] : [];
    const outcome = await apply(entry, ...words);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(outcome.stderr).toContain(says);
    expect([await sessions(), await records(), await mounted()]).toEqual([[], [], before]);
    expect(existsSync(point)).toBe(false);
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

describe('storage on a local disk', () => {
  const das = { type: 'das', device: `UUID=${uuid}` };

  it('is only looked at: that it is where it should be', async () => {
    const noted = await apply(das);
    expect(noted).toMatchObject(done);
    expect(await findings()).toEqual({ code: 3, ids: ['storage-missing'] });
    await mkdir(point);
    await execa('mount', ['-t', 'tmpfs', 'other', point]);
    expect(await findings()).toEqual({ code: 3, ids: ['storage-other'] });
    await execa('umount', [point]);
    await execa('mount', [device, point]);
    expect(await findings()).toEqual({ code: 0, ids: [] });
    expect(await run('undo')).toMatchObject(done);
    expect(await mounted()).toContain(point);
  });

  it('is mounted when asked to, by what is on it or by its name', async () => {
    const mount = { 'file-system': 'ext4', mount: true, options: ['ro'] };
    for (const one of [das, { type: 'das', device }]) {
      expect(await apply({ ...one, ...mount })).toMatchObject(done);
      expect(await readFile(join(point, 'index.html'), 'utf8')).toBe('from a disk\n');
      expect((await apply({ ...one, ...mount })).stdout).toMatch(/nothing to do\n$/);
      expect(await findings()).toEqual({ code: 0, ids: [] });
      expect(await run('undo')).toMatchObject(done);
      expect(existsSync(point)).toBe(false);
    }
    const gone = await apply({ type: 'das', device: 'LABEL=nowhere', ...mount });
    expect(gone.stderr).toContain('there is no device LABEL=nowhere');
    expect(existsSync(point)).toBe(false);
  });
});
