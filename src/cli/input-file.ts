import { open } from 'node:fs/promises';
import type { CommandContext } from './command-context.ts';
import { InputError } from './input-error.ts';

const pieceLength = 1024 * 1024;
const mebibyte = 1024 * 1024;

/**
 * Reads a file of text, or what is piped in for `-`.
 *
 * @param longest More bytes than this are no file of the kind.
 * @throws {@link InputError} when it cannot be read, is too long, or is no text.
 */
export async function readInput(
  file: string,
  longest: number,
  context: CommandContext,
): Promise<Buffer> {
  const bytes = file === '-' ? await readPiped(longest, context) : await readFile(file, longest);
  checkText(bytes, inputName(file));
  return bytes;
}

/** What to call a file in messages. */
export function inputName(file: string): string {
  return file === '-' ? 'standard input' : file;
}

async function readFile(file: string, longest: number): Promise<Buffer> {
  try {
    await using handle = await open(file, 'r');
    const status = await handle.stat();
    if (status.isDirectory()) throw new InputError(`cannot read ${file}: it is a directory`);
    // A file says its length; a pipe or device has to be read to know.
    if (status.size > longest) throw tooLong(file, longest, status.size);
    const pieces: Buffer[] = [];
    let length = 0;
    for (;;) {
      const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(pieceLength) });
      if (bytesRead === 0) return Buffer.concat(pieces, length);
      pieces.push(buffer.subarray(0, bytesRead));
      length += bytesRead;
      if (length > longest) throw tooLong(file, longest);
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`cannot read ${file}: ${reasonOf(error as NodeJS.ErrnoException)}`);
  }
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

function tooLong(name: string, longest: number, length?: number): InputError {
  const has = length === undefined ? 'has' : `has ${Math.ceil(length / mebibyte)} MiB,`;
  const limit = `${Math.floor(longest / mebibyte)} MiB`;
  return new InputError(`cannot read ${name}: it ${has} more than the ${limit} that are read`);
}

/** Demands that bytes are a text, whatever is said in it. */
function checkText(bytes: Buffer, name: string): void {
  const nul = bytes.indexOf(0);
  if (nul < 0) return;
  let line = 1;
  for (let at = bytes.indexOf(0x0a); at >= 0 && at < nul; at = bytes.indexOf(0x0a, at + 1)) line++;
  throw new InputError(`${name}:${line}: there is a NUL byte: this is no text`);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'its permissions do not allow it',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is not a directory',
  ELOOP: 'its symbolic links go round in a circle',
  ENAMETOOLONG: 'its name is too long',
  ENXIO: 'nobody is at the other end',
};

export function reasonOf(error: NodeJS.ErrnoException): string {
  return reasons[error.code ?? ''] ?? error.message;
}
