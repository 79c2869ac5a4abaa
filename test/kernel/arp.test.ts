import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/load.ts';
import * as arp from '../../src/net/arp.ts';
import { connect } from '../../src/net/transport.ts';
import { collectUntil, socketCount } from '../support/descriptors.ts';
import { heardBefore } from '../support/frames.ts';
import { secondary } from '../support/kernel.ts';
import { type Segment, type SegmentHost, segment } from '../support/segment.ts';

const link = 'eth0';
const vip = '192.0.2.82';
/** Announced by tests behind what they listen for. */
const last = '192.0.2.255';
const timeoutMs = 20_000;
let net: Segment;
let asker: SegmentHost;
let one: SegmentHost;
let two: SegmentHost;

beforeAll(async () => {
  net = await segment('arp', 3);
  [asker, one, two] = net.hosts as [SegmentHost, SegmentHost, SegmentHost];
});

afterAll(() => net.remove());

const ask = (target: string, options: Partial<arp.ArpProbeOptions> = {}) =>
  arp.probe({ netns: asker.netns, link, target, timeoutMs: 300, ...options });

/** Makes a host send an ARP request for an address, and forget what it knew before. */
async function resolve(host: SegmentHost, address: string): Promise<void> {
  await host.run('neighbour', 'flush', 'dev', link);
  await connect({ netns: host.netns, address, port: 9, timeoutMs: 300 }).catch(() => undefined);
}

describe('arp.probe()', () => {
  it('hears who has an address, when asked from an address and when asked from none', async () => {
    for (const sender of [asker.ipv4, undefined]) {
      const answers = await ask(one.ipv4, { sender });
      expect(answers).toEqual([
        { ip: one.ipv4, mac: one.mac, afterMs: expect.any(Number), replies: 1 },
      ]);
      expect(answers[0]?.afterMs).toBeLessThan(200);
    }
  });

  it('enters no cache without a sender, and that of who answers with one', async () => {
    await one.run('neighbour', 'flush', 'dev', link);
    await ask(one.ipv4);
    expect(await one.neighbour(asker.ipv4)).toBeUndefined();
    await ask(one.ipv4, { sender: asker.ipv4 });
    expect(await one.neighbour(asker.ipv4)).toBe(asker.mac);
  });

  it('takes the link by its index too', async () => {
    const { stdout } = await execa('ip', ['-n', asker.netns, '-j', 'link', 'show', link]);
    expect(await ask(one.ipv4, { link: JSON.parse(stdout)[0].ifindex })).toHaveLength(1);
  });

  it('keeps its deadline when nobody answers', async () => {
    const started = performance.now();
    expect(await ask('10.82.0.99', { timeoutMs: 500 })).toEqual([]);
    const took = performance.now() - started;
    expect(took).toBeGreaterThanOrEqual(499);
    expect(took).toBeLessThan(1500);
  });

  it('returns at the first answer when told to', async () => {
    const repeat = { count: 5, intervalMs: 1000 };
    const started = performance.now();
    const answers = await ask(one.ipv4, { timeoutMs: 20_000, first: true, repeat });
    expect(performance.now() - started).toBeLessThan(2000);
    expect(answers).toMatchObject([{ mac: one.mac, replies: 1 }]);
    expect(answers[0]?.afterMs).toBeLessThan(1000);
  });

  it('asks as often as told, and counts the answers', async () => {
    const answers = await ask(one.ipv4, {
      timeoutMs: 800,
      repeat: { count: 3, intervalMs: 100 },
    });
    expect(answers).toMatchObject([{ mac: one.mac, replies: 3 }]);
  });

  it('asks one host alone', async () => {
    expect(await ask(one.ipv4, { destination: one.mac })).toHaveLength(1);
    expect(await ask(one.ipv4, { destination: two.mac })).toEqual([]);
  });

  describe('for a VIP on the lo of real servers', () => {
    beforeAll(async () => {
      for (const host of [one, two]) await host.run('address', 'add', `${vip}/32`, 'dev', 'lo');
    });

    afterEach(async () => {
      for (const host of [one, two]) {
        for (const name of ['all', 'lo', link]) {
          await host.sysctl.write(`net.ipv4.conf.${name}.arp_ignore`, 0);
        }
      }
    });

    afterAll(async () => {
      for (const host of [one, two]) await host.run('address', 'delete', `${vip}/32`, 'dev', 'lo');
    });

    it('hears all of them as they come', async () => {
      const answers = await ask(vip, { sender: asker.ipv4 });
      expect(answers.map(({ mac }) => mac).sort()).toEqual([one.mac, two.mac]);
    });

    it.each([link, 'all'])('hears nothing from one with arp_ignore=1 on %s', async (name) => {
      await one.sysctl.write(`net.ipv4.conf.${name}.arp_ignore`, 1);
      for (const sender of [asker.ipv4, undefined]) {
        expect((await ask(vip, { sender })).map(({ mac }) => mac)).toEqual([two.mac]);
      }
      expect(await ask(one.ipv4)).toHaveLength(1);
    });

    it('still hears one with arp_ignore=1 on lo only, the classic mistake', async () => {
      await one.sysctl.write('net.ipv4.conf.lo.arp_ignore', 1);
      expect(await ask(vip)).toHaveLength(2);
    });

    it('hears one with arp_ignore=2 unless it asks from outside the subnet', async () => {
      const outside = '203.0.113.7';
      await one.sysctl.write('net.ipv4.conf.all.rp_filter', 0);
      await one.sysctl.write(`net.ipv4.conf.${link}.rp_filter`, 0);
      expect(await ask(one.ipv4, { sender: outside })).toHaveLength(1);
      await one.sysctl.write(`net.ipv4.conf.${link}.arp_ignore`, 2);
      expect(await ask(one.ipv4, { sender: outside })).toEqual([]);
      expect(await ask(one.ipv4, { sender: asker.ipv4 })).toHaveLength(1);
      expect(await ask(one.ipv4)).toHaveLength(1);
    });
  });

  it('gives up when aborted, with the reason', async () => {
    const reason = new Error('enough');
    const abort = new AbortController();
    const asking = ask('10.82.0.99', { timeoutMs: 20_000, signal: abort.signal });
    setTimeout(() => abort.abort(reason), 100);
    await expect(asking).rejects.toBe(reason);
    await expect(ask(one.ipv4, { signal: abort.signal })).rejects.toBe(reason);
  });

  it.each([
    ['target', { target: '10.82.0' }, RangeError],
    ['target', { target: 'fd82::1' }, RangeError],
    ['target', { target: undefined }, TypeError],
    ['sender', { sender: 'nobody' }, RangeError],
    ['destination', { destination: '02:00:00:00:00' }, RangeError],
    ['destination', { destination: 'all' }, RangeError],
    ['link', { link: 'a/b' }, RangeError],
    ['link', { link: 0 }, RangeError],
    ['link', { link: undefined }, TypeError],
    ['netns', { netns: 'a/b' }, RangeError],
    ['timeoutMs', { timeoutMs: 0 }, RangeError],
    ['timeoutMs', { timeoutMs: '1' }, TypeError],
    ['first', { first: 1 }, TypeError],
    ['repeat', { repeat: 3 }, TypeError],
    ['repeat', { repeat: { count: 0, intervalMs: 1 } }, RangeError],
    ['repeat', { repeat: { count: 4, intervalMs: 100 } }, RangeError],
  ])('names the argument that is wrong: %s in %o', async (argument, wrong, kind) => {
    const asking = ask('10.82.0.1', wrong as never);
    await expect(asking).rejects.toThrow(kind);
    await expect(asking).rejects.toThrow(new RegExp(`^${argument} `));
  });
});

describe('arp.announce()', () => {
  beforeEach(() => net.forget());

  it.each(['request', 'reply'] as const)('moves the address in caches, as a %s', async (form) => {
    const address = form === 'request' ? '10.82.0.61' : '10.82.0.62';
    await one.run('address', 'add', `${address}/24`, 'dev', link);
    await resolve(asker, address);
    expect(await asker.neighbour(address)).toBe(one.mac);
    await arp.announce({ netns: two.netns, link, address, form, count: 1 });
    await expect.poll(() => asker.neighbour(address)).toBe(two.mac);
    await one.run('address', 'delete', `${address}/24`, 'dev', link);
  });

  it('is on the wire as often as told, in the form of RFC 5227', async () => {
    await using heard = arp.listen({ netns: asker.netns, link, timeoutMs });
    await heard.ready;
    await arp.announce({ netns: two.netns, link, address: vip, count: 3, intervalMs: 60 });
    await arp.announce({ netns: two.netns, link, address: last, count: 1 });
    const frames = await heardBefore(heard, ({ senderIp }) => senderIp === last);
    for (const frame of frames) {
      expect(frame).toEqual({
        operation: 'request',
        senderIp: vip,
        senderMac: two.mac,
        targetIp: vip,
        targetMac: '00:00:00:00:00:00',
        source: two.mac,
        destination: 'ff:ff:ff:ff:ff:ff',
        receivedMs: expect.any(Number),
      });
    }
    const times = frames.map(({ receivedMs }) => receivedMs);
    expect(times).toHaveLength(3);
    expect(Math.abs(Date.now() - (times[2] ?? 0))).toBeLessThan(2000);
    for (const [index, time] of times.slice(1).entries()) {
      expect(time - (times[index] ?? 0)).toBeGreaterThan(55);
    }
  });

  it('stops when aborted', async () => {
    const signal = AbortSignal.timeout(100);
    const announcing = arp.announce({
      netns: two.netns,
      link,
      address: vip,
      count: 1000,
      intervalMs: 20,
      signal,
    });
    const error: unknown = await announcing.catch((reason: unknown) => reason);
    expect(error).toBe(signal.reason);
  });

  it.each([
    ['address', { address: 'fd82::1' }, RangeError],
    ['form', { form: 'both' }, RangeError],
    ['announcement count', { count: 0 }, RangeError],
    ['announcement intervalMs', { intervalMs: -1 }, RangeError],
  ])('names the argument that is wrong: %s in %o', async (argument, wrong, kind) => {
    const announcing = arp.announce({ netns: two.netns, link, address: vip, ...wrong } as never);
    await expect(announcing).rejects.toThrow(kind);
    await expect(announcing).rejects.toThrow(new RegExp(`^${argument} `));
  });
});

describe('arp.listen()', () => {
  beforeEach(() => net.forget());

  it('hears the requests of the kernel, and the probe form', async () => {
    await using heard = arp.listen({ netns: one.netns, link, timeoutMs: 5000 });
    await heard.ready;
    await resolve(asker, '10.82.0.77');
    const { value: request } = await heard.next();
    expect(request).toMatchObject({
      operation: 'request',
      senderIp: asker.ipv4,
      senderMac: asker.mac,
      targetIp: '10.82.0.77',
    });
    const probing = ask('10.82.0.78');
    for await (const frame of heard) {
      if (frame.targetIp !== '10.82.0.78') continue;
      expect(frame).toMatchObject({ operation: 'request', senderIp: '0.0.0.0' });
      break;
    }
    expect(await probing).toEqual([]);
  });

  it('ends at its deadline, and when it is closed', async () => {
    const started = performance.now();
    for await (const _ of arp.listen({ netns: two.netns, link, timeoutMs: 200 }));
    expect(performance.now() - started).toBeGreaterThanOrEqual(199);
    const listener = arp.listen({ netns: two.netns, link });
    const pending = listener.next();
    listener.close();
    expect((await pending).done).toBe(true);
    expect((await listener.next()).done).toBe(true);
  });

  it('rejects with the reason when aborted', async () => {
    const signal = AbortSignal.timeout(100);
    const listener = arp.listen({ netns: two.netns, link, signal });
    const error: unknown = await listener.next().catch((reason: unknown) => reason);
    expect(error).toBe(signal.reason);
    await expect(arp.listen({ netns: two.netns, link, signal }).next()).rejects.toBe(signal.reason);
  });

  it('serves several that wait for a frame in the order in which they came', async () => {
    await using heard = arp.listen({ netns: asker.netns, link, timeoutMs: 5000 });
    await heard.ready;
    const waiting = [heard.next(), heard.next()];
    for (const address of ['192.0.2.1', '192.0.2.2']) {
      await arp.announce({ netns: two.netns, link, address, count: 1 });
    }
    const values = (await Promise.all(waiting)).map(({ value }) => value?.senderIp);
    expect(values).toEqual(['192.0.2.1', '192.0.2.2']);
  });

  it('leaves out the frames of VLANs, which their own link hears', async () => {
    for (const host of [asker, two]) {
      const vlan = ['name', 'eth0.5', 'type', 'vlan', 'id', '5'];
      await host.run('link', 'add', 'link', link, ...vlan);
      await host.run('link', 'set', 'eth0.5', 'up');
    }
    await using plain = arp.listen({ netns: asker.netns, link, timeoutMs });
    await using bare = arp.listen({ netns: one.netns, link, timeoutMs });
    await using tagged = arp.listen({ netns: asker.netns, link: 'eth0.5', timeoutMs });
    await Promise.all([plain.ready, bare.ready, tagged.ready]);
    await arp.announce({ netns: two.netns, link: 'eth0.5', address: vip, count: 1 });
    await arp.announce({ netns: two.netns, link, address: last, count: 1 });
    const isLast = ({ senderIp }: arp.ArpFrame) => senderIp === last;
    expect(await heardBefore(plain, isLast)).toEqual([]);
    expect(await heardBefore(bare, isLast)).toEqual([]);
    expect((await tagged.next()).value).toMatchObject({ senderIp: vip, senderMac: two.mac });
    for (const host of [asker, two]) await host.run('link', 'delete', 'eth0.5');
  });

  it('passes over what is no ARP frame for IPv4', async () => {
    await using heard = arp.listen({ netns: asker.netns, link, timeoutMs });
    await heard.ready;
    const socket = await loadAddon().openArp(link, `/run/netns/${two.netns}`);
    const good = loadAddon().encodeArp({
      destination: new Uint8Array(6).fill(0xff),
      source: socket.address,
      operation: 9,
      senderMac: socket.address,
      senderIp: Uint8Array.of(192, 0, 2, 84),
      targetMac: new Uint8Array(6),
      targetIp: new Uint8Array(4),
    });
    for (let length = 14; length < good.length; length++) await socket.send(good.slice(0, length));
    for (let at = 12; at < 20; at++) {
      const wrong = good.slice();
      wrong[at] = (wrong[at] ?? 0) ^ 0x40;
      await socket.send(wrong);
    }
    await socket.send(good);
    const padded = new Uint8Array(1400);
    padded.set(good);
    await socket.send(padded);
    socket.close();
    await arp.announce({ netns: two.netns, link, address: last, count: 1 });
    const frames = await heardBefore(heard, ({ senderIp }) => senderIp === last);
    expect(frames.map(({ operation }) => operation)).toEqual([9, 9]);
  });

  it.skipIf(secondary)('counts what nobody fetched', async () => {
    await using heard = arp.listen({ netns: asker.netns, link });
    await heard.ready;
    const socket = await loadAddon().openArp(link, `/run/netns/${two.netns}`);
    const frame = loadAddon().encodeArp({
      destination: new Uint8Array(6).fill(0xff),
      source: socket.address,
      operation: 1,
      senderMac: socket.address,
      senderIp: Uint8Array.of(192, 0, 2, 85),
      targetMac: new Uint8Array(6),
      targetIp: new Uint8Array(4),
    });
    for (let sent = 0; sent < 5000; sent += 100) {
      await Promise.all(Array.from({ length: 100 }, () => socket.send(frame)));
    }
    socket.close();
    await new Promise((resolve) => setTimeout(resolve, 300));
    heard.close();
    let count = 0;
    for await (const { senderIp } of heard) if (senderIp === '192.0.2.85') count++;
    expect(count).toBeLessThanOrEqual(4096);
    expect(heard.dropped).toBeGreaterThanOrEqual(904);
    // The hosts' own kernels may ask for a neighbour meanwhile, which counts too if it is dropped.
    expect(count + heard.dropped).toBeGreaterThanOrEqual(5000);
    expect(count + heard.dropped).toBeLessThanOrEqual(5010);
  });

  it('fails when the link goes down', async () => {
    await two.run('link', 'add', 'd0', 'type', 'bridge');
    await two.run('link', 'set', 'd0', 'up');
    const listener = arp.listen({ netns: two.netns, link: 'd0' });
    await listener.ready;
    const next = listener.next();
    await two.run('link', 'delete', 'd0');
    await expect(next).rejects.toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      message: 'ARP on d0 ended: the link is down',
    });
  });
});

describe('ARP sockets', () => {
  it.each([
    ['a link that is not there', 'eth9', 'NETWORK_NO_DEVICE', 'there is no such link'],
    ['an index that is not there', 4711, 'NETWORK_NO_DEVICE', 'there is no such link'],
    ['a link that is no Ethernet', 'lo', 'NETWORK_INVALID', 'it is no Ethernet link'],
    ['a link that is down', 'down0', 'NETWORK_UNREACHABLE', 'the link is down'],
  ])('refuse %s', async (_what, name, code, reason) => {
    await two.run('link', 'add', 'down0', 'type', 'bridge').catch(() => undefined);
    const place = { netns: two.netns, link: name };
    const shown = typeof name === 'number' ? `link ${name}` : name;
    const message = `cannot open ${shown} for ARP: ${reason}`;
    await expect(arp.probe({ ...place, target: vip })).rejects.toMatchObject({ code, message });
    await expect(arp.announce({ ...place, address: vip })).rejects.toMatchObject({ code });
    await expect(arp.listen(place).next()).rejects.toMatchObject({ code });
    await expect(arp.listen(place).ready).rejects.toMatchObject({ code });
  });

  it('refuse a namespace that is not there', async () => {
    await expect(arp.probe({ netns: 'lvskit-none', link, target: vip })).rejects.toMatchObject({
      code: 'NETWORK_NAMESPACE_NOT_FOUND',
    });
  });

  describe('leave nothing behind', () => {
    let before: number;

    beforeEach(async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      before = socketCount();
    });

    it('when used', async () => {
      await Promise.all(Array.from({ length: 20 }, () => ask(one.ipv4)));
      expect(await collectUntil(() => socketCount() === before)).toBe(true);
    });

    it('when forgotten', async () => {
      const forget = async () => {
        for (let index = 0; index < 50; index++) {
          await arp.listen({ netns: two.netns, link }).ready;
        }
      };
      await forget();
      expect(socketCount()).toBeGreaterThan(before);
      expect(await collectUntil(() => socketCount() === before)).toBe(true);
    });
  });
});
