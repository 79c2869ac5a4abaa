import { type ByteSink, ipvsadm } from '../../../src/cli/ipvsadm.ts';
import type { Outcome, Step } from './outcome.ts';
import { runPrograms } from './programs.ts';

/** What a command writes to, kept as bytes. */
class Collected implements ByteSink {
  readonly isTerminal: boolean = false;
  private readonly pieces: Buffer[] = [];

  write(bytes: Uint8Array): void {
    this.pieces.push(Buffer.from(bytes));
  }

  toString(): string {
    return Buffer.concat(this.pieces).toString('latin1');
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A word as Node hands it on; undefined when its bytes are no UTF-8, which Node loses. */
function decoded(word: string): string | undefined {
  try {
    return decoder.decode(Buffer.from(word, 'latin1'));
  } catch {
    return undefined;
  }
}

function sourceOf(input: string) {
  const bytes = Buffer.from(input, 'latin1');
  let at = 0;
  return {
    size: bytes.length,
    read: async (buffer: Uint8Array) => {
      const count = bytes.copy(buffer, 0, at);
      at += count;
      return count;
    },
  };
}

/** Runs the command within this process, working in the namespace with this path. */
async function runHere(netns: string, words: readonly string[], input: string): Promise<Outcome> {
  const [stdout, stderr] = [new Collected(), new Collected()];
  const stdin = sourceOf(input);
  const context = { program: 'ipvsadm', environment: {}, stdin, stdout, stderr, netns };
  const status = await ipvsadm(words, context).catch((error) => `threw ${error.stack}`);
  return { status, stdout: String(stdout), stderr: String(stderr) };
}

/** Runs the steps one after the other in the namespace with this path. */
export async function runOurs(netns: string, steps: readonly Step[]): Promise<readonly Outcome[]> {
  const outcomes = [];
  for (const step of steps) {
    const words = step.words.map(decoded);
    if (words.every((word) => word !== undefined)) {
      outcomes.push(await runHere(netns, words, step.input ?? ''));
    } else {
      outcomes.push(...(await runPrograms('ours', netns, [step])));
    }
  }
  return outcomes;
}
