import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as arp from '../../src/net/arp.ts';
import { NetworkNamespace } from '../../src/net/namespace.ts';
import * as ndp from '../../src/net/ndp.ts';
import { Sysctl } from '../../src/net/sysctl.ts';
import { bindUdp, connect, listen } from '../../src/net/transport.ts';

const netns = 'lvskit-unprivileged';
const nobody = 65534;
let namespace: NetworkNamespace;

beforeAll(async () => {
  namespace = await NetworkNamespace.create(netns);
});

afterAll(() => namespace.remove());

/** What a call rejects with when an ordinary user makes it. */
async function asNobody(call: () => Promise<unknown>): Promise<unknown> {
  process.seteuid?.(nobody);
  try {
    await call();
    return 'it was permitted';
  } catch (error) {
    return error;
  } finally {
    process.seteuid?.(0);
  }
}

const local = { address: '127.0.0.1', port: 0 };

describe('an ordinary user', () => {
  it.each<[what: string, call: () => Promise<unknown>, says: RegExp]>([
    [
      'make a namespace',
      () => NetworkNamespace.create('lvskit-forbidden'),
      /^cannot create network namespace lvskit-forbidden: .*CAP_SYS_ADMIN/,
    ],
    [
      'remove a namespace',
      () => namespace.remove(),
      /^cannot remove network namespace lvskit-unprivileged: .*CAP_SYS_ADMIN/,
    ],
    [
      'enter a namespace to read a sysctl',
      () => new Sysctl({ netns }).read('net.ipv4.ip_forward'),
      /^cannot read sysctl net.ipv4.ip_forward in network namespace .*CAP_SYS_ADMIN/,
    ],
    [
      'set a sysctl',
      () => new Sysctl().write('net.ipv4.ip_forward', 1),
      /^cannot set sysctl net.ipv4.ip_forward to 1: .*CAP_NET_ADMIN/,
    ],
    [
      'enter a namespace to connect',
      () => connect({ netns, address: '127.0.0.1', port: 1 }),
      /^cannot connect to tcp 127.0.0.1:1 in network namespace .*CAP_SYS_ADMIN/,
    ],
    [
      'listen on port 80',
      () => listen(createServer(), { ...local, port: 80 }),
      /^cannot listen on tcp 127.0.0.1:80: .*CAP_NET_BIND_SERVICE/,
    ],
    [
      'mark packets',
      () => bindUdp({ ...local, mark: 7 }),
      /^cannot bind udp 127.0.0.1:0: .*CAP_NET_ADMIN/,
    ],
    [
      'ask with ARP',
      () => arp.probe({ link: 'lo', target: '127.0.0.1' }),
      /^cannot open lo for ARP: .*CAP_NET_RAW/,
    ],
    [
      'listen to NDP',
      () => ndp.listen({ link: 'lo' }).next(),
      /^cannot open lo for NDP: .*CAP_NET_RAW/,
    ],
  ])('may not %s, and is told which capability that takes', async (_what, call, says) => {
    const before = await new Sysctl().read('net.ipv4.ip_forward');
    expect(await asNobody(call)).toMatchObject({
      name: 'NetworkError',
      code: 'NETWORK_NOT_PERMITTED',
      message: expect.stringMatching(says),
    });
    expect(await new Sysctl().read('net.ipv4.ip_forward')).toBe(before);
    expect((await NetworkNamespace.list()).map(({ name }) => name)).toContain(netns);
  });

  it('may read sysctls, connect and listen', async () => {
    const outcome = await asNobody(async () => {
      expect(await new Sysctl().readNumber('net.ipv4.ip_forward')).toBeTypeOf('number');
      const server = await listen(createServer().unref(), local);
      const bound = server.address();
      const port = typeof bound === 'object' ? (bound?.port ?? 0) : 0;
      (await connect({ address: '127.0.0.1', port })).destroy();
      server.close();
    });
    expect(outcome).toBe('it was permitted');
  });
});
