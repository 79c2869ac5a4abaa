import type { ByteSource } from './context.ts';

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

/** What `ipvsadm-restore` leaves of its input: no line that begins with `#`, and a final line break. */
export function withoutComments(input: Buffer): Buffer {
  const kept = Buffer.allocUnsafeSlow(input.length + 1);
  let end = 0;
  for (let at = 0; at < input.length; ) {
    const next = input.indexOf(newline, at);
    const to = next < 0 ? input.length : next + 1;
    if (input[at] !== hash) end += input.copy(kept, end, at, to);
    at = to;
  }
  while (end > 0 && kept[end - 1] === newline) end--;
  // The shell's echo takes such a single word for an option of its own.
  if (end < 8 && /^-[neE]+$/.test(kept.toString('latin1', 0, end))) end = 0;
  kept[end] = newline;
  return kept.subarray(0, end + 1);
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
