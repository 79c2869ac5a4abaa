import { Command } from 'commander';
import type {
  CommandContext,
  CommandDetails,
  DescribedCommand,
  RunnableCommand,
} from './command-context.ts';
import { usualExitStatus } from './command-context.ts';
import type { CommandNode } from './command-tree.ts';
import { exitCode } from './exit-code.ts';
import type { NamedProgram } from './named-program.ts';
import { fill } from './output/paragraph.ts';

/** A command line made ready for the words it is to be run with. */
export interface Program {
  readonly program: Command;
  /** The command that the words name, as far as they name one. */
  readonly chosen: Command;
  /** Resolves to the exit code once commander has run the action of the chosen command. */
  readonly code: () => number;
}

/** Builds the command line, loading only the command that `words` name. */
export async function programFor(
  words: readonly string[],
  named: NamedProgram,
  context: CommandContext,
  version: string,
): Promise<Program> {
  const program = root(named, context, version);
  let code: number = exitCode.done;
  const chosen = await addCommands(program, words, named.tree, async (command, entry) => {
    const module = await entry.load();
    const run: RunnableCommand = module.define(command, context, () =>
      wholeProgram(named, context, version),
    );
    command.addHelpText('after', () => detailsText(module.details ?? {}));
    command.action(async () => {
      code = await run(command.opts(), command.processedArgs);
    });
  });
  return { program, chosen, code: () => code };
}

/** Every command with its options, for completion and manual pages. */
export async function wholeProgram(
  named: NamedProgram,
  context: CommandContext,
  version: string,
): Promise<DescribedCommand> {
  const program = root(named, context, version);
  const describe = async (parent: Command, node: CommandNode): Promise<DescribedCommand> => {
    const command = parent.command(node.name).description(node.summary);
    if ('commands' in node) {
      return { command, details: {}, commands: await describeAll(command, node.commands) };
    }
    const module = await node.load();
    module.define(command, context, () => wholeProgram(named, context, version));
    return { command, details: module.details ?? {}, commands: [] };
  };
  const describeAll = async (parent: Command, nodes: readonly CommandNode[]) => {
    const described: DescribedCommand[] = [];
    for (const node of nodes) described.push(await describe(parent, node));
    return described;
  };
  return { command: program, details: {}, commands: await describeAll(program, named.tree) };
}

type Entry = Extract<CommandNode, { load: unknown }>;

async function addCommands(
  parent: Command,
  words: readonly string[],
  nodes: readonly CommandNode[],
  define: (command: Command, entry: Entry) => Promise<void>,
): Promise<Command> {
  let chosen = parent;
  for (const node of nodes) {
    const command = parent.command(node.name).description(node.summary);
    const isNamed = words[0] === node.name;
    if ('commands' in node) {
      const inner = await addCommands(
        command,
        isNamed ? words.slice(1) : [],
        node.commands,
        define,
      );
      if (isNamed) chosen = inner;
    } else if (isNamed) {
      await define(command, node);
      chosen = command;
    }
  }
  return chosen;
}

function root({ name, summary }: NamedProgram, context: CommandContext, version: string): Command {
  return prepare(new Command(name), context)
    .description(summary)
    .version(version, '--version', 'show the version of lvskit');
}

function prepare(command: Command, context: CommandContext): Command {
  return command
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })
    .helpOption('-h, --help', 'show this text')
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

/**
 * What follows an error of usage: which commands there are, or how the one that was meant is used. Its
 * whole help would push the error off the screen.
 */
export function usageHint(command: Command): string {
  if (command.commands.length > 0) return `\n${command.helpInformation()}`;
  const usage = command.createHelp().commandUsage(command);
  const names: string[] = [];
  for (let one: Command | null = command; one !== null; one = one.parent) names.unshift(one.name());
  return `\nUsage: ${usage}\nFor its options: ${names.join(' ')} --help\n`;
}

/** The details as they follow the options in a help text. */
function detailsText({ text = [], examples = [], exitStatus = usualExitStatus }: CommandDetails) {
  const parts = text.map((paragraph) => fill(paragraph, 80));
  if (examples.length > 0) {
    const lines = examples.flatMap(({ command, what }) => [`  ${command}`, `      ${what}`]);
    parts.push(['Examples:', ...lines].join('\n'));
  }
  const codes = exitStatus.map(([code, meaning]) => `${code} ${meaning}`).join(', ');
  parts.push(fill(`Exit status: ${codes}.`, 80));
  return `\n${parts.join('\n\n')}`;
}
