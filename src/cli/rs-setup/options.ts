import { realpathSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { SessionOptions } from '../../real-server/session.ts';
import type { CommandContext, CommandDetails } from '../command-context.ts';

/** The options of every command, as commander reads them. */
export interface CommonOptions {
  readonly netns?: string;
  readonly root?: string;
  readonly storageTimeout?: number;
  readonly output: 'text' | 'json';
}

export function addCommonOptions(command: Command): void {
  command
    .option('--netns <name>', 'another network namespace than that of this process')
    .option('--root <folder>', 'the folder that /var/lib/lvskit and /etc are in', '/')
    .option('--storage-timeout <s>', 'how long storage may take to answer (default: 30)', seconds)
    .addOption(
      new Option('-o, --output <format>', 'how to show it')
        .choices(['text', 'json'])
        .default('text'),
    );
}

function seconds(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number of seconds from 1 to 9999.');
}

/** Gathers the values of an option that may be given several times, or several with commas. */
export function several(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...value.split(',').filter((one) => one !== '')];
}

export function sessionOptions(
  { netns, root, storageTimeout }: CommonOptions,
  { signal, stderr }: CommandContext,
): SessionOptions {
  return {
    netns,
    root,
    ...(storageTimeout === undefined ? {} : { storage: { timeoutMs: storageTimeout * 1000 } }),
    signal,
    onWait: () => stderr.write('waiting for another rs-setup to end\n'),
  };
}

/** The words that start this very program again, from anywhere. */
export function launchWords(): readonly string[] {
  const [, script] = process.argv;
  return [process.execPath, ...(script === undefined ? [] : [realpathSync(script)])];
}

export const exitStatus: NonNullable<CommandDetails['exitStatus']> = [
  [0, 'done, or nothing to do'],
  [1, 'something failed and was taken back'],
  [2, 'wrong usage, or settings that cannot be on this machine'],
  [77, 'not permitted'],
];
