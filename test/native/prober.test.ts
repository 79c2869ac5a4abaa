import { execFile } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/load.ts';
import { probeRequestRecord, probeResultRecord } from '../../src/native/probe.ts';
import { Prober } from '../../src/net/prober.ts';
import { collectUntil } from '../support/descriptors.ts';

const address = '127.0.0.1';
let server: Server;
let port: number;
let accepted = 0;

beforeAll(async () => {
  server = createServer((socket) => {
    accepted++;
    // A probe ends with a reset unless it is told otherwise.
    socket.on('error', () => {});
    socket.end('hello');
  });
  server.listen({ port: 0, host: address, backlog: 4096 });
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.close();
});

/** What a prober takes: its thread, and the descriptors of its waiting. */
function resources() {
  const count = (folder: string) => readdirSync(`/proc/self/${folder}`).length;
  return { descriptors: count('fd'), threads: count('task') };
}

/** A port where nobody listens. */
async function freePort(): Promise<number> {
  const other = createServer();
  other.listen(0, address);
  await once(other, 'listening');
  const { port: free } = other.address() as AddressInfo;
  other.close();
  await once(other, 'close');
  return free;
}

describe('a prober', () => {
  it('has its records laid out as the compiler has them in C++', () => {
    const fields = (record: string, offsets: Readonly<Record<string, number>>) =>
      Object.entries(offsets).map(([field, offset]) => [
        field === 'size'
          ? record
          : `${record}.${field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
        offset,
      ]);
    expect(loadAddon().probeLayout).toEqual(
      Object.fromEntries([
        ...fields('RequestRecord', probeRequestRecord),
        ...fields('ResultRecord', probeResultRecord),
      ]),
    );
  });

  it('tells who listens, who does not, and what it could not ask', async () => {
    await using prober = await Prober.open();
    const far = { sourceAddress: '192.0.2.1' };
    const results = await Promise.all([
      prober.connect({ address, port }),
      prober.connect({ address, port: await freePort() }),
      prober.connect({ address, port, ...far }),
      prober.connect({ address, port, device: 'no-such-link' }),
    ]);
    expect(results.map(({ outcome, errnoName }) => [outcome, errnoName])).toEqual([
      ['answered', undefined],
      ['refused', 'ECONNREFUSED'],
      ['not-sent', 'EADDRNOTAVAIL'],
      ['not-sent', 'ENODEV'],
    ]);
    expect(results[0]?.latencyMs).toBeGreaterThan(0);
    expect(results.map(({ stage }) => stage)).toEqual(['answer', 'answer', 'bind', 'device']);
  });

  it('wakes nobody unless told to close in order', async () => {
    await using prober = await Prober.open();
    const before = accepted;
    expect((await prober.connect({ address, port })).outcome).toBe('answered');
    expect((await prober.connect({ address, port, ending: 'close' })).outcome).toBe('answered');
    await expect.poll(() => accepted).toBe(before + 1);
  });

  it('hands over a connection that is to be used', async () => {
    await using prober = await Prober.open();
    const { result, socket } = await prober.openConnection({ address, port });
    expect(result.outcome).toBe('answered');
    let text = '';
    for await (const chunk of socket ?? []) text += chunk;
    expect(text).toBe('hello');
    const none = await prober.openConnection({ address, port: await freePort() });
    expect([none.result.outcome, none.socket]).toEqual(['refused', undefined]);
  });

  it('asks thousands at once, each once, and leaves nothing open', async () => {
    await using prober = await Prober.open({ maxInFlight: 500 });
    await prober.connect({ address, port });
    const before = resources();
    const all = Array.from({ length: 5000 }, () => prober.connect({ address, port }));
    const outcomes = (await Promise.all(all)).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'answered')).toHaveLength(5000);
    expect(resources()).toEqual(before);
  });

  it('gives up when it is told to, before it asked, while it waits, and at its end', async () => {
    const prober = await Prober.open({ maxInFlight: 1 });
    const before = resources();
    const never = prober.connect({ address, port, signal: AbortSignal.abort() });
    expect((await never).outcome).toBe('cancelled');
    const abort = new AbortController();
    setMaxListeners(0, abort.signal);
    const waiting = Array.from({ length: 2000 }, () =>
      prober.connect({ address, port, timeoutMs: 60_000, signal: abort.signal }),
    );
    abort.abort();
    // One at a time is under way, so it cannot be done with all before it hears of the end.
    const outcomes = (await Promise.all(waiting)).map(({ outcome }) => outcome);
    expect(outcomes.at(-1)).toBe('cancelled');
    expect(outcomes.filter((one) => one !== 'answered' && one !== 'cancelled')).toEqual([]);
    const last = prober.connect({ address, port });
    prober.close();
    prober.close();
    expect((await last).outcome).toBe('cancelled');
    await expect(prober.connect({ address, port })).rejects.toMatchObject({
      code: 'NETWORK_CLOSED',
      message: 'the prober is closed',
    });
    await expect.poll(() => resources().threads).toBeLessThan(before.threads);
  });

  it('ends by itself when it was forgotten, but not while it is asked', async () => {
    const before = resources();
    const asked: Promise<unknown>[] = [];
    const forget = async () => {
      for (let count = 0; count < 20; count++) {
        const prober = await Prober.open();
        asked.push(prober.connect({ address, port }));
      }
    };
    await forget();
    expect(await collectUntil(() => resources().threads <= before.threads)).toBe(true);
    expect(await Promise.all(asked)).toHaveLength(20);
    expect(await collectUntil(() => resources().descriptors <= before.descriptors)).toBe(true);
  });

  it('keeps a process from ending while it is asked, and no longer', async () => {
    const program = fileURLToPath(new URL('programs/asks-and-ends.mjs', import.meta.url));
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const output = await new Promise((resolve, reject) => {
      const options = { timeout: 50_000 } as const;
      execFile(process.execPath, [program, root, String(port)], options, (error, stdout) =>
        error ? reject(error) : resolve(stdout),
      );
    });
    expect(output).toBe('0 answered\n');
  });

  it.each([
    ['address', { address: '127.0.0' }, RangeError],
    ['port', { port: 0 }, RangeError],
    ['mark', { mark: -1 }, RangeError],
    ['device', { device: 'a/b' }, RangeError],
    ['sourceAddress', { sourceAddress: '::1' }, RangeError],
    ['timeoutMs', { timeoutMs: 0 }, RangeError],
    ['ending', { ending: 'never' }, RangeError],
  ])('names the argument that is wrong: %s in %o', async (argument, wrong, kind) => {
    await using prober = await Prober.open();
    const probe = prober.connect({ address, port, ...wrong } as never);
    await expect(probe).rejects.toThrow(kind);
    await expect(probe).rejects.toThrow(new RegExp(`^${argument} `));
    // It left no trace in what is asked next.
    expect((await prober.connect({ address, port })).outcome).toBe('answered');
  });

  it('says which namespace it cannot enter', async () => {
    await expect(Prober.open({ netns: 'lvskit-none' })).rejects.toMatchObject({
      code: 'NETWORK_NAMESPACE_NOT_FOUND',
    });
    await expect(Prober.open({ maxInFlight: 0 })).rejects.toThrow(/^maxInFlight /);
  });
});
