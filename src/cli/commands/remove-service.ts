import type { Command } from 'commander';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { changeAndReport } from '../report-changes.ts';
import { addServiceArgument, serviceOf } from '../service-words.ts';
import { addTableOptions, openTable, type ShownOptions } from '../table-options.ts';

export const details: CommandDetails = {
  text: ['Removes a virtual service with its servers. Packets of its connections are dropped.'],
  examples: [{ command: 'lvskit remove service tcp 192.0.2.10:80', what: 'stop serving it' }],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addTableOptions(addServiceArgument(command));
  return async (given, [words]) => {
    const options = given as unknown as ShownOptions;
    const service = serviceOf(words as readonly string[]);
    await using ipvs = await openTable(options);
    await changeAndReport(ipvs, service, options, context, () => ipvs.remove(service));
    return exitCode.done;
  };
}
