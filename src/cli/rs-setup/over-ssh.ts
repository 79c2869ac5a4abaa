import { type Command, InvalidArgumentError } from 'commander';
import { parseRemoteHost, type RemoteHost } from '../../real-server/remote/remote-host.ts';
import { runEverywhere } from '../../real-server/remote/run-everywhere.ts';
import type { RemoteResult } from '../../real-server/remote/run-script.ts';
import { type CommandContext, UsageError } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { progressOn } from '../output/progress.ts';
import { styleFor } from '../output/style.ts';
import { type CommonOptions, several } from './options.ts';

/** The options of what is done on other machines, as commander reads them. */
export interface SshOptions {
  readonly ssh?: readonly RemoteHost[];
  readonly sshOption?: readonly string[];
  readonly parallel: number;
  readonly sshTimeout: number;
}

export const sshText = `With --ssh it is done on other machines, several at a time, by the script that
  rs-setup script prints: over the system's ssh, with its configuration, known hosts and agent, as root
  or through sudo without a password. One that fails does not stop the others; the exit status is 1
  then.`;

export function addSshOptions(command: Command): void {
  command
    .option('--ssh <host>', '[user@]host[:port] to do it on; several times or with commas', hosts)
    .option('--ssh-option <option>', 'with --ssh: for ssh, as after its -o', gathered)
    .option('--parallel <number>', 'with --ssh: on how many hosts at once', count, 8)
    .option('--ssh-timeout <seconds>', 'with --ssh: how long a host may take', count, 120);
}

function hosts(text: string, before: readonly RemoteHost[] = []): readonly RemoteHost[] {
  try {
    return [...before, ...several(text).map(parseRemoteHost)];
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

function gathered(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function count(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number from 1 to 9999.');
}

interface RemoteWork extends SshOptions, Pick<CommonOptions, 'netns' | 'root' | 'output'> {
  readonly script: string;
  readonly words: readonly string[];
  /** Whether what a host says counts to the last line, as with a plan. */
  readonly detailed: boolean;
}

/** Does it on the hosts, and says of each what came of it. */
export async function runOverSsh(work: RemoteWork, context: CommandContext): Promise<number> {
  const { ssh = [], parallel, sshOption, sshTimeout, script, words, detailed, output } = work;
  if (work.netns !== undefined || work.root !== '/') {
    throw new UsageError('--netns and --root are of this machine, and do not go with --ssh');
  }
  const { signal } = context;
  const style = styleFor(context.stdout, context.environment);
  const progress = progressOn(context.stderr, 'hosts', 2);
  let finished = 0;
  const results = await runEverywhere(ssh, script, words, {
    parallel,
    sshOptions: sshOption,
    timeoutMs: sshTimeout * 1000,
    signal,
    onResult: (result) => {
      progress.end();
      if (output === 'text') {
        const paint = isDone(result) ? style.green : style.red;
        const [first, ...more] = linesOf(result, detailed);
        const lines = [`${paint(result.host.text)}: ${first}`, ...more];
        context.stdout.write(`${lines.join('\n')}\n`);
      }
      progress.show(++finished, ssh.length);
    },
  });
  progress.end();
  if (output === 'json') {
    const document = { version: 1, ok: results.every(isDone), hosts: results.map(documentOf) };
    context.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  }
  if (results.every(isDone)) return exitCode.done;
  return results.every((result) => isDone(result) || isWrong(result))
    ? exitCode.notAsItShouldBe
    : exitCode.failed;
}

function isDone({ exitCode: code }: RemoteResult): boolean {
  return code === exitCode.done;
}

/** What `verify` has found something about. */
function isWrong({ exitCode: code }: RemoteResult): boolean {
  return code === exitCode.notAsItShouldBe;
}

function linesOf(result: RemoteResult, detailed: boolean): readonly string[] {
  if (!isDone(result) && !isWrong(result)) return [`failed: ${reasonOf(result)}`];
  const [first = 'done', ...more] = result.stdout.trimEnd().split('\n');
  return detailed || isWrong(result) ? [first, ...more] : [first.replace(/:$/, '')];
}

/** In one line, whatever the host says. */
function reasonOf({ stderr, exitCode: code }: RemoteResult): string {
  const words = stderr
    .trim()
    .replaceAll(/\s*\n\s*/g, '; ')
    .slice(0, 600);
  return words === '' ? `exit status ${code ?? 'unknown'}` : words;
}

function documentOf(result: RemoteResult) {
  const { host, exitCode: code = null, stdout, stderr } = result;
  return { host: host.text, ok: isDone(result), exitStatus: code, output: stdout, error: stderr };
}
