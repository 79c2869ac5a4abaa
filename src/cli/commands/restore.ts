import { type Command, Option } from 'commander';
import { planChanges } from '../../reconcile/plan.ts';
import { carryOut, readTable, reportPlan } from '../carry-out.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { type InputFormat, readDesiredTable } from '../desired-table.ts';
import { exitCode } from '../exit-code.ts';
import { addTableOptions, openTable, type ShownOptions } from '../table-options.ts';

interface RestoreOptions extends ShownOptions {
  readonly replace?: true;
  readonly dryRun?: true;
  readonly format?: InputFormat;
}

export const details: CommandDetails = {
  text: [
    `Makes the table what a file says: rules such as ipvsadm -S prints, or lvskit.yaml. Without a
    file, or with -, it reads what is piped in. Nothing is sent for what is already so.`,
    `What the file has is added, or edited where it differs; anything else stays, unless --replace
    is given. Edits keep the connections. It is all or nothing: when the kernel refuses a change,
    what was changed is put back.`,
    `Rules that edit and remove are followed too. A mistake in the file is told with its line, and
    then nothing is changed.`,
  ],
  examples: [
    {
      command: 'lvskit restore --replace lvskit.yaml',
      what: 'the table is then what the file says',
    },
    { command: 'lvskit restore --replace --dry-run rules', what: 'show what that would change' },
    { command: 'ipvsadm -Sn | lvskit restore --netns other', what: 'copy a table' },
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addTableOptions(
    command
      .argument('[file]', 'rules of ipvsadm, or lvskit.yaml; - for standard input', '-')
      .option('--replace', 'remove what the file does not have')
      .option('--dry-run', 'show what would be changed, and change nothing')
      .addOption(
        new Option(
          '--format <format>',
          'what the file is; otherwise its name or its first line tells',
        ).choices(['ipvsadm', 'yaml']),
      ),
  );
  return (given, [file]) => restore(String(file), given as unknown as RestoreOptions, context);
}

async function restore(
  file: string,
  options: RestoreOptions,
  context: CommandContext,
): Promise<number> {
  const { stderr } = context;
  const input = await readDesiredTable(file, options.format, context);
  for (const warning of input.warnings) stderr.write(`lvskit: warning: ${warning}\n`);
  const replace = options.replace === true;
  // Its mistakes are its own, whether or not there is a kernel to restore to.
  const alone = replace || input.format === 'yaml' ? input.of([]) : undefined;
  await using ipvs = await openTable(options);
  const actual = await readTable(ipvs);
  const desired = alone ?? input.of(actual);
  // Rules on top of a table say themselves what is to go.
  const plan = planChanges(actual, desired, { remove: replace || input.format === 'ipvsadm' });
  if (options.dryRun !== true) await carryOut(ipvs, plan, context);
  await reportPlan(plan, options, context);
  return exitCode.done;
}
