import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CheckFailure } from '../../../src/health/check-result.ts';
import { HttpResponse } from '../../../src/health/checks/http-response.ts';

interface Read {
  readonly status: number | undefined;
  readonly body: string;
  readonly isCut: boolean;
  readonly failure: string | undefined;
}

function read(chunks: readonly Buffer[], method = 'GET', wantsBody = true): Read {
  const response = new HttpResponse({ method, wantsBody });
  let failure: string | undefined;
  try {
    for (const chunk of chunks) response.push(chunk);
    response.end();
  } catch (error) {
    if (!(error instanceof CheckFailure)) throw error;
    failure = error.message;
  }
  const { status, body, isCut } = response;
  return { status, body: body.toString('latin1'), isCut, failure };
}

const readText = (text: string, method?: string, wantsBody?: boolean) =>
  read([Buffer.from(text, 'latin1')], method, wantsBody);

const bodies: Readonly<Record<string, [text: string, body: string]>> = {
  'a length': ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more', 'hello'],
  'no length': ['HTTP/1.0 200 OK\r\n\r\nhello', 'hello'],
  'no reason': ['HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n', ''],
  'lines of Unix': ['HTTP/1.1 200 OK\nContent-Length: 2\n\nhi', 'hi'],
  chunks: [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: x\r\n\r\n',
    'hello world',
  ],
  'interim answers': [
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx',
    'x',
  ],
  'the same length twice': [
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\nx',
    'x',
  ],
  'chunks that win over a length': [
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    'x',
  ],
};

const broken: Readonly<Record<string, [text: string, failure: string]>> = {
  nothing: ['', 'without an answer'],
  'no status line': ['220 smtp.example ESMTP\r\n', 'is no HTTP status line'],
  'half a status line': ['HTTP/1.1 20', 'cut off'],
  'a status of four digits': ['HTTP/1.1 2000 OK\r\n\r\n', 'is no HTTP status line'],
  'a status of two': ['HTTP/1.1 20 OK\r\n\r\n', 'is no HTTP status line'],
  'HTTP/2': ['HTTP/2 200\r\n\r\n', 'is no HTTP status line'],
  NULs: ['HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n', 'is no header'],
  'a header without a name': ['HTTP/1.1 200 OK\r\n: x\r\n\r\n', 'is no header'],
  'two lengths': [
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
    'not one number',
  ],
  'a negative length': ['HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', 'not one number'],
  'a length beyond all numbers': [
    `HTTP/1.1 200 OK\r\nContent-Length: ${'9'.repeat(40)}\r\n\r\n`,
    'not one number',
  ],
  'a body that is cut off': ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', 'cut off'],
  'chunks that are cut off': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    'cut off',
  ],
  'a chunk without size': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n',
    'no proper size',
  ],
  'a chunk of a size beyond all numbers': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n',
    'no proper size',
  ],
  'a chunk longer than it says': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n',
    'longer than it says',
  ],
  'gzip as transfer encoding': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
    'was not asked for',
  ],
  'headers without an end': [`HTTP/1.1 200 OK\r\n${'a'.repeat(16_384)}`, 'bytes of headers'],
  'too many headers': [`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(4000)}\r\n`, 'bytes of headers'],
  'interim answers without end': ['HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000), 'bytes of headers'],
  'trailers without end': [
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'a: b\r\n'.repeat(4000)}`,
    'bytes of headers',
  ],
};

describe('an answer over HTTP/1', () => {
  it.each(Object.entries(bodies))('is read with %s', (_, [text, body]) => {
    expect(readText(text)).toEqual({ status: 200, body, isCut: false, failure: undefined });
  });

  it.each(Object.entries(broken))('is refused with %s', (_, [text, failure]) => {
    expect(readText(text).failure).toContain(failure);
  });

  it('has no body when there cannot be one, or nobody wants it', () => {
    expect(readText('HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n')).toMatchObject({
      status: 204,
      failure: undefined,
    });
    expect(readText('HTTP/1.1 304 No\r\n\r\n')).toMatchObject({ status: 304, failure: undefined });
    expect(readText('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'HEAD')).toMatchObject({
      status: 200,
      failure: undefined,
    });
    expect(readText('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'GET', false)).toMatchObject({
      status: 200,
      failure: undefined,
    });
  });

  it('is looked at up to 64 KiB, whatever it says of its length', () => {
    const head = 'HTTP/1.1 200 OK\r\n';
    const huge = 'x'.repeat(100_000);
    for (const text of [
      `${head}\r\n${huge}`,
      `${head}Content-Length: 999999999\r\n\r\n${huge}`,
      `${head}Transfer-Encoding: chunked\r\n\r\nffffffff\r\n${huge}`,
    ]) {
      const { body, isCut, failure } = readText(text);
      expect([body.length, isCut, failure]).toEqual([65_536, true, undefined]);
    }
  });

  it('is the same however it is cut into packets', () => {
    const texts = [...Object.values(bodies), ...Object.values(broken)].map(([text]) =>
      text.slice(0, 600),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.array(fc.nat({ max: 600 }), { maxLength: 12 }),
        (text, cuts) => {
          const bytes = Buffer.from(text, 'latin1');
          const places = [
            0,
            ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((one, other) => one - other),
            bytes.length,
          ];
          const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
          const { status, body, isCut, failure } = read(chunks);
          const whole = readText(text);
          expect([status, body, isCut, failure === undefined]).toEqual([
            whole.status,
            whole.body,
            whole.isCut,
            whole.failure === undefined,
          ]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('may be anything at all: it is read or refused', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(
          'HTTP/1.1 200 OK\r\n',
          'Content-Length: 3\r\n',
          'Transfer-Encoding: chunked\r\n',
          '\r\n',
          '\n',
          '3\r\nabc\r\n',
          '0\r\n',
          'a: b\r\n',
        )
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (chunks) => {
        const { body, failure, status } = read(chunks);
        expect(failure !== undefined || (status !== undefined && body.length <= 65_536)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
