import type { Command } from 'commander';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { addDirectorOptions, addServerArguments, directorExitStatus } from '../director-options.ts';
import { setOverride } from './set-override.ts';

export const details: CommandDetails = {
  text: [
    `Takes a server out of the table and ends its checks. New connections go elsewhere at once; it is
    removed when those that are established have ended, or drain-timeout is over. It stays out over
    restarts of the director, until lvskit ready.`,
  ],
  examples: [{ command: 'lvskit maint web 10.0.0.11:80', what: 'until it is ready again' }],
  exitStatus: directorExitStatus,
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addDirectorOptions(addServerArguments(command), context);
  return (options, [service, server]) =>
    setOverride({ service, server, mode: 'maint' }, options, context);
}
