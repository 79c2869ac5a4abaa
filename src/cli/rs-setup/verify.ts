import { type Command, InvalidArgumentError } from 'commander';
import type { Finding } from '../../real-server/finding.ts';
import { titleOf } from '../../real-server/setup-settings.ts';
import { type VerifiedSetup, verifyRealServer } from '../../real-server/verify.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { fill } from '../output/paragraph.ts';
import { type Style, styleFor } from '../output/style.ts';
import { addCommonOptions, type CommonOptions, sessionOptions } from './options.ts';
import { addSshOptions, runOverSsh, type SshOptions, sshText } from './over-ssh.ts';
import { scriptOf } from './script-options.ts';
import { addSettingsOptions, type SettingsOptions, settingsOf } from './settings-options.ts';

interface VerifyCommandOptions extends CommonOptions, SettingsOptions, SshOptions {
  readonly wire: boolean;
  readonly timeout: number;
}

export const details: CommandDetails = {
  text: [
    `Looks at every setting, and asks on the network of every interface who has the VIP: this
    machine must stay silent, and of others only the director may answer. To ask this machine itself,
    it lays a cable (lvs-pNUMBER) to a namespace for as long as it takes. Changes nothing.`,
    `Without --mode and --vip, what rs-setup has set up is verified; with them, a real server that
    was set up by any means.`,
    `${sshText} There they have to be given, and the networks are not asked.`,
  ],
  exitStatus: [
    [0, 'all is as it should be (warnings are possible)'],
    [1, 'something failed'],
    [2, 'wrong usage'],
    [3, 'something is not as it should be'],
    [77, 'not permitted'],
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addSettingsOptions(command);
  command
    .option('--no-wire', 'do not ask on the networks')
    .option('--timeout <ms>', 'how long to listen for answers', milliseconds, 1000);
  addSshOptions(command);
  addCommonOptions(command);
  return (options) => runVerify(options as unknown as VerifyCommandOptions, context);
}

function milliseconds(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number of milliseconds from 1 to 99999.');
}

async function runVerify(options: VerifyCommandOptions, context: CommandContext): Promise<number> {
  if (options.ssh !== undefined) {
    const { script } = await scriptOf(options);
    return await runOverSsh({ ...options, script, words: ['verify'], detailed: true }, context);
  }
  const isGiven = options.mode !== undefined || options.vip !== undefined;
  const setups = await verifyRealServer({
    ...sessionOptions(options, context),
    settings: isGiven ? settingsOf(options) : undefined,
    wire: options.wire,
    timeoutMs: options.timeout,
  });
  const isRight = setups.every(({ findings }) =>
    findings.every(({ severity }) => severity !== 'error'),
  );
  if (options.output === 'json') {
    const document = { version: 1, ok: isRight, setups };
    context.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  } else {
    const style = styleFor(context.stdout, context.environment);
    const lines = setups.flatMap((setup) => setupLines(setup, style));
    const text =
      lines.length === 0 ? ['nothing is set up; --mode and --vip say what should be'] : lines;
    context.stdout.write(`${text.join('\n')}\n`);
  }
  return isRight ? exitCode.done : exitCode.notAsItShouldBe;
}

function setupLines(setup: VerifiedSetup, style: Style): readonly string[] {
  const { settings, checks, answers, findings } = setup;
  const right = checks.filter(({ ok }) => ok).length;
  return [
    style.bold(titleOf(settings)),
    `  ${right} of ${checks.length} settings are as they should be`,
    ...answers.map(({ link, vip, others, here }) => {
      const who = [...others, ...(here ? ['this machine'] : [])];
      return `  ${vip} on ${link}: ${who.length === 0 ? 'nobody answers' : `answered by ${who.join(', ')}`}`;
    }),
    ...findings.flatMap((finding) => findingLines(finding, style)),
    ...(findings.length === 0 ? [style.green('  all is as it should be')] : []),
  ];
}

function findingLines({ id, severity, found, meaning, mend }: Finding, style: Style) {
  const paint = severity === 'error' ? style.red : style.yellow;
  const text = fill(meaning, 88)
    .split('\n')
    .map((line) => `      ${line}`);
  return [
    paint(`  ${severity} ${id}: ${found}`),
    ...text,
    ...(mend === undefined ? [] : [`      mend: ${mend}`]),
  ];
}
