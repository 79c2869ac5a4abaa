import type { ByteSink, IpvsadmContext } from './context.ts';

/** What the C library collects for a pipe before it writes it. */
const usualBlock = 4096;
/** More is written at once here, in whole blocks. */
const most = 16 * usualBlock;
/** What is longer is not collected, since that would be to copy it. */
const long = 4 * usualBlock;

/**
 * Standard output and error in the order in which the C library would write them: errors at once,
 * output to a terminal by lines, and any other output when a block of it is full, or at the end. It
 * shows where both go to the same pipe. Text is bytes, one character each.
 */
export class Outputs {
  private readonly stdout: ByteSink;
  private readonly stderr: ByteSink;
  private pieces: Buffer[] = [];
  private held = 0;
  private terminal: boolean | undefined;
  private block: number | undefined;

  constructor({ stdout, stderr }: IpvsadmContext) {
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /** @param output Whole lines; bytes are copied, or written before this returns. */
  print(output: string | Uint8Array): void {
    if (output.length < long && this.held + output.length < most) {
      this.pieces.push(
        typeof output === 'string' ? Buffer.from(output, 'latin1') : Buffer.from(output),
      );
      this.held += output.length;
      return;
    }
    this.writeBlocks(typeof output === 'string' ? Buffer.from(output, 'latin1') : output);
  }

  complain(text: string): void {
    if (this.held > 0) {
      this.terminal ??= this.stdout.isTerminal;
      if (this.terminal) this.end();
      else this.writeBlocks();
    }
    this.stderr.write(Buffer.from(text, 'latin1'));
  }

  /** Writes what is held back. */
  end(): void {
    if (this.held > 0) this.stdout.write(Buffer.concat(this.pieces));
    this.pieces = [];
    this.held = 0;
  }

  /**
   * A full block is written when something follows it, not before. Of what is new, no more is copied
   * than it takes to fill up what is held: to copy a long piece takes as long as to make it.
   */
  private writeBlocks(last: Uint8Array = Buffer.alloc(0)): void {
    this.block ??= this.stdout.blockSize ?? usualBlock;
    const { block, held } = this;
    const count = Math.floor((held + last.length - 1) / block) * block;
    const filled = Math.min(count, Math.ceil(held / block) * block);
    const taken = Math.max(0, filled - held);
    const first = Buffer.concat([...this.pieces, last.subarray(0, taken)]);
    if (filled > 0) this.stdout.write(first.subarray(0, filled));
    const written = taken + count - filled;
    if (written > taken) this.stdout.write(last.subarray(taken, written));
    this.pieces = [Buffer.concat([first.subarray(filled), last.subarray(written)])];
    this.held = held + last.length - count;
  }
}
