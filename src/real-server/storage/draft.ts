import type { StorageInput } from '../../config/storage.ts';
import { type Draft, DraftBuilder } from '../draft.ts';
import type { StorageFacts } from './facts.ts';
import { type MountSetting, mountDoes, storageSettingId } from './setting.ts';
import { endpointOf, iscsiPath, nfsSource, portalOf } from './settings.ts';
import { occupied } from './storage-host.ts';

/** What is to be there, apart from what is. */
export interface StorageContext {
  readonly facts: StorageFacts;
  /** The mount as it is now. */
  readonly mounted: MountSetting['value'];
  /** Ids of settings that the same setup has claimed before. */
  readonly ownIds: ReadonlySet<string>;
  /** Whether it is to come back when the machine is started again. */
  readonly persist: boolean;
}

/** The mount that storage comes to. */
export function mountOf(storage: StorageInput): MountSetting {
  const { options = [] } = storage;
  const common = { kind: 'mount', point: storage['mount-point'] } as const;
  switch (storage.type) {
    case 'nfs': {
      const version = storage.version === undefined ? [] : [`vers=${storage.version}`];
      const value = { options: [...options, ...version] };
      return { ...common, source: nfsSource(storage), type: 'nfs', value };
    }
    case 'iscsi': {
      const source = iscsiPath(portalOf(storage), storage.target, storage.lun ?? 0);
      return { ...common, source, type: storage['file-system'], value: { options } };
    }
    case 'das': {
      const type = storage['file-system'] ?? 'auto';
      return { ...common, source: storage.device, type, value: { options } };
    }
  }
}

/** What a machine has to have to serve from storage. Pure. */
export function draftStorage(storage: StorageInput, context: StorageContext): Draft {
  const draft = new DraftBuilder();
  const { facts, mounted } = context;
  const mount = mountOf(storage);
  const { point } = mount;
  if (storage.type === 'das' && storage.mount !== true) {
    if (mounted === null) {
      draft.notes.push(`${storage.device} is not on ${point} now; verify looks again`);
    }
    return draft;
  }
  draft.problems.push(...problemsOf(storage, mount, context));
  if (storage.type === 'iscsi') wantSession(draft, storage, context);
  draft.want({ kind: 'folder', path: point, value: 'present' }, 'the place that it is mounted on');
  draft.want(mount, whys[storage.type]);
  if (storage.type !== 'das') {
    draft.notes.push(
      `programs that serve from ${point} have to be started after it is mounted${facts.here.length === 0 && !context.persist ? '; without --persist that is not so after the next start of the machine' : ''}`,
    );
  }
  return draft;
}

const whys: Readonly<Record<StorageInput['type'], string>> = {
  nfs: 'every real server serves the same files from the NAS',
  iscsi:
    'the file system on the disk of the SAN; only one machine may write to it, unless it is one for clusters',
  das: 'the disk that this machine serves from',
};

function problemsOf(
  storage: StorageInput,
  mount: MountSetting,
  { facts, mounted, ownIds }: StorageContext,
): readonly string[] {
  const problems = [...facts.missing];
  if (facts.fileSystem !== undefined) problems.push(facts.fileSystem);
  if (facts.secret !== undefined) problems.push(facts.secret);
  if (mounted === null) {
    if (facts.here.length > 0) problems.push(occupied(mount.point, facts.here));
    else if (typeof facts.place === 'object') problems.push(facts.place.problem);
  }
  const mine = ownIds.has(storageSettingId(mount));
  if (mounted !== null && mount.value !== null && !mine && !mountDoes(mounted, mount.value)) {
    problems.push(
      `${mount.source} is on ${mount.point} already, mounted by others with other options (${mounted.options.join(',')}): unmount it, or ask for these`,
    );
  }
  if (storage.type === 'iscsi' && storage.chap !== undefined && facts.record !== undefined) {
    const { user } = facts.record;
    if (user !== storage.chap.user) {
      problems.push(
        `open-iscsi has a record of ${storage.target} already, ${user === undefined ? 'without CHAP' : `with the CHAP user ${user}`}: change it, or remove it (iscsiadm -m node -T ${storage.target} -o delete)`,
      );
    }
  }
  return problems;
}

function wantSession(
  draft: DraftBuilder,
  storage: Extract<StorageInput, { type: 'iscsi' }>,
  { persist }: StorageContext,
): void {
  const portal = portalOf(storage);
  const { target, chap } = storage;
  const { port } = endpointOf(portal);
  if (port > 65535) draft.problems.push(`port ${port} of portal ${portal} is above 65535`);
  const secret =
    chap === undefined ? {} : { chap: { user: chap.user, secretFile: chap['secret-file'] } };
  draft.want(
    { kind: 'iscsi-node', portal, target, ...secret, value: persist ? 'automatic' : 'manual' },
    persist
      ? 'open-iscsi logs in there when the machine starts'
      : 'what open-iscsi knows of the target',
    persist ? undefined : ['automatic', 'onboot'],
  );
  draft.want(
    { kind: 'iscsi-session', portal, target, value: 'LOGGED_IN' },
    'brings the disks of the target to this machine',
  );
}
