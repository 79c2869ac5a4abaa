import type { Command } from 'commander';
import { realServerScript } from '../../real-server/script/script.ts';
import { undoRealServer } from '../../real-server/undo.ts';
import {
  type CommandContext,
  type CommandDetails,
  type RunnableCommand,
  UsageError,
} from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { styleFor } from '../output/style.ts';
import {
  addCommonOptions,
  type CommonOptions,
  exitStatus,
  launchWords,
  sessionOptions,
} from './options.ts';
import { addSshOptions, runOverSsh, type SshOptions, sshText } from './over-ssh.ts';
import { noteLines, planDocument, planLines } from './plan-text.ts';

interface UndoCommandOptions extends CommonOptions, SshOptions {
  readonly dryRun?: true;
}

export const details: CommandDetails = {
  text: [
    `Everything goes back to what it was before the first setup that changed it, or to what another
    setup that stays wants of it. What others have changed since is theirs and is left as it is.`,
    sshText,
  ],
  exitStatus,
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  command
    .argument('[name...]', 'the setups to undo, as status names them (default: all)')
    .option('--dry-run', 'show what would be done, and do nothing');
  addSshOptions(command);
  addCommonOptions(command);
  return (options, [names]) =>
    runUndo(names as readonly string[], options as unknown as UndoCommandOptions, context);
}

async function runUndo(
  names: readonly string[],
  options: UndoCommandOptions,
  context: CommandContext,
): Promise<number> {
  const { dryRun = false, output } = options;
  if (options.ssh !== undefined) {
    const [name, ...more] = names;
    if (more.length > 0) throw new UsageError('with --ssh one setup is undone, or all');
    const script = realServerScript([], { name });
    const words = dryRun ? ['undo', '--dry-run'] : ['undo'];
    return await runOverSsh({ ...options, script, words, detailed: dryRun }, context);
  }
  const result = await undoRealServer({
    ...sessionOptions(options, context),
    names,
    dryRun,
    launch: launchWords(),
  });
  const { items, files, notes } = result;
  if (output === 'json') {
    const document = {
      version: 1,
      dryRun,
      names: result.names,
      ...planDocument(items, files),
      notes,
    };
    context.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
    return exitCode.done;
  }
  const style = styleFor(context.stdout, context.environment);
  const changes = planLines(items, files, style);
  const what = result.names.join(', ');
  const title =
    result.names.length === 0
      ? 'nothing to undo: nothing is set up'
      : changes.length === 0
        ? `${what}: undone, nothing had to be changed`
        : `${what}, ${dryRun ? 'would change' : 'changed'} back:`;
  context.stdout.write(`${[title, ...changes, ...noteLines(notes)].join('\n')}\n`);
  return exitCode.done;
}
