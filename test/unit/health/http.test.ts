import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpProbe } from '../../../src/config/checks.ts';
import {
  ask,
  askByClock,
  closedPort,
  closeServers,
  deferred,
  listening,
  saying,
  serve,
} from '../../support/check-server.ts';
import { settled } from '../../support/fake-clock.ts';

afterEach(closeServers);

const probe: HttpProbe = {
  kind: 'http',
  tls: undefined,
  http2: false,
  method: 'GET',
  path: '/healthz?full=1',
  host: 'www.example.com',
  headers: [],
  statuses: [{ first: 200, last: 299 }],
  body: undefined,
};
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world';

describe('a check by HTTP', () => {
  it('asks as it is told, and passes by the status', async () => {
    const seen: unknown[] = [];
    const server = createServer((request, response) => {
      const { method, url, headers } = request;
      seen.push({ method, url, headers });
      response.writeHead(204).end();
    });
    const port = await listening(server);
    const headers = [
      { name: 'x-probe', value: 'yes' },
      { name: 'user-agent', value: 'mine' },
    ];
    expect(await ask({ ...probe, method: 'POST', headers }, port)).toMatchObject({
      passed: true,
      code: 'L7OK',
      detail: 'HTTP status 204',
    });
    expect(seen).toEqual([
      {
        method: 'POST',
        url: '/healthz?full=1',
        headers: {
          host: 'www.example.com',
          'user-agent': 'mine',
          accept: '*/*',
          'accept-encoding': 'identity',
          'x-probe': 'yes',
          'content-length': '0',
          connection: 'close',
        },
      },
    ]);
  });

  it('fails by a status that is not expected', async () => {
    const port = await saying('HTTP/1.1 503 Busy\r\n\r\n', 'data');
    expect(await ask(probe, port)).toMatchObject({
      passed: false,
      code: 'L7STS',
      detail: 'HTTP status 503, expected 200-299',
    });
    const statuses = [
      { first: 200, last: 299 },
      { first: 503, last: 503 },
    ];
    expect(await ask({ ...probe, statuses }, port)).toMatchObject({ passed: true });
  });

  it('looks for a text, a pattern and a digest in the body', async () => {
    const port = await saying(ok, 'data');
    const digest = createHash('sha256').update('hello world').digest('hex');
    const passes = async (body: HttpProbe['body']) => await ask({ ...probe, body }, port);
    expect(await passes({ type: 'contains', text: 'lo wo' })).toMatchObject({ passed: true });
    expect(await passes({ type: 'contains', text: 'LO' })).toMatchObject({ code: 'L7STS' });
    expect(await passes({ type: 'matches', pattern: /^hel+o\b/ })).toMatchObject({ passed: true });
    expect(await passes({ type: 'matches', pattern: /^hello$/ })).toMatchObject({ code: 'L7STS' });
    expect(await passes({ type: 'sha256', digest })).toMatchObject({ passed: true });
    expect(await passes({ type: 'sha256', digest: '0'.repeat(64) })).toMatchObject({
      code: 'L7STS',
      detail: `the body has the digest ${digest}`,
    });
  });

  it('stops a pattern that would take for ever', async () => {
    const port = await serve((socket) => socket.end(`HTTP/1.0 200 OK\r\n\r\n${'a'.repeat(60)}!`));
    const body = { type: 'matches', pattern: /^(a+)+$/ } as const;
    const before = performance.now();
    expect(await ask({ ...probe, body }, port)).toMatchObject({ passed: false, code: 'L7RSP' });
    expect(performance.now() - before).toBeLessThan(5000);
  });

  it('does not open a bomb', async () => {
    const zeros = Buffer.alloc(1000);
    const head = 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1000\r\n\r\n';
    const port = await saying(Buffer.concat([Buffer.from(head), zeros]), 'data');
    const body = { type: 'contains', text: 'secret' } as const;
    expect(await ask({ ...probe, body }, port)).toMatchObject({ code: 'L7STS' });
  });

  it('does not read a body without end', async () => {
    let sent = 0;
    const port = await serve((socket) => {
      const chunk = Buffer.alloc(65_536, 'x');
      const more = (): void => {
        while (!socket.destroyed && socket.write(chunk)) sent += chunk.length;
      };
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.on('drain', more);
      more();
    });
    const body = { type: 'contains', text: 'y' } as const;
    expect(await ask({ ...probe, body }, port)).toMatchObject({ code: 'L7STS' });
    expect(sent).toBeLessThan(64_000_000);
    const digest = '0'.repeat(64);
    expect(await ask({ ...probe, body: { type: 'sha256', digest } }, port)).toMatchObject({
      code: 'L7STS',
      detail: 'the body is too large for a digest of it',
    });
  });

  it('says in which way a server is not there', async () => {
    expect(await ask(probe, await closedPort())).toMatchObject({
      passed: false,
      code: 'L4CON',
      detail: 'connection refused',
    });
    const closes = await serve((socket) => socket.end());
    expect(await ask(probe, closes)).toMatchObject({ code: 'L7RSP' });
    const resets = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await ask(probe, resets)).toMatchObject({
      code: 'L7RSP',
      detail: 'the server reset the connection',
    });
    const garbage = await saying(Buffer.from([0, 1, 2, 255, 10, 13, 0]));
    const { code, detail } = await ask(probe, garbage);
    expect(code).toBe('L7RSP');
    expect(detail).not.toMatch(/\p{Cc}/u);
  });
});

describe('the deadline of a check', () => {
  it('ends it while the server says nothing, and closes the connection', async () => {
    const closed = deferred();
    const connected = deferred<Socket>();
    const port = await serve((socket) => {
      socket.once('data', () => connected.resolve(socket));
      socket.once('close', () => closed.resolve());
    });
    const { clock, running } = askByClock(probe, port);
    await connected.promise;
    clock.tick(999);
    await settled();
    clock.tick(1);
    expect(await running.result).toEqual({
      passed: false,
      code: 'L7TOUT',
      detail: 'no answer within 1000 ms',
      durationMs: 1000,
    });
    await closed.promise;
    expect(clock.timers).toBe(0);
  });

  it('does not move for a server that drips', async () => {
    const asked = deferred<Socket>();
    const port = await serve((socket) => socket.once('data', () => asked.resolve(socket)));
    const { clock, running } = askByClock(probe, port);
    const socket = await asked.promise;
    for (const character of ok.slice(0, 10)) {
      socket.write(character);
      await settled();
      clock.tick(100);
    }
    expect(await running.result).toMatchObject({ code: 'L7TOUT', durationMs: 1000 });
  });

  it('holds for the connecting as well', async () => {
    // Nothing runs in between: the answer, whatever it is, comes too late.
    const { clock, running } = askByClock({ kind: 'tcp' }, 1);
    clock.tick(1000);
    expect(await running.result).toMatchObject({ passed: false, code: 'L4TOUT' });
  });

  it('does not matter to who calls the check off', async () => {
    const port = await serve(() => undefined);
    const { running, clock } = askByClock(probe, port);
    await settled();
    running.cancel();
    expect(await running.result).toMatchObject({
      code: 'SOCKERR',
      detail: 'the check was called off',
    });
    expect(clock.timers).toBe(0);
  });
});
