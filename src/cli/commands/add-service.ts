import type { Command } from 'commander';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { changeAndReport } from '../report-changes.ts';
import { addServiceOptions, type ServiceOptions, serviceConfig } from '../service-options.ts';
import { addServiceArgument, serviceOf } from '../service-words.ts';
import { addTableOptions, asUsage, openTable } from '../table-options.ts';

export const details: CommandDetails = {
  text: [
    'Adds a virtual service, which has no servers yet. What is not given takes its default: scheduler wlc, no persistence.',
  ],
  examples: [
    {
      command: 'lvskit add service tcp 192.0.2.10:80 --scheduler wlc --persistence 5m',
      what: 'clients come back to the same server for five minutes',
    },
    {
      command: 'lvskit add service fwmark 7 ipv6',
      what: 'whatever a firewall rule has marked with 7, over IPv6',
    },
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addTableOptions(addServiceOptions(addServiceArgument(command)));
  return async (given, [words]) => {
    const options = given as unknown as ServiceOptions;
    const service = serviceOf(words as readonly string[]);
    const config = serviceConfig(options);
    await using ipvs = await openTable(options);
    await changeAndReport(ipvs, service, options, context, () =>
      asUsage(() => ipvs.add(service, config)),
    );
    return exitCode.done;
  };
}
