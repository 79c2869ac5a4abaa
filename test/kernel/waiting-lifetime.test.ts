import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secondary } from '../support/kernel.ts';
import { type Segment, type SegmentHost, segment } from '../support/segment.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let net: Segment;
let host: SegmentHost;

beforeAll(async () => {
  net = await segment('waiting', 2);
  host = net.hosts[0] as SegmentHost;
});

afterAll(() => net.remove());

/** Has a receive, an unanswered connect and sends under way, for ever. */
const waiting = `
  const { parentPort: report, workerData } = require('node:worker_threads');
  const [root, netns] = workerData ?? process.argv.slice(1);
  const addon = require('node-gyp-build')(root);
  const address = Uint8Array.of(10, 82, 0, 99);
  (async () => {
    const arp = await addon.openArp('eth0', netns);
    const ndp = await addon.openNdp('eth0', netns);
    const connects = Array.from({ length: 10 }, () =>
      addon.connectTcp(address, 80, { timeoutMs: 60000 }, netns).socket.catch(() => undefined));
    const frame = addon.encodeArp({
      destination: new Uint8Array(6).fill(255), source: arp.address, operation: 1,
      senderMac: arp.address, senderIp: address, targetMac: new Uint8Array(6), targetIp: address,
    });
    const send = async () => { for (;;) await arp.send(frame); };
    const heard = [arp.receive(), ndp.receive()];
    report?.postMessage('waiting');
    if (report) await Promise.race([send(), ...heard, ...connects]);
  })();
`;

function resources() {
  const count = (folder: string) => readdirSync(`/proc/self/${folder}`).length;
  return { descriptors: count('fd'), threads: count('task') };
}

describe.skipIf(secondary)('what a worker waited for', () => {
  it('ends with it, when it is terminated', async () => {
    const run = async (delayMs: number) => {
      const worker = new Worker(waiting, {
        eval: true,
        workerData: [root, `/run/netns/${host.netns}`],
      });
      await new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
      await sleep(delayMs);
      await worker.terminate();
    };
    await run(0);
    await sleep(300);
    const before = resources();
    for (let times = 0; times < 8; times++) await run(times * 3);
    await expect.poll(resources, { timeout: 5000 }).toEqual(before);
  });
});

describe.skipIf(secondary)('process.exit()', () => {
  it('ends a process that waits', async () => {
    const source = `${waiting}; setTimeout(() => process.exit(7), 300);`;
    const { exitCode, stderr } = await execa(
      process.execPath,
      ['-e', source, root, `/run/netns/${host.netns}`],
      { reject: false, cwd: root, timeout: 30_000 },
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 7, stderr: '' });
  });
});
