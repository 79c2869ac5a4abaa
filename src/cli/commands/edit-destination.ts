import type { Command } from 'commander';
import type { DestinationKey } from '../../ipvs/destination.ts';
import type { ServiceState } from '../../ipvs/table.ts';
import { formatIp, parseIp } from '../../net/ip.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { UsageError } from '../command-context.ts';
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
    'Changes the settings that are given; the others stay as they are, and so do its connections.',
  ],
  examples: [
    {
      command: 'lvskit edit destination tcp 192.0.2.10:80 10.0.0.11 --weight 0',
      what: 'drain it: no new connections, those it has go on',
    },
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addTableOptions(addDestinationOptions(addDestinationArgument(command)));
  return async (given, [words]) => {
    const options = given as unknown as DestinationOptions;
    const { service, destination } = destinationOf(words as readonly string[]);
    await using ipvs = await openTable(options);
    await changeAndReport(ipvs, service, options, context, async (before) => {
      const config = destinationConfig(options, find(before, destination));
      if (Object.keys(config).length === 0) throw new UsageError('nothing to change was given');
      await asUsage(() => ipvs.editDestination(service, destination, config));
    });
    return exitCode.done;
  };
}

function find(service: ServiceState | undefined, key: DestinationKey) {
  if (service === undefined) return undefined;
  const address = formatIp(parseIp(key.address).bytes);
  const inherited = service.key.firewallMark === undefined ? service.key.port : 0;
  const port = key.port ?? inherited;
  return service.destinations.find((one) => one.key.address === address && one.key.port === port);
}
