import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../config/duration.ts';
import { Ipvs } from '../ipvs/client.ts';
import { UsageError } from './command-context.ts';
import type { OutputFormat } from './output/document.ts';

/** What every command on the table can be told. */
export interface TableOptions {
  readonly netns?: string;
}

export interface ShownOptions extends TableOptions {
  readonly output: OutputFormat;
}

/** Declares `--netns`. */
export function addNetnsOption(command: Command): Command {
  return command.option(
    '--netns <name>',
    'work in this network namespace: a name, or a path such as /proc/1234/ns/net',
  );
}

/** Declares `--netns` and `-o`. */
export function addTableOptions(command: Command): Command {
  return addNetnsOption(command).addOption(
    new Option('-o, --output <format>', 'how to show it')
      .choices(['text', 'json', 'yaml'])
      .default('text'),
  );
}

export function openTable({ netns }: TableOptions): Promise<Ipvs> {
  return Ipvs.open(netns === undefined ? {} : { netns });
}

/** Reads a whole number from an option. */
export function wholeNumber(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const number = /^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN;
    if (number >= lowest && number <= highest) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${lowest} to ${highest}.`);
  };
}

/** Reads a duration of whole seconds from an option. */
export function seconds(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined || milliseconds % 1000 !== 0 || milliseconds === 0) {
    throw new InvalidArgumentError('It must be a duration in whole seconds, such as 300s or 5m.');
  }
  return milliseconds / 1000;
}

/** Runs work whose complaints about arguments are the user's to hear as wrong usage. */
export async function asUsage<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      throw new UsageError(error.message);
    }
    throw error;
  }
}
