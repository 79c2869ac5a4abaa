import { createServer as createHttp2, createSecureServer } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { Server } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { GrpcProbe, HttpProbe, TlsExpectation } from '../../../src/config/checks.ts';
import { CheckFailure } from '../../../src/health/check-result.ts';
import {
  grpcFrame,
  healthRequest,
  readHealthResponse,
} from '../../../src/health/checks/grpc-message.ts';
import { makeCertificate } from '../../support/certificate.ts';
import {
  ask,
  askByClock,
  closeServers,
  deferred,
  listening,
  saying,
  serve,
} from '../../support/check-server.ts';

afterEach(closeServers);

const dayMs = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * dayMs);
const certificate = makeCertificate('www.example.com', inDays(300));
const tls: TlsExpectation = { name: 'www.example.com', verify: false, expiryWarningMs: 14 * dayMs };

describe('a check by TLS', () => {
  it('passes when the handshake succeeds, and asks for the name', async () => {
    const name = deferred<unknown>();
    const port = await listening(
      createTls(certificate, (socket) => {
        name.resolve(socket.servername);
      }),
    );
    expect(await ask({ kind: 'tls', tls }, port)).toEqual({
      passed: true,
      code: 'L6OK',
      detail: 'TLSv1.3',
      durationMs: expect.any(Number),
    });
    expect(await name.promise).toBe('www.example.com');
    expect(await ask({ kind: 'tls', tls: { ...tls, name: undefined } }, port)).toMatchObject({
      passed: true,
    });
  });

  it('demands a certificate that this system trusts only if told to', async () => {
    const port = await listening(createTls(certificate));
    expect(await ask({ kind: 'tls', tls: { ...tls, verify: true } }, port)).toMatchObject({
      passed: false,
      code: 'L6RSP',
      detail: 'TLS: self-signed certificate',
    });
  });

  it('warns of a certificate that ends soon, or has ended', async () => {
    const soon = await listening(createTls(makeCertificate('www.example.com', inDays(3.5))));
    expect(await ask({ kind: 'tls', tls }, soon)).toMatchObject({
      passed: true,
      warning: 'the certificate ends in 3 days',
    });
    expect(
      await ask({ kind: 'tls', tls: { ...tls, expiryWarningMs: 0 } }, soon),
    ).not.toHaveProperty('warning');
    const past = await listening(createTls(makeCertificate('www.example.com', inDays(-2))));
    const { passed, warning } = await ask({ kind: 'tls', tls }, past);
    expect([passed, warning]).toEqual([true, expect.stringMatching(/^the certificate ended on /)]);
  });

  it('fails when the server speaks no TLS, closes, or says nothing', async () => {
    expect(await ask({ kind: 'tls', tls }, await saying('SSH-2.0-OpenSSH\r\n'))).toMatchObject({
      passed: false,
      code: 'L6RSP',
    });
    expect(await ask({ kind: 'tls', tls }, await serve((socket) => socket.end()))).toMatchObject({
      code: 'L6RSP',
    });
    const heard = deferred();
    const silent = await serve((socket) => socket.once('data', () => heard.resolve()));
    const { clock, running } = askByClock({ kind: 'tls', tls }, silent);
    await heard.promise;
    clock.tick(1000);
    expect(await running.result).toMatchObject({ code: 'L6TOUT' });
  });
});

describe('a check by HTTPS and HTTP/2', () => {
  const probe: HttpProbe = {
    kind: 'http',
    tls,
    http2: false,
    method: 'GET',
    path: '/healthz',
    host: 'www.example.com',
    headers: [{ name: 'x-probe', value: 'yes' }],
    statuses: [{ first: 200, last: 200 }],
    body: { type: 'contains', text: 'well' },
  };
  const secure = () => createSecureServer(certificate) as unknown as Server;

  it('asks within TLS', async () => {
    const port = await listening(
      createHttps(certificate, (request, response) => {
        response.end(`${request.url} is well`);
      }),
    );
    expect(await ask(probe, port)).toMatchObject({
      passed: true,
      code: 'L7OK',
      detail: 'HTTP status 200',
    });
    expect(
      await ask({ ...probe, path: '/x', body: { type: 'contains', text: '/y' } }, port),
    ).toMatchObject({ code: 'L7STS' });
  });

  it('speaks HTTP/2 with and without TLS', async () => {
    for (const [server, own] of [
      [secure(), {}],
      [createHttp2() as unknown as Server, { tls: undefined }],
    ] as const) {
      let asked: unknown;
      server.on('stream', (stream, headers) => {
        asked = headers;
        stream.respond({ ':status': 200 });
        stream.end('all well');
      });
      expect(await ask({ ...probe, ...own, http2: true }, await listening(server))).toMatchObject({
        passed: true,
        detail: 'HTTP status 200',
      });
      expect(asked).toMatchObject({
        ':method': 'GET',
        ':path': '/healthz',
        ':authority': 'www.example.com',
        'x-probe': 'yes',
      });
    }
  });

  it('fails by status, body and protocol over HTTP/2 as well', async () => {
    const server = secure();
    server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      if (headers[':path'] === '/reset') stream.close(2);
      else if (headers[':path'] === '/endless') {
        stream.respond({ ':status': 200 });
        stream.write(Buffer.alloc(1_000_000, 'x'));
      } else {
        stream.respond({ ':status': 503 });
        stream.end();
      }
    });
    const port = await listening(server);
    const http2 = { ...probe, http2: true };
    expect(await ask(http2, port)).toMatchObject({
      code: 'L7STS',
      detail: 'HTTP status 503, expected 200',
    });
    expect(await ask({ ...http2, path: '/reset' }, port)).toMatchObject({ code: 'L7RSP' });
    expect(await ask({ ...http2, path: '/endless' }, port)).toMatchObject({ code: 'L7STS' });
    const old = await listening(createHttps(certificate));
    expect(await ask(http2, old)).toMatchObject({ passed: false, code: 'L6RSP' });
    const plain = { ...http2, tls: undefined };
    expect(
      await ask(plain, await saying('HTTP/1.1 400 Bad Request\r\n\r\n', 'data')),
    ).toMatchObject({ code: 'L7RSP' });
    expect(await ask(plain, await serve((socket) => socket.end()))).toMatchObject({
      code: 'L7RSP',
    });
  });
});

describe('a check by gRPC', () => {
  const probe: GrpcProbe = {
    kind: 'grpc',
    tls: undefined,
    service: 'shop.Cart',
    host: 'cart.example',
  };

  /** A health service that answers with a state, or fails with a status. */
  async function health(state: number | undefined, status = '0', heard: unknown[] = []) {
    const server = createHttp2();
    server.on('stream', (stream, headers) => {
      const parts: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => parts.push(chunk));
      stream.on('end', () => {
        heard.push([
          headers[':path'],
          headers['content-type'],
          Buffer.concat(parts).toString('latin1'),
        ]);
        if (state === undefined) {
          stream.respond({ ':status': 200, 'grpc-status': status }, { endStream: true });
          return;
        }
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc' },
          { waitForTrailers: true },
        );
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
        stream.end(grpcFrame(Buffer.from([0x08, state])));
      });
    });
    return await listening(server as unknown as Server);
  }

  it('passes when the service serves', async () => {
    const heard: unknown[] = [];
    expect(await ask(probe, await health(1, '0', heard))).toMatchObject({
      passed: true,
      code: 'L7OK',
      detail: 'SERVING',
    });
    expect(heard).toEqual([
      ['/grpc.health.v1.Health/Check', 'application/grpc', '\0\0\0\0\x0b\x0a\x09shop.Cart'],
    ]);
  });

  it('fails when it does not, or is not known', async () => {
    expect(await ask(probe, await health(2))).toMatchObject({
      code: 'L7STS',
      detail: 'the service is NOT_SERVING',
    });
    expect(await ask(probe, await health(0))).toMatchObject({ detail: 'the service is UNKNOWN' });
    expect(await ask(probe, await health(9))).toMatchObject({ code: 'L7RSP' });
    expect(await ask(probe, await health(undefined, '5'))).toMatchObject({
      code: 'L7STS',
      detail: 'gRPC status "5": it does not know that service',
    });
    expect(await ask(probe, await health(undefined, '12'))).toMatchObject({
      detail: 'gRPC status "12": it has no health service',
    });
    expect(await ask(probe, await health(undefined, '0'))).toMatchObject({ code: 'L7RSP' });
  });

  it('asks within TLS, where HTTP/2 has to be agreed on', async () => {
    const old = await listening(createHttps(certificate));
    expect(await ask({ ...probe, tls }, old)).toMatchObject({ code: 'L6RSP' });
  });
});

describe('a gRPC message', () => {
  const read = (...bytes: readonly number[]) =>
    readHealthResponse(Buffer.from(grpcFrame(Uint8Array.from(bytes))));

  it('is read past fields that are not known', () => {
    expect(read()).toBe('UNKNOWN');
    expect(read(0x10, 0x96, 0x01, 0x08, 0x01)).toBe('SERVING');
    expect(read(0x08, 0x01, 0x12, 0x02, 0x08, 0x02)).toBe('SERVING');
    expect(read(0x15, 1, 2, 3, 4, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x08, 0x02)).toBe('NOT_SERVING');
    expect(Buffer.from(healthRequest('')).length).toBe(0);
    expect(healthRequest('x'.repeat(200)).subarray(0, 3)).toEqual(Buffer.from([0x0a, 0xc8, 0x01]));
  });

  it('is refused when it is cut off or broken', () => {
    for (const bytes of [
      [0x08],
      [0x12, 0x7f],
      [0x0b],
      Array(12).fill(0xff),
      [0x15, 1],
      [0x08, 0x07],
    ]) {
      expect(() => read(...bytes)).toThrow(CheckFailure);
    }
    expect(() => readHealthResponse(Buffer.from([0, 0, 0]))).toThrow(CheckFailure);
    expect(() => readHealthResponse(Buffer.from([1, 0, 0, 0, 0]))).toThrow('compressed');
    expect(() => readHealthResponse(Buffer.from([0, 0, 0, 0, 9, 8]))).toThrow('cut off');
  });
});
