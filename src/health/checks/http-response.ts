import { CheckFailure, quote } from '../check-result.ts';

/** More than this of a status line and headers, interim answers included, is refused. */
export const mostHeaderBytes = 16_384;
/** A body is looked at up to here. */
export const mostBodyBytes = 65_536;

const longestChunkLine = 1024;

/** How the end of a body is found. */
type Framing =
  | { readonly by: 'length'; left: number }
  | { readonly by: 'chunks'; state: 'size' | 'data' | 'data-end' | 'trailers'; left: number }
  | { readonly by: 'close' };

/**
 * Reads the answer to an HTTP/1 request as it comes in, from a server that may send anything.
 *
 * It keeps at most the headers or one piece of what was pushed, and the body up to its limit. Nothing
 * is decompressed.
 */
export class HttpResponse {
  /** Undefined until the status line has come. */
  status: number | undefined;
  /** Whether all of the headers have come. */
  hasHeaders = false;
  /** Whether nothing more is wanted. */
  isComplete = false;
  /** Whether the body goes on beyond what is looked at. */
  isCut = false;
  readonly #wantsBody: boolean;
  readonly #isHead: boolean;
  #unread: Buffer = Buffer.alloc(0);
  #headerBytes = 0;
  #framing: Framing = { by: 'close' };
  readonly #body: Buffer[] = [];
  #bodyBytes = 0;

  constructor(request: { readonly method: string; readonly wantsBody: boolean }) {
    this.#isHead = request.method === 'HEAD';
    this.#wantsBody = request.wantsBody;
  }

  /** The body, as far as it is looked at. */
  get body(): Buffer {
    return Buffer.concat(this.#body);
  }

  /** Takes in what has come. @throws CheckFailure for what is no HTTP. */
  push(chunk: Buffer): void {
    if (this.isComplete) return;
    let rest = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    this.#unread = Buffer.alloc(0);
    while (!this.hasHeaders) {
      const end = endOfHeaders(rest);
      if (end === undefined) {
        refuseNonHttp(rest);
        this.#countHeaders(rest.length, false);
        this.#unread = rest;
        return;
      }
      this.#countHeaders(end, true);
      this.#readHeaders(rest.toString('latin1', 0, end));
      rest = rest.subarray(end);
    }
    this.#readBody(rest);
  }

  /** Takes in that no more will come. @throws CheckFailure when there should. */
  end(): void {
    if (this.isComplete) return;
    if (this.hasHeaders && this.#framing.by === 'close') {
      this.isComplete = true;
      return;
    }
    const nothing = this.status === undefined && this.#unread.length === 0;
    throw malformed(
      nothing ? 'the server closed the connection without an answer' : 'the answer is cut off',
    );
  }

  #countHeaders(bytes: number, consumed: boolean): void {
    if (this.#headerBytes + bytes > mostHeaderBytes) {
      throw malformed(`more than ${mostHeaderBytes} bytes of headers`);
    }
    if (consumed) this.#headerBytes += bytes;
  }

  #readHeaders(text: string): void {
    const [first = '', ...lines] = text.split(/\r?\n/);
    const status = /^HTTP\/1\.[01] ([1-9]\d\d)(?: |$)/.exec(first)?.[1];
    if (status === undefined) throw malformed(`${quote(first, 40)} is no HTTP status line`);
    this.status = Number(status);
    // An interim answer: the real one follows. 101 would be another protocol, not asked for.
    if (this.status < 200 && this.status !== 101) return;
    this.hasHeaders = true;
    const bodiless = this.#isHead || this.status === 101 || [204, 304].includes(this.status);
    if (!this.#wantsBody || bodiless) this.isComplete = true;
    else this.#framing = framingOf(lines);
  }

  #readBody(chunk: Buffer): void {
    let rest = chunk;
    while (!this.isComplete) {
      const framing = this.#framing;
      if (framing.by === 'length') {
        const piece = rest.subarray(0, framing.left);
        framing.left -= piece.length;
        this.#keep(piece);
        if (framing.left === 0) this.isComplete = true;
        return;
      }
      if (framing.by === 'close') {
        this.#keep(rest);
        return;
      }
      const next = this.#readChunk(framing, rest);
      if (next === undefined) return;
      rest = next;
    }
  }

  /** @returns What is left to be read, undefined when more has to come first. */
  #readChunk(framing: Extract<Framing, { by: 'chunks' }>, rest: Buffer): Buffer | undefined {
    if (framing.state === 'data') {
      const piece = rest.subarray(0, framing.left);
      framing.left -= piece.length;
      this.#keep(piece);
      if (framing.left > 0) return undefined;
      framing.state = 'data-end';
      return rest.subarray(piece.length);
    }
    const end = rest.indexOf(0x0a);
    if (end > longestChunkLine || (end < 0 && rest.length > longestChunkLine)) {
      throw malformed('a chunk of the body has no proper size');
    }
    if (end < 0) {
      this.#unread = rest;
      return undefined;
    }
    const line = rest.toString('latin1', 0, end).replace(/\r$/, '');
    if (framing.state === 'data-end') {
      if (line !== '') throw malformed('a chunk of the body is longer than it says');
      framing.state = 'size';
    } else if (framing.state === 'size') {
      const size = /^([0-9a-fA-F]{1,8})(?:[ \t]*;.*)?[ \t]*$/.exec(line)?.[1];
      if (size === undefined) throw malformed('a chunk of the body has no proper size');
      framing.left = Number.parseInt(size, 16);
      framing.state = framing.left === 0 ? 'trailers' : 'data';
    } else if (line === '') {
      this.isComplete = true;
    } else {
      this.#countHeaders(end + 1, true);
    }
    return rest.subarray(end + 1);
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0) return;
    const kept = piece.subarray(0, mostBodyBytes - this.#bodyBytes);
    this.#bodyBytes += kept.length;
    // A copy: the piece may be a sliver of a large buffer.
    if (kept.length > 0) this.#body.push(Buffer.from(kept));
    if (kept.length < piece.length) {
      this.isCut = true;
      this.isComplete = true;
    }
  }
}

function framingOf(lines: readonly string[]): Framing {
  const lengths = new Set<string>();
  let codings: string | undefined;
  for (const line of lines) {
    if (line === '') continue;
    const header = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0]*?)[ \t]*$/.exec(line);
    if (header === null) throw malformed(`${quote(line, 40)} is no header`);
    const [, name = '', value = ''] = header;
    if (name.toLowerCase() === 'content-length') lengths.add(value);
    if (name.toLowerCase() === 'transfer-encoding') {
      codings = codings === undefined ? value : `${codings}, ${value}`;
    }
  }
  if (codings !== undefined) {
    if (codings.toLowerCase() !== 'chunked') {
      throw malformed(`transfer encoding ${quote(codings, 40)} was not asked for`);
    }
    return { by: 'chunks', state: 'size', left: 0 };
  }
  const [length, ...others] = lengths;
  if (length === undefined) return { by: 'close' };
  if (others.length > 0 || !/^\d{1,15}$/.test(length)) {
    throw malformed('the length of the body is not one number');
  }
  return { by: 'length', left: Number(length) };
}

/** Where the empty line ends that ends the headers. */
function endOfHeaders(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) {
    if (bytes[at + 1] === 0x0a) return at + 2;
    if (bytes[at + 1] === 0x0d && bytes[at + 2] === 0x0a) return at + 3;
  }
  return undefined;
}

/** Does not wait for the end of headers of what does not begin like an answer. */
function refuseNonHttp(bytes: Buffer): void {
  const start = bytes.toString('latin1', 0, 7);
  if (!'HTTP/1.'.startsWith(start)) {
    throw malformed(`${quote(bytes.toString('latin1', 0, 40), 40)} is no HTTP status line`);
  }
}

function malformed(detail: string): CheckFailure {
  return new CheckFailure('L7RSP', detail);
}
