import { fstatSync } from 'node:fs';
import type { DirectorEvent } from '../../observe/director-event.ts';
import { type EventLevel, eventText, levelOf } from '../../observe/event-text.ts';
import type { CommandContext } from '../command-context.ts';

export type LogFormat = 'text' | 'json';

/** As syslog numbers them. */
const priorities: Readonly<Record<EventLevel, number>> = {
  error: 3,
  warning: 4,
  info: 6,
  debug: 7,
};

/** Writes events to standard output, a line each; the journal is told how much each matters. */
export function eventLog(
  format: LogFormat,
  { stdout, environment }: Pick<CommandContext, 'stdout' | 'environment'>,
): (event: DirectorEvent) => void {
  const isJournal = leadsToJournal(environment['JOURNAL_STREAM']);
  return (event) => {
    const level = levelOf(event);
    const time = new Date(event.time).toISOString();
    const text = format === 'json' ? JSON.stringify({ ...event, time, level }) : eventText(event);
    const lines = text.split('\n');
    const before = isJournal ? `<${priorities[level]}>` : format === 'json' ? '' : `${time} `;
    stdout.write(lines.map((line) => `${before}${line}\n`).join(''));
  };
}

/** Whether standard output is the very stream that the service manager has connected to its journal. */
function leadsToJournal(stream: string | undefined): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(1);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
