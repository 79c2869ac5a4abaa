import type { Command } from 'commander';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { addDirectorOptions, addServerArguments, directorExitStatus } from '../director-options.ts';
import { setOverride } from './set-override.ts';

export const details: CommandDetails = {
  text: [
    `Puts a server back into service that was drained or taken out: it takes new connections as soon
    as its checks pass. A weight that was set with lvskit weight stays.`,
  ],
  examples: [{ command: 'lvskit ready web 10.0.0.11', what: 'it serves again' }],
  exitStatus: directorExitStatus,
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addDirectorOptions(addServerArguments(command), context);
  return (options, [service, server]) =>
    setOverride({ service, server, mode: 'ready' }, options, context);
}
