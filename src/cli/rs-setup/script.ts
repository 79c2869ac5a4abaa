import { type Command, Option } from 'commander';
import {
  type CommandContext,
  type CommandDetails,
  type RunnableCommand,
  UsageError,
} from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { addScriptOptions, type ScriptOptions, scriptOf } from './script-options.ts';

interface ScriptCommandOptions extends ScriptOptions {
  /** What apply has, and a script has not. */
  readonly persist?: true;
}

export const details: CommandDetails = {
  text: [
    `Prints one POSIX shell script that does the same on a machine without Node.js, with ip and
    /proc/sys: sh rs.sh apply [--dry-run], verify, status, undo [--dry-run]. It finds interfaces and
    addresses on the machine that it runs on, keeps in mind what was there before, refuses what apply
    refuses, and ends with the same exit status.`,
    `A script of the same name replaces what the former one set up; others
    add to it. It does not come back by itself when the machine is started again: have rc.local or a
    unit run sh rs.sh apply. It has no part for storage. Needed there: root, a shell, flock, and the ip of iproute2 (for direct routing with
    IPv4, that of busybox does).`,
  ],
  examples: [
    {
      command: 'rs-setup script --mode dr --vip 192.0.2.10 > rs.sh',
      what: 'a script for real servers of 192.0.2.10, to be run there with sh rs.sh apply',
    },
    {
      command: 'rs-setup script --config lvskit.yaml --server 10.0.0.11 > rs.sh',
      what: "what the director's file has for the server 10.0.0.11",
    },
  ],
  exitStatus: [
    [0, 'done'],
    [1, 'something failed'],
    [2, 'wrong usage, or settings that cannot be right'],
  ],
};

export function define(command: Command, context: CommandContext): RunnableCommand {
  addScriptOptions(command);
  command.addOption(new Option('--persist').hideHelp());
  return (options) => runScript(options as unknown as ScriptCommandOptions, context);
}

async function runScript(options: ScriptCommandOptions, context: CommandContext): Promise<number> {
  if (options.persist) {
    throw new UsageError(
      'a script does not come back by itself: have rc.local or a unit run sh rs.sh apply, or use rs-setup apply --persist there',
    );
  }
  const { script, notes } = await scriptOf(options);
  context.stdout.write(script);
  for (const note of notes) context.stderr.write(`note: ${note}\n`);
  return exitCode.done;
}
