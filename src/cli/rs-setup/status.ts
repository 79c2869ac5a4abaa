import type { Command } from 'commander';
import { realServerScript } from '../../real-server/script/script.ts';
import { titleOf } from '../../real-server/setup-settings.ts';
import { realServerStatus, type SetupStatus } from '../../real-server/status.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { type Style, styleFor } from '../output/style.ts';
import { addCommonOptions, type CommonOptions, sessionOptions } from './options.ts';
import { addSshOptions, runOverSsh, type SshOptions, sshText } from './over-ssh.ts';

interface StatusCommandOptions extends CommonOptions, SshOptions {}

export const details: CommandDetails = {
  text: ['Changes nothing. Whether it works is a question for verify.', sshText],
  exitStatus: [
    [0, 'done'],
    [1, 'something failed'],
    [2, 'wrong usage'],
    [77, 'not permitted'],
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addSshOptions(command);
  addCommonOptions(command);
  return (options) => runStatus(options as unknown as StatusCommandOptions, context);
}

async function runStatus(options: StatusCommandOptions, context: CommandContext): Promise<number> {
  if (options.ssh !== undefined) {
    const script = realServerScript([]);
    return await runOverSsh({ ...options, script, words: ['status'], detailed: true }, context);
  }
  const setups = await realServerStatus(sessionOptions(options, context));
  if (options.output === 'json') {
    const document = {
      version: 1,
      setups: setups.map(({ setup, items, inPlace }) => ({ ...setup, inPlace, items })),
    };
    context.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
    return exitCode.done;
  }
  const style = styleFor(context.stdout, context.environment);
  const lines = setups.flatMap((status) => statusLines(status, style));
  const text = lines.length === 0 ? ['nothing is set up'] : lines;
  context.stdout.write(`${text.join('\n')}\n`);
  return exitCode.done;
}

function statusLines({ setup, items, inPlace }: SetupStatus, style: Style): readonly string[] {
  const { name, settings, persist, complete } = setup;
  const state = inPlace
    ? style.green('in place')
    : style.red(complete ? 'not in place any more' : 'cut short: apply it again, or undo it');
  return [
    `${style.bold(name)}: ${titleOf(settings)}, ${state}${persist ? ', persists' : ''}`,
    ...items.map(({ subject, current, wanted, original, inPlace: isSo }) =>
      isSo
        ? `  ${subject}: ${current} (was ${original})`
        : style.red(`  ${subject}: ${current}, should be ${wanted} (was ${original})`),
    ),
  ];
}
