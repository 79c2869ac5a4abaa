import type { Command } from 'commander';
import { reportPlan } from '../carry-out.ts';
import {
  type CommandContext,
  type CommandDetails,
  type RunnableCommand,
  usualExitStatus,
} from '../command-context.ts';
import { addConfigArgument, planOf, readConfigFile, showWarnings } from '../config-file.ts';
import { exitCode } from '../exit-code.ts';
import { addTableOptions, openTable, type ShownOptions } from '../table-options.ts';

export const details: CommandDetails = {
  text: [
    `Compares the table with what lvskit.yaml says, and shows what lvskit apply would change: + is
    added, ~ is edited, which keeps connections, and - is removed. It changes nothing.`,
    `While a director is at work, servers that it has taken out, or that are drained, are shown as
    edits of their weight.`,
  ],
  examples: [
    { command: 'lvskit plan', what: 'for /etc/lvskit/lvskit.yaml' },
    { command: 'lvskit plan -o json new.yaml', what: 'as a document for programs' },
  ],
  exitStatus: [
    [0, 'there is nothing to change'],
    ...usualExitStatus.filter(([code]) => code > 0 && code < 3),
    [3, 'there is something to change'],
    ...usualExitStatus.filter(([code]) => code > 3),
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addTableOptions(addConfigArgument(command));
  return (given, [file]) => plan(String(file), given as unknown as ShownOptions, context);
}

async function plan(file: string, options: ShownOptions, context: CommandContext): Promise<number> {
  const config = await readConfigFile(file, context);
  showWarnings(config, context);
  await using ipvs = await openTable(options);
  const found = await planOf(ipvs, config);
  await reportPlan(found, { output: options.output, dryRun: true }, context);
  return found.changes.length === 0 ? exitCode.done : exitCode.notAsItShouldBe;
}
