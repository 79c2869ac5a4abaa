import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/load.ts';
import { parseIp } from '../../src/net/ip.ts';
import * as ndp from '../../src/net/ndp.ts';
import { connect } from '../../src/net/transport.ts';
import { heardBefore } from '../support/frames.ts';
import { type Segment, type SegmentHost, segment } from '../support/segment.ts';

const link = 'eth0';
const vip = 'fd82:1::82';
/** Advertised by tests behind what they listen for. */
const last = 'fd82:1::ff';
const timeoutMs = 20_000;
let net: Segment;
let asker: SegmentHost;
let one: SegmentHost;
let two: SegmentHost;

beforeAll(async () => {
  net = await segment('ndp', 3);
  [asker, one, two] = net.hosts as [SegmentHost, SegmentHost, SegmentHost];
});

afterAll(() => net.remove());

const ask = (target: string, options: Partial<ndp.NdpSolicitOptions> = {}) =>
  ndp.solicit({ netns: asker.netns, link, target, timeoutMs: 400, ...options });

const touch = (host: SegmentHost, address: string) =>
  connect({ netns: host.netns, address, port: 9, timeoutMs: 300 }).catch(() => undefined);

/** The first solicitation for `target`; kernels also look after neighbours they already have. */
async function solicitationFor(
  heard: ReturnType<typeof ndp.listen>,
  target: string,
): Promise<ndp.NdpFrame | undefined> {
  for (;;) {
    const { value, done } = await heard.next();
    if (done || value.target === target) return value;
  }
}

describe('ndp.solicit()', () => {
  it('hears who has an address, answered to everybody when nobody asks', async () => {
    expect(await ask(one.ipv6)).toEqual([
      {
        ip: one.ipv6,
        mac: one.mac,
        router: false,
        solicited: false,
        override: true,
        afterMs: expect.any(Number),
        replies: 1,
      },
    ]);
  });

  it('hears it answered to the address that asks', async () => {
    await one.run('neighbour', 'flush', 'dev', link);
    const answers = await ask(one.ipv6, { sender: asker.ipv6 });
    expect(answers).toMatchObject([{ mac: one.mac, solicited: true, replies: 1 }]);
    expect(answers[0]?.afterMs).toBeLessThan(200);
    expect(await one.neighbour(asker.ipv6)).toBe(asker.mac);
  });

  it('is answered only by who knows the sender when it does not say where that is', async () => {
    const options = { sender: asker.ipv6, sourceLinkLayer: false };
    await one.run('neighbour', 'flush', 'dev', link);
    expect(await ask(one.ipv6, options)).toEqual([]);
    await ask(one.ipv6, { sender: asker.ipv6 });
    expect(await ask(one.ipv6, options)).toMatchObject([{ mac: one.mac, solicited: true }]);
  });

  it('is silent for a VIP on lo, whatever the sysctls, and answered for one on the link', async () => {
    await one.run('address', 'add', `${vip}/128`, 'dev', 'lo');
    expect(await ask(vip)).toEqual([]);
    await one.sysctl.write('net.ipv6.conf.all.forwarding', 1);
    expect(await ask(vip, { sender: asker.ipv6 })).toEqual([]);
    await one.run('address', 'delete', `${vip}/128`, 'dev', 'lo');
    await one.run('address', 'add', `${vip}/128`, 'dev', link, 'nodad');
    expect(await ask(vip)).toMatchObject([{ mac: one.mac, router: true }]);
    await one.sysctl.write('net.ipv6.conf.all.forwarding', 0);
    await two.run('address', 'add', `${vip}/128`, 'dev', link, 'nodad');
    const both = await ask(vip, { sender: asker.ipv6, repeat: { count: 2, intervalMs: 100 } });
    expect(both.map(({ mac }) => mac).sort()).toEqual([one.mac, two.mac]);
    expect(both.map(({ replies }) => replies)).toEqual([2, 2]);
    for (const host of [one, two]) {
      await host.run('address', 'delete', `${vip}/128`, 'dev', link);
    }
  });

  it('keeps its deadline, and returns at the first answer when told to', async () => {
    let started = performance.now();
    expect(await ask('fd82::99')).toEqual([]);
    expect(performance.now() - started).toBeGreaterThanOrEqual(399);
    expect(performance.now() - started).toBeLessThan(1500);
    started = performance.now();
    expect(await ask(one.ipv6, { timeoutMs: 20_000, first: true })).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('gives up when aborted, with the reason', async () => {
    const reason = new Error('enough');
    const abort = new AbortController();
    const asking = ask('fd82::99', { timeoutMs: 20_000, signal: abort.signal });
    setTimeout(() => abort.abort(reason), 50);
    await expect(asking).rejects.toBe(reason);
  });

  it.each([
    ['target', { target: '10.82.0.1' }, RangeError],
    ['target', { target: 'ff02::1' }, RangeError],
    ['target', { target: '::' }, RangeError],
    ['target', { target: 'fe80::1%eth0' }, RangeError],
    ['target', { target: 1 }, TypeError],
    ['sender', { sender: 'ff02::1' }, RangeError],
    ['sender', { sender: '10.82.0.1' }, RangeError],
    ['sourceLinkLayer', { sourceLinkLayer: true }, RangeError],
    ['sourceLinkLayer', { sender: 'fd82::1', sourceLinkLayer: 1 }, TypeError],
    ['link', { link: '' }, RangeError],
    ['timeoutMs', { timeoutMs: Number.NaN }, RangeError],
  ])('names the argument that is wrong: %s in %o', async (argument, wrong, kind) => {
    const asking = ask(one.ipv6, wrong as never);
    await expect(asking).rejects.toThrow(kind);
    await expect(asking).rejects.toThrow(new RegExp(`^${argument} `));
  });

  it('says why the link cannot be asked', async () => {
    await expect(ask(one.ipv6, { link: 'lo' })).rejects.toMatchObject({
      code: 'NETWORK_INVALID',
      message: 'cannot open lo for NDP: it is no Ethernet link',
    });
  });
});

describe('ndp.advertise()', () => {
  beforeEach(() => net.forget());

  it('moves an address in caches, unless it is not to override', async () => {
    const address = 'fd82::61';
    await one.run('address', 'add', `${address}/64`, 'dev', link, 'nodad');
    await touch(asker, address);
    expect(await asker.neighbour(address)).toBe(one.mac);
    const place = { netns: two.netns, link, address, count: 1 };
    await ndp.advertise({ ...place, override: false });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await asker.neighbour(address)).toBe(one.mac);
    await ndp.advertise(place);
    await expect.poll(() => asker.neighbour(address)).toBe(two.mac);
    await one.run('address', 'delete', `${address}/64`, 'dev', link);
  });

  it('is on the wire as often as told, in the form of RFC 4861', async () => {
    await using heard = ndp.listen({ netns: asker.netns, link, timeoutMs });
    await heard.ready;
    await ndp.advertise({ netns: two.netns, link, address: vip, count: 2, intervalMs: 50 });
    await ndp.advertise({ netns: two.netns, link, address: last, count: 1 });
    const frames = await heardBefore(heard, ({ target }) => target === last);
    expect(frames).toHaveLength(2);
    expect(frames[0]).toEqual({
      type: 'advertisement',
      target: vip,
      sourceIp: vip,
      destinationIp: 'ff02::1',
      router: false,
      solicited: false,
      override: true,
      linkLayerAddress: two.mac,
      source: two.mac,
      destination: '33:33:00:00:00:01',
      receivedMs: expect.any(Number),
    });
  });

  it.each([
    ['address', { address: '192.0.2.1' }, RangeError],
    ['address', { address: 'ff02::2' }, RangeError],
    ['router', { router: 'yes' }, TypeError],
    ['override', { override: 0 }, TypeError],
    ['advertisement count', { count: 1.5 }, RangeError],
  ])('names the argument that is wrong: %s in %o', async (argument, wrong, kind) => {
    const advertising = ndp.advertise({ netns: two.netns, link, address: vip, ...wrong } as never);
    await expect(advertising).rejects.toThrow(kind);
    await expect(advertising).rejects.toThrow(new RegExp(`^${argument} `));
  });
});

describe('ndp.listen()', () => {
  beforeEach(() => net.forget());

  it('hears the solicitations of the kernel, also those of duplicate address detection', async () => {
    await using heard = ndp.listen({ netns: asker.netns, link, timeoutMs: 10_000 });
    await heard.ready;
    await touch(one, 'fd82::77');
    expect(await solicitationFor(heard, 'fd82::77')).toMatchObject({
      type: 'solicitation',
      target: 'fd82::77',
      sourceIp: one.ipv6,
      destinationIp: 'ff02::1:ff00:77',
      linkLayerAddress: one.mac,
      router: false,
      solicited: false,
      override: false,
    });
    await one.run('address', 'add', 'fd82::78/64', 'dev', link);
    const detection = await solicitationFor(heard, 'fd82::78');
    expect(detection).toMatchObject({ type: 'solicitation', sourceIp: '::' });
    expect(detection?.linkLayerAddress).toBeUndefined();
  });

  it('passes over what a router forwarded, what is damaged, and what is something else', async () => {
    await using heard = ndp.listen({ netns: asker.netns, link, timeoutMs });
    await heard.ready;
    const addon = loadAddon();
    const socket = await addon.openNdp(link, `/run/netns/${two.netns}`);
    const good = addon.encodeNdp({
      destination: Uint8Array.of(0x33, 0x33, 0, 0, 0, 1),
      source: Uint8Array.of(2, 0, 0, 0, 0x82, 0x99),
      sourceIp: parseIp('fd82::9').bytes,
      destinationIp: parseIp('ff02::1').bytes,
      isAdvertisement: true,
      router: true,
      solicited: false,
      override: false,
      target: parseIp('fd82::9').bytes,
      linkLayer: socket.address,
    });
    for (let length = 14; length < good.length; length++) await socket.send(good.slice(0, length));
    for (let at = 12; at < good.length; at++) {
      // Traffic class and flow label may be anything.
      if (at >= 14 && at < 18) continue;
      const wrong = good.slice();
      wrong[at] = (wrong[at] ?? 0) ^ 0x41;
      await socket.send(wrong);
    }
    await socket.send(good);
    socket.close();
    const isOurs = ({ source }: ndp.NdpFrame) => source === '02:00:00:00:82:99';
    const isGood = (frame: ndp.NdpFrame) => isOurs(frame) && frame.target === 'fd82::9';
    expect((await heardBefore(heard, isGood)).filter(isOurs)).toEqual([]);
  });
});
