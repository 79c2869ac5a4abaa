import { type Command, InvalidArgumentError } from 'commander';
import type { EventQuery } from '../../control/client.ts';
import type { DirectorEvent } from '../../observe/director-event.ts';
import { eventText, levelOf } from '../../observe/event-text.ts';
import type { CommandContext } from '../command-context.ts';
import type { DirectorOptions } from '../director-options.ts';
import { jsonLine } from '../output/document.ts';
import { styleFor } from '../output/style.ts';
import { wholeNumber } from '../table-options.ts';

/** The options that say which events are asked for. */
export interface EventOptions extends DirectorOptions {
  readonly service?: string;
  readonly server?: string;
  readonly event?: readonly string[];
  readonly last?: number;
}

const mostLast = 1_000_000;

/** Declares `--service`, `--server`, `--event` and `--last`. */
export function addEventOptions(command: Command): Command {
  return command
    .option('--service <name>', 'about this service')
    .option('--server <key>', 'about this server: ADDRESS:PORT')
    .option('--event <kind...>', 'of this kind, such as server-down')
    .option('--last <number>', 'no more than the last so many', wholeNumber(1, mostLast));
}

export function queryOf({ service, server, event, last }: EventOptions): EventQuery {
  return { service, server, events: event, last };
}

/** Makes of each event what is written for it: a line, or a document of a stream. */
export async function eventWriter(
  { output }: Pick<DirectorOptions, 'output'>,
  { stdout, environment }: CommandContext,
): Promise<(event: DirectorEvent) => void> {
  if (output === 'json') return (event) => stdout.write(jsonLine(event));
  if (output === 'yaml') {
    const { stringify } = await import('yaml');
    return (event) => stdout.write(`---\n${stringify(event)}`);
  }
  const style = styleFor(stdout, environment);
  const paints = {
    error: style.red,
    warning: style.yellow,
    info: (text: string) => text,
    debug: style.dim,
  };
  return (event) => stdout.write(`${paints[levelOf(event)](eventLine(event))}\n`);
}

/** An event on one line, its time first. */
export function eventLine(event: DirectorEvent): string {
  const time = new Date(event.time).toISOString();
  return `${time}  ${eventText(event).replaceAll(/\s*\n\s*/g, '; ')}`;
}

/** Reads a time: one to come before now such as 24h, or one as in RFC 3339. */
export function timeOf(text: string, durationOf: (text: string) => number | undefined): number {
  const duration = durationOf(text);
  if (duration !== undefined) return Date.now() - duration;
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (time >= 0) return time;
  throw new InvalidArgumentError(
    'It must be how long ago, such as 24h, or a time such as 2026-11-27T10:00:00Z.',
  );
}
