import type { Argument, Option } from 'commander';
import { schedulers } from '../../ipvs/scheduler.ts';
import type { DescribedCommand } from '../command-context.ts';

/** What can stand in one place: words, the names of files, or those of network namespaces. */
export type Values = readonly string[] | 'files' | 'namespaces' | undefined;

/** An option, as shells complete it. */
export interface CompletedOption {
  /** As it is typed: `-o`, `--output`. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly values: Values;
}

/** A place in the tree of commands, and what can follow there. */
export interface CompletedCommand {
  /** The words that lead there, each with a space before it: ` add service`. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly CompletedOption[];
  readonly values: Values;
}

/** The whole tree, flat, the root first. */
export function completedCommands(root: DescribedCommand): readonly CompletedCommand[] {
  return walk(root, '');
}

function walk({ command, commands }: DescribedCommand, path: string): CompletedCommand[] {
  const own: CompletedCommand = {
    path,
    commands: commands.map((one) => ({
      name: one.command.name(),
      summary: one.command.description(),
    })),
    options: [
      ...command.options.filter(({ hidden }) => !hidden).map(completedOption),
      { flags: ['-h', '--help'], description: 'show help', takesValue: false, values: undefined },
    ],
    values: argumentValues(command.registeredArguments[0]),
  };
  return [own, ...commands.flatMap((one) => walk(one, `${path} ${one.command.name()}`))];
}

function completedOption(option: Option): CompletedOption {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description,
    takesValue: option.required || option.optional,
    values: optionValues(option),
  };
}

function optionValues({ argChoices, long, flags }: Option): Values {
  if (argChoices !== undefined) return argChoices;
  if (long === '--netns') return 'namespaces';
  if (long === '--scheduler') return schedulers;
  return /<file>/.test(flags) ? 'files' : undefined;
}

function argumentValues(argument: Argument | undefined): Values {
  if (argument?.argChoices !== undefined) return argument.argChoices;
  const name = argument?.name() ?? '';
  if (name === 'file') return 'files';
  return name.startsWith('service') ? ['tcp', 'udp', 'sctp', 'fwmark'] : undefined;
}

/** What the completing function of a program is called. */
export function functionName(program: string): string {
  return `_${program.replaceAll('-', '_')}`;
}
