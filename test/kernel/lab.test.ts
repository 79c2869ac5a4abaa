import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Lab, type LabOptions } from '../../src/lab/lab.ts';
import { NetworkNamespace } from '../../src/net/namespace.ts';
import { Network } from '../../src/net/network.ts';
import { secondary } from '../support/kernel.ts';

const kinds = (['dr', 'nat', 'tun'] as const).flatMap((forwarding) =>
  (['ipv4', 'ipv6'] as const).map((family) => ({ forwarding, family })),
);

async function namespaces(): Promise<readonly string[]> {
  return (await NetworkNamespace.list()).map(({ name }) => name);
}

async function links(): Promise<readonly string[]> {
  await using network = await Network.open();
  return (await network.links.list()).map(({ name }) => name);
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

let lab: Lab;
async function build(options: LabOptions = {}): Promise<Lab> {
  lab = await Lab.create(options);
  return lab;
}

afterEach(() => lab[Symbol.asyncDispose]());

describe('a lab', () => {
  it.each(kinds)('balances connections by $forwarding over $family', async (kind) => {
    const { realServers, client, vip } = await build(kind);
    for (const server of realServers) await lab.serve(server);
    await lab.addService({ scheduler: 'rr' });

    const answers = [];
    for (let request = 0; request < 6; request++) answers.push(await lab.request());

    const servers = answers.map((answer) => answer.server);
    expect([...servers].sort()).toEqual(['rs1', 'rs1', 'rs1', 'rs2', 'rs2', 'rs2']);
    expect(servers.slice(0, 4)).toEqual([...servers.slice(2, 6)]);
    for (const { server, to, from } of answers) {
      const own = realServers.find(({ name }) => name === server)?.address;
      const address = kind.forwarding === 'nat' ? own : vip;
      expect(to).toBe(address?.includes(':') ? `[${address}]:80` : `${address}:80`);
      expect(from).toContain(client.address);
    }
  });

  it.each(kinds)('balances datagrams by $forwarding over $family', async (kind) => {
    const { realServers } = await build(kind);
    for (const server of realServers) await lab.serve(server, { protocol: 'udp', port: 53 });
    await lab.addService({ protocol: 'udp', port: 53, scheduler: 'rr' });
    await using first = await lab.datagrams({ port: 53 });
    await using second = await lab.datagrams({ port: 53 });
    const one = [(await first.ask()).server, (await first.ask()).server];
    const other = [(await second.ask()).server, (await second.ask()).server];
    expect(new Set(one).size).toBe(1);
    expect(new Set(other).size).toBe(1);
    expect(one[0]).not.toBe(other[0]);
  });

  it('keeps a connection on its server until it is closed', async () => {
    await build();
    for (const server of lab.realServers) await lab.serve(server);
    const service = await lab.addService({ scheduler: 'rr' });
    await using connection = await lab.connect();
    await lab.request();
    expect((await connection.ask()).server).toBe(connection.answer.server);
    const active = async () =>
      (await lab.ipvs.find(service))?.destinations.reduce(
        (sum, destination) => sum + destination.activeConnections,
        0,
      );
    expect(await active()).toBe(1);
    await connection.close();
    expect(await active()).toBe(0);
  });

  it.skipIf(secondary)('sends nothing over a connection that is only held', async () => {
    await build();
    for (const server of lab.realServers) await lab.serve(server);
    const service = await lab.addService();
    await using held = await lab.connect();
    const packets = async () =>
      (await lab.ipvs.find(service, { statistics: true }))?.statistics?.packetsIn;
    // The kernel counts every two seconds.
    await expect.poll(packets, { timeout: 5_000 }).toBeGreaterThan(0n);
    await sleep(2_100);
    const before = await packets();
    await sleep(3_000);
    expect(held.socket.destroyed).toBe(false);
    expect(await packets()).toBe(before);
  });

  it.each([
    { forwarding: 'nat', family: 'ipv4' },
    { forwarding: 'nat', family: 'ipv6' },
    { forwarding: 'dr', family: 'ipv6' },
    { forwarding: 'tun', family: 'ipv6' },
  ] as const)('reaches a service by firewall mark: $forwarding over $family', async (kind) => {
    await build({ ...kind, virtualAddresses: 2 });
    for (const server of lab.realServers) await lab.serve(server);
    await lab.addService({ firewallMark: 7, scheduler: 'rr' });
    const { director } = lab;
    const sourceAddress = director.addresses.at(-1);
    const servers = [];
    for (const address of lab.vips) {
      const question = { from: director, mark: 7, sourceAddress, address };
      servers.push((await lab.request(question)).server);
    }
    expect(servers.sort()).toEqual(['rs1', 'rs2']);
    await expect(lab.request({ from: director, sourceAddress })).rejects.toMatchObject({
      code: 'NETWORK_REFUSED',
    });
  });

  it('has as many servers, clients and virtual addresses as it is asked for', async () => {
    await build({ realServers: 3, clientAddresses: 2, virtualAddresses: 2 });
    expect(lab.realServers.map(({ name }) => name)).toEqual(['rs1', 'rs2', 'rs3']);
    for (const server of lab.realServers) await lab.serve(server, { port: 8080 });
    const [, second = ''] = lab.vips;
    await lab.addService({ address: second, port: 8080, scheduler: 'rr' });
    const [, otherClient = ''] = lab.client.addresses;
    const answers = [];
    for (let request = 0; request < 3; request++) {
      answers.push(await lab.request({ address: second, port: 8080, sourceAddress: otherClient }));
    }
    expect(new Set(answers.map(({ server }) => server)).size).toBe(3);
    for (const { from, to } of answers) {
      expect(from.startsWith(`${otherClient}:`)).toBe(true);
      expect(to).toBe(`${second}:8080`);
    }
  });

  it('leaves real servers as they are when asked to', async () => {
    await build({ provision: false });
    for (const { network, sysctl } of lab.realServers) {
      expect((await network.addresses.list({ link: 'lo', family: 'ipv4' })).length).toBe(1);
      expect(await sysctl.read('net.ipv4.conf.eth0.arp_ignore')).toBe('0');
    }
  });

  it('sets up real servers for direct routing as the books say', async () => {
    await build();
    for (const { network, sysctl } of lab.realServers) {
      const [, vip] = await network.addresses.list({ link: 'lo', family: 'ipv4' });
      expect(vip).toMatchObject({ address: `${lab.vip}/32`, label: 'lo:0' });
      for (const link of ['all', 'eth0']) {
        expect(await sysctl.read(`net.ipv4.conf.${link}.arp_ignore`)).toBe('1');
        expect(await sysctl.read(`net.ipv4.conf.${link}.arp_announce`)).toBe('2');
      }
      const routes = await network.routes.list({ link: 'lo', table: 'main', family: 'ipv4' });
      expect(routes).toMatchObject([{ destination: `${lab.vip}/32`, scope: 'link' }]);
    }
  });

  it('refuses weights that are not one for each real server', async () => {
    await build();
    await expect(lab.addService({ weights: [1] })).rejects.toThrow(
      new RangeError('weights must be 2, one for each real server, not 1'),
    );
    expect(await lab.ipvs.list()).toEqual([]);
  });

  it('stands beside another one without knowing of it', async () => {
    await build();
    await using other = await Lab.create();
    expect(other.name).not.toBe(lab.name);
    for (const each of [lab, other]) {
      for (const server of each.realServers) await each.serve(server);
      await each.addService({ scheduler: 'rr' });
    }
    expect((await other.request()).to).toBe(`${lab.vip}:80`);
    expect(
      (await lab.ipvs.find({ protocol: 'tcp', address: lab.vip, port: 80 }))?.destinations,
    ).toHaveLength(2);
    expect((await lab.request()).to).toBe(`${lab.vip}:80`);
  });

  it('tells every step with the usual commands for it', async () => {
    const steps: string[] = [];
    await build({
      onStep: ({ host, commands }) => steps.push(...commands.map((c) => `${host}: ${c}`)),
    });
    await lab.addService({ scheduler: 'wrr', weights: [3, 1] });
    expect(steps).toContain(`rs1: ip address add ${lab.vip}/32 dev lo label lo:0`);
    expect(steps.indexOf('rs1: sysctl -w net.ipv4.conf.eth0.arp_ignore=1')).toBeLessThan(
      steps.indexOf(`rs1: ip address add ${lab.vip}/32 dev lo label lo:0`),
    );
    expect(steps.slice(-3)).toEqual([
      `director: ipvsadm -A -t ${lab.vip}:80 -s wrr`,
      `director: ipvsadm -a -t ${lab.vip}:80 -r ${lab.realServers[0]?.address}:80 -g -w 3`,
      `director: ipvsadm -a -t ${lab.vip}:80 -r ${lab.realServers[1]?.address}:80 -g -w 1`,
    ]);
  });
});

describe('the end of a lab', () => {
  let before: { namespaces: readonly string[]; links: readonly string[]; files: number };
  const now = async () => ({
    namespaces: await namespaces(),
    links: await links(),
    files: openFiles(),
  });

  beforeAll(async () => {
    // The first connection starts what all later ones share.
    await using first = await Lab.create({ realServers: 1 });
    for (const server of first.realServers) await first.serve(server);
    await first.addService();
    await first.request();
  });

  it('leaves no namespace, no link and no open file', async () => {
    before = await now();
    await build();
    for (const server of lab.realServers) {
      await lab.serve(server);
      await lab.serve(server, { protocol: 'udp' });
    }
    await lab.addService();
    await lab.request();
    const held = await lab.connect();
    expect((await now()).namespaces.length).toBe(before.namespaces.length + 5);
    await lab[Symbol.asyncDispose]();
    await held.close();
    expect(await now()).toEqual(before);
  });

  it('comes only once', async () => {
    before = await now();
    await build();
    await lab[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
    expect(await now()).toEqual(before);
  });

  it.each([1, 2, 3, 6, 8])('is complete when the building fails after %i steps', async (steps) => {
    before = await now();
    let seen = 0;
    const failure = new Error('enough');
    const building = Lab.create({
      forwarding: 'tun',
      onStep: () => {
        seen++;
        if (seen === steps) throw failure;
      },
    });
    await expect(building).rejects.toBe(failure);
    expect(seen).toBe(steps);
    expect(await now()).toEqual(before);
  });

  it('is complete when the building is called off', async () => {
    before = await now();
    const called = new AbortController();
    const building = Lab.create({
      signal: called.signal,
      onStep: ({ host }) => {
        if (host === 'director') called.abort(new Error('never mind'));
      },
    });
    await expect(building).rejects.toThrow('never mind');
    expect(await now()).toEqual(before);
  });

  it('takes no namespace that somebody else made', async () => {
    const [taken] = [`lvs-${process.pid}-switch`];
    const foreign = await NetworkNamespace.create(taken);
    try {
      await build();
      expect(lab.name).toBe(`lvs-${process.pid}-2`);
      await lab[Symbol.asyncDispose]();
      expect(await namespaces()).toContain(taken);
    } finally {
      await foreign.remove();
    }
  });
});
