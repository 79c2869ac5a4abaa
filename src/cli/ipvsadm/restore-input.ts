import type { ByteSource } from './context.ts';

const { isUtf8 }: typeof import('node:buffer') = process.getBuiltinModule('node:buffer');

const newline = 0x0a;
const hash = 0x23;
const chunkSize = 256 * 1024;

/** Everything that a source has. */
export async function readAll(source: ByteSource): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.allocUnsafeSlow(chunkSize);
    const count = await source.read(chunk);
    if (count === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, count));
  }
}

/** Whether input is text to `grep`, which ipvsadm-restore passes it through; what is none is lost. */
export function isText(input: Buffer): boolean {
  return !input.includes(0);
}

/** Whether text is UTF-8 in this environment, as the C library reads it. */
export function readsUtf8(environment: Readonly<Record<string, string | undefined>>): boolean {
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || '';
  return /\.utf-?8(?:@|$)/i.test(locale);
}

export interface RulesText {
  readonly rules: Buffer;
  /** Whether lines were left out that are no text. */
  readonly incomplete: boolean;
}

/**
 * What `ipvsadm-restore` leaves of its input: no line that begins with `#`, and a final line break.
 * Where text is UTF-8, a line that is none is left out too.
 */
export function withoutComments(input: Buffer, utf8 = false): RulesText {
  const kept = Buffer.allocUnsafeSlow(input.length + 1);
  const allText = !utf8 || isUtf8(input);
  let incomplete = false;
  let end = 0;
  for (let at = 0; at < input.length; ) {
    const next = input.indexOf(newline, at);
    const to = next < 0 ? input.length : next + 1;
    if (input[at] !== hash) {
      if (allText || isUtf8(input.subarray(at, to))) end += input.copy(kept, end, at, to);
      else incomplete = true;
    }
    at = to;
  }
  while (end > 0 && kept[end - 1] === newline) end--;
  // The shell's echo takes such a single word for an option of its own.
  if (end < 8 && /^-[neE]+$/.test(kept.toString('latin1', 0, end))) end = 0;
  kept[end] = newline;
  return { rules: kept.subarray(0, end + 1), incomplete };
}

/** A source of bytes that are there already. */
export function sourceOf(bytes: Buffer): ByteSource {
  let at = 0;
  return {
    size: bytes.length,
    read: async (buffer) => {
      const count = bytes.copy(buffer, 0, at);
      at += count;
      return count;
    },
  };
}
