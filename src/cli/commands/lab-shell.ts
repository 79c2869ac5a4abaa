import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lab } from '../../lab/lab.ts';
import type { CommandContext } from '../command-context.ts';
import type { Style } from '../output/style.ts';
import { ownProgram } from '../own-program.ts';

type Environment = CommandContext['environment'];

/**
 * Runs a shell that can reach into the lab, until the user leaves it. Every host is a command of
 * the shell: `client curl …` runs curl in the client's namespace.
 *
 * @param socket Of the director that runs in it.
 */
export async function runLabShell(
  lab: Lab,
  socket: string,
  context: CommandContext,
  style: Style,
): Promise<void> {
  const { stdout, signal } = context;
  stdout.write(`${hints(lab, context.environment, style).join('\n')}\n`);
  const directory = await mkdtemp(join(tmpdir(), 'lvskit-lab-'));
  try {
    const startup = join(directory, 'startup');
    await writeFile(startup, startupFile(lab));
    const shell = spawn('bash', process.stdin.isTTY ? ['--rcfile', startup, '-i'] : ['-s'], {
      stdio: 'inherit',
      env: {
        ...context.environment,
        // Read in place of the startup file when nobody is at a terminal.
        ...(process.stdin.isTTY ? {} : { BASH_ENV: startup }),
        LVSKIT_LAB: lab.name,
        LVSKIT_LAB_VIP: lab.vip,
        LVSKIT_SOCKET: socket,
      },
      signal,
      killSignal: 'SIGHUP',
    });
    try {
      await once(shell, 'close');
    } catch (error) {
      if (signal.aborted) return;
      throw new Error(`cannot run bash, the lab's shell: ${(error as Error).message}`, {
        cause: error,
      });
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function startupFile(lab: Lab): string {
  const commands = [...lab.hosts, lab.switch].map(
    ({ name, netns }) => `${name}() { ip netns exec ${netns} "$@"; }`,
  );
  commands.push(`lvskit() { '${process.execPath}' '${ownProgram}' "$@"; }`);
  const prompt = `PS1='${lab.name}:\\w\\$ '`;
  return `${commands.join('\n')}\n${prompt}\n`;
}

function hints(lab: Lab, environment: Environment, { bold, dim }: Style): readonly string[] {
  const isInstalled = (program: string) =>
    (environment['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, program)));
  const url = `http://${lab.vip.includes(':') ? `[${lab.vip}]` : lab.vip}/`;
  const { name: server = 'rs1', address = '' } = lab.realServers[0] ?? {};
  const browser = isInstalled('curl') ? 'curl -s' : 'busybox wget -q -O -';
  const table = isInstalled('ipvsadm') ? 'ipvsadm -Ln --stats' : 'cat /proc/net/ip_vs';
  const tries: readonly (readonly [string, string])[] = [
    [`client ${browser} ${url}`, 'ask the virtual service'],
    ['lvskit status', 'what the director sees'],
    [`lvskit drain web ${address}`, 'take a server out of service'],
    [`director ${table}`, 'the table'],
    ['director cat /proc/net/ip_vs_conn', 'its connections'],
    [`${server} ip address`, 'what a real server has'],
    [`client ip neigh`, 'whose link-layer address the client uses'],
  ];
  const width = Math.max(...tries.map(([command]) => command.length));
  const names = [...lab.hosts, lab.switch].map((host) => host.name).join(', ');
  return [
    '',
    bold(`The lab ${lab.name} stays up until you leave this shell (exit, or Ctrl-D).`),
    `Its hosts are commands: ${names}. Try:`,
    ...tries.map(([command, what]) => `  ${command.padEnd(width)}  ${dim(what)}`),
    dim(`(client is short for: ip netns exec ${lab.client.netns})`),
  ];
}
