import { type ByteSink, type ByteSource, ipvsadm } from '../../src/cli/ipvsadm.ts';

/** What a command line came to; text is bytes, one character each. */
export interface IpvsadmOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function collector(onWrite: (text: string) => void): ByteSink {
  return { isTerminal: false, write: (bytes) => onWrite(Buffer.from(bytes).toString('latin1')) };
}

/** A source that gives at most `most` bytes at once. */
export function inPieces(text: string, most: number): ByteSource {
  const bytes = Buffer.from(text, 'latin1');
  let at = 0;
  return {
    read: async (buffer) => {
      const count = bytes.copy(buffer, 0, at, Math.min(at + most, bytes.length));
      at += count;
      return count;
    },
  };
}

/** Runs a command line of the drop-in within this process, in a namespace. */
export async function runIpvsadm(
  netns: string,
  words: readonly string[],
  stdin: ByteSource | string = '',
  onStderr: (text: string) => void = () => {},
): Promise<IpvsadmOutcome> {
  const written = { stdout: '', stderr: '' };
  const exitCode = await ipvsadm(words, {
    program: 'ipvsadm',
    environment: {},
    netns,
    stdin: typeof stdin === 'string' ? inPieces(stdin, Number.POSITIVE_INFINITY) : stdin,
    stdout: collector((text) => {
      written.stdout += text;
    }),
    stderr: collector((text) => {
      written.stderr += text;
      onStderr(text);
    }),
  });
  return { exitCode, ...written };
}
