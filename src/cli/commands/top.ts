import type { Command } from 'commander';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { UsageError } from '../command-context.ts';
import {
  addSocketOption,
  type DirectorOptions,
  directorExitStatus,
  directorOf,
} from '../director-options.ts';
import { exitCode, exitCodeOfSignal } from '../exit-code.ts';
import { styleFor } from '../output/style.ts';
import { Top } from './top-loop.ts';

export const details: CommandDetails = {
  text: [
    `Shows services and servers as they go: states, weights, connections, rates, checks, and what has
    happened last. It needs a terminal.`,
    `Up and down, or k and j, choose a server; d drains it, r makes it ready, w sets its weight (an
    empty one goes back to the one that is configured); q ends. d asks first.`,
  ],
  examples: [{ command: 'lvskit top', what: 'on the director' }],
  exitStatus: directorExitStatus,
};

/** A terminal that tells of each key as it is pressed. */
interface Keyboard extends AsyncIterable<Uint8Array> {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
  destroy?(): unknown;
}

export function define(command: Command, context: CommandContext): RunnableCommand {
  addSocketOption(command, context);
  return (options) => top(options as unknown as DirectorOptions, context);
}

async function top(options: DirectorOptions, context: CommandContext): Promise<number> {
  const { stdout, environment, signal } = context;
  if (stdout.isTTY !== true) throw notATerminal('standard output');
  const keyboard = context.stdin as Keyboard | undefined;
  if (keyboard?.isTTY !== true || keyboard.setRawMode === undefined) {
    throw notATerminal('standard input');
  }
  // Ends what is asked of the director, whichever way this ends.
  const ending = new AbortController();
  const director = directorOf(options, {
    ...context,
    signal: AbortSignal.any([signal, ending.signal]),
  });
  const style = styleFor(stdout, environment);
  keyboard.setRawMode(true);
  try {
    await new Top({ director, stdout, style, signal }).run(keyboard);
  } finally {
    ending.abort();
    keyboard.setRawMode(false);
    // It would keep the process up.
    keyboard.destroy?.();
  }
  return signal.aborted && signal.reason !== 'SIGINT'
    ? exitCodeOfSignal(signal.reason)
    : exitCode.done;
}

function notATerminal(what: string): UsageError {
  return new UsageError(
    `${what} is no terminal; "lvskit status" shows the same once, "lvskit status -o json" for programs, "lvskit events --follow" what happens`,
  );
}
