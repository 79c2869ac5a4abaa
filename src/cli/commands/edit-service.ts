import type { Command } from 'commander';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { UsageError } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { changeAndReport } from '../report-changes.ts';
import { addServiceOptions, type ServiceOptions, serviceConfig } from '../service-options.ts';
import { addServiceArgument, serviceOf } from '../service-words.ts';
import { addTableOptions, asUsage, openTable } from '../table-options.ts';

export const details: CommandDetails = {
  text: [
    'Changes the settings that are given; the others stay as they are, and so do the connections.',
  ],
  examples: [
    {
      command: 'lvskit edit service tcp 192.0.2.10:80 --scheduler sh --scheduler-flags sh-port',
      what: 'choose servers by the source address and port',
    },
    {
      command: 'lvskit edit service tcp 192.0.2.10:80 --persistence none',
      what: 'let clients go to any server',
    },
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addTableOptions(
    addServiceOptions(addServiceArgument(command)).option(
      '--no-one-packet',
      'schedule UDP by connection again',
    ),
  );
  return async (given, [words]) => {
    const options = given as unknown as ServiceOptions;
    const service = serviceOf(words as readonly string[]);
    // What commander takes for the default of an option that can be switched off is no wish.
    const { onePacket, ...rest } = options;
    const asked =
      command.getOptionValueSource('onePacket') === 'cli' ? { ...rest, onePacket } : rest;
    await using ipvs = await openTable(options);
    await changeAndReport(ipvs, service, options, context, async (before) => {
      const config = serviceConfig(asked as ServiceOptions, before);
      if (Object.keys(config).length === 0) throw new UsageError('nothing to change was given');
      await asUsage(() => ipvs.edit(service, config));
    });
    return exitCode.done;
  };
}
