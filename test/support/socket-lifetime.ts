import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { collectUntil, socketCount } from './descriptors.ts';
import { secondary } from './kernel.ts';

/** The part of the addon's sockets that their lifetime is about. */
export interface ClosableSocket {
  open(netns: undefined): Promise<void>;
  close(): void;
}

/**
 * What holds for every socket of the addon from its opening to its end.
 *
 * @param create Makes one that is not open yet.
 * @param call Asks the kernel something whose answer does not change during the tests.
 */
export function describeLifetime<Socket extends ClosableSocket>(
  name: string,
  create: () => Socket,
  call: (socket: Socket) => Promise<unknown>,
): void {
  const opened = async (): Promise<Socket> => {
    const socket = create();
    await socket.open(undefined);
    return socket;
  };

  /** A function of its own, since one that is suspended still holds what it had at hand. */
  const forget = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 100) {
      await Promise.all(Array.from({ length: 100 }, () => opened().then(() => undefined)));
    }
  };

  describe(`the life of ${name}`, () => {
    it('begins with open(): before it, calls are refused', async () => {
      const socket = create();
      expect(() => call(socket)).toThrow('the socket is not open');
      await socket.open(undefined);
      await call(socket);
      socket.close();
    });

    it('ends with close(): its descriptors are closed and calls are refused', async () => {
      const before = socketCount();
      const socket = await opened();
      expect(socketCount()).toBeGreaterThan(before);
      await call(socket);
      socket.close();
      expect(socketCount()).toBe(before);
      expect(() => call(socket)).toThrow('the socket is not open');
    });

    it('may be ended twice, and before it began', async () => {
      const before = socketCount();
      const socket = await opened();
      socket.close();
      socket.close();
      const never = create();
      never.close();
      never.close();
      expect(socketCount()).toBe(before);
    });

    it('is over when close() comes while open() is under way', async () => {
      const before = socketCount();
      const socket = create();
      const opening = socket.open(undefined);
      socket.close();
      await opening;
      expect(() => call(socket)).toThrow('the socket is not open');
      expect(await collectUntil(() => socketCount() === before)).toBe(true);
    });

    it('starts anew with a second open(), which leaves nothing of the first', async () => {
      const before = socketCount();
      const socket = await opened();
      const one = socketCount() - before;
      await Promise.all([socket.open(undefined), socket.open(undefined)]);
      await call(socket);
      expect(await collectUntil(() => socketCount() === before + one)).toBe(true);
      socket.close();
      expect(socketCount()).toBe(before);
    });

    it('lasts until the calls under way are answered when close() comes', async () => {
      const before = socketCount();
      const socket = await opened();
      const expected = await call(socket);
      const calls = Array.from({ length: 16 }, () => call(socket));
      socket.close();
      for (const answer of await Promise.all(calls)) expect(answer).toEqual(expected);
      expect(await collectUntil(() => socketCount() === before)).toBe(true);
    });

    it('takes 16 calls at once and answers each', async () => {
      const socket = await opened();
      const expected = await call(socket);
      for (let round = 0; round < 4; round++) {
        const answers = await Promise.all(Array.from({ length: 16 }, () => call(socket)));
        for (const answer of answers) expect(answer).toEqual(expected);
      }
      socket.close();
    });

    it('lasts for a call whose socket nobody holds any more', async () => {
      const before = socketCount();
      const pending: Promise<unknown>[] = [];
      for (let index = 0; index < 32; index++) pending.push(call(await opened()));
      expect(await collectUntil(() => socketCount() === before)).toBe(true);
      expect(await Promise.all(pending)).toHaveLength(32);
    });

    it.skipIf(secondary)('ends by itself for 1,000 sockets that were forgotten open', async () => {
      const before = socketCount();
      await forget(1000);
      expect(await collectUntil(() => socketCount() === before)).toBe(true);
    });

    it('is not shared with the programs this process starts', async () => {
      const known = new Set(openSockets());
      const socket = await opened();
      const fresh = openSockets().filter((number) => !known.has(number));
      expect(fresh.length).toBeGreaterThan(0);
      for (const number of fresh) {
        const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'utf8'));
        const closeOnExec = 0o2000000;
        expect(Number.parseInt(flags?.[1] ?? '0', 8) & closeOnExec).toBe(closeOnExec);
      }
      socket.close();
    });
  });
}

function openSockets(): string[] {
  return readdirSync('/proc/self/fd').filter((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`).startsWith('socket:');
    } catch {
      return false;
    }
  });
}
