import { once } from 'node:events';
import { chmod, lstat, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { groupNumber, mayOperate, userName } from '../../../src/control/access.ts';
import { ControlClient } from '../../../src/control/client.ts';
import { ControlError } from '../../../src/control/control-error.ts';
import { type ControlOptions, ControlServer } from '../../../src/control/server.ts';
import type { DirectorEvent } from '../../../src/observe/director-event.ts';
import { Recorder } from '../../../src/observe/recorder.ts';
import { StateError } from '../../../src/observe/state-error.ts';
import type { PeerCredentials } from '../../../src/system/peer.ts';
import { FakeDirector, statisticsFrom } from '../../support/fake-director.ts';

const root: PeerCredentials = { uid: 0, gid: 0, pid: 1, groups: [] };

let folder: string;
let socket: string;
let director: FakeDirector;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvskit-control-'));
  const made = folder;
  onTestFinished(() => rm(made, { recursive: true }));
  socket = join(folder, 'run', 'control.sock');
  director = new FakeDirector();
});

async function serve(own: Partial<ControlOptions> = {}): Promise<ControlServer> {
  const server = await ControlServer.open({
    settings: { socket, group: undefined },
    operations: director,
    peerOf: () => root,
    ...own,
  });
  onTestFinished(() => server.close());
  return server;
}

const client = (own = {}) => new ControlClient({ socket, ...own });

/** Sends text as it is, and resolves to all that is answered. */
async function raw(text: string | readonly string[]): Promise<string> {
  const connection = connect(socket);
  connection.on('error', () => undefined);
  let answered = '';
  connection.setEncoding('utf8').on('data', (piece: string) => {
    answered += piece;
  });
  for (const piece of [text].flat()) connection.write(piece);
  await once(connection, 'close');
  return answered;
}

const get = (path: string, method = 'GET') =>
  raw(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);

describe('the control socket', () => {
  it('says how the director stands, counters with every digit', async () => {
    await serve();
    const status = await client().status();
    expect(status).toMatchObject({
      version: 1,
      director: { version: '1.2.3', pid: 4321, state: 'running' },
      configuration: { files: ['/etc/lvskit/lvskit.yaml'] },
    });
    const [web] = status.services;
    expect(web?.statistics?.packetsIn).toBe(String(statisticsFrom(100n).packetsIn));
    expect(web?.servers[0]).toMatchObject({ server: '10.0.0.11:80', state: 'up' });
  });

  it('takes what is wanted of a server, in the name of who wants it, and leaves the rest', async () => {
    await serve();
    const name = await userName(0);
    expect(await client().override({ service: 'web', server: '10.0.0.11', mode: 'drain' })).toEqual(
      {
        version: 1,
        service: 'web',
        server: '10.0.0.11:80',
        before: { mode: 'ready' },
        after: { mode: 'drain' },
      },
    );
    // Whichever comes first, none undoes what the other has done.
    await Promise.all([
      client().override({ service: 'web', server: '10.0.0.11:80', weight: 9 }),
      client().override({ service: 'tcp 192.0.2.1:80', server: '10.0.0.11:80', mode: 'maint' }),
    ]);
    const { override } = director.monitor.server('web', '10.0.0.11:80');
    expect(override).toEqual({ mode: 'maint', weight: 9 });
    const { after } = await client().override({
      service: 'web',
      server: '10.0.0.11',
      weight: null,
    });
    expect(after).toEqual({ mode: 'maint' });
    expect(new Set(director.askedBy)).toEqual(new Set([name]));
  });

  it.each([
    [{ service: 'wbe', server: '10.0.0.11' }, 'NO_SUCH_SERVICE', 'did you mean "web"?'],
    [
      { service: 'web', server: '10.0.0.99' },
      'NO_SUCH_SERVER',
      'it has 10.0.0.11:80, 10.0.0.12:80',
    ],
    [{ service: 'web', server: 'one' }, 'NO_SUCH_SERVER', 'has no server one'],
    [{ service: 'web' }, 'INVALID', 'server'],
    [{ service: 'web', server: '10.0.0.11', mode: 'gone' }, 'INVALID', 'mode'],
    [{ service: 'web', server: '10.0.0.11', weight: -1 }, 'INVALID', 'weight'],
    [{ service: 'web', server: '10.0.0.11', wieght: 1 }, 'INVALID', 'wieght'],
  ])('refuses %j', async (request, refusal, words) => {
    await serve();
    const body = { mode: 'drain', ...request } as never;
    await expect(client().override(body)).rejects.toMatchObject({
      code: 'CONTROL_REFUSED',
      refusal,
      message: expect.stringContaining(words),
    });
    expect(director.askedBy).toEqual([]);
  });

  it('passes on that an override could not be kept, and that a reload is refused, and why', async () => {
    await serve();
    const full = Object.assign(new Error('x'), { code: 'ENOSPC' });
    const request = { service: 'web', server: '10.0.0.11', mode: 'drain' } as const;
    director.override = () =>
      Promise.reject(new StateError('STATE_NOT_KEPT', 'cannot keep overrides', full));
    await expect(client().override(request)).rejects.toMatchObject({
      refusal: 'STATE_NOT_KEPT',
      message: 'cannot keep overrides: the disk is full',
    });
    expect(await client().reload()).toEqual({ version: 1, services: 2, changes: 1 });
    try {
      parseConfig('services: 1', 'lvskit.yaml');
    } catch (error) {
      director.failure = error as ConfigError;
    }
    expect(director.failure).toBeInstanceOf(ConfigError);
    await expect(client().reload()).rejects.toMatchObject({
      refusal: 'CONFIG_INVALID',
      file: 'lvskit.yaml',
      problems: [expect.objectContaining({ line: 1, column: 11 })],
    });
  });

  it('streams events as they come, after those that were asked for from before', async () => {
    const stateDirectory = join(folder, 'state');
    const now = () => director.clock.wallTime();
    const recorder = await Recorder.open({ stateDirectory, bytes: 1 << 20, now });
    recorder.attach(director);
    onTestFinished(() => recorder.close());
    const history = {
      stateDirectory,
      statistics: recorder.statistics,
      flush: () => recorder.flush(),
    };
    await serve({ history });
    director.emit({ event: 'drained', service: 'web', server: 'a' });
    director.emit({ event: 'drained', service: 'api:8080', server: 'b' });
    director.emit({ event: 'drained', service: 'web', server: 'c' });
    const stop = new AbortController();
    const stream = client({ signal: stop.signal }).events({ last: 1, service: 'web' });
    const servers: string[] = [];
    for await (const event of stream) {
      if (event.event !== 'drained') continue;
      servers.push(event.server);
      if (servers.length === 1) {
        director.emit({ event: 'drained', service: 'api:8080', server: 'd' });
        director.emit({ event: 'drained', service: 'web', server: 'e' });
      }
      if (servers.length === 2) break;
    }
    expect(servers).toEqual(['c', 'e']);
    await expect.poll(() => director.listeners, { timeout: 10_000 }).toBe(1);

    const told: DirectorEvent[] = [];
    for await (const event of client().history({ service: 'web' })) told.push(event);
    expect(told.map((event) => 'server' in event && event.server)).toEqual(['a', 'c', 'e']);
    const last: DirectorEvent[] = [];
    for await (const event of client().history({ last: 2, events: ['drained'] })) last.push(event);
    expect(last.map((event) => 'server' in event && event.server)).toEqual(['d', 'e']);
    const { services } = await client().availability();
    expect(services.map(({ service }) => service)).toEqual(['web', 'api:8080']);
    await expect(client().availability('gone')).rejects.toMatchObject({
      refusal: 'NO_SUCH_SERVICE',
    });
  });

  it('ends a stream when it closes, and says so to who follows', async () => {
    const server = await serve();
    const stream = client().events();
    const broken = expect(stream.next()).rejects.toMatchObject({ code: 'CONTROL_FAILED' });
    await expect.poll(() => director.listeners, { timeout: 10_000 }).toBe(1);
    await server.close();
    await broken;
    expect(director.listeners).toBe(0);
  });

  it('knows its routes, methods and parameters, and no others', async () => {
    await serve();
    expect(await get('/v1/nothing')).toMatch(/^HTTP\/1.1 404 .*"code":"NO_SUCH_ROUTE"/s);
    expect(await get('/v1/status', 'DELETE')).toMatch(/^HTTP\/1.1 405 .*Allow: GET\r\n/s);
    expect(await get('/v1/reload')).toMatch(/^HTTP\/1.1 405 .*Allow: POST\r\n/s);
    expect(await get('/v1/status?deep=1')).toMatch(/^HTTP\/1.1 400 .*no parameter \\"deep\\"/s);
    expect(await get('/v1/history?last=-1')).toMatch(/^HTTP\/1.1 400 .*must be a whole number/s);
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(await raw(`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 /,
    );
  });

  it('tells an error of the director as one, and to the director', async () => {
    const errors: unknown[] = [];
    await serve({ onError: (error) => errors.push(error) });
    director.failure = new Error('the kernel is gone');
    await expect(client().status()).rejects.toMatchObject({
      refusal: 'FAILED',
      message: 'the kernel is gone',
    });
    expect(errors).toHaveLength(1);
    await client().status();
  });

  it('takes no body over its limit, said to be so or not, and none that is no JSON', async () => {
    await serve();
    const head = 'POST /v1/override HTTP/1.1\r\nHost: x\r\n';
    expect(await raw(`${head}Content-Length: 70000\r\n\r\n{`)).toMatch(/413 .*"TOO_LARGE"/s);
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
    const chunks = Array.from({ length: 5 }, () => chunk);
    expect(await raw([`${head}Transfer-Encoding: chunked\r\n\r\n`, ...chunks])).toMatch(/413 /);
    expect(await raw(`${head}Content-Length: 2\r\n\r\n{]`)).toMatch(/400 .*the body is no JSON/s);
  });
});

describe('who may operate', () => {
  it.each<[string, Partial<PeerCredentials>, boolean]>([
    ['root', { uid: 0 }, true],
    ["the director's own user", { uid: 500 }, true],
    ['whose group it is', { uid: 1000, gid: 77 }, true],
    ['who is a member of the group', { uid: 1000, groups: [5, 77] }, true],
    ['nobody else', { uid: 1000, gid: 1000, groups: [5] }, false],
  ])('is %s', (_who, peer, may) => {
    const whole = { uid: 0, gid: 1000, groups: [], ...peer };
    expect(mayOperate(whole, { ownUser: 500, group: 77 })).toBe(may);
    expect(mayOperate({ ...whole, uid: 1000 }, { ownUser: 500, group: undefined })).toBe(false);
  });

  it('is asked at every request: others are refused, whatever they ask for', async () => {
    await serve({ peerOf: () => ({ ...root, uid: 1000, gid: 1000 }) });
    await expect(client().status()).rejects.toMatchObject({
      code: 'CONTROL_NOT_PERMITTED',
      message: expect.stringContaining('this user may not operate the director (be root'),
    });
    expect(await get('/v1/nothing')).toMatch(/^HTTP\/1.1 403 /);
    await expect(client().events().next()).rejects.toMatchObject({ code: 'CONTROL_NOT_PERMITTED' });
    expect(director.statusCalls).toBe(0);
  });

  it('is nobody when the kernel does not know who it is', async () => {
    const peerOf = () => {
      throw new Error('gone');
    };
    await serve({ peerOf });
    await expect(client().status()).rejects.toMatchObject({ code: 'CONTROL_NOT_PERMITTED' });
  });

  it('reads users and groups from their files', async () => {
    const file = join(folder, 'group');
    await writeFile(file, 'root:x:0:\nlvsadm:x:997:alice\nbroken\n');
    expect(await groupNumber('lvsadm', file)).toBe(997);
    expect(await groupNumber('12')).toBe(12);
    expect(await groupNumber('broken', file)).toBeUndefined();
    expect(await groupNumber('nobody-has-this', file)).toBeUndefined();
    expect(await groupNumber('lvsadm', join(folder, 'none'))).toBeUndefined();
    expect(await userName(997, file)).toBe('lvsadm');
    expect(await userName(4242, file)).toBe('user 4242');
  });

  it('is nobody besides the director where there is no group, and one that is not there is told', async () => {
    await serve();
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    const settings = { socket: join(folder, 'other.sock'), group: 'no-such-group-here' };
    await expect(serve({ settings })).rejects.toMatchObject({
      code: 'CONTROL_UNUSABLE',
      message: expect.stringContaining('there is no group no-such-group-here'),
    });
  });

  it('is the group of the socket as well', async () => {
    const group = String(process.getegid?.());
    await serve({ settings: { socket, group } });
    const { mode, gid } = await stat(socket);
    expect(mode & 0o777).toBe(0o660);
    expect(String(gid)).toBe(group);
  });
});

describe('the path of the control socket', () => {
  it('is taken over from a director that has ended without taking it away', async () => {
    const dead = createServer().listen(join(folder, 'dead.sock'));
    await once(dead, 'listening');
    // Node takes the socket away when it closes; a killed director does not.
    const { rename } = await import('node:fs/promises');
    await rename(join(folder, 'dead.sock'), join(folder, 'left.sock'));
    await once(dead.close(), 'close');
    expect((await lstat(join(folder, 'left.sock'))).isSocket()).toBe(true);
    socket = join(folder, 'left.sock');
    await serve();
    await client().status();
  });

  it('is not taken from a director that answers, nor from what is no socket', async () => {
    const first = await serve();
    await expect(serve()).rejects.toMatchObject({
      code: 'CONTROL_UNUSABLE',
      message: `cannot listen at ${socket}: another director answers there`,
    });
    await client().status();
    await first.close();
    await writeFile(socket, 'mine');
    await expect(serve()).rejects.toThrow('there is something else than a socket');
  });

  it('is free again when the director has closed it, and says what to do when none is there', async () => {
    const server = await serve();
    await server.close();
    await expect(stat(socket)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(client().status()).rejects.toMatchObject({
      code: 'CONTROL_NOT_RUNNING',
      message: expect.stringContaining('systemctl start lvskit'),
    });
    await serve();
    await client().status();
  });

  it('says so where the user may not even connect', async () => {
    await serve();
    if (process.geteuid?.() === 0) return;
    await chmod(socket, 0o000);
    await expect(client().status()).rejects.toMatchObject({ code: 'CONTROL_NOT_PERMITTED' });
  });
});

describe('clients that mean no good', () => {
  const idle = async (): Promise<Socket> => {
    const connection = connect(socket);
    await new Promise<void>((resolve) => {
      connection.on('error', () => resolve());
      connection.on('connect', () => resolve());
    });
    return connection;
  };

  it('are a thousand that say nothing, and the director answers all the same', async () => {
    const server = await serve();
    const all: Socket[] = [];
    // No more at a time than may wait to be accepted.
    while (all.length < 1000) all.push(...(await Promise.all(Array.from({ length: 50 }, idle))));
    expect(server.clients).toBeLessThanOrEqual(128);
    for (let turn = 0; turn < 3; turn++) await client().status();
    expect(server.clients).toBeLessThanOrEqual(128);
    for (const connection of all) connection.destroy();
    await expect.poll(() => server.clients, { timeout: 10_000 }).toBe(0);
  });

  it('are given up when they say nothing, or too slowly', async () => {
    const server = await serve({ limits: { requestMs: 100, idleMs: 200 } });
    const silent = await idle();
    const slow = await idle();
    slow.write('GET /v1/status HT');
    const torn = await idle();
    torn.write('POST /v1/override HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{');
    await Promise.all([silent, slow, torn].map((one) => once(one.resume(), 'close')));
    await expect.poll(() => server.clients, { timeout: 10_000 }).toBe(0);
    await client().status();
  });

  it('are not in the way of those who are being answered', async () => {
    const server = await serve({ limits: { clients: 2 } });
    const followed = [client().events(), client().events()];
    const first = followed.map((stream) => stream.next());
    await expect.poll(() => director.listeners, { timeout: 10_000 }).toBe(2);
    // Both are busy: there is no room for a third.
    await expect(client().status()).rejects.toBeInstanceOf(ControlError);
    director.emit({ event: 'drained', service: 'web', server: 'a' });
    expect((await Promise.all(first)).map(({ value }) => value?.event)).toEqual([
      'drained',
      'drained',
    ]);
    await server.close();
    await Promise.allSettled(followed.map((stream) => stream.next()));
  });
});
