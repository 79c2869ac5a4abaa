import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it, vi } from 'vitest';
import type { NetworkEvent } from '../../src/net/network-events.ts';
import { collectUntil, socketCount } from '../support/descriptors.ts';
import { secondary } from '../support/kernel.ts';
import { removeScratchNetworks, scratchNetwork } from '../support/scratch-network.ts';

removeScratchNetworks();

/** Reads events until one fits. */
async function until(
  events: AsyncIterator<NetworkEvent>,
  fits: (event: NetworkEvent) => boolean,
): Promise<NetworkEvent[]> {
  const seen: NetworkEvent[] = [];
  for (;;) {
    const { done, value } = await events.next();
    if (done) throw new Error(`the watch ended after ${JSON.stringify(seen)}`);
    seen.push(value);
    if (fits(value)) return seen;
  }
}

const isLink = (event: NetworkEvent, action: string, name: string) =>
  event.type === 'link' && event.action === action && event.link.name === name;

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = fileURLToPath(new URL('programs/monitor.mjs', import.meta.url));

const threads = async () => (await readdir('/proc/self/task')).length;

describe('a watch', () => {
  it('tells about links and addresses that others change', async () => {
    const { network, run } = await scratchNetwork();
    const watch = network.watch();
    await watch.ready;
    await run('link', 'add', 'd0', 'type', 'dummy');
    await until(watch, (event) => isLink(event, 'changed', 'd0'));
    await run('link', 'set', 'd0', 'up');
    const up = await until(watch, (event) => event.type === 'link' && event.link.up);
    expect(up.at(-1)).toMatchObject({ action: 'changed', link: { name: 'd0', kind: 'dummy' } });
    await run('address', 'add', '10.0.0.1/24', 'dev', 'd0', 'label', 'd0:x');
    const isIpv4 = (event: NetworkEvent) =>
      event.type === 'address' && event.address.family === 'ipv4';
    const [added] = (await until(watch, isIpv4)).slice(-1);
    expect(added).toMatchObject({
      type: 'address',
      action: 'changed',
      address: { link: 'd0', label: 'd0:x' },
    });
    await run('link', 'set', 'd0', 'down');
    await run('link', 'set', 'd0', 'name', 'e0');
    await until(watch, (event) => isLink(event, 'changed', 'e0'));
    await run('link', 'delete', 'e0');
    const gone = await until(watch, (event) => isLink(event, 'removed', 'e0'));
    expect(gone).toContainEqual(
      expect.objectContaining({
        type: 'address',
        action: 'removed',
        address: expect.objectContaining({ link: 'e0', address: '10.0.0.1/24' }),
      }),
    );
    await watch.return();
  });

  it('tells about routes, neighbours and rules when asked to, and then not about links', async () => {
    const { network } = await scratchNetwork();
    await network.links.add({ kind: 'dummy', name: 'd0', up: true });
    const watch = network.watch({
      links: false,
      addresses: false,
      routes: true,
      neighbours: true,
      rules: true,
    });
    await watch.ready;
    await network.links.set('d0', { mtu: 1400 });
    await network.addresses.add({ link: 'd0', address: '10.0.0.1/24' });
    await network.routes.add({ destination: '192.0.2.0/24', via: '10.0.0.2' });
    await network.neighbours.add({
      link: 'd0',
      address: '10.0.0.2',
      linkLayerAddress: '02:00:00:00:00:01',
    });
    await network.rules.add({ family: 'ipv6', firewallMark: 3, table: 5 });
    await network.routes.remove({ destination: '192.0.2.0/24' });
    const seen = await until(
      watch,
      (event) => event.type === 'route' && event.action === 'removed',
    );
    expect(new Set(seen.map(({ type }) => type))).toEqual(new Set(['route', 'neighbour', 'rule']));
    expect(seen).toContainEqual(
      expect.objectContaining({
        action: 'changed',
        route: expect.objectContaining({ destination: '192.0.2.0/24', link: 'd0' }),
      }),
    );
    expect(seen).toContainEqual({
      type: 'neighbour',
      action: 'changed',
      neighbour: expect.objectContaining({ address: '10.0.0.2', link: 'd0', state: 'permanent' }),
    });
    expect(seen).toContainEqual({
      type: 'rule',
      action: 'changed',
      rule: expect.objectContaining({ family: 'ipv6', firewallMark: 3, table: 5 }),
    });
    await watch.return();
  });

  it('does not take a port that leaves its bridge for a link that goes', async () => {
    const { network, run } = await scratchNetwork();
    await network.links.add({ kind: 'bridge', name: 'br0', up: true });
    await network.links.add({ kind: 'dummy', name: 'd0', up: true, master: 'br0' });
    const watch = network.watch();
    await watch.ready;
    await run('link', 'set', 'd0', 'nomaster');
    await network.links.add({ kind: 'dummy', name: 'end' });
    const seen = await until(watch, (event) => isLink(event, 'changed', 'end'));
    expect(seen.filter((event) => 'action' in event && event.action === 'removed')).toEqual([]);
    expect(seen.some((event) => isLink(event, 'changed', 'd0'))).toBe(true);
    await watch.return();
  });

  it('keeps the order of what happens, also for overlapping calls', async () => {
    const { network, batch } = await scratchNetwork();
    await network.links.add({ kind: 'dummy', name: 'd0', up: true });
    await using watch = network.watch({ links: false });
    await watch.ready;
    const count = 300;
    await batch(
      Array.from({ length: count }, (_, at) => `address add 10.0.${at >> 8}.${at & 255}/32 dev d0`),
    );
    const events = await Promise.all(Array.from({ length: count }, () => watch.next()));
    expect(
      events.map(({ value }) => (value?.type === 'address' ? value.address.address : value)),
    ).toEqual(Array.from({ length: count }, (_, at) => `10.0.${at >> 8}.${at & 255}/32`));
  });

  it.skipIf(secondary)('says so when events were lost, and goes on', async () => {
    const { network, batch, run } = await scratchNetwork();
    await network.links.add({ kind: 'dummy', name: 'd0', up: true });
    await using watch = network.watch({ links: false });
    await watch.ready;
    // Nobody takes: what is kept for a slow reader is limited.
    const changes = Array.from({ length: 3000 }, (_, at) => {
      const address = `10.1.${at >> 8}.${at & 255}/32 dev d0`;
      return [`address add ${address}`, `address del ${address}`];
    });
    await batch(changes.flat());
    const seen = await until(watch, ({ type }) => type === 'overflow');
    expect(seen.length).toBeGreaterThan(1000);
    expect(seen.length).toBeLessThan(changes.length * 2);
    await run('address', 'add', '10.99.0.2/32', 'dev', 'd0');
    const after = await until(
      watch,
      (event) => event.type === 'address' && event.address.address === '10.99.0.2/32',
    );
    expect(after.filter(({ type }) => type === 'overflow')).toEqual([]);
  });

  it.skipIf(secondary)('says so when the kernel had to drop events', async () => {
    const { network, name, batch } = await scratchNetwork();
    await network.links.add({ kind: 'dummy', name: 'd0', up: true });
    const child = execa('node', [program, root, `/run/netns/${name}`, 'overflow']);
    const lines = child.iterable();
    expect((await lines.next()).value).toBe('ready');
    // A process that is stopped does not read; the kernel keeps a few megabytes for it.
    child.kill('SIGSTOP');
    await batch(Array.from({ length: 4000 }, (_, at) => `link set dev d0 mtu ${1400 + (at & 1)}`));
    child.kill('SIGCONT');
    expect((await lines.next()).value).toBe('overflow');
    await child;
  });

  it('ends when its loop is left, its signal aborts, or its network closes', async () => {
    const { network, run } = await scratchNetwork();
    await run('link', 'add', 'd0', 'type', 'dummy');
    const ready = async (options = {}) => {
      const watch = network.watch(options);
      await watch.ready;
      return watch;
    };
    const left = await ready();
    await run('link', 'set', 'd0', 'up');
    for await (const event of left) {
      expect(event.type).toBe('link');
      break;
    }
    expect(await left.next()).toEqual({ done: true, value: undefined });

    const abort = new AbortController();
    const aborted = await ready({ signal: abort.signal, links: false });
    const waiting = aborted.next();
    abort.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await aborted.next()).toEqual({ done: true, value: undefined });
    const late = network.watch({ signal: abort.signal });
    expect(await late.next()).toEqual({ done: true, value: undefined });

    const closed = await ready({ links: false, addresses: false });
    const last = closed.next();
    await network.close();
    expect(await last).toEqual({ done: true, value: undefined });
    expect(() => network.watch()).toThrow(
      expect.objectContaining({
        code: 'NETWORK_CLOSED',
        message: 'cannot watch the network: the network has been closed',
      }),
    );
  });

  it('leaves no thread and no socket behind', async () => {
    const { network } = await scratchNetwork();
    await network.links.list();
    // What earlier watches leave is closed on a thread of its own, a moment later.
    await delay(500);
    const before = { sockets: socketCount(), threads: await threads() };
    const watches = Array.from({ length: 20 }, () => network.watch());
    await Promise.all(watches.map(({ ready }) => ready));
    expect(socketCount()).toBe(before.sockets + 20);
    const waiting = watches.map((watch) => watch.next());
    for (const watch of watches) await watch.return();
    await Promise.all(waiting);
    await vi.waitFor(async () => {
      expect(socketCount()).toBe(before.sockets);
      expect(await threads()).toBeLessThanOrEqual(before.threads);
    }, 5000);
  });

  it('that is dropped leaves nothing behind either', async () => {
    const { network } = await scratchNetwork();
    const before = socketCount();
    // A function of its own, since one that is suspended still holds what it had at hand.
    const forget = async () => {
      for (let round = 0; round < 20; round++) await network.watch().ready;
    };
    await forget();
    expect(await collectUntil(() => socketCount() === before)).toBe(true);
  });

  it('goes on for a loop that nothing else holds', async () => {
    const { network, run } = await scratchNetwork();
    const seen: NetworkEvent[] = [];
    const before = socketCount();
    const watch = async () => {
      for await (const event of network.watch({ addresses: false })) {
        seen.push(event);
        if (isLink(event, 'changed', 'd0')) return;
      }
    };
    const loop = watch();
    await vi.waitFor(() => expect(socketCount()).toBe(before + 1), 5000);
    let rounds = 0;
    await collectUntil(() => ++rounds > 30);
    expect(socketCount()).toBe(before + 1);
    await run('link', 'add', 'd0', 'type', 'dummy');
    await loop;
    expect(seen.length).toBeGreaterThan(0);
  });

  it('keeps no process alive that does not wait for it', async () => {
    const { name } = await scratchNetwork();
    const { stdout } = await execa('node', [program, root, `/run/netns/${name}`, 'idle'], {
      timeout: 30_000,
    });
    expect(stdout).toBe('ready');
  });
});
