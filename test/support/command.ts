import type { CommandContext } from '../../src/cli/command-context.ts';
import { main } from '../../src/cli/main.ts';
import { lvskitProgram, type NamedProgram } from '../../src/cli/named-program.ts';
import { rsSetupProgram } from '../../src/cli/rs-setup/tree.ts';

/** What a command line came to. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

type TestContext = Partial<Omit<CommandContext, 'stdout' | 'stderr'>>;

/** Runs `lvskit WORDS…` within this process, since starting Node takes a second in a guest. */
export function lvskit(
  words: readonly string[],
  context: TestContext = {},
  onOutput: (text: string) => void = () => {},
): Promise<Outcome> {
  return run(lvskitProgram, words, context, onOutput);
}

/** Runs `rs-setup WORDS…` within this process. */
export function rsSetup(
  words: readonly string[],
  context: TestContext = {},
  onOutput: (text: string) => void = () => {},
): Promise<Outcome> {
  return run(rsSetupProgram, words, context, onOutput);
}

async function run(
  program: NamedProgram,
  words: readonly string[],
  context: TestContext,
  onOutput: (text: string) => void,
): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      written[name] += text;
      onOutput(text);
    },
  });
  const whole = {
    stdout: output('stdout'),
    stderr: output('stderr'),
    environment: {},
    signal: new AbortController().signal,
    ...context,
  };
  const code = await main(words, whole, program);
  return { code, ...written };
}
