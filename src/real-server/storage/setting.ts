import { missingOptions } from './options.ts';
import { endpointOf } from './settings.ts';

/** A folder to mount on. */
export interface FolderSetting {
  readonly kind: 'folder';
  readonly path: string;
  readonly value: 'present' | null;
}

/** A file system at its place. Another one at the same place is no value of this. */
export interface MountSetting {
  readonly kind: 'mount';
  readonly point: string;
  /** `server:/export`, `UUID=…`, `LABEL=…` or a device. */
  readonly source: string;
  readonly type: string;
  readonly value: { readonly options: readonly string[] } | null;
}

export interface Chap {
  readonly user: string;
  /** Where the secret is. The secret itself is nowhere but there and in the initiator's record. */
  readonly secretFile: string;
}

/** The initiator's record of a target, and whether it logs in there at the start of the machine. */
export interface IscsiNodeSetting {
  readonly kind: 'iscsi-node';
  readonly portal: string;
  readonly target: string;
  readonly chap?: Chap;
  readonly value: 'manual' | 'automatic' | (string & {}) | null;
}

/** The state of a session as the kernel says it; LOGGED_IN is the one to have. */
export interface IscsiSessionSetting {
  readonly kind: 'iscsi-session';
  readonly portal: string;
  readonly target: string;
  readonly value: 'LOGGED_IN' | (string & {}) | null;
}

export type StorageSetting = FolderSetting | MountSetting | IscsiNodeSetting | IscsiSessionSetting;

export const storageKinds: ReadonlySet<string> = new Set<StorageSetting['kind']>([
  'folder',
  'mount',
  'iscsi-node',
  'iscsi-session',
]);

export function storageSettingId(setting: StorageSetting): string {
  switch (setting.kind) {
    case 'folder':
      return `folder ${setting.path}`;
    case 'mount':
      return `mount ${setting.source} ${setting.point}`;
    case 'iscsi-node':
    case 'iscsi-session':
      return `${setting.kind} ${setting.target} ${setting.portal}`;
  }
}

/** Whether a mount has what is wanted of it. */
export function mountDoes(
  current: NonNullable<MountSetting['value']>,
  wanted: NonNullable<MountSetting['value']>,
): boolean {
  return missingOptions(wanted.options, current.options).length === 0;
}

export function storageSubject(setting: StorageSetting): string {
  switch (setting.kind) {
    case 'folder':
      return `folder ${setting.path}`;
    case 'mount':
      return `${setting.source} on ${setting.point}`;
    case 'iscsi-node':
      return `record of ${setting.target} at ${setting.portal}`;
    case 'iscsi-session':
      return `session with ${setting.target} at ${setting.portal}`;
  }
}

export function storageValue(setting: StorageSetting): string {
  if (setting.kind !== 'mount') return setting.value ?? 'absent';
  const options = setting.value?.options.join(',') ?? '';
  return options === '' ? 'mounted' : `mounted with ${options}`;
}

/** What one would type to have it so. */
export function storageCommand(setting: StorageSetting): string {
  const gone = setting.value === null;
  switch (setting.kind) {
    case 'folder':
      return `${gone ? 'rmdir' : 'mkdir'} ${setting.path}`;
    case 'mount': {
      if (setting.value === null) return `umount ${setting.point}`;
      const options = setting.value.options.join(',');
      return `mount -t ${setting.type}${options === '' ? '' : ` -o ${options}`} ${setting.source} ${setting.point}`;
    }
    case 'iscsi-node': {
      const node = `iscsiadm -m node -T ${setting.target} -p ${setting.portal}`;
      return setting.value === null
        ? `${node} -o delete`
        : `${node} -o new && ${node} -o update -n node.startup -v ${setting.value}`;
    }
    case 'iscsi-session':
      return `iscsiadm -m node -T ${setting.target} -p ${setting.portal} ${gone ? '--logout' : '--login'}`;
  }
}

/** Where a mount comes from over the network, to be knocked at first. */
export function nfsEndpoint(source: string): { readonly host: string; readonly port: number } {
  const at = source.startsWith('[') ? source.indexOf(']') + 1 : source.indexOf(':');
  return endpointOf(`${source.slice(0, at)}:2049`);
}
