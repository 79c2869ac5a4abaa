import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { StorageInput } from '../../config/storage.ts';
import { wordsOf } from '../real-server-error.ts';
import { readRecord, readSecret } from './iscsi.ts';
import { type MountLine, mountsAt } from './mount-table.ts';
import { portalOf } from './settings.ts';
import type { StorageHost } from './storage-host.ts';
import type { ToolName } from './tool.ts';

/** What a plan has to know of the place that storage is to be at. */
export interface StorageFacts {
  /** What is mounted there, the one that is seen last. */
  readonly here: readonly MountLine[];
  /** Whose file systems the place itself is: `absent`, or what is wrong with it. */
  readonly place: 'absent' | 'empty folder' | { readonly problem: string };
  /** Programs that are not installed, in words. */
  readonly missing: readonly string[];
  /** Why the file system cannot be mounted by this kernel. */
  readonly fileSystem: string | undefined;
  /** iSCSI: the user in the initiator's record, where there is one. */
  readonly record: { readonly user: string | undefined } | undefined;
  /** iSCSI: what is wrong with the file of the secret. */
  readonly secret: string | undefined;
}

export async function readStorageFacts(
  host: StorageHost,
  storage: StorageInput,
): Promise<StorageFacts> {
  const point = storage['mount-point'];
  const here = mountsAt(await host.mounts(), point);
  const missing: string[] = [];
  for (const name of programsFor(storage)) {
    const words = await host.tools.missing(name);
    if (words !== undefined) missing.push(words);
  }
  const record =
    storage.type === 'iscsi' ? await readRecord(portalOf(storage), storage.target) : undefined;
  return {
    here,
    place: here.length > 0 ? 'empty folder' : await placeAt(host, point),
    missing,
    fileSystem: storage.type === 'nfs' ? undefined : await fileSystemProblem(host, storage),
    record: record && { user: record.get('node.session.auth.username') },
    secret: record === undefined ? await secretProblem(storage) : undefined,
  };
}

function programsFor(storage: StorageInput): readonly ToolName[] {
  switch (storage.type) {
    case 'nfs':
      return ['mount.nfs', 'umount'];
    case 'iscsi':
      return ['iscsiadm', 'mount', 'umount'];
    case 'das':
      return storage.mount === true ? ['mount', 'umount', 'findfs'] : ['findfs'];
  }
}

/** Looked at by programs that can be ended, since it may be below what does not answer. */
async function placeAt({ tools }: StorageHost, point: string): Promise<StorageFacts['place']> {
  const kind = await tools.run('stat', '-c', '%F', point);
  if (kind.exitCode === undefined) {
    return { problem: `looking at ${point} took more than ${tools.timeoutMs / 1000} s` };
  }
  if (kind.exitCode !== 0) {
    const parent = dirname(point);
    const above = await tools.run('stat', '-L', '-c', '%F', parent);
    return above.stdout === 'directory'
      ? 'absent'
      : { problem: `there is no folder ${parent} for the mount point ${point} to be in` };
  }
  if (kind.stdout !== 'directory') {
    return { problem: `the mount point ${point} is a ${kind.stdout}, not a folder` };
  }
  const real = await tools.run('realpath', '-e', point);
  if (real.exitCode === 0 && real.stdout !== point) {
    return { problem: `the mount point ${point} is ${real.stdout} in truth: name that` };
  }
  const inside = await tools.run('ls', '-A', '-U', point);
  if (inside.exitCode === 0 && inside.stdout === '') return 'empty folder';
  return {
    problem: `the mount point ${point} is not empty: what is in it could not be seen any more`,
  };
}

async function fileSystemProblem(
  { tools }: StorageHost,
  storage: Exclude<StorageInput, { type: 'nfs' }>,
): Promise<string | undefined> {
  const name = storage['file-system'];
  if (name === undefined || (storage.type === 'das' && storage.mount !== true)) return undefined;
  const known = new Map(
    (await readFile('/proc/filesystems', 'utf8'))
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([kind, one]) => [one, kind] as const),
  );
  if (known.get(name) === '') return undefined;
  if (known.has(name)) return `${name} is no file system of a disk`;
  const { exitCode } = await tools.run('modprobe', '--dry-run', '--quiet', `fs-${name}`);
  return exitCode === 0 ? undefined : `this kernel knows no file system ${name}`;
}

async function secretProblem(storage: StorageInput): Promise<string | undefined> {
  if (storage.type !== 'iscsi' || storage.chap === undefined) return undefined;
  const { user, 'secret-file': secretFile } = storage.chap;
  return await readSecret({ user, secretFile }).then(() => undefined, wordsOf);
}
