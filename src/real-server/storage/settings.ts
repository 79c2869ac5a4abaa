import type { StorageInput } from '../../config/storage.ts';
import { storageSchema } from '../../config/storage.ts';
import { RealServerError } from '../real-server-error.ts';

/** Storage as a setup of its own, beside those for VIPs. */
export interface StorageSettings {
  readonly mode: 'storage';
  readonly storage: StorageInput;
}

const kindNames: Readonly<Record<StorageInput['type'], string>> = {
  nfs: 'NFS storage',
  iscsi: 'iSCSI storage',
  das: 'local storage',
};

/** What a setup is called when nobody names it: one mount point has one. */
export function storageName({ type, name, 'mount-point': point }: StorageInput): string {
  return name ?? `${type}-${point}`;
}

/** What it is, in a few words. */
export function storageTitle(storage: StorageInput): string {
  return `${kindNames[storage.type]} ${sourceWords(storage)} on ${storage['mount-point']}`;
}

function sourceWords(storage: StorageInput): string {
  switch (storage.type) {
    case 'nfs':
      return nfsSource(storage);
    case 'iscsi':
      return `${storage.target} LUN ${storage.lun ?? 0} at ${portalOf(storage)}`;
    case 'das':
      return storage.device;
  }
}

/** `server:/export` as the kernel shows it: an IPv6 address in brackets. */
export function nfsSource({ server, export: path }: Extract<StorageInput, { type: 'nfs' }>) {
  return `${server.includes(':') ? `[${server}]` : server}:${path}`;
}

/** A portal with its port. */
export function portalOf({ portal }: Extract<StorageInput, { type: 'iscsi' }>): string {
  return /^\[.*\]$|^[\d.]+$/.test(portal) ? `${portal}:3260` : portal;
}

/** The address and port of a portal apart. */
export function endpointOf(portal: string): { readonly host: string; readonly port: number } {
  const at = portal.lastIndexOf(':');
  return { host: portal.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(portal.slice(at + 1)) };
}

/** The name that udev gives the disk, by which a unit can wait for it. */
export function iscsiPath(portal: string, target: string, lun: number): string {
  const { host, port } = endpointOf(portal);
  return `/dev/disk/by-path/ip-${host}:${port}-iscsi-${target}-lun-${lun}`;
}

/** A disk of a SAN told by the path that {@link iscsiPath} makes. */
export function parseIscsiPath(
  path: string,
): { readonly host: string; readonly port: number; target: string; lun: number } | undefined {
  const match = /^\/dev\/disk\/by-path\/ip-(.+):(\d+)-iscsi-(.+)-lun-(\d+)$/.exec(path);
  if (match === null) return undefined;
  const [, host = '', port, target = '', lun] = match;
  return { host, port: Number(port), target, lun: Number(lun) };
}

/** @throws RealServerError `REAL_SERVER_INVALID` for what a file would be refused for. */
export function checkStorage(settings: StorageSettings): StorageSettings {
  const parsed = storageSchema.safeParse(settings.storage);
  if (parsed.success) return { mode: 'storage', storage: parsed.data };
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new RealServerError('REAL_SERVER_INVALID', 'this storage cannot be right', problems);
}
