import type { Command } from 'commander';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { addDirectorOptions, addServerArguments, directorExitStatus } from '../director-options.ts';
import { setOverride } from './set-override.ts';

export const details: CommandDetails = {
  text: [
    `Takes a server out of the table and ends its checks. Connections that are established on it are
    cut off; lvskit drain lets them end first. It stays out over restarts of the director, until
    lvskit ready.`,
  ],
  examples: [{ command: 'lvskit maint web 10.0.0.11:80', what: 'once it is drained' }],
  exitStatus: directorExitStatus,
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addDirectorOptions(addServerArguments(command), context);
  return (options, [service, server]) =>
    setOverride({ service, server, mode: 'maint' }, options, context);
}
