import type { Command } from 'commander';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { addDirectorOptions, directorExitStatus, directorOf } from '../director-options.ts';
import { exitCode, exitCodeOfSignal } from '../exit-code.ts';
import { addEventOptions, type EventOptions, eventWriter, queryOf } from './event-lines.ts';

export const details: CommandDetails = {
  text: [
    `Shows what has happened last: servers that went down and came up, operators' wishes, changes to
    the table. With --follow it goes on showing what happens until Ctrl-C.`,
    `With -o json every line is a document of one event, whose fields are stable. lvskit history shows
    what is longer ago.`,
  ],
  examples: [
    { command: 'lvskit events --follow', what: 'what happens, as it happens' },
    {
      command: 'lvskit events --follow --event server-down --event server-up -o json',
      what: 'for programs',
    },
  ],
  exitStatus: [[0, 'done, also when --follow is ended by Ctrl-C'], ...directorExitStatus.slice(1)],
};

interface EventsOptions extends EventOptions {
  readonly follow?: true;
}

const usualLast = 20;

export function define(command: Command, context: CommandContext): RunnableCommand {
  addDirectorOptions(
    addEventOptions(command.option('-f, --follow', 'go on with what happens')),
    context,
  );
  return (options) => events(options as unknown as EventsOptions, context);
}

async function events(options: EventsOptions, context: CommandContext): Promise<number> {
  const { signal } = context;
  const director = directorOf(options, context);
  const query = { last: usualLast, ...defined(queryOf(options)) };
  const write = await eventWriter(options, context);
  const stream = options.follow ? director.events(query) : director.history(query);
  try {
    for await (const event of stream) write(event);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (!signal.aborted) return exitCode.done;
  return options.follow && signal.reason === 'SIGINT'
    ? exitCode.done
    : exitCodeOfSignal(signal.reason);
}

function defined<Value extends object>(value: Value): Partial<Value> {
  return Object.fromEntries(
    Object.entries(value).filter(([, one]) => one !== undefined),
  ) as Partial<Value>;
}
