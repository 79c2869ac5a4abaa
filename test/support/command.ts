import type { CommandContext } from '../../src/cli/command-context.ts';
import { main } from '../../src/cli/main.ts';

/** What a command line came to. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `lvskit WORDS…` within this process, since starting Node takes a second in a guest. */
export async function lvskit(
  words: readonly string[],
  context: Partial<Omit<CommandContext, 'stdout' | 'stderr'>> = {},
  onOutput: (text: string) => void = () => {},
): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      written[name] += text;
      onOutput(text);
    },
  });
  const code = await main(words, {
    stdout: output('stdout'),
    stderr: output('stderr'),
    environment: {},
    signal: new AbortController().signal,
    ...context,
  });
  return { code, ...written };
}
