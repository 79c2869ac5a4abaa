import type { Duplex } from 'node:stream';
import type { Attempt } from './attempt.ts';
import { CheckFailure } from './check-result.ts';

/** More than this is not kept of what nobody has read yet: the other side has to wait. */
const mostUnread = 16_384;

/** Talks with a server over a stream, whose words are not to be trusted in number or in kind. */
export class Conversation {
  readonly #stream: Duplex;
  readonly #attempt: Attempt;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #end: 'open' | 'ended' | CheckFailure = 'open';
  #wake: () => void = () => {};

  constructor(stream: Duplex, attempt: Attempt) {
    this.#stream = stream;
    this.#attempt = attempt;
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      if (this.#length > mostUnread) stream.pause();
      this.#wake();
    });
    stream.on('end', () => this.#finish('ended'));
    stream.on('error', (error) => this.#finish(this.#failureOf(error)));
    stream.on('close', () => this.#finish('ended'));
  }

  /** Sends; what comes of it shows in the answer. */
  send(data: string | Uint8Array): void {
    if (this.#stream.writable) this.#stream.write(data);
  }

  /** What has come, as soon as something has; undefined when there is no more. */
  async read(): Promise<Buffer | undefined> {
    while (this.#length === 0) {
      if (this.#end !== 'open') {
        if (this.#end === 'ended') return undefined;
        throw this.#end;
      }
      await this.#more();
    }
    return this.#take();
  }

  /** Just so many bytes. Fails when fewer come. */
  async readBytes(count: number): Promise<Buffer> {
    let found: Buffer = Buffer.alloc(0);
    while (found.length < count) {
      const chunk = await this.read();
      if (chunk === undefined) throw this.#early();
      found = found.length === 0 ? chunk : Buffer.concat([found, chunk]);
    }
    this.#putBack(found.subarray(count));
    return found.subarray(0, count);
  }

  /**
   * A line, without its end (LF or CRLF).
   *
   * @param longest More bytes without the end of a line are a failure.
   * @param orEnd Whether the end of the stream ends a line as well.
   */
  async readLine(longest: number, orEnd = false): Promise<string> {
    let found: Buffer = Buffer.alloc(0);
    for (;;) {
      const end = found.indexOf(0x0a);
      if (end > longest || (end < 0 && found.length > longest)) {
        const code = `${this.#layer}RSP` as const;
        throw new CheckFailure(code, `a line of more than ${longest} bytes`);
      }
      if (end >= 0) {
        this.#putBack(found.subarray(end + 1));
        return found.toString('latin1', 0, found[end - 1] === 0x0d ? end - 1 : end);
      }
      const chunk = await this.read();
      if (chunk === undefined) {
        if (orEnd) return found.toString('latin1');
        throw this.#early();
      }
      found = found.length === 0 ? chunk : Buffer.concat([found, chunk]);
    }
  }

  get #layer(): 'L6' | 'L7' {
    return this.#attempt.phase === 'L6' ? 'L6' : 'L7';
  }

  #early(): CheckFailure {
    return new CheckFailure(`${this.#layer}RSP`, 'the server closed the connection early');
  }

  #failureOf(error: NodeJS.ErrnoException): CheckFailure {
    const reset = error.code === 'ECONNRESET' || error.code === 'EPIPE';
    const words = reset ? 'the server reset the connection' : error.message;
    return new CheckFailure(`${this.#layer}RSP`, words, { cause: error });
  }

  #finish(how: 'ended' | CheckFailure): void {
    if (this.#end === 'open') this.#end = how;
    this.#wake();
  }

  async #more(): Promise<void> {
    this.#stream.resume();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([woken, this.#attempt.cut]);
  }

  #take(): Buffer {
    const [only, ...more] = this.#chunks.splice(0);
    this.#length = 0;
    if (only === undefined) return Buffer.alloc(0);
    return more.length === 0 ? only : Buffer.concat([only, ...more]);
  }

  #putBack(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#chunks.unshift(rest);
    this.#length += rest.length;
  }
}
