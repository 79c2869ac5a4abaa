import { open, stat } from 'node:fs/promises';

const pieceLength = 1024 * 1024;
const mebibyte = 1024 * 1024;

/** A file, or what else is read, that cannot be a text. */
export class TextFileError extends Error {
  static {
    TextFileError.prototype.name = 'TextFileError';
  }

  readonly code = 'TEXT_UNREADABLE';
  /** What is the matter, without the file's name. */
  readonly reason: string;
  /** Where, if it could be read so far. */
  readonly line: number | undefined;

  constructor(name: string, reason: string, line?: number) {
    super(line === undefined ? `cannot read ${name}: ${reason}` : `${name}:${line}: ${reason}`);
    this.reason = reason;
    this.line = line;
  }
}

export interface FileBytes {
  readonly bytes: Buffer;
  /** Whether everybody may write to it. */
  readonly isWorldWritable: boolean;
}

/**
 * Reads a file.
 *
 * @param longest More bytes than this are no file of the kind.
 * @param options `onlyFiles`: no pipe, device or socket.
 * @throws {@link TextFileError} when it cannot be read or is too long.
 */
export async function readFileBytes(
  file: string,
  longest: number,
  { onlyFiles = false }: { readonly onlyFiles?: boolean } = {},
): Promise<FileBytes> {
  try {
    // A pipe that nobody writes to would have to be waited for already when it is opened.
    if (onlyFiles && !(await stat(file)).isFile()) throw new TextFileError(file, 'it is no file');
    await using handle = await open(file, 'r');
    const status = await handle.stat();
    if (status.isDirectory()) throw new TextFileError(file, 'it is a directory');
    // A file says its length; a pipe or device has to be read to know.
    if (status.size > longest) throw tooLong(file, longest, status.size);
    const isWorldWritable = status.isFile() && (status.mode & 0o002) !== 0;
    const pieces: Buffer[] = [];
    let length = 0;
    for (;;) {
      const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(pieceLength) });
      if (bytesRead === 0) return { bytes: Buffer.concat(pieces, length), isWorldWritable };
      pieces.push(buffer.subarray(0, bytesRead));
      length += bytesRead;
      if (length > longest) throw tooLong(file, longest);
    }
  } catch (error) {
    if (error instanceof TextFileError) throw error;
    throw new TextFileError(file, reasonOf(error as NodeJS.ErrnoException));
  }
}

export function tooLong(name: string, longest: number, length?: number): TextFileError {
  const has = length === undefined ? 'has' : `has ${Math.ceil(length / mebibyte)} MiB,`;
  const limit = `${Math.floor(longest / mebibyte)} MiB`;
  return new TextFileError(name, `it ${has} more than the ${limit} that are read`);
}

/** Demands that bytes are a text, whatever is said in it. @throws {@link TextFileError} */
export function checkText(bytes: Buffer, name: string): void {
  const nul = bytes.indexOf(0);
  if (nul < 0) return;
  let line = 1;
  for (let at = bytes.indexOf(0x0a); at >= 0 && at < nul; at = bytes.indexOf(0x0a, at + 1)) line++;
  throw new TextFileError(name, 'there is a NUL byte: this is no text', line);
}

/** The text that bytes are in UTF-8. @throws {@link TextFileError} when they are none. */
export function decodeText(bytes: Buffer, name: string): string {
  checkText(bytes, name);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new TextFileError(name, 'there are bytes that are not UTF-8', badLine(bytes));
  }
}

/** The first line that is not UTF-8. */
function badLine(bytes: Buffer): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for (let at = 0; at < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, at) + 1 || bytes.length;
    try {
      decoder.decode(bytes.subarray(at, end));
    } catch {
      break;
    }
    at = end;
  }
  return line;
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
