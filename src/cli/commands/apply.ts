import type { Command } from 'commander';
import { carryOut, reportPlan } from '../carry-out.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { addConfigArgument, planOf, readConfigFile, showWarnings } from '../config-file.ts';
import { exitCode } from '../exit-code.ts';
import { addTableOptions, openTable, type ShownOptions } from '../table-options.ts';

interface ApplyOptions extends ShownOptions {
  readonly dryRun?: true;
}

export const details: CommandDetails = {
  text: [
    `Makes the table just what lvskit.yaml says: adds what is missing, edits what differs, which
    keeps connections, and removes what the file does not have. Nothing is sent for what is already
    so. It is all or nothing: when the kernel refuses a change, what was changed is put back.`,
    `It checks no server and stays with nobody: every server has the weight that the file gives it.
    lvskit plan shows what it would do.`,
  ],
  examples: [
    { command: 'lvskit apply', what: 'for /etc/lvskit/lvskit.yaml' },
    { command: 'lvskit apply --dry-run new.yaml', what: 'show the changes and make none' },
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addTableOptions(
    addConfigArgument(command).option(
      '--dry-run',
      'show what would be changed, and change nothing',
    ),
  );
  return (given, [file]) => apply(String(file), given as unknown as ApplyOptions, context);
}

async function apply(
  file: string,
  options: ApplyOptions,
  context: CommandContext,
): Promise<number> {
  const config = await readConfigFile(file, context);
  showWarnings(config, context);
  await using ipvs = await openTable(options);
  const plan = await planOf(ipvs, config);
  if (options.dryRun !== true) await carryOut(ipvs, plan, context);
  await reportPlan(plan, options, context);
  return exitCode.done;
}
