import type { StorageInput } from '../../config/storage.ts';
import type { Finding } from '../finding.ts';
import { finding } from '../verify-local.ts';
import { mountOf } from './draft.ts';
import { findSession } from './iscsi.ts';
import { mountsAt } from './mount-table.ts';
import { missingOptions } from './options.ts';
import { type MountSetting, storageCommand, storageSubject } from './setting.ts';
import { endpointOf, portalOf } from './settings.ts';
import type { StorageHost } from './storage-host.ts';

export interface StorageResult {
  readonly checks: readonly { readonly subject: string; readonly ok: boolean }[];
  readonly findings: readonly Finding[];
}

/** Looks whether storage is where it should be, from where it should, and answers. Changes nothing. */
export async function verifyStorage(
  host: StorageHost,
  storage: StorageInput,
): Promise<StorageResult> {
  const mount = mountOf(storage);
  const checks: { subject: string; ok: boolean }[] = [];
  const findings: Finding[] = [];
  const check = (subject: string, found: readonly Finding[]) => {
    checks.push({ subject, ok: found.every(({ severity }) => severity !== 'error') });
    findings.push(...found);
  };
  if (storage.type === 'iscsi') {
    const session = await findSession(endpointOf(portalOf(storage)), storage.target);
    const state = session?.state ?? 'absent';
    const subject = `session with ${storage.target} at ${portalOf(storage)}`;
    const mend = `iscsiadm -m node -T ${storage.target} -p ${portalOf(storage)} --login`;
    const wrong = finding('storage-session', `${subject} is ${state}`, { mend });
    check(subject, state === 'LOGGED_IN' ? [] : [wrong]);
  }
  const current = await host.read(mount);
  const subject = storageSubject(mount);
  if (current === null) {
    check(subject, [await notMounted(host, mount)]);
    return { checks, findings };
  }
  check(subject, wrongOptions(mount, current as NonNullable<MountSetting['value']>));
  check(`access to ${mount.point}`, await access(host, mount));
  return { checks, findings };
}

async function notMounted(host: StorageHost, mount: MountSetting): Promise<Finding> {
  const { point, source } = mount;
  const top = mountsAt(await host.mounts(), point).at(-1);
  if (top !== undefined) {
    const found = `${top.source} (${top.type}) is mounted on ${point}, not ${source}`;
    return finding('storage-other', found, { mend: `umount ${point} && ${storageCommand(mount)}` });
  }
  const found = `${source} is not mounted on ${point}`;
  return finding('storage-missing', found, { mend: storageCommand(mount) });
}

function wrongOptions(
  mount: MountSetting,
  current: NonNullable<MountSetting['value']>,
): readonly Finding[] {
  const missing = missingOptions(mount.value?.options ?? [], current.options);
  if (missing.length === 0) return [];
  const found = `${storageSubject(mount)} is mounted without ${missing.join(', ')} (with ${current.options.join(',')})`;
  return [finding('storage-options', found)];
}

/** Whether the server answers, and lets root in: an answer is asked for, in a program of its own. */
async function access(
  { tools }: StorageHost,
  { point, source, value }: MountSetting,
): Promise<readonly Finding[]> {
  const answer = await tools.run('stat', '--file-system', '--format=%T', point);
  if (answer.exitCode === undefined) {
    const found = `${source} on ${point} did not answer within ${tools.timeoutMs / 1000} s`;
    return [finding('storage-silent', found)];
  }
  if (answer.exitCode !== 0) {
    const stale = /stale file handle/i.test(answer.stderr);
    const found = `${point} cannot be looked at: ${answer.stderr.trim().split('\n')[0]}`;
    const mend = `umount ${point} && mount ${point}`;
    return [finding(stale ? 'storage-stale' : 'storage-silent', found, stale ? { mend } : {})];
  }
  const denied: string[] = [];
  const wanted = value?.options.includes('ro') ? ['-r'] : ['-r', '-w'];
  for (const right of wanted) {
    const { exitCode } = await tools.run('test', right, point);
    if (exitCode !== 0) denied.push(right === '-r' ? 'read' : 'write');
  }
  if (denied.length === 0) return [];
  const found = `root may not ${denied.join(' or ')} on ${point}`;
  return [finding('storage-access', found, { severity: 'warning' })];
}
