import type { Command } from 'commander';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import {
  addDestinationOptions,
  type DestinationOptions,
  destinationConfig,
} from '../destination-options.ts';
import { exitCode } from '../exit-code.ts';
import { changeAndReport } from '../report-changes.ts';
import { addDestinationArgument, destinationOf } from '../service-words.ts';
import { addTableOptions, asUsage, openTable } from '../table-options.ts';

export const details: CommandDetails = {
  text: [
    `Adds a real server to a virtual service. What is not given takes its default: forwarding dr,
    weight 1, and the port of the service, which only nat can change.`,
  ],
  examples: [
    {
      command: 'lvskit add destination tcp 192.0.2.10:80 10.0.0.11 --weight 2 --forwarding dr',
      what: 'twice the share of one with weight 1',
    },
    {
      command: 'lvskit add destination tcp 192.0.2.10:80 10.0.0.12:8080 --forwarding nat',
      what: 'another port, which masquerading allows',
    },
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addTableOptions(addDestinationOptions(addDestinationArgument(command)));
  return async (given, [words]) => {
    const options = given as unknown as DestinationOptions;
    const { service, destination } = destinationOf(words as readonly string[]);
    const config = destinationConfig(options);
    await using ipvs = await openTable(options);
    await changeAndReport(ipvs, service, options, context, () =>
      asUsage(() => ipvs.addDestination(service, destination, config)),
    );
    return exitCode.done;
  };
}
