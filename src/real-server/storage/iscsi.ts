import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../../system/durable-file.ts';
import { RealServerError } from '../real-server-error.ts';
import { knock } from './knock.ts';
import type { Chap, IscsiNodeSetting, IscsiSessionSetting } from './setting.ts';
import { endpointOf } from './settings.ts';
import { type ToolResult, type Tools, wordsOfTool } from './tool.ts';

/** A session of the kernel's initiator. */
export interface IscsiSession {
  readonly host: string;
  readonly port: number;
  readonly target: string;
  readonly state: string;
  /** The kernel's name for the disk of each LUN, such as `sdb`. */
  readonly disks: ReadonlyMap<number, string>;
}

const sessionsFolder = '/sys/class/iscsi_session';

/** What the kernel has. */
export async function listSessions(): Promise<readonly IscsiSession[]> {
  const sessions: IscsiSession[] = [];
  for (const name of await readdir(sessionsFolder).catch(() => [])) {
    const folder = join(sessionsFolder, name);
    const text = async (path: string) => (await readFile(path, 'utf8').catch(() => '')).trim();
    const device = join(folder, 'device');
    const parts = await readdir(device).catch(() => []);
    const connection = parts.find((part) => part.startsWith('connection'));
    const end = join('/sys/class/iscsi_connection', connection ?? '-');
    sessions.push({
      host: await text(join(end, 'persistent_address')),
      port: Number(await text(join(end, 'persistent_port'))),
      target: await text(join(folder, 'targetname')),
      state: await text(join(folder, 'state')),
      disks: await disksOf(device, parts),
    });
  }
  return sessions;
}

async function disksOf(device: string, parts: readonly string[]) {
  const disks = new Map<number, string>();
  for (const target of parts.filter((part) => part.startsWith('target'))) {
    const units = await readdir(join(device, target)).catch(() => []);
    for (const unit of units) {
      const lun = /^\d+:\d+:\d+:(\d+)$/.exec(unit)?.[1];
      if (lun === undefined) continue;
      const [disk] = await readdir(join(device, target, unit, 'block')).catch(() => []);
      if (disk !== undefined) disks.set(Number(lun), disk);
    }
  }
  return disks;
}

export async function findSession(
  { host, port }: { readonly host: string; readonly port: number },
  target: string,
): Promise<IscsiSession | undefined> {
  const sessions = await listSessions();
  return sessions.find((one) => one.target === target && one.port === port && one.host === host);
}

/** The initiator's records, which open-iscsi keeps in one of these folders. */
const recordFolders = ['/etc/iscsi/nodes', '/var/lib/iscsi/nodes'];

/** The file of a record: `TARGET/ADDRESS,PORT`, or one below `TARGET/ADDRESS,PORT,GROUP`. */
async function recordFile(portal: string, target: string): Promise<string | undefined> {
  const { host, port } = endpointOf(portal);
  for (const folder of recordFolders) {
    const names = await readdir(join(folder, target)).catch(() => []);
    const name = names.find((one) => one.split(',').slice(0, 2).join(',') === `${host},${port}`);
    if (name === undefined) continue;
    const path = join(folder, target, name);
    return (await stat(path)).isDirectory() ? join(path, 'default') : path;
  }
  return undefined;
}

/** What the record of a target says, by name; undefined where there is none. */
export async function readRecord(
  portal: string,
  target: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const path = await recordFile(portal, target);
  if (path === undefined) return undefined;
  return new Map(
    (await readFile(path, 'utf8')).split('\n').flatMap((line) => {
      const [, name, value] = /^\s*([^#\s=]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** Makes, changes or removes the initiator's record of a target. */
export async function writeNode(tools: Tools, setting: IscsiNodeSetting): Promise<void> {
  const { portal, target, chap, value } = setting;
  const known = await readRecord(portal, target);
  const what = `the record of ${target} at ${portal}`;
  const node = ['-m', 'node', '-T', target, '-p', portal];
  if (value === null) {
    if (known !== undefined) {
      demand(tools, `cannot remove ${what}`, await tools.run('iscsiadm', ...node, '-o', 'delete'));
    }
    return;
  }
  if (known === undefined) {
    const secret = chap === undefined ? undefined : await readSecret(chap);
    demand(tools, `cannot make ${what}`, await tools.run('iscsiadm', ...node, '-o', 'new'));
    if (chap !== undefined && secret !== undefined) await writeChap(portal, target, chap, secret);
  }
  const words = ['-o', 'update', '-n', 'node.startup', '-v', value];
  demand(tools, `cannot change ${what}`, await tools.run('iscsiadm', ...node, ...words));
}

/**
 * Writes the secret into the record itself: iscsiadm takes it as an argument only, which everybody on
 * the machine can read.
 */
async function writeChap(portal: string, target: string, { user }: Chap, secret: string) {
  const path = await recordFile(portal, target);
  if (path === undefined) throw new Error(`iscsiadm has not written its record of ${target}`);
  const ours = `node.session.auth.authmethod = CHAP
node.session.auth.username = ${user}
node.session.auth.password = ${secret}
`;
  const lines = (await readFile(path, 'utf8'))
    .split('\n')
    .filter((line) => !/^node\.session\.auth\.(authmethod|username|password) /.test(line));
  const at = lines.findIndex((line) => line.startsWith('node.session.'));
  const place = at < 0 ? lines.length : at;
  const text = [...lines.slice(0, place), ours.trimEnd(), ...lines.slice(place)].join('\n');
  await writeDurably(path, text, 0o600);
}

/**
 * The secret of a file that root alone can read.
 *
 * @throws RealServerError `REAL_SERVER_CONFLICT` for one that others can, or that holds none.
 */
export async function readSecret({ secretFile }: Chap): Promise<string> {
  const refuse = (why: string) =>
    new RealServerError('REAL_SERVER_CONFLICT', `cannot use the secret of ${secretFile}`, [why]);
  const info = await stat(secretFile).catch((error: NodeJS.ErrnoException) => {
    throw refuse(error.code === 'ENOENT' ? 'there is no such file' : error.message);
  });
  if (!info.isFile()) throw refuse('it is no file');
  if (info.uid !== 0 || (info.mode & 0o077) !== 0) {
    throw refuse(`others than root can read or change it (chown root, chmod 600 ${secretFile})`);
  }
  const secret = (await readFile(secretFile, 'utf8')).replace(/\r?\n$/, '');
  if (!/^[!-~]{1,255}$/.test(secret)) {
    throw refuse('it has to be one line of printable characters without spaces');
  }
  return secret;
}

/** Logs in, or out. */
export async function writeSession(tools: Tools, setting: IscsiSessionSetting): Promise<void> {
  const { portal, target, value } = setting;
  const end = endpointOf(portal);
  const known = await findSession(end, target);
  const node = ['-m', 'node', '-T', target, '-p', portal];
  if (value === null) {
    if (known === undefined) return;
    const action = `cannot log out of ${target} at ${portal}`;
    demand(tools, action, await tools.run('iscsiadm', ...node, '--logout'));
    return;
  }
  if (known !== undefined) {
    throw new RealServerError('REAL_SERVER_FAILED', `cannot log in to ${target} at ${portal}`, [
      `there is a session, which is ${known.state}: open-iscsi goes on trying, or iscsiadm --logout ends it`,
    ]);
  }
  await knock(`the portal of ${target}`, end, tools.timeoutMs);
  await login(tools.atLeast(loginMs), node, setting);
}

/** How long open-iscsi waits for the answer to one try, and a little more. */
const loginMs = 20_000;
const retries = 'node.session.initial_login_retry_max';

/**
 * Tries once. A daemon that tries again and again goes on when iscsiadm is ended, and keeps a session
 * for it that can neither be used nor ended.
 */
async function login(
  tools: Tools,
  node: readonly string[],
  { portal, target }: IscsiSessionSetting,
): Promise<void> {
  const before = (await readRecord(portal, target))?.get(retries);
  const update = async (value: string) =>
    await tools.run('iscsiadm', ...node, '-o', 'update', '-n', retries, '-v', value);
  const action = `cannot log in to ${target} at ${portal}`;
  demand(tools, action, await update('0'));
  try {
    demand(tools, action, await tools.run('iscsiadm', ...node, '--login'));
  } finally {
    if (before !== undefined) await update(before);
  }
}

function demand(tools: Tools, action: string, result: ToolResult): void {
  if (result.exitCode === 0) return;
  const words = wordsOfTool('iscsiadm', result, tools.timeoutMs);
  throw new RealServerError('REAL_SERVER_FAILED', action, [words]);
}
