import {
  connect,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Attempt } from '../attempt.ts';
import { CheckFailure } from '../check-result.ts';
import { mostBodyBytes, mostHeaderBytes } from './http-response.ts';

export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Empty when there were none, or nobody waited for the body. */
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly isCut: boolean;
}

/**
 * Makes one request over a connection of its own, on which HTTP/2 has been agreed.
 *
 * @param content Sent as the request's body; undefined for none.
 * @param wantsBody Whether to wait for the answer's body.
 */
export async function exchangeHttp2(
  stream: Duplex,
  headers: OutgoingHttpHeaders,
  content: Uint8Array | undefined,
  attempt: Attempt,
  wantsBody: boolean,
): Promise<Http2Answer> {
  const session = connect(`${headers[':scheme']}://${headers[':authority']}`, {
    createConnection: () => stream,
    settings: { enablePush: false, maxHeaderListSize: mostHeaderBytes },
    // In megabytes: the least that there is.
    maxSessionMemory: 1,
    maxOutstandingPings: 1,
  });
  attempt.defer(() => session.destroy());
  const answer = new Promise<Http2Answer>((resolve, reject) => {
    const fail = (error: Error): void => reject(failureOf(error));
    const early = (): void => fail(new Error('the server closed the connection early'));
    session.on('error', fail);
    session.on('goaway', (code) => {
      if (code !== constants.NGHTTP2_NO_ERROR) fail(new Error(`GOAWAY with error ${code}`));
    });
    session.on('close', early);
    const request = session.request(headers, { endStream: content === undefined });
    let received: (IncomingHttpHeaders & IncomingHttpStatusHeader) | undefined;
    let trailers: IncomingHttpHeaders = {};
    let isCut = false;
    let length = 0;
    const body: Buffer[] = [];
    const whole = (): Buffer => Buffer.concat(body);
    const done = (): void => {
      const headers = received;
      if (headers === undefined) early();
      else resolve({ status: headers[':status'] ?? 0, headers, trailers, body: whole(), isCut });
    };
    request.on('error', fail);
    request.on('response', (got) => {
      received = got;
      if (!wantsBody) done();
    });
    request.on('trailers', (got) => {
      trailers = got;
    });
    request.on('data', (chunk: Buffer) => {
      const kept = chunk.subarray(0, mostBodyBytes - length);
      body.push(kept);
      length += kept.length;
      if (kept.length === chunk.length) return;
      isCut = true;
      done();
    });
    request.on('end', done);
    request.on('close', done);
    if (content !== undefined) request.end(content);
  });
  // The deadline may have come first.
  answer.catch(() => {});
  return await Promise.race([answer, attempt.cut]);
}

function failureOf(error: NodeJS.ErrnoException): CheckFailure {
  const reset = error.code === 'ECONNRESET' || error.code === 'EPIPE';
  const words = reset ? 'the server reset the connection' : `HTTP/2: ${error.message}`;
  return new CheckFailure('L7RSP', words, { cause: error });
}
