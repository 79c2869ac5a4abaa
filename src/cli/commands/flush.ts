import type { Command } from 'commander';
import { plural } from '../../reconcile/describe.ts';
import { planChanges } from '../../reconcile/plan.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { writeDocument } from '../output/document.ts';
import { planDocument } from '../output/plan-document.ts';
import { addTableOptions, openTable, type ShownOptions } from '../table-options.ts';

export const details: CommandDetails = {
  text: [
    `Removes every virtual service, and drops the packets of all connections. To replace a table,
    use lvskit restore --replace, which keeps what stays.`,
  ],
  examples: [{ command: 'lvskit flush --yes', what: 'remove everything' }],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addTableOptions(command.option('--yes', 'really do it'));
  return async (given) => {
    const options = given as unknown as ShownOptions & { readonly yes?: true };
    const { stdout, stderr } = context;
    await using ipvs = await openTable(options);
    const before = await ipvs.list();
    const destinations = before.reduce((sum, one) => sum + one.destinations.length, 0);
    const what = `${plural(before.length, 'service')} with ${plural(destinations, 'destination')}`;
    if (options.yes !== true && before.length > 0) {
      stderr.write(
        `lvskit: flush would remove ${what}, and drop their connections; add --yes to do it\n`,
      );
      return exitCode.usage;
    }
    if (before.length > 0) await ipvs.flush();
    if (options.output !== 'text') {
      await writeDocument(stdout, options.output, planDocument(planChanges(before, []), true));
    } else {
      stdout.write(before.length > 0 ? `removed ${what}\n` : 'the table is empty\n');
    }
    return exitCode.done;
  };
}
