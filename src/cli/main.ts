import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { type CommandContext, type CommandModule, UsageError } from './command-context.ts';
import { exitCode, exitCodeOf, exitCodeOfSignal } from './exit-code.ts';
import { styleFor } from './output/style.ts';

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loaded when the command is the one that is run, so that no command waits for another. */
  readonly load: () => Promise<CommandModule>;
}

const commands: readonly CommandEntry[] = [
  {
    name: 'lab',
    summary: 'build a lab of network namespaces and balance real connections in it',
    load: () => import('./commands/lab.ts'),
  },
];

/**
 * Runs one command line.
 *
 * @param words The words after the program's name.
 * @returns The exit code: 0 done, 1 failed, 2 usage, 4 no IPVS in this kernel, 77 not permitted.
 */
export async function main(words: readonly string[], context: CommandContext): Promise<number> {
  let code: number = exitCode.done;
  const program = prepare(new Command('lvskit'), context)
    .description('Linux Virtual Server: load balancing in the kernel')
    .version(ownVersion(), '--version', 'show the version of lvskit');
  let chosen = program;
  for (const entry of commands) {
    const command = prepare(program.command(entry.name), context).description(entry.summary);
    if (words[0] !== entry.name) continue;
    chosen = command;
    const run = (await entry.load()).define(command, context);
    command.action(async (options: Readonly<Record<string, unknown>>) => {
      code = await run(options);
    });
  }
  try {
    if (words.length === 0) program.error('error: no command given', { exitCode: exitCode.usage });
    await program.parseAsync(words, { from: 'user' });
    return code;
  } catch (error) {
    // Commander has shown its own errors, and the help, itself.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCode.usage;
    if (context.signal.aborted) return exitCodeOfSignal(context.signal.reason);
    if (error instanceof UsageError) {
      context.stderr.write(`error: ${error.message}\n\n${chosen.helpInformation()}`);
    } else {
      report(error, context);
    }
    return exitCodeOf(error);
  }
}

function prepare(command: Command, context: CommandContext): Command {
  return command
    .exitOverride()
    .showHelpAfterError()
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

function report(error: unknown, { stderr, environment }: CommandContext): void {
  const label = styleFor(stderr, environment).red('lvskit:');
  // A refusal says what it is about; anything without a code is a fault of ours, whose place counts.
  const text =
    error instanceof Error ? ('code' in error ? error.message : error.stack) : String(error);
  stderr.write(`${label} ${text}\n`);
}

function ownVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
