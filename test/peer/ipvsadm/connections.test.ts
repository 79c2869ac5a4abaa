import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadModule } from '../../../src/net/modules.ts';
import { type LocalDirector, localDirector } from '../../support/local-director.ts';
import { connectionsPerMessage, syncMessage } from '../../support/sync-message.ts';
import { type Comparison, compareLines, outcomeLines, together } from './compare.ts';
import { useOwnNames } from './name-files.ts';
import { runOurs } from './ours.ts';
import type { Outcome, Step } from './outcome.ts';
import { RealIpvsadm } from './real.ts';
import { countingAs } from './results.ts';

const [vip, rip, vip6, rip6] = ['10.0.0.1', '10.0.0.4', '2001:db8::1', '2001:db8::2'];

let real: RealIpvsadm;
beforeAll(async () => {
  await loadModule('ipv6');
  real = await RealIpvsadm.start();
});
afterAll(() => real.stop());
useOwnNames();

const count = countingAs('connections');

/** Lines of an outcome; of the times that connections have left only the widths are compared. */
const linesOf = (outcome: Outcome) =>
  outcomeLines(outcome).map((line) =>
    line.replace(/^(stdout: \w+ +)(\d+:\d\d)( *)/, (_, before, time, after) => {
      return `${before}${time.replace(/\d/g, '0')}${after}`;
    }),
  );

async function compareOnce(netns: string, step: Step): Promise<Comparison> {
  const [theirs] = await real.run(netns, [step]);
  const [ours] = await runOurs(netns, [step]);
  return compareLines(linesOf(theirs as Outcome), linesOf(ours as Outcome));
}

/** Both read the same table one after the other, between which it may change by itself. */
async function compareListings(director: LocalDirector, lists: readonly string[]): Promise<void> {
  const parts: [string, Comparison][] = [];
  for (const list of lists) {
    const step = { words: list.split(' ') };
    const netns = `/run/netns/${director.netns}`;
    let comparison = await compareOnce(netns, step);
    for (let again = 0; comparison.difference !== '' && again < 5; again++) {
      await sleep(100);
      comparison = await compareOnce(netns, step);
    }
    parts.push([`$ ipvsadm ${list}`, comparison]);
    count(`${expect.getState().currentTestName}: ${list}`, comparison);
  }
  expect(together(parts).difference).toBe('');
}

const tables = [
  '-Ln',
  '-L',
  '-Ln --stats',
  '-Ln --stats --exact',
  '-Ln --thresholds',
  '-Ln --persistent-conn',
  '-Ln --tun-info',
  '-Sn',
];
const connections = ['-Lnc', '-Lc', '-Lnc --persistent-conn', '-Lc --persistent-conn', '-lnc'];

describe('with live connections', () => {
  let director: LocalDirector;
  beforeEach(async () => {
    director = await localDirector(`${vip}/32`, `${rip}/32`, `${vip6}/128`, `${rip6}/128`);
  });

  /** @param pairs Ports of the VIP, to which real servers answer on 8080. */
  async function balance(...ports: readonly number[]): Promise<void> {
    await director.serve(rip, 8080);
    await director.serve(rip6, 8080);
    for (const [virtual, destination] of [
      [vip, rip],
      [vip6, rip6],
    ] as const) {
      for (const port of ports) {
        const service = { protocol: 'tcp', address: virtual, port } as const;
        await director.ipvs.add(service, { scheduler: 'rr' });
        const server = { address: destination, port: 8080 };
        await director.ipvs.addDestination(service, server, {
          forwarding: 'nat',
          upperThreshold: 100,
        });
      }
    }
  }

  it('TCP over IPv4 and IPv6 is listed the same', async () => {
    await balance(80, 443, 7000);
    for (const address of [vip, vip6]) {
      for (const port of [80, 443, 7000]) {
        const socket = await director.connect({ address, port });
        socket.write('x'.repeat(1000 * port));
      }
    }
    const ended = await director.connect({ address: vip, port: 80 });
    ended.end();
    await sleep(200);
    await compareListings(director, [...tables, ...connections, '-Ln -t 10.0.0.1:80 --stats']);
  });

  it('rates are listed the same', async () => {
    await balance(80);
    const socket = await director.connect({ address: vip, port: 80 });
    const traffic = setInterval(() => socket.write('x'.repeat(20_000)), 20);
    onTestFinished(() => clearInterval(traffic));
    const moving = async () =>
      (await director.ipvs.list({ statistics: true })).some(
        ({ statistics }) => (statistics?.bytesInPerSecond ?? 0n) > 0n,
      );
    await vi.waitUntil(moving, { timeout: 20_000, interval: 200 });
    await compareListings(director, ['-Ln --rate', '-Ln --rate --exact', '-L --rate']);
  });

  it('persistence and what is remembered of it are listed the same', async () => {
    await director.serve(rip, 8080);
    for (const port of [80, 443]) {
      const service = { protocol: 'tcp', address: vip, port } as const;
      const persistence = { timeoutSeconds: 60, netmask: 24 };
      await director.ipvs.add(service, { scheduler: 'rr', persistence });
      await director.ipvs.addDestination(
        service,
        { address: rip, port: 8080 },
        { forwarding: 'nat' },
      );
      await director.connect({ address: vip, port });
    }
    await compareListings(director, [...tables, ...connections]);
  });

  it('calls that an engine remembers are listed the same', async () => {
    const service = { protocol: 'udp', address: vip, port: 5060 } as const;
    const persistence = { timeoutSeconds: 60, netmask: 32 };
    const config = { scheduler: 'rr', persistence, persistenceEngine: 'sip' } as const;
    await director.ipvs.add(service, config);
    await director.ipvs.addDestination(
      service,
      { address: rip, port: 5060 },
      { forwarding: 'nat' },
    );
    await director.bindUdp(rip, 5060);
    const calls = ['abc123@10.0.0.1', `${'x'.repeat(140)}@b`, '%s\\t"quoted"@b', 'a'];
    for (const call of calls) {
      const phone = await director.bindUdp(vip, 0);
      phone.send(`INVITE sip:a@b SIP/2.0\r\nCall-ID: ${call}\r\n\r\n`, 5060, vip);
    }
    const remembered = async () => {
      let templates = 0;
      for await (const one of director.ipvs.connections()) templates += one.template ? 1 : 0;
      return templates >= 2;
    };
    await vi.waitUntil(remembered, { timeout: 10_000, interval: 50 });
    await compareListings(director, [...tables, ...connections]);
  });

  it('a call whose line is longer than the real one reads is listed whole', async () => {
    const service = { protocol: 'udp', address: vip, port: 5060 } as const;
    const persistence = { timeoutSeconds: 60, netmask: 32 };
    const config = { scheduler: 'rr', persistence, persistenceEngine: 'sip' } as const;
    await director.ipvs.add(service, config);
    await director.ipvs.addDestination(
      service,
      { address: rip, port: 5060 },
      { forwarding: 'nat' },
    );
    const call = `${'x'.repeat(200)}@b`;
    const phone = await director.bindUdp(vip, 0);
    phone.send(`INVITE sip:a@b SIP/2.0\r\nCall-ID: ${call}\r\n\r\n`, 5060, vip);
    const words = ['-Lnc', '--persistent-conn'];
    const listed = async () => {
      const [outcome] = await runOurs(`/run/netns/${director.netns}`, [{ words }]);
      return outcome?.stdout.split('\n') ?? [];
    };
    await vi.waitUntil(async () => (await listed()).length === 5, { timeout: 10_000 });
    const template = (await listed()).filter((line) => line.includes(call));
    expect(template).toEqual([
      expect.stringMatching(
        /^UDP \d\d:\d\d {2}NONE +10\.0\.0\.1:0 +10\.0\.0\.1:5060 +10\.0\.0\.4:5060 +sip +x{200}@b$/,
      ),
    ]);
  });

  it('a mark, and a destination of the other family, are listed the same', async () => {
    const service = { protocol: 'tcp', address: vip, port: 81 } as const;
    await director.ipvs.add(service, { scheduler: 'rr' });
    await director.ipvs.addDestination(service, { address: rip6 }, { forwarding: 'tun' });
    await director.connect({ address: vip, port: 81, timeoutMs: 300 }).catch(() => undefined);
    await compareListings(director, [...tables, ...connections]);
  });
});

describe('entries of a synchronised table', () => {
  it('of every protocol and state are listed the same', async () => {
    const master = await localDirector();
    const director = await localDirector();
    const peer = { name: 'sync0', netns: master.netns, up: true };
    await director.network.links.add({ kind: 'veth', name: 'sync0', up: true, peer });
    await director.network.addresses.add({ link: 'sync0', address: '10.8.0.1/24' });
    await master.network.addresses.add({ link: 'sync0', address: '10.8.0.2/24' });
    await director.ipvs.startSyncDaemon({ role: 'backup', interface: 'sync0', syncId: 0 });
    onTestFinished(() => director.ipvs.stopSyncDaemon('backup'));
    const sender = await master.bindUdp('10.8.0.2', 0);
    sender.setMulticastInterface('10.8.0.2');

    const entries = [6, 17, 132].flatMap((protocol) =>
      Array.from({ length: 60 }, (_, index) => ({
        client: `10.0.0.${index % 12}`,
        clientPort: [80, 53, 7000, 1, 65_535][index % 5] ?? 0,
        virtual: index % 7 === 0 ? '203.113.255.255' : vip,
        virtualPort: [80, 53, 7000, 65_535, 2905][index % 5] ?? 0,
        destination: index % 3 === 0 ? '192.168.100.110' : rip,
        destinationPort: 1000 * (index % 13) + 80,
        protocol,
        state: index % 12,
      })),
    );
    const arrived = async () => {
      for (let from = 0; from < entries.length; from += connectionsPerMessage) {
        const message = syncMessage(entries.slice(from, from + connectionsPerMessage));
        await new Promise((resolve) => sender.send(message, 8848, '224.0.0.81', resolve));
      }
      await sleep(100);
      const seen = new Set<string>();
      for await (const { protocol, state } of director.ipvs.connections()) {
        seen.add(`${protocol} ${state}`);
      }
      return seen.size >= 15;
    };
    await vi.waitUntil(arrived, { timeout: 20_000, interval: 100 });
    await compareListings(director, connections);
  });
});
