import type { Command, Option } from 'commander';
import { type DescribedCommand, usualExitStatus } from '../command-context.ts';
import type { NamedProgram } from '../named-program.ts';

/** A manual page: its file's name and its text, in mdoc(7). */
export interface ManualPage {
  readonly name: string;
  readonly text: string;
}

export interface ManualOptions {
  readonly version: string;
  readonly date: Date;
}

/** A page for the program and one for each command that does something. */
export function manualPages(
  root: DescribedCommand,
  program: NamedProgram,
  options: ManualOptions,
): readonly ManualPage[] {
  const commands = leavesOf(root.commands, [program.name]);
  return [
    overview(program, commands, options),
    ...commands.map((leaf) => commandPage(leaf, program, options)),
  ];
}

interface Leaf extends DescribedCommand {
  /** `['lvskit', 'add', 'service']` */
  readonly words: readonly string[];
}

function leavesOf(commands: readonly DescribedCommand[], words: readonly string[]): Leaf[] {
  return commands.flatMap((one) => {
    const own = [...words, one.command.name()];
    return one.commands.length > 0 ? leavesOf(one.commands, own) : [{ ...one, words: own }];
  });
}

const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
];

function head(title: string, { version, date }: ManualOptions): readonly string[] {
  const day = `${months[date.getUTCMonth()]} ${date.getUTCDate()}, ${date.getUTCFullYear()}`;
  return [`.Dd ${day}`, `.Dt ${title.toUpperCase()} 1`, `.Os lvskit ${version}`];
}

function overview(
  { name, summary, purpose, exitStatus: codes = usualExitStatus }: NamedProgram,
  commands: readonly Leaf[],
  options: ManualOptions,
): ManualPage {
  const references = commands.map(({ words }) => words.join('-')).sort();
  const lines = [
    ...head(name, options),
    '.Sh NAME',
    `.Nm ${name}`,
    `.Nd ${line(summary)}`,
    '.Sh SYNOPSIS',
    '.Nm',
    '.Ar command',
    '.Op Ar options',
    '.Sh DESCRIPTION',
    ...text(`${purpose} Every command has a page of its own, and says the same with --help.`),
    '.Bl -tag -width Ds',
    ...commands.flatMap(({ words, command: own }) => [
      `.It Xr ${words.join('-')} 1`,
      `${capital(line(own.description()))}.`,
    ]),
    '.El',
    '.Sh ENVIRONMENT',
    '.Bl -tag -width Ds',
    '.It Ev NO_COLOR',
    'When set to anything, no colours are used.',
    '.El',
    '.Sh EXIT STATUS',
    ...exitStatus(codes),
    '.Sh SEE ALSO',
    ...references.map((page, index) => `.Xr ${page} 1${index < references.length - 1 ? ' ,' : ''}`),
  ];
  return { name: `${name}.1`, text: `${lines.join('\n')}\n` };
}

function commandPage(
  { command, details, words }: Leaf,
  program: NamedProgram,
  options: ManualOptions,
): ManualPage {
  const name = words.join('-');
  const { text: paragraphs = [], examples = [], exitStatus: codes = usualExitStatus } = details;
  const lines = [
    ...head(name, options),
    '.Sh NAME',
    `.Nm ${name}`,
    `.Nd ${line(command.description())}`,
    '.Sh SYNOPSIS',
    `.Nm ${words.join(' ')}`,
    '.Op Ar options',
    ...command.registeredArguments.map((argument) => {
      const shown = `Ar ${argument.name()}${argument.variadic ? ' ...' : ''}`;
      return argument.required ? `.${shown}` : `.Op ${shown}`;
    }),
    '.Sh DESCRIPTION',
    ...paragraphs.flatMap((paragraph, index) => [
      ...(index > 0 ? ['.Pp'] : []),
      ...text(paragraph),
    ]),
    ...argumentLines(command),
    '.Pp',
    'The options are as follows:',
    '.Bl -tag -width Ds',
    ...command.options.filter(({ hidden }) => !hidden).flatMap(optionLines),
    '.It Fl h , Fl \\-help',
    'Show a summary of this.',
    '.El',
    '.Sh EXIT STATUS',
    ...exitStatus(codes),
    ...(examples.length > 0 ? ['.Sh EXAMPLES'] : []),
    ...examples.flatMap(({ command: example, what }, index) => [
      ...(index > 0 ? ['.Pp'] : []),
      `${capital(line(what))}:`,
      `.Dl ${line(example)}`,
    ]),
    '.Sh SEE ALSO',
    `.Xr ${program.name} 1`,
  ];
  return { name: `${name}.1`, text: `${lines.join('\n')}\n` };
}

function argumentLines(command: Command): readonly string[] {
  const described = command.registeredArguments.filter(({ description }) => description !== '');
  if (described.length === 0) return [];
  return [
    '.Pp',
    'The arguments are as follows:',
    '.Bl -tag -width Ds',
    ...described.flatMap((argument) => {
      const choices = argument.argChoices === undefined ? [] : choiceLines(argument.argChoices);
      return [`.It Ar ${argument.name()}`, sentence(argument.description), ...choices];
    }),
    '.El',
  ];
}

function optionLines(option: Option): readonly string[] {
  const value = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1];
  const flags = [option.short, option.long]
    .filter((flag) => flag !== undefined)
    .map((flag) => `Fl ${flag.startsWith('--') ? `\\-${flag.slice(2)}` : flag.slice(1)}`);
  const { defaultValue } = option;
  return [
    `.It ${flags.join(' , ')}${value === undefined ? '' : ` Ar ${value}`}`,
    sentence(option.description),
    ...(option.argChoices === undefined ? [] : choiceLines(option.argChoices)),
    ...(defaultValue === undefined || typeof defaultValue === 'boolean'
      ? []
      : [`The default is ${line(String(defaultValue))}.`]),
  ];
}

function choiceLines(choices: readonly string[]): readonly string[] {
  return [`One of ${choices.map(line).join(', ')}.`];
}

function exitStatus(
  codes: NonNullable<DescribedCommand['details']['exitStatus']>,
): readonly string[] {
  return [
    '.Bl -tag -width Ds',
    ...codes.flatMap(([code, meaning]) => [`.It ${code}`, sentence(meaning)]),
    '.El',
  ];
}

function sentence(words: string): string {
  return `${capital(line(words))}.`;
}

function capital(words: string): string {
  return /^[a-z]+(?=[ ,.;:]|$)/.test(words) ? `${words[0]?.toUpperCase()}${words.slice(1)}` : words;
}

/** A paragraph, each sentence on a line of its own, as mdoc(7) wants it. */
function text(paragraph: string): readonly string[] {
  const words = paragraph.trim().replaceAll(/\s+/g, ' ');
  return words.split(/(?<=[.:;]) (?=[A-Z])/).map(line);
}

/** Text that means nothing to the formatter but itself. */
function line(words: string): string {
  return words.replaceAll('\\', '\\e').replace(/^([.'])/, '\\&$1');
}
