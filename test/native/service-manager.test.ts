import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { notify } from '../../src/system/notify.ts';
import { peerCredentials } from '../../src/system/peer.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lvskit-unix-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('the service manager', () => {
  it('is not there without NOTIFY_SOCKET', async () => {
    expect(await notify({ ready: true }, {})).toBe(false);
    expect(await notify({ ready: true }, { NOTIFY_SOCKET: '' })).toBe(false);
  });

  it.each([
    ['@lvskit-nobody-reads-here', 'NETWORK_REFUSED', 'nobody reads there'],
    ['/nonexistent/notify', 'NETWORK_NOT_FOUND', 'there is no such socket'],
    ['vsock:2:1234', 'NETWORK_INVALID', 'it is neither a path nor an @name'],
    [`/${'x'.repeat(200)}`, 'NETWORK_INVALID', 'the name is too long'],
  ])('is missed at %s', async (socket, code, reason) => {
    await expect(notify({ ready: true }, { NOTIFY_SOCKET: socket })).rejects.toMatchObject({
      code,
      message: `cannot notify the service manager at ${socket}: ${reason}`,
    });
  });
});

describe('the peer of a unix socket', () => {
  it('is the process that connected', async () => {
    const server: Server = createServer();
    server.listen(join(directory, 'control'));
    await once(server, 'listening');
    const client = connect(join(directory, 'control'));
    const [accepted] = (await once(server, 'connection')) as [Socket];
    const [, words = ''] = /^Groups:(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    const groups = (words.match(/\d+/g) ?? []).map(Number);
    const own = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.(), groups };
    expect(peerCredentials(accepted)).toEqual(own);
    accepted.destroy();
    client.destroy();
    await once(server.close(), 'close');
    expect(() => peerCredentials(accepted)).toThrow(
      'cannot tell the peer of the socket: it is no connection over a unix socket',
    );
  });

  it('is not told of a connection over TCP, or of no socket at all', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { readonly port: number };
    const client = connect(port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    for (const one of [accepted, 0x7fffffff]) {
      expect(() => peerCredentials(one)).toThrow(/it is no connection over a unix socket$/);
    }
    accepted.destroy();
    client.destroy();
    await once(server.close(), 'close');
  });
});
