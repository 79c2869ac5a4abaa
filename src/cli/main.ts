import { CommanderError } from 'commander';
import { type CommandContext, UsageError } from './command-context.ts';
import { exitCode, exitCodeOf, exitCodeOfSignal } from './exit-code.ts';
import { lvskitProgram, type NamedProgram } from './named-program.ts';
import { styleFor } from './output/style.ts';
import { ownVersion } from './own-program.ts';
import { programFor, usageHint } from './program.ts';

/**
 * Runs one command line.
 *
 * @param words The words after the program's name.
 * @param named Which program. Default `lvskit`.
 * @returns The exit code: 0 done, 1 failed, 2 usage, 3 not as it should be, 4 no IPVS in this kernel,
 * 77 not permitted.
 */
export async function main(
  words: readonly string[],
  context: CommandContext,
  named: NamedProgram = lvskitProgram,
): Promise<number> {
  const { program, chosen, code } = await programFor(words, named, context, ownVersion());
  try {
    if (words.length === 0) program.error('error: no command given', { exitCode: exitCode.usage });
    await program.parseAsync(words, { from: 'user' });
    return code();
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCode.done;
      // Commander has shown its errors itself, and the help where it was asked for.
      if (error.code !== 'commander.help') context.stderr.write(usageHint(chosen));
      return exitCode.usage;
    }
    if (context.signal.aborted) return exitCodeOfSignal(context.signal.reason);
    if (error instanceof UsageError) {
      context.stderr.write(`error: ${error.message}\n${usageHint(chosen)}`);
    } else {
      report(error, context, named.name);
    }
    return exitCodeOf(error);
  }
}

function report(error: unknown, { stderr, environment }: CommandContext, name: string): void {
  const label = styleFor(stderr, environment).red(`${name}:`);
  // A refusal says what it is about; anything without a code is a fault of ours, whose place counts.
  const text =
    error instanceof Error ? ('code' in error ? error.message : error.stack) : String(error);
  stderr.write(`${label} ${text}\n`);
}
