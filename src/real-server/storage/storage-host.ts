import { lstat, mkdir, readdir, readFile, rmdir, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { RealServerError, wordsOf } from '../real-server-error.ts';
import { findSession, readRecord, writeNode, writeSession } from './iscsi.ts';
import { knock } from './knock.ts';
import { type MountLine, mountsAt, mountsBelow, parseMounts } from './mount-table.ts';
import {
  type IscsiSessionSetting,
  type MountSetting,
  nfsEndpoint,
  type StorageSetting,
  storageSubject,
} from './setting.ts';
import { endpointOf, parseIscsiPath } from './settings.ts';
import { Tools, wordsOfTool } from './tool.ts';
import { usersOf } from './users.ts';

export interface StorageHostOptions {
  /** How long a server or a program may take. Default 30 s. */
  readonly timeoutMs?: number | undefined;
  /** Where programs are. Default: where distributions have them. */
  readonly folders?: readonly string[] | undefined;
}

const pollMs = 50;

/** The mounts and disks of this machine, read and made with the programs of the system. */
export class StorageHost {
  readonly tools: Tools;

  constructor({ timeoutMs = 30_000, folders }: StorageHostOptions = {}) {
    this.tools = new Tools(timeoutMs, folders);
  }

  /** The value that a thing has now. */
  async read(setting: StorageSetting): Promise<StorageSetting['value']> {
    switch (setting.kind) {
      case 'folder':
        return (await this.isMounted(setting.path)) || (await this.#isFolder(setting.path))
          ? 'present'
          : null;
      case 'mount': {
        const [found] = await this.#mountsOf(setting);
        return found === undefined ? null : { options: found.options };
      }
      case 'iscsi-node': {
        const record = await readRecord(setting.portal, setting.target);
        return record === undefined ? null : (record.get('node.startup') ?? 'manual');
      }
      case 'iscsi-session': {
        const session = await findSession(endpointOf(setting.portal), setting.target);
        return session?.state ?? null;
      }
    }
  }

  /** Makes it so. */
  async write(setting: StorageSetting): Promise<string | undefined> {
    switch (setting.kind) {
      case 'folder':
        return await writeFolder(setting.path, setting.value !== null);
      case 'mount':
        await this.#writeMount(setting);
        return undefined;
      case 'iscsi-node':
        await writeNode(this.tools, setting);
        return undefined;
      case 'iscsi-session':
        if (setting.value === null) await this.#demandUnused(setting);
        await writeSession(this.tools, setting);
        return undefined;
    }
  }

  async mounts(): Promise<readonly MountLine[]> {
    return parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));
  }

  async isMounted(point: string): Promise<boolean> {
    return mountsAt(await this.mounts(), point).length > 0;
  }

  /** The device that a source is, as a path; undefined where there is none, or none yet. */
  async deviceOf(source: string): Promise<string | undefined> {
    const disk = parseIscsiPath(source);
    if (disk !== undefined) {
      const name = (await findSession(disk, disk.target))?.disks.get(disk.lun);
      return name === undefined ? undefined : `/dev/${name}`;
    }
    if (source.startsWith('/')) return source;
    const { exitCode, stdout } = await this.tools.run('findfs', source);
    return exitCode === 0 ? stdout.trim() : undefined;
  }

  /** Mounts of the wanted source at its place. */
  async #mountsOf({ point, source, type }: MountSetting): Promise<readonly MountLine[]> {
    const here = mountsAt(await this.mounts(), point);
    if (here.length === 0) return [];
    if (type === 'nfs') {
      return here.filter((one) => /^nfs4?$/.test(one.type) && one.source === source);
    }
    const device = await this.deviceOf(source);
    const number = device === undefined ? undefined : await deviceNumber(device);
    return here.filter(
      (one) =>
        (one.type === type || type === 'auto') &&
        (one.device === number || (device !== undefined && one.source === device)),
    );
  }

  async #writeMount(setting: MountSetting): Promise<void> {
    const { point, value } = setting;
    const here = mountsAt(await this.mounts(), point);
    const [mine] = await this.#mountsOf(setting);
    if (mine !== undefined) {
      if (here.at(-1)?.id !== mine.id) {
        throw this.#error(`cannot unmount ${point}`, 'something else is mounted over it');
      }
      await this.#unmount(mine);
    } else if (value !== null && here.length > 0) {
      throw this.#error(`cannot mount ${storageSubject(setting)}`, occupied(point, here));
    }
    if (value !== null) await this.#mount(setting, value.options);
  }

  async #mount(setting: MountSetting, options: readonly string[]): Promise<void> {
    const { point, source, type } = setting;
    const action = `cannot mount ${storageSubject(setting)}`;
    // What the kernel has found out by itself is not for it to be told.
    const own = options.filter((one) => !/^(client|mount)?addr=|^(namlen|local_lock)=/.test(one));
    const words = own.length === 0 ? [] : ['-o', own.join(',')];
    if (type === 'nfs') {
      await knock('the NFS server', nfsEndpoint(source), this.tools.timeoutMs);
      const limited = ['-o', [...own, 'retry=0'].join(',')];
      const result = await this.tools.run('mount.nfs', source, point, ...limited);
      if (result.exitCode === 0) return;
      throw this.#error(action, wordsOfTool('mount.nfs', result, this.tools.timeoutMs));
    }
    const device = await this.#awaitDevice(source, action);
    const result = await this.tools.run('mount', '-t', type, ...words, device, point);
    if (result.exitCode === 0) return;
    const said = wordsOfTool('mount', result, this.tools.timeoutMs);
    throw this.#error(action, `${said}${await this.#holds(device)}`);
  }

  /** A disk appears a moment after the session that it comes with. */
  async #awaitDevice(source: string, action: string): Promise<string> {
    for (const end = Date.now() + this.tools.timeoutMs; ; await delay(pollMs)) {
      const device = await this.deviceOf(source);
      if (device !== undefined && (await deviceNumber(device)) !== undefined) return device;
      const disk = parseIscsiPath(source);
      if (disk === undefined) throw this.#error(action, `there is no device ${source}`);
      if (Date.now() < end) continue;
      const luns = [...((await findSession(disk, disk.target))?.disks.keys() ?? [])];
      const there = luns.length === 0 ? 'no disk' : `LUN ${luns.join(', ')}`;
      throw this.#error(action, `the target has no LUN ${disk.lun}, but ${there}`);
    }
  }

  /** Logging out takes the disks away from under whoever has them. */
  async #demandUnused({ portal, target }: IscsiSessionSetting): Promise<void> {
    const session = await findSession(endpointOf(portal), target);
    const mounts = await this.mounts();
    for (const disk of session?.disks.values() ?? []) {
      const found = mounts.find(({ source }) => source.startsWith(`/dev/${disk}`));
      const held = await readdir(`/sys/block/${disk}/holders`).catch(() => []);
      const user = found === undefined ? held[0] : found.point;
      if (user === undefined) continue;
      const action = `cannot log out of ${target} at ${portal}`;
      throw this.#error(action, `its disk ${disk} is in use by ${user}`);
    }
  }

  /** Below another network mount a program has to look, since it can be ended. */
  async #isFolder(path: string): Promise<boolean> {
    const isBelow = (await this.mounts()).some(
      ({ point, type }) => /^(nfs|cifs|smb|ceph|fuse)/.test(type) && path.startsWith(`${point}/`),
    );
    if (!isBelow) return (await lstat(path).catch(() => undefined))?.isDirectory() ?? false;
    const { exitCode, stdout } = await this.tools.run('stat', '-c', '%F', path);
    return exitCode === 0 && stdout === 'directory';
  }

  async #holds(device: string): Promise<string> {
    const { exitCode, stdout } = await this.tools.run(
      'blkid',
      '-p',
      '-o',
      'value',
      '-s',
      'TYPE',
      device,
    );
    const type = stdout.trim();
    if (exitCode === 2) return ' (there is no file system on it; rs-setup makes none)';
    return exitCode === 0 && type !== '' ? ` (it holds ${type})` : '';
  }

  async #unmount({ id, point }: MountLine): Promise<void> {
    const action = `cannot unmount ${point}`;
    const below = mountsBelow(await this.mounts(), point);
    if (below.length > 0) {
      const places = below.map((one) => one.point).join(', ');
      throw this.#error(action, `something is mounted below it, on ${places}`);
    }
    // Without looking at the path and without asking the server, which may be dead.
    const result = await this.tools.run('umount', '-c', '-i', point);
    // A server that is dead is waited for after the mount is gone, to say goodbye to it.
    const isGone = !(await this.mounts()).some((one) => one.id === id);
    if (result.exitCode === 0 || isGone) return;
    const busy = /busy/.test(result.stderr) ? await usersOf(point) : [];
    const words = wordsOfTool('umount', result, this.tools.timeoutMs);
    throw this.#error(action, busy.length === 0 ? words : `it is in use by ${busy.join(', ')}`);
  }

  #error(action: string, words: string): RealServerError {
    return new RealServerError('REAL_SERVER_FAILED', action, [words]);
  }
}

/** What somebody else has mounted there. */
export function occupied(point: string, here: readonly MountLine[]): string {
  const top = here.at(-1);
  return `${top?.source} (${top?.type}) is mounted on ${point} already (umount ${point})`;
}

async function writeFolder(path: string, wanted: boolean): Promise<string | undefined> {
  try {
    if (wanted) await mkdir(path, { mode: 0o755 });
    else await rmdir(path);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!wanted && code === 'ENOENT') return undefined;
    if (!wanted && code === 'ENOTEMPTY')
      return `folder ${path} stays: others have put something in it`;
    throw new RealServerError(
      'REAL_SERVER_FAILED',
      `cannot ${wanted ? 'make' : 'remove'} folder ${path}`,
      [wordsOf(error)],
    );
  }
}

/** `major:minor` of a device file, as the table of mounts has it. */
export async function deviceNumber(path: string): Promise<string | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined || !info.isBlockDevice()) return undefined;
  // The kernel's own encoding of what stat(2) returns.
  const number = BigInt(info.rdev);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn);
  const minor = (number & 0xffn) | ((number >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}
