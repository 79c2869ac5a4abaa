import { type Command, InvalidArgumentError } from 'commander';
import { type DoctorOptions, examine } from '../../doctor/doctor.ts';
import { formatIp, parseIp } from '../../net/ip.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { readDesiredTable } from '../desired-table.ts';
import { exitCode } from '../exit-code.ts';
import { writeDocument } from '../output/document.ts';
import { styleFor } from '../output/style.ts';
import { serviceOf } from '../service-words.ts';
import { addTableOptions, type ShownOptions } from '../table-options.ts';
import { doctorDocument } from './doctor-document.ts';
import { doctorText } from './doctor-text.ts';

interface DoctorCommandOptions extends ShownOptions {
  readonly config?: string;
  readonly service?: readonly string[];
  readonly wire: boolean;
  readonly connect: boolean;
  readonly from?: string;
  readonly timeout: number;
  readonly root: string;
}

export const details: CommandDetails = {
  text: [
    `Run on a director, it looks for what keeps a virtual service from working: asks on the network of
    every interface who answers for the virtual addresses, connects to every real server through the
    data path and directly, and reads the director's own settings. Of each finding it says what was
    found where, what comes of it, and the command that mends it.`,
    `To try a real server it adds, for as long as the trial takes, a service by a firewall mark of its
    own (0x4c56ff00 to 0x4c56ffff) with that one server; and with direct routing and tunnels over IPv4 it has
    accept_local at 1 meanwhile, on the interfaces where the answer comes in. Both are put back, by the
    next run if this one is killed. Real services and their connections are not touched.`,
    `Hints are advice that a good installation can do without; they never change the exit status.`,
  ],
  examples: [
    { command: 'lvskit doctor', what: 'look at everything' },
    { command: 'lvskit doctor --config lvskit.yaml', what: 'and at what is not in the kernel yet' },
    { command: 'lvskit doctor --service tcp 192.0.2.10:80', what: 'one service' },
  ],
  exitStatus: [
    [0, 'all is as it should be (warnings are possible)'],
    [1, 'there is no such service, or something failed'],
    [2, 'wrong usage or invalid configuration'],
    [3, 'something is not as it should be'],
    [4, 'this kernel has no IPVS'],
    [77, 'not permitted'],
  ],
};

const defaultTimeoutMs = 2000;

export function define(command: Command, context: CommandContext): RunnableCommand {
  addTableOptions(
    command
      .option(
        '--config <file>',
        'look at what this file declares too: lvskit.yaml, or ipvsadm rules',
      )
      .option(
        '--service <key...>',
        'this one alone: tcp|udp|sctp ADDRESS:PORT, or fwmark NUMBER [ipv6]',
      )
      .option('--no-wire', 'do not ask on the networks')
      .option('--no-connect', 'do not connect to the real servers')
      .option(
        '--from <address>',
        'nat: the address of the director to connect from (default: one that no network has)',
        addressOf,
      )
      .option('--timeout <ms>', 'how long to wait for a connection', milliseconds, defaultTimeoutMs)
      .option('--root <folder>', 'the folder that /etc and /run are in', '/'),
  );
  return (options) => runDoctor(options as unknown as DoctorCommandOptions, context);
}

function addressOf(text: string): string {
  try {
    return formatIp(parseIp(text).bytes);
  } catch {
    throw new InvalidArgumentError('It must be an IP address.');
  }
}

function milliseconds(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number of milliseconds from 1 to 99999.');
}

async function runDoctor(options: DoctorCommandOptions, context: CommandContext): Promise<number> {
  const { netns, root, wire, connect, from, timeout: timeoutMs, output } = options;
  const { stdout, stderr, signal } = context;
  const examination = await examine({
    ...(netns === undefined ? {} : { netns }),
    config: await configOf(options, context),
    service: options.service === undefined ? undefined : serviceOf(options.service),
    root,
    wire,
    connect,
    from,
    timeoutMs,
    signal,
    onWait: () => stderr.write('waiting for another lvskit doctor to end\n'),
  });
  const isRight = examination.findings.every(({ severity }) => severity !== 'error');
  if (output === 'text') {
    stdout.write(doctorText(examination, styleFor(stdout, context.environment)));
  } else {
    await writeDocument(stdout, output, doctorDocument(examination));
  }
  return isRight ? exitCode.done : exitCode.notAsItShouldBe;
}

async function configOf(
  { config }: DoctorCommandOptions,
  context: CommandContext,
): Promise<DoctorOptions['config']> {
  if (config === undefined) return undefined;
  const desired = await readDesiredTable(config, undefined, context);
  for (const warning of desired.warnings) context.stderr.write(`${warning}\n`);
  return { file: config, table: desired.of([]) };
}
