import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { addDirectorOptions, addServerArguments, directorExitStatus } from '../director-options.ts';
import { wholeNumber } from '../table-options.ts';
import { setOverride } from './set-override.ts';

export const details: CommandDetails = {
  text: [
    `Gives a server another weight than the one that is configured, whatever its agent says. It is
    kept over restarts of the director. 0 takes no new connections; default goes back to the weight
    that is configured.`,
  ],
  examples: [
    { command: 'lvskit weight web 10.0.0.11 5', what: 'five times the share of one with 1' },
    { command: 'lvskit weight web 10.0.0.11 default', what: 'as lvskit.yaml has it' },
  ],
  exitStatus: directorExitStatus,
};

const largestWeight = 0x7fffffff;
const readWeight = wholeNumber(0, largestWeight);

export function define(command: Command, context: CommandContext): RunnableCommand {
  addDirectorOptions(
    addServerArguments(command).argument('<weight>', 'a whole number, or default', weightOf),
    context,
  );
  return (options, [service, server, weight]) =>
    setOverride({ service, server, weight: weight as number | null }, options, context);
}

function weightOf(text: string): number | null {
  if (text === 'default') return null;
  try {
    return readWeight(text);
  } catch {
    const range = `a whole number from 0 to ${largestWeight}`;
    throw new InvalidArgumentError(`It must be ${range}, or default.`);
  }
}
