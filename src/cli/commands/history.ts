import type { Command } from 'commander';
import { parseDuration } from '../../config/duration.ts';
import type { CommandContext, CommandDetails, RunnableCommand } from '../command-context.ts';
import { addDirectorOptions, directorExitStatus, directorOf } from '../director-options.ts';
import { exitCode } from '../exit-code.ts';
import { writeDocument } from '../output/document.ts';
import { styleFor } from '../output/style.ts';
import { availabilityText } from './availability-text.ts';
import { addEventOptions, type EventOptions, eventWriter, queryOf, timeOf } from './event-lines.ts';

export const details: CommandDetails = {
  text: [
    `Shows what has happened, the oldest first, from the history that the director keeps on disk.`,
    `With --availability it shows instead which share of the last hour, day and 30 days each service
    and server was up, how often it failed, and how long it took on average to fail (MTTF: time up for
    each failure) and to be mended (MTTR: time down for each repair). A service is up while a real
    server serves it; a fallback is none. Time in maint is left out, and so is the time when no
    director was there to see.`,
  ],
  examples: [
    { command: 'lvskit history --since 24h --service web', what: 'what a service went through' },
    { command: 'lvskit history --availability', what: 'how available everything was' },
  ],
  exitStatus: directorExitStatus,
};

interface HistoryOptions extends EventOptions {
  readonly since?: number;
  readonly until?: number;
  readonly availability?: true;
}

const time = (text: string) => timeOf(text, parseDuration);

export function define(command: Command, context: CommandContext): RunnableCommand {
  addDirectorOptions(
    addEventOptions(
      command
        .option('--since <time>', 'from then on: how long ago, such as 24h, or a time', time)
        .option('--until <time>', 'before then', time),
    ).option('--availability', 'show how available services and servers were instead'),
    context,
  );
  return (options) => history(options as unknown as HistoryOptions, context);
}

async function history(options: HistoryOptions, context: CommandContext): Promise<number> {
  const { stdout, environment } = context;
  const { since, until, output } = options;
  const director = directorOf(options, context);
  if (options.availability) {
    const document = await director.availability(options.service);
    if (output !== 'text') await writeDocument(stdout, output, document);
    else {
      const lines = availabilityText(document, styleFor(stdout, environment));
      for (const line of lines) stdout.write(`${line}\n`);
    }
    return exitCode.done;
  }
  const write = await eventWriter(options, context);
  for await (const event of director.history({ ...queryOf(options), since, until })) write(event);
  return exitCode.done;
}
