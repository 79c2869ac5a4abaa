import type { SyncDaemonState } from '../../ipvs/sync-daemon.ts';
import { libraryAddress } from './names.ts';

/**
 * The sync daemons as `ipvsadm -L --daemon` prints them, a line for each in the kernel's order, which
 * is the master first; to be written as Latin-1. What a kernel before 4.3 does not tell is left out.
 */
export function listDaemons(daemons: readonly SyncDaemonState[]): string {
  return daemons.map((daemon) => `${daemonText(daemon)}\n`).join('');
}

function daemonText(daemon: SyncDaemonState): string {
  const { role, syncId, maxLength, group, port, ttl } = daemon;
  const facts = [
    `mcast=${daemon.interface}`,
    `syncid=${syncId}`,
    ...(maxLength === 0 ? [] : [`maxlen=${maxLength}`]),
    ...(group === '0.0.0.0' ? [] : [`group=${libraryAddress(group)}`]),
    ...(port === 0 ? [] : [`port=${port}`]),
    ...(ttl === 0 ? [] : [`ttl=${ttl}`]),
  ];
  return `${role} sync daemon (${facts.join(', ')})`;
}
