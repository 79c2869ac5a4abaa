import { checkInteger, checkName, checkObject } from '../check.ts';
import { AF_INET, AF_INET6, daemonRecord } from '../native/ipvs-records.ts';
import { parseIp } from '../net/ip.ts';
import type { RecordView } from './record-view.ts';
import { readAddress } from './service.ts';

/** `master` sends the connections it sees, `backup` receives those of others. Both may run. */
export type SyncRole = 'master' | 'backup';

/**
 * A connection synchronisation daemon to start (`ipvsadm --start-daemon`, `IPVS_CMD_NEW_DAEMON`;
 * fields are `IPVS_DAEMON_ATTR_*`).
 */
export interface SyncDaemonConfig {
  /** What it does. */
  readonly role: SyncRole;
  /** The interface that carries the multicast (`--mcast-interface`), 1 to 15 bytes. */
  readonly interface: string;
  /** 0 to 255; a backup with 0 accepts every master's (`--syncid`). Default 0. */
  readonly syncId?: number;
  /**
   * Largest message in bytes, 1 to 65507 (`--sync-maxlen`, since Linux 4.3); a backup makes at least
   * 1024 of it, an IPv6 group at most 65487. Default: what 1500 bytes have room for, which is 1472 or
   * for an IPv6 group 1452, and for a backup what its interface's MTU has, if that is more.
   */
  readonly maxLength?: number;
  /** Multicast address (`--mcast-group`, since Linux 4.3). Default 224.0.0.81. */
  readonly group?: string;
  /** UDP port, 1 to 65535 (`--mcast-port`, since Linux 4.3). Default 8848. */
  readonly port?: number;
  /** 1 to 255 (`--mcast-ttl`, since Linux 4.3). Default 1. */
  readonly ttl?: number;
}

/** A daemon that runs, with all that it runs with (`IPVS_CMD_GET_DAEMON`). */
export type SyncDaemonState = Required<SyncDaemonConfig>;

const stateNumbers: Readonly<Record<SyncRole, number>> = { master: 1, backup: 2 };
const states: readonly SyncRole[] = ['master', 'backup'];
const maxSyncLength = 65_507;

/** Writes the role, which is all that stopping a daemon takes. */
export function writeSyncRole(view: RecordView, at: number, role: SyncRole): void {
  view.setU32(at + daemonRecord.state, checkName(stateNumbers, role, 'sync daemon role'));
}

/** @throws TypeError, RangeError naming the setting. */
export function writeSyncDaemon(view: RecordView, at: number, config: SyncDaemonConfig): void {
  checkObject(config, 'sync daemon');
  writeSyncRole(view, at, config.role);
  checkInterfaceName(config.interface);
  view.u8.set(new TextEncoder().encode(config.interface), at + daemonRecord.interface);
  const { syncId, maxLength, port, ttl, group } = config;
  if (syncId !== undefined) {
    checkInteger(syncId, 0, 255, 'syncId');
    view.setU32(at + daemonRecord.syncId, syncId);
  }
  if (maxLength !== undefined) {
    checkInteger(maxLength, 1, maxSyncLength, 'maxLength');
    view.setU16(at + daemonRecord.maxLength, maxLength);
  }
  if (port !== undefined) {
    checkInteger(port, 1, 65535, 'port');
    view.setU16(at + daemonRecord.port, port);
  }
  if (ttl !== undefined) {
    checkInteger(ttl, 1, 255, 'ttl');
    view.setU8(at + daemonRecord.ttl, ttl);
  }
  if (group !== undefined) writeGroup(view, at, group);
}

function writeGroup(view: RecordView, at: number, text: string): void {
  const { family, bytes } = parseIp(text, 'multicast group');
  const first = bytes[0] ?? 0;
  if (family === 'ipv6' ? first !== 0xff : (first & 0xf0) !== 0xe0) {
    throw new RangeError(`multicast group ${text} is not a multicast address`);
  }
  view.setU16(at + daemonRecord.groupFamily, family === 'ipv6' ? AF_INET6 : AF_INET);
  view.u8.set(bytes, at + daemonRecord.group);
}

function checkInterfaceName(name: string): void {
  if (typeof name !== 'string') throw new TypeError('interface must be a string');
  const length = Buffer.byteLength(name);
  if (length < 1 || length > 15 || /[\s/\0]/.test(name)) {
    throw new RangeError(
      `interface ${JSON.stringify(name)} must be 1 to 15 bytes without space and slash`,
    );
  }
}

export function readSyncDaemon(view: RecordView, at: number): SyncDaemonState {
  const family = view.getU16(at + daemonRecord.groupFamily);
  return {
    role: states[view.getU32(at + daemonRecord.state) - 1] ?? 'master',
    interface: view.getText(at + daemonRecord.interface, 16),
    syncId: view.getU32(at + daemonRecord.syncId),
    maxLength: view.getU16(at + daemonRecord.maxLength),
    group: readAddress(view, at + daemonRecord.group, family),
    port: view.getU16(at + daemonRecord.port),
    ttl: view.getU8(at + daemonRecord.ttl),
  };
}
