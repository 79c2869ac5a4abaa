import { readFile } from 'node:fs/promises';
import type { PeerCredentials } from '../system/peer.ts';

/** Who may operate a director, besides root and its own user. */
export interface Access {
  readonly ownUser: number;
  readonly group: number | undefined;
}

export function mayOperate(
  { uid, gid, groups }: Pick<PeerCredentials, 'uid' | 'gid' | 'groups'>,
  { ownUser, group }: Access,
): boolean {
  if (uid === 0 || uid === ownUser) return true;
  return group !== undefined && (gid === group || groups.includes(group));
}

/** The number of a group by its name, or by the number itself. Undefined when there is none. */
export async function groupNumber(group: string, file = '/etc/group'): Promise<number | undefined> {
  if (/^\d+$/.test(group)) return Number(group);
  const text = await readFile(file, 'utf8').catch(() => '');
  const entry = text.split('\n').find((line) => line.split(':')[0] === group);
  const number = entry?.split(':')[2] ?? '';
  return /^\d+$/.test(number) ? Number(number) : undefined;
}

/** What to call a user in logs: the name, or `user 1000`. */
export async function userName(uid: number, file = '/etc/passwd'): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const entry = text.split('\n').find((line) => line.split(':')[2] === String(uid));
  return entry?.split(':')[0] ?? `user ${uid}`;
}
