import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer as createHttpServer, request } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadModule } from '../../src/net/modules.ts';
import { NetworkNamespace } from '../../src/net/namespace.ts';
import { bindUdp, connect, listen } from '../../src/net/transport.ts';

const netns = 'lvskit-transport';
const other = 'lvskit-transport2';
const open: { close(): unknown }[] = [];
const namespaces: NetworkNamespace[] = [];

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}

async function echo(address: string, port = 0): Promise<Server> {
  const server = createServer((socket) => {
    socket.end(`${socket.remoteAddress} reached ${socket.localAddress}`);
  });
  open.push(await listen(server, { netns, address, port }));
  return server;
}

async function textFrom(socket: Socket): Promise<string> {
  socket.setEncoding('utf8');
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

function resources() {
  const count = (folder: string) => readdirSync(`/proc/self/${folder}`).length;
  return { fds: count('fd'), tasks: count('task') };
}

/** What is open once earlier tests' sockets are closed, and the threads that waited for them gone. */
async function quiet(): Promise<ReturnType<typeof resources>> {
  for (let seen = resources(), times = 0; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = resources();
    times = now.fds === seen.fds && now.tasks === seen.tasks ? times + 1 : 0;
    if (times === 5) return now;
    seen = now;
  }
}

beforeAll(async () => {
  await loadModule('ipv6');
  for (const name of [netns, other]) namespaces.push(await NetworkNamespace.create(name));
  const veth = ['type', 'veth', 'peer', 'name', 'veth0', 'netns', other];
  await execa('ip', ['link', 'add', 'veth0', 'netns', netns, ...veth]);
  for (const [name, host] of [
    [netns, 1],
    [other, 2],
  ] as const) {
    const ip = (...words: string[]) => execa('ip', ['-n', name, ...words]);
    await ip('address', 'add', `10.81.0.${host}/24`, 'dev', 'veth0');
    await ip('address', 'add', `fd81::${host}/64`, 'dev', 'veth0', 'nodad');
    await ip('link', 'set', 'veth0', 'up');
  }
});

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

afterAll(async () => {
  for (const namespace of namespaces) await namespace.remove();
});

describe('transport', () => {
  it.each([
    ['10.81.0.1', '10.81.0.2'],
    ['fd81::1', 'fd81::2'],
  ])('connects one namespace with %s of another', async (address, from) => {
    const server = await echo(address);
    const socket = await connect({ netns: other, address, port: portOf(server) });
    expect(await textFrom(socket)).toBe(`${from} reached ${address}`);
  });

  it('serves HTTP', async () => {
    const server = createHttpServer((_, response) => response.end('hello'));
    open.push(await listen(server, { netns, address: '10.81.0.1', port: 80 }));
    const socket = await connect({ netns: other, address: '10.81.0.1', port: 80 });
    const [response] = await once(
      request({ path: '/', createConnection: () => socket }).end(),
      'response',
    );
    expect(await textFrom(response)).toBe('hello');
    socket.destroy();
  });

  it('connects from the address and port it is told', async () => {
    const port = portOf(await echo('10.81.0.1'));
    const socket = await connect({
      netns: other,
      address: '10.81.0.1',
      port,
      sourceAddress: '10.81.0.2',
      sourcePort: 4321,
    });
    expect([socket.localAddress, socket.localPort]).toEqual(['10.81.0.2', 4321]);
    await textFrom(socket);
    const far = connect({ netns: other, address: '10.81.0.1', port, sourceAddress: '10.81.0.9' });
    await expect(far).rejects.toMatchObject({ code: 'NETWORK_NOT_FOUND' });
  });

  it('exchanges datagrams', async () => {
    const server = await bindUdp({ netns, address: '10.81.0.1', port: 0 });
    const client = await bindUdp({ netns: other, address: '0.0.0.0', port: 0 });
    open.push(server, client);
    client.send('ping', server.address().port, '10.81.0.1');
    const [message, from] = await once(server, 'message');
    expect([`${message}`, from.address, from.port]).toEqual([
      'ping',
      '10.81.0.2',
      client.address().port,
    ]);
  });

  it('marks packets so that routing rules see them', async () => {
    await execa('ip', ['-n', other, 'rule', 'add', 'fwmark', '7', 'prohibit']);
    const port = portOf(await echo('10.81.0.1'));
    const marked = connect({ netns: other, address: '10.81.0.1', port, mark: 7 });
    await expect(marked).rejects.toMatchObject({ code: 'NETWORK_NOT_PERMITTED' });
    await textFrom(await connect({ netns: other, address: '10.81.0.1', port, mark: 8 }));
  });

  it('reaches link-local addresses through a device', async () => {
    const { stdout } = await execa('ip', ['-n', netns, '-j', 'address', 'show', 'dev', 'veth0']);
    const found = JSON.parse(stdout)[0].addr_info.find(
      (one: { scope: string; family: string }) => one.scope === 'link' && one.family === 'inet6',
    );
    const address: string = found.local;
    for (const name of [netns, other]) {
      await expect
        .poll(async () => (await execa('ip', ['-n', name, 'address'])).stdout, { timeout: 10_000 })
        .not.toContain('tentative');
    }
    const server = createServer((socket) => socket.end('near'));
    const port = 8080;
    open.push(await listen(server, { netns, address, port, device: 'veth0' }));
    expect(await textFrom(await connect({ netns: other, address, port, device: 'veth0' }))).toBe(
      'near',
    );
    await expect(connect({ netns: other, address, port })).rejects.toMatchObject({
      code: 'NETWORK_INVALID',
      message: `cannot connect to tcp [${address}]:${port}: a link-local address needs a device`,
    });
  });

  it('listens on an address that is not there yet, if told so', async () => {
    const wanted = { netns, address: '10.81.0.200', port: 0 };
    await expect(listen(createServer(), wanted)).rejects.toMatchObject({
      code: 'NETWORK_NOT_FOUND',
      message: 'cannot listen on tcp 10.81.0.200:0: no link has that address',
    });
    open.push(await listen(createServer(), { ...wanted, freeBind: true }));
  });

  it('says that nobody listens, or that the port is taken', async () => {
    await expect(connect({ netns: other, address: '10.81.0.1', port: 1 })).rejects.toMatchObject({
      code: 'NETWORK_REFUSED',
      errnoName: 'ECONNREFUSED',
      message: 'cannot connect to tcp 10.81.0.1:1: nobody listens there',
    });
    const port = portOf(await echo('10.81.0.1'));
    await expect(echo('10.81.0.1', port)).rejects.toMatchObject({ code: 'NETWORK_BUSY' });
  });

  it('gives up at its deadline', async () => {
    const started = performance.now();
    const connecting = connect({ netns, address: '10.81.0.99', port: 80, timeoutMs: 400 });
    await expect(connecting).rejects.toMatchObject({ code: 'NETWORK_TIMEOUT' });
    const took = performance.now() - started;
    expect(took).toBeGreaterThanOrEqual(399);
    expect(took).toBeLessThan(1500);
  });

  it('gives up when aborted, with the reason', async () => {
    const reason = new Error('changed my mind');
    const abort = new AbortController();
    const connecting = connect({ netns, address: '10.81.0.98', port: 80, signal: abort.signal });
    setTimeout(() => abort.abort(reason), 50);
    await expect(connecting).rejects.toBe(reason);
    await expect(connect({ netns, address: '10.81.0.1', port: 1, signal: abort.signal })) //
      .rejects.toBe(reason);
  });

  it('waits for hundreds of connections on one thread and leaves nothing behind', async () => {
    const server = await echo('10.81.0.1');
    const port = portOf(server);
    await textFrom(await connect({ netns: other, address: '10.81.0.1', port }));
    const before = await quiet();
    const dead = Array.from({ length: 200 }, () =>
      connect({ netns: other, address: '10.81.0.97', port, timeoutMs: 700 }),
    );
    const outcomes = Promise.allSettled(dead);
    await new Promise((resolve) => setTimeout(resolve, 500));
    // The one, and those that the four of the pool may be entering the namespace with.
    expect(resources().tasks).toBeLessThanOrEqual(before.tasks + 1 + 4);
    // The pool is free meanwhile.
    await textFrom(await connect({ netns: other, address: '10.81.0.1', port }));
    for (const outcome of await outcomes) expect(outcome.status).toBe('rejected');
    await expect.poll(resources, { timeout: 10_000 }).toEqual(before);
  });

  it('closes the socket of a server that cannot take it', async () => {
    const server = await echo('10.81.0.1');
    const before = (await quiet()).fds;
    await expect(listen(server, { netns, address: '10.81.0.1', port: 0 })).rejects.toMatchObject({
      code: 'ERR_SERVER_ALREADY_LISTEN',
    });
    expect(resources().fds).toBe(before);
  });

  it('says so when the namespace or the device is missing', async () => {
    const place = { address: '10.81.0.1', port: 80 };
    await expect(connect({ ...place, netns: 'lvskit-none' })).rejects.toMatchObject({
      code: 'NETWORK_NAMESPACE_NOT_FOUND',
    });
    await expect(connect({ ...place, netns, device: 'eth9' })).rejects.toMatchObject({
      code: 'NETWORK_NO_DEVICE',
    });
    await expect(bindUdp({ ...place, netns, device: 'eth9' })).rejects.toMatchObject({
      code: 'NETWORK_NO_DEVICE',
    });
  });

  it.each([
    ['address', { address: '10.81.0' }, RangeError],
    ['address', { address: undefined }, TypeError],
    ['port', { port: 0 }, RangeError],
    ['port', { port: 65_536 }, RangeError],
    ['port', { port: '80' }, TypeError],
    ['mark', { mark: -1 }, RangeError],
    ['device', { device: 'a/b' }, RangeError],
    ['sourceAddress', { sourceAddress: 'fd81::1' }, RangeError],
    ['sourcePort', { sourcePort: 70_000 }, RangeError],
    ['timeoutMs', { timeoutMs: -1 }, RangeError],
    ['netns', { netns: -1 }, RangeError],
  ])('names the argument that is wrong: %s in %o', async (argument, wrong, kind) => {
    const connecting = connect({ netns, address: '10.81.0.1', port: 80, ...wrong } as never);
    await expect(connecting).rejects.toThrow(kind);
    await expect(connecting).rejects.toThrow(new RegExp(`^${argument} `));
  });
});
