import { checkText, type FileBytes, readFileBytes, tooLong } from '../config/text-file.ts';
import type { CommandContext } from './command-context.ts';

/**
 * Reads a file of text, or what is piped in for `-`.
 *
 * @param longest More bytes than this are no file of the kind.
 * @throws TextFileError when it cannot be read, is too long, or is no text.
 */
export async function readInput(
  file: string,
  longest: number,
  context: CommandContext,
): Promise<FileBytes> {
  const input =
    file === '-'
      ? { bytes: await readPiped(longest, context), isWorldWritable: false }
      : await readFileBytes(file, longest);
  checkText(input.bytes, inputName(file));
  return input;
}

/** What to call a file in messages. */
export function inputName(file: string): string {
  return file === '-' ? 'standard input' : file;
}

async function readPiped(longest: number, { stdin, signal }: CommandContext): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const iterator = stdin?.[Symbol.asyncIterator]();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  while (iterator !== undefined) {
    signal.throwIfAborted();
    const next = await Promise.race([iterator.next(), aborted]);
    if (next.done) break;
    pieces.push(next.value);
    length += next.value.length;
    if (length > longest) throw tooLong('standard input', longest);
  }
  return Buffer.concat(pieces, length);
}
