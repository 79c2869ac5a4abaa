import { type Command, Option } from 'commander';
import { ControlClient } from '../control/client.ts';
import type { CommandContext } from './command-context.ts';
import type { OutputFormat } from './output/document.ts';

/** What every command can be told that operates a director. */
export interface DirectorOptions {
  readonly socket: string;
  readonly output: OutputFormat;
}

const usualSocket = '/run/lvskit/control.sock';

/** Declares `--socket`. */
export function addSocketOption(command: Command, context: CommandContext): Command {
  return command.option(
    '--socket <path>',
    'where the director listens, if not where $LVSKIT_SOCKET says or in the usual place',
    context.environment['LVSKIT_SOCKET'] ?? usualSocket,
  );
}

/** Declares `--socket` and `-o`. */
export function addDirectorOptions(command: Command, context: CommandContext): Command {
  return addSocketOption(command, context).addOption(
    new Option('-o, --output <format>', 'how to show it')
      .choices(['text', 'json', 'yaml'])
      .default('text'),
  );
}

/** Declares the words that name a server of a service. */
export function addServerArguments(command: Command): Command {
  return command
    .argument('<service>', 'its name in lvskit.yaml')
    .argument('<server>', 'ADDRESS:PORT, or ADDRESS where only one server has it');
}

export function directorOf(
  { socket }: Pick<DirectorOptions, 'socket'>,
  { signal }: CommandContext,
): ControlClient {
  return new ControlClient({ socket, signal });
}

/** What commands end with that ask a director. */
export const directorExitStatus: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'done'],
  [1, 'no director answers, there is no such service or server, or something failed'],
  [2, 'wrong usage'],
  [77, 'not permitted'],
];
