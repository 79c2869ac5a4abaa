import type { Stats } from 'node:fs';
import type { ByteSink, ByteSource, IpvsadmContext } from './context.ts';

// By descriptors: the streams of `process` take longer to make than most commands to run.
const fs: typeof import('node:fs') = process.getBuiltinModule('node:fs');

/** `BUFSIZ` of the C library. */
const mostCollected = 8192;

/** The world of this process. */
export function processContext(): IpvsadmContext {
  return {
    program: programName(process.argv[1] ?? ''),
    environment: process.env,
    stdin: new DescriptorSource(0),
    stdout: new DescriptorSink(1),
    stderr: new DescriptorSink(2),
  };
}

/** The program itself, also when it was started as one of those beside it. */
export function programName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.[cm]?[jt]s$/, '');
  return name.replace(/-(?:save|restore)$/, '') || 'ipvsadm';
}

/**
 * The words of the command line as bytes, one character each. Node has decoded them as UTF-8; where
 * they were none, what they were is still to be had from the system.
 */
export function argumentBytes(words: readonly string[]): readonly string[] {
  if (words.every((word) => /^[\0-\x7f]*$/.test(word))) return words;
  if (words.some((word) => word.includes('\ufffd'))) {
    const raw = fs.readFileSync('/proc/self/cmdline', 'latin1').split('\0').slice(0, -1);
    const own = raw.slice(raw.length - words.length);
    const decoded = own.map((word) => Buffer.from(word, 'latin1').toString('utf8'));
    if (decoded.every((word, index) => word === words[index])) return own;
  }
  return words.map((word) => Buffer.from(word, 'utf8').toString('latin1'));
}

class DescriptorSource implements ByteSource {
  private readonly descriptor: number;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  get size(): number | undefined {
    const status = statusOf(this.descriptor);
    return status?.isFile() ? status.size : undefined;
  }

  read(buffer: Uint8Array): Promise<number> {
    return new Promise((resolve) => {
      fs.read(this.descriptor, buffer, 0, buffer.length, null, (error, count) => {
        if (error?.code === 'EAGAIN') setTimeout(() => resolve(this.read(buffer)), 5);
        else resolve(error === null ? count : 0);
      });
    });
  }
}

class DescriptorSink implements ByteSink {
  private readonly descriptor: number;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  get isTerminal(): boolean {
    return (
      statusOf(this.descriptor)?.isCharacterDevice() === true &&
      process.getBuiltinModule('node:tty').isatty(this.descriptor)
    );
  }

  get blockSize(): number {
    const size = statusOf(this.descriptor)?.blksize ?? 0;
    return size > 0 && size < mostCollected ? size : mostCollected;
  }

  write(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      try {
        at += fs.writeSync(this.descriptor, bytes, at);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EPIPE') endByBrokenPipe();
        if (code !== 'EAGAIN') return;
        // A pipe that does not block, and is full.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      }
    }
  }
}

function statusOf(descriptor: number): Stats | undefined {
  try {
    return fs.fstatSync(descriptor);
  } catch {
    return undefined;
  }
}

/** Ends as programs do whose reader has gone away. Node ignores the signal unless told otherwise. */
function endByBrokenPipe(): void {
  const nothing = () => undefined;
  process.on('SIGPIPE', nothing);
  process.removeListener('SIGPIPE', nothing);
  process.kill(process.pid, 'SIGPIPE');
}
