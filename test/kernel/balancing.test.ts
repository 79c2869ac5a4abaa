import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Ipvs, type ServiceKey } from '../../src/index.ts';
import type { LabConnection } from '../../src/lab/client.ts';
import { LabHost } from '../../src/lab/host.ts';
import { Lab } from '../../src/lab/lab.ts';
import { judge, schedulerPromises } from '../../src/lab/promise.ts';
import { kernelIs, secondary } from '../support/kernel.ts';

/** The kernel brings counters up to date every two seconds. */
const estimatorMs = 6_000;

let lab: Lab;

async function serveEverywhere(protocol: 'http' | 'udp' = 'http', port = 80): Promise<void> {
  for (const server of lab.realServers) await lab.serve(server, { protocol, port });
}

/** Names of the servers that answered so many connections, one after the other. */
async function servers(count: number, question: Parameters<Lab['request']>[0] = {}) {
  const names: string[] = [];
  for (let request = 0; request < count; request++) {
    names.push((await lab.request(question)).server);
  }
  return names;
}

async function weigh(service: ServiceKey, server: number, weight: number): Promise<void> {
  const address = lab.realServers[server]?.address ?? '';
  await lab.ipvs.editDestination(service, { address }, { weight });
}

async function removeLab(): Promise<void> {
  await lab?.[Symbol.asyncDispose]();
}

describe('every scheduler keeps its promise to three real servers', () => {
  const requests = 12;
  // Debian builds no kernel with twos.
  const built = Object.entries(schedulerPromises).filter(([name]) => name !== 'twos');

  beforeAll(async () => {
    lab = await Lab.create({ realServers: 3 });
    await serveEverywhere();
  });
  afterEach(() => lab.ipvs.flush());
  afterAll(removeLab);

  it.each(built)('%s', async (scheduler, promise) => {
    const weights = promise.weights(3, requests);
    await lab.addService({ scheduler, weights });
    const tallies = lab.realServers.map(({ name }, index) => ({
      name,
      weight: weights[index] ?? 0,
      requests: 0,
    }));
    const open: LabConnection[] = [];
    try {
      for (let request = 0; request < requests; request++) {
        const connection = await lab.connect();
        const tally = tallies.find(({ name }) => name === connection.answer.server);
        if (tally !== undefined) tally.requests++;
        if (promise.countsOpenConnections) open.push(connection);
        else await connection.close();
      }
    } finally {
      for (const connection of open) await connection.close();
    }
    const verdict = judge(promise, tallies);
    expect(verdict, `${verdict.expected}, but ${verdict.seen}`).toMatchObject({ kept: true });
  });
});

describe('persistence', () => {
  afterEach(removeLab);

  const persistence = { timeoutSeconds: 60 } as const;

  beforeEach(async () => {
    lab = await Lab.create({ clientAddresses: 2 });
    await serveEverywhere();
  });

  it('keeps each client on its server and clients apart', async () => {
    await lab.addService({ scheduler: 'rr', persistence });
    const [one = '', other = ''] = lab.client.addresses;
    const first = await servers(4, { sourceAddress: one });
    const second = await servers(4, { sourceAddress: other });
    expect(new Set(first).size).toBe(1);
    expect(new Set(second).size).toBe(1);
    expect(first[0]).not.toBe(second[0]);
  });

  it('counts clients of one netmask as one', async () => {
    await lab.addService({ scheduler: 'rr', persistence: { ...persistence, netmask: 24 } });
    const [one = '', other = ''] = lab.client.addresses;
    const names = [
      ...(await servers(2, { sourceAddress: one })),
      ...(await servers(2, { sourceAddress: other })),
    ];
    expect(new Set(names).size).toBe(1);
  });

  it('shows as a template that counts as a persistent connection', async () => {
    const service = await lab.addService({ scheduler: 'rr', persistence });
    const [name] = await servers(1);
    const chosen = lab.realServers.find((server) => server.name === name)?.address;
    const templates = [];
    for await (const connection of lab.ipvs.connections()) {
      if (connection.template) templates.push(connection.destination.address);
    }
    expect(templates).toEqual([chosen]);
    const state = await lab.ipvs.find(service);
    const persistent = state?.destinations.map(({ key, persistentConnections }) => [
      key.address,
      persistentConnections,
    ]);
    expect(Object.fromEntries(persistent ?? [])[chosen ?? '']).toBe(1);
  });
});

describe('a firewall mark', () => {
  afterEach(removeLab);

  it.each(['ipv4', 'ipv6'] as const)(
    'gathers the marked packets of every port into one service over %s',
    async (family) => {
      // A mark counts on the host that sets it, so it is the director that asks, at another address
      // of its own than the VIP, which the real servers have too.
      lab = await Lab.create({ family });
      if (family === 'ipv4') {
        // Answers come from the VIP, an address of its own, which a host otherwise takes for forged.
        await lab.director.sysctl.write('net.ipv4.conf.eth0.accept_local', 1);
        for (const link of ['all', 'eth0']) {
          await lab.director.sysctl.write(`net.ipv4.conf.${link}.rp_filter`, 0);
        }
      }
      await serveEverywhere('http', 80);
      await serveEverywhere('http', 8080);
      await lab.addService({ firewallMark: 7, scheduler: 'rr' });
      const question = { from: lab.director, sourceAddress: lab.director.address, mark: 7 };
      const names = [
        ...(await servers(2, { ...question, port: 80 })),
        ...(await servers(2, { ...question, port: 8080 })),
      ];
      expect([...names].sort()).toEqual(['rs1', 'rs1', 'rs2', 'rs2']);
      await expect(lab.request({ ...question, mark: 8 })).rejects.toMatchObject({
        code: 'NETWORK_REFUSED',
      });
    },
  );
});

/** The packets of a client that get a mark: those from an address or those to a port. */
interface MarkRule {
  readonly source?: string;
  readonly port?: number;
  readonly mark: number;
}

type Marker = (rule: MarkRule) => readonly string[];

/** Has the director mark packets as they arrive, the way operators do: in mangle's PREROUTING. */
const iptables: Marker = ({ source, port, mark }) => [
  'ip netns exec',
  lab.director.netns,
  lab.family === 'ipv4' ? 'iptables-legacy' : 'ip6tables-legacy',
  '-t mangle -A PREROUTING -p tcp',
  source === undefined ? '' : `-s ${source}`,
  port === undefined ? '' : `--dport ${port}`,
  `-j MARK --set-mark ${mark}`,
];

/** The same on the way in from the link, before any table. */
const trafficControl: Marker = ({ source, port, mark }) => [
  `tc -n ${lab.director.netns} filter add dev eth0 ingress`,
  `protocol ${lab.family === 'ipv4' ? 'ip' : 'ipv6'} flower ip_proto tcp`,
  source === undefined ? '' : `src_ip ${source}`,
  port === undefined ? '' : `dst_port ${port}`,
  `action skbedit mark ${mark}`,
];

async function markOnArrival(marker: Marker, rules: readonly MarkRule[]): Promise<void> {
  if (marker === trafficControl) {
    await execa('tc', ['-n', lab.director.netns, 'qdisc', 'add', 'dev', 'eth0', 'clsact']);
  }
  for (const rule of rules) {
    const [program = '', ...words] = marker(rule).join(' ').split(/ +/);
    await execa(program, words);
  }
}

describe.each([
  ['iptables', iptables],
  ['tc', trafficControl],
])('a firewall mark that the director sets with %s', (name, marker) => {
  afterEach(removeLab);

  const everyWay = [
    ['dr', 'ipv4'],
    ['nat', 'ipv6'],
    ...(secondary ? [] : [['dr', 'ipv6'] as const, ['nat', 'ipv4'] as const]),
  ] as const;

  beforeEach(({ skip }) => {
    skip(name === 'iptables' && kernelIs('7.2'), 'Debian builds Linux 7.2 without these tables');
  });

  it.each(everyWay)(
    "gathers ports of a client's connections into one service by %s over %s",
    async (forwarding, family) => {
      lab = await Lab.create({ forwarding, family });
      for (const port of [80, 8080, 8081]) await serveEverywhere('http', port);
      await markOnArrival(marker, [
        { port: 80, mark: 7 },
        { port: 8080, mark: 7 },
      ]);
      await lab.addService({ firewallMark: 7, scheduler: 'rr' });
      const order: string[] = [];
      for (const port of [80, 8080, 80, 8080]) order.push(...(await servers(1, { port })));
      // One rotation over both ports: with a service for each, both would begin with the same.
      expect(order[1]).not.toBe(order[0]);
      expect(order.slice(2)).toEqual(order.slice(0, 2));
      await expect(lab.request({ port: 8081 })).rejects.toMatchObject({ code: 'NETWORK_REFUSED' });

      const seen: string[] = [];
      for await (const { client, virtual, destination } of lab.ipvs.connections()) {
        seen.push(`${client.address} ${virtual?.address} ${virtual?.port} ${destination.port}`);
      }
      const from = `${lab.client.address} ${lab.vip}`;
      const [first, second] = [`${from} 80 80`, `${from} 8080 8080`];
      expect(seen.sort()).toEqual([first, first, second, second]);
    },
  );

  it.each(everyWay)(
    'leads clients to servers of their own by %s over %s',
    async (forwarding, family) => {
      lab = await Lab.create({ forwarding, family, clientAddresses: 2 });
      await serveEverywhere();
      const clients = lab.client.addresses;
      await markOnArrival(
        marker,
        clients.map((source, index) => ({ source, mark: index + 1 })),
      );
      for (const [index, { address }] of lab.realServers.entries()) {
        const service = { firewallMark: index + 1, family };
        await lab.ipvs.add(service, { scheduler: 'rr' });
        await lab.ipvs.addDestination(service, { address }, { forwarding });
      }
      for (const [index, sourceAddress] of clients.entries()) {
        const name = `rs${index + 1}`;
        expect(await servers(3, { sourceAddress })).toEqual([name, name, name]);
      }
    },
  );
});

describe('UDP', () => {
  afterEach(removeLab);

  it('stays with its server from one port, and with one-packet scheduling does not', async () => {
    lab = await Lab.create({ virtualAddresses: 1 });
    await serveEverywhere('udp', 53);
    const service = await lab.addService({ protocol: 'udp', port: 53, scheduler: 'rr' });
    const ask = async () => {
      await using socket = await lab.datagrams({ port: 53 });
      const names: string[] = [];
      for (let datagram = 0; datagram < 4; datagram++) names.push((await socket.ask()).server);
      return names;
    };
    expect(new Set(await ask()).size).toBe(1);
    await lab.ipvs.edit(service, { onePacket: true });
    const [one, two, three, four] = await ask();
    expect(one).not.toBe(two);
    expect([three, four]).toEqual([one, two]);
  });
});

describe('connection thresholds', () => {
  afterEach(removeLab);

  it('turn a server away when it is full, refuse when all are, and end when it has room', async () => {
    lab = await Lab.create();
    await serveEverywhere();
    // The director sees no answers, so what it thinks of a closed connection ends with this timeout.
    await lab.ipvs.setTimeouts({ tcpFin: 1 });
    await lab.addService({
      scheduler: 'rr',
      destination: { upperThreshold: 2, lowerThreshold: 1 },
    });
    const held: LabConnection[] = [];
    for (let connection = 0; connection < 4; connection++) held.push(await lab.connect());
    expect(held.map(({ answer }) => answer.server).sort()).toEqual(['rs1', 'rs1', 'rs2', 'rs2']);
    await expect(lab.request()).rejects.toMatchObject({ code: 'NETWORK_REFUSED' });

    const freed = held.filter(({ answer }) => answer.server === 'rs1');
    for (const connection of freed) await connection.close();
    await expect
      .poll(() => lab.request().then(({ server }) => server, String), { timeout: 10_000 })
      .toBe('rs1');
    for (const connection of held) await connection.close();
  });
});

describe('weight 0', () => {
  afterEach(removeLab);

  it('takes no new connections and keeps those there are', async () => {
    lab = await Lab.create();
    await serveEverywhere();
    const service = await lab.addService({ scheduler: 'rr' });
    const held = [await lab.connect(), await lab.connect()];
    const onFirst = held.find(({ answer }) => answer.server === 'rs1');
    await weigh(service, 0, 0);
    expect(await servers(4)).toEqual(['rs2', 'rs2', 'rs2', 'rs2']);
    expect((await onFirst?.ask())?.server).toBe('rs1');
    await weigh(service, 0, 1);
    expect(new Set(await servers(4)).size).toBe(2);
    for (const connection of held) await connection.close();
  });
});

describe('counters', () => {
  afterEach(removeLab);

  it.each(['dr', 'nat'] as const)('count what went through the director by %s', async (kind) => {
    lab = await Lab.create({ forwarding: kind });
    await serveEverywhere();
    const service = await lab.addService({ scheduler: 'rr' });
    await servers(4);
    const read = async () => (await lab.ipvs.find(service, { statistics: true }))?.statistics;
    await expect.poll(async () => (await read())?.connections, { timeout: estimatorMs }).toBe(4n);
    const statistics = await read();
    // A request takes a handshake, a question and an end: at least four packets each way.
    expect(statistics?.packetsIn).toBeGreaterThanOrEqual(16n);
    expect(statistics?.bytesIn).toBeGreaterThan(statistics?.packetsIn ?? 0n);
    if (kind === 'dr') expect(statistics?.packetsOut).toBe(0n);
    else expect(statistics?.packetsOut).toBeGreaterThanOrEqual(12n);
    const state = await lab.ipvs.find(service, { statistics: true });
    expect(state?.destinations.map(({ statistics: own }) => own?.connections)).toEqual([2n, 2n]);
    expect(state?.statistics?.packetsIn).toBe(
      state?.destinations.reduce((sum, { statistics: own }) => sum + (own?.packetsIn ?? 0n), 0n),
    );
    await lab.ipvs.zero(service);
    expect((await read())?.connections).toBe(0n);
  });
});

describe('tunnels with a header of their own', () => {
  afterEach(removeLab);

  beforeEach(async () => {
    lab = await Lab.create({ forwarding: 'tun' });
    await serveEverywhere();
  });

  it.each(['none', 'full', 'remote'] as const)(
    'reach real servers over GUE, checksum %s',
    async (checksum) => {
      for (const { network } of lab.realServers) {
        await network.fou.add({ port: 5555, encapsulation: 'gue' });
      }
      const tunnel = { type: 'gue', port: 5555, checksum } as const;
      await lab.addService({ scheduler: 'rr', destination: { tunnel } });
      expect(new Set(await servers(4))).toEqual(new Set(['rs1', 'rs2']));
    },
  );

  it.each(['none', 'full'] as const)(
    'reach real servers over GRE, checksum %s',
    async (checksum) => {
      for (const { network, sysctl, address } of lab.realServers) {
        const inputChecksum = checksum === 'full';
        await network.links.add({
          kind: 'gre',
          name: 'gre1',
          up: true,
          tunnel: { local: address, inputChecksum },
        });
        await sysctl.write('net.ipv4.conf.gre1.rp_filter', 0);
      }
      await lab.addService({ scheduler: 'rr', destination: { tunnel: { type: 'gre', checksum } } });
      expect(new Set(await servers(4))).toEqual(new Set(['rs1', 'rs2']));
    },
  );
});

describe('connection synchronisation', () => {
  afterEach(removeLab);

  it('gives a backup on the same network the connections of the master', async () => {
    lab = await Lab.create();
    await serveEverywhere();
    const [lan] = lab.topology.segments;
    const identity = { name: 'backup', role: 'director', addresses: ['192.0.2.2'] } as const;
    await using backup = await LabHost.create(identity, `${lab.name}-backup`, () => {});
    await lab.switch.addCable('backup', lan?.bridge ?? '', backup, 'eth0');
    await backup.setUp('eth0');
    await backup.addAddress('192.0.2.2/24', 'eth0');
    await using table = await Ipvs.open({ netns: backup.netns });
    await table.startSyncDaemon({ role: 'backup', interface: 'eth0', syncId: 9 });
    await lab.ipvs.startSyncDaemon({ role: 'master', interface: 'eth0', syncId: 9 });

    await lab.addService({ scheduler: 'rr' });
    const held = [await lab.connect(), await lab.connect()];
    const synced = async () => {
      const seen: string[] = [];
      for await (const { client, destination, origin, state } of table.connections({
        origin: true,
      })) {
        seen.push(`${client.address}:${client.port} ${destination.address} ${state} ${origin}`);
      }
      return seen.sort();
    };
    const expected = held.map(({ answer }) => {
      const real = lab.realServers.find(({ name }) => name === answer.server);
      return `${answer.from} ${real?.address} ESTABLISHED sync`;
    });
    await expect.poll(synced, { timeout: 10_000 }).toEqual(expected.sort());
    await lab.ipvs.stopSyncDaemon('master');
    await table.stopSyncDaemon('backup');
    for (const connection of held) await connection.close();
  });
});
