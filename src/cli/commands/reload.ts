import type { Command } from 'commander';
import { ControlError } from '../../control/control-error.ts';
import { plural } from '../../reconcile/describe.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { addDirectorOptions, type DirectorOptions, directorOf } from '../director-options.ts';
import { exitCode } from '../exit-code.ts';
import { writeDocument } from '../output/document.ts';

export const details: CommandDetails = {
  text: [
    `Has the director load its configuration again, and waits until it is in force. One that is wrong
    is refused with the place of each mistake, and the one before goes on. The director does the same
    by itself within a second or two after the file has changed.`,
  ],
  examples: [{ command: 'lvskit check && lvskit reload', what: 'after a change' }],
  exitStatus: [
    [0, 'it is in force'],
    [1, 'no director answers, or something failed'],
    [2, 'it is refused, and the one before goes on; or wrong usage'],
    [77, 'not permitted'],
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addDirectorOptions(command, context);
  return (options) => reload(options as unknown as DirectorOptions, context);
}

async function reload(options: DirectorOptions, context: CommandContext): Promise<number> {
  const { stdout } = context;
  const { output } = options;
  try {
    const document = await directorOf(options, context).reload();
    const { services, changes } = document;
    if (output !== 'text') await writeDocument(stdout, output, document);
    else {
      const table = `${plural(changes, 'change')} to the table`;
      stdout.write(`the configuration is in force: ${plural(services, 'service')}, ${table}\n`);
    }
    return exitCode.done;
  } catch (error) {
    if (output === 'text' || !(error instanceof ControlError)) throw error;
    const { file, problems, message } = error;
    if (problems === undefined) throw error;
    const told = problems.map(({ source: _, ...problem }) => ({ severity: 'error', ...problem }));
    await writeDocument(stdout, output, {
      version: 1,
      file,
      valid: false,
      message,
      problems: told,
    });
    return exitCode.usage;
  }
}
