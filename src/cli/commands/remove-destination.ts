import type { Command } from 'commander';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { changeAndReport } from '../report-changes.ts';
import { addDestinationArgument, destinationOf } from '../service-words.ts';
import { addTableOptions, openTable, type ShownOptions } from '../table-options.ts';

export const details: CommandDetails = {
  text: [
    `Removes a real server from a virtual service. Packets of its connections are dropped: set its
    weight to 0 first, and wait for them to end.`,
  ],
  examples: [
    { command: 'lvskit remove destination tcp 192.0.2.10:80 10.0.0.11', what: 'take it out' },
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addTableOptions(addDestinationArgument(command));
  return async (given, [words]) => {
    const options = given as unknown as ShownOptions;
    const { service, destination } = destinationOf(words as readonly string[]);
    await using ipvs = await openTable(options);
    await changeAndReport(ipvs, service, options, context, () =>
      ipvs.removeDestination(service, destination),
    );
    return exitCode.done;
  };
}
