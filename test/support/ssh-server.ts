import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { Machine } from './machine.ts';
import { demandProgram } from './small-process.ts';

/** An SSH server in the namespace of a machine, on a link of its own to this process. */
export interface SshServer {
  readonly address: string;
  /** For ssh: the key that root and `operator` may come with, and the hosts that are known. */
  readonly options: readonly string[];
}

const servers: ChildProcess[] = [];
const folders: string[] = [];
let made = 0;

/** One folder of keys and accounts for all servers. */
async function prepare(): Promise<string> {
  const folder = await mkdtemp('/dev/shm/lvskit-ssh-');
  folders.push(folder);
  for (const name of ['host', 'client']) {
    const key = ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(folder, name)];
    await demandProgram(['ssh-keygen', ...key]);
  }
  await mkdir(join(folder, 'keys'));
  const key = await readFile(join(folder, 'client.pub'), 'utf8');
  for (const user of ['root', 'operator']) await writeFile(join(folder, 'keys', user), key);
  const accounts = await readFile('/etc/passwd', 'utf8');
  // Nobody's shell reads files of this machine's own root.
  const others = accounts.replace(/^root:.*\n/m, '');
  const users = 'root:x:0:0::/:/bin/sh\noperator:x:4711:4711::/:/bin/sh\n';
  await writeFile(join(folder, 'passwd'), `${users}${others}`);
  await chmod(folder, 0o755);
  await writeFile(join(folder, 'known'), '');
  return folder;
}

/** Starts a server in each machine, all with the same keys. */
export async function sshServers(machines: readonly Machine[]): Promise<readonly SshServer[]> {
  const folder = await prepare();
  const result: SshServer[] = [];
  const hostKey = (await readFile(join(folder, 'host.pub'), 'utf8')).trim();
  for (const { name, root, batch } of machines) {
    const number = ++made;
    const address = `10.83.${number}.2`;
    await batch([
      `link add lvs-ssh type veth peer name lvs-ssh${number} netns ${process.pid}`,
      'link set lvs-ssh up',
      `address add ${address}/30 dev lvs-ssh`,
    ]);
    const near = [
      `address add 10.83.${number}.1/30 dev lvs-ssh${number}`,
      `link set lvs-ssh${number} up`,
    ];
    await demandProgram(['ip', '-batch', '-'], { input: `${near.join('\n')}\n` });
    const config = [
      `ListenAddress ${address}`,
      `HostKey ${join(folder, 'host')}`,
      `AuthorizedKeysFile ${join(folder, 'keys/%u')}`,
      `SetEnv LVSKIT_ROOT=${root}`,
      'StrictModes no',
      'UsePAM no',
      // Nobody is thrown out because the machine is slow.
      'LoginGraceTime 0',
      'PidFile none',
    ];
    const file = join(folder, `config${number}`);
    await writeFile(file, `${config.join('\n')}\n`);
    await writeFile(join(folder, 'known'), `${address} ${hostKey}\n`, { flag: 'a' });
    // The accounts are those of this server alone.
    const start = `mount --bind ${join(folder, 'passwd')} /etc/passwd && mkdir -p /run/sshd && exec /usr/sbin/sshd -D -e -f ${file}`;
    const server = spawn(
      'nsenter',
      [`--net=/run/netns/${name}`, 'unshare', '-m', 'sh', '-c', start],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    servers.push(server);
    await listening(server);
    result.push({
      address,
      options: [
        `IdentityFile=${join(folder, 'client')}`,
        'IdentitiesOnly=yes',
        `UserKnownHostsFile=${join(folder, 'known')}`,
        'ConnectTimeout=100',
      ],
    });
  }
  return result;
}

async function listening(server: ChildProcess): Promise<void> {
  let said = '';
  for await (const chunk of server.stderr ?? []) {
    said += String(chunk);
    if (said.includes('Server listening on')) break;
  }
  if (!said.includes('Server listening on')) throw new Error(`sshd does not start: ${said}`);
}

/** Ends the servers at the end of each test. */
export function endSshServers(): void {
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      if (server.exitCode !== null || server.signalCode !== null) continue;
      const gone = once(server, 'exit');
      server.kill('SIGTERM');
      await gone;
    }
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });
}
