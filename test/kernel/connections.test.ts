import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Connection, Ipvs, readConnections } from '../../src/index.ts';
import { loadModule } from '../../src/net/modules.ts';
import { NetworkNamespace } from '../../src/net/namespace.ts';
import { asNobody } from '../support/as-nobody.ts';
import { collectUntil } from '../support/descriptors.ts';
import { type LocalDirector, localDirector } from '../support/local-director.ts';
import { ownConnection } from '../support/own-connection.ts';
import {
  connectionsPerMessage,
  type SyncedConnection,
  syncMessage,
} from '../support/sync-message.ts';

const vip = '10.9.0.1';
const rip = '10.9.0.2';
const vip6 = 'fd00:9::1';
const rip6 = 'fd00:9::2';

beforeAll(async () => {
  await loadModule('ipv6');
});

async function all(connections: AsyncIterable<Connection>): Promise<Connection[]> {
  const found: Connection[] = [];
  for await (const connection of connections) found.push(connection);
  return found;
}

/** How often this process has the table open. */
function openTables(): number {
  return readdirSync('/proc/self/fd').filter((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`).includes('/ip_vs_conn');
    } catch {
      return false; // the descriptor that listed the folder
    }
  }).length;
}

/** Entries without the time they have left, in an order of their own. */
function withoutTime(connections: readonly Connection[]): Omit<Connection, 'expiresSeconds'>[] {
  const name = (entry: object) => JSON.stringify(entry);
  return connections
    .map(({ expiresSeconds: _expires, ...entry }) => entry)
    .sort((one, other) => (name(one) < name(other) ? -1 : 1));
}

function entry(
  client: Connection['client'],
  virtual: Connection['client'] | number,
  destination: Connection['client'],
  changed: Partial<Connection> = {},
): Connection {
  const marked = typeof virtual === 'number';
  return {
    protocol: marked ? 'ip' : 'tcp',
    client,
    virtual: marked ? undefined : virtual,
    firewallMark: marked ? virtual : undefined,
    destination,
    state: 'ESTABLISHED',
    expiresSeconds: 0,
    template: false,
    persistenceEngine: undefined,
    origin: undefined,
    ...changed,
  };
}

const template = { state: 'ASSURED', template: true } as const;
const persistence = { timeoutSeconds: 60 };

/** Makes every connection to `port` of the VIP go to port 8080 of the RIP. */
async function balance(ipvs: Ipvs, port: number): Promise<void> {
  const service = { protocol: 'tcp', address: vip, port } as const;
  await ipvs.add(service, { scheduler: 'rr' });
  await ipvs.addDestination(service, { address: rip, port: 8080 }, { forwarding: 'nat' });
}

describe('the connection table', () => {
  it('has the connections of both families', async () => {
    const director = await localDirector(`${vip}/32`, `${rip}/32`, `${vip6}/128`, `${rip6}/128`);
    const { ipvs } = director;
    await balance(ipvs, 80);
    const service6 = { protocol: 'tcp', address: vip6, port: 80 } as const;
    await ipvs.add(service6, { scheduler: 'rr' });
    await ipvs.addDestination(service6, { address: rip6, port: 8080 }, { forwarding: 'nat' });
    for (const address of [rip, rip6]) await director.serve(address, 8080);
    const web = await director.connect({ address: vip, port: 80 });
    const web6 = await director.connect({ address: vip6, port: 80 });

    const found = await all(ipvs.connections());
    expect(withoutTime(found)).toEqual(
      withoutTime([
        entry(
          { address: vip, port: web.localPort ?? -1 },
          { address: vip, port: 80 },
          { address: rip, port: 8080 },
        ),
        entry(
          { address: vip6, port: web6.localPort ?? -1 },
          { address: vip6, port: 80 },
          { address: rip6, port: 8080 },
        ),
      ]),
    );
    for (const { expiresSeconds } of found) {
      expect(expiresSeconds).toBeGreaterThan(880);
      expect(expiresSeconds).toBeLessThanOrEqual(900);
    }
  });

  it('has the templates of persistent services, by address and by firewall mark', async () => {
    const director = await localDirector(`${vip}/32`, `${rip}/32`, `${vip6}/128`, `${rip6}/128`);
    const { ipvs } = director;
    for (const [service, address] of [
      [{ protocol: 'tcp', address: vip, port: 443 }, rip],
      [{ firewallMark: 7 }, rip],
      [{ firewallMark: 0x12345678, family: 'ipv6' }, rip6],
    ] as const) {
      await ipvs.add(service, { scheduler: 'rr', persistence });
      await ipvs.addDestination(service, { address, port: 8080 }, { forwarding: 'nat' });
    }
    for (const address of [rip, rip6]) await director.serve(address, 8080);
    await director.connect({ address: vip, port: 443 });
    await director.connect({ address: vip, port: 8080, mark: 7 });
    await director.connect({ address: vip6, port: 8080, mark: 0x12345678 });

    const found = await all(ipvs.connections());
    expect(found.filter((one) => !one.template)).toHaveLength(3);
    const templates = found.filter((one) => one.template);
    expect(withoutTime(templates)).toEqual(
      withoutTime([
        entry(
          { address: vip, port: 0 },
          { address: vip, port: 443 },
          { address: rip, port: 8080 },
          template,
        ),
        entry({ address: vip, port: 0 }, 7, { address: rip, port: 0 }, template),
        entry({ address: vip6, port: 0 }, 0x12345678, { address: rip6, port: 0 }, template),
      ]),
    );
    for (const { expiresSeconds } of templates) {
      expect(expiresSeconds).toBeGreaterThan(40);
      expect(expiresSeconds).toBeLessThanOrEqual(60);
    }
  });

  it('has what a persistence engine goes by', async () => {
    const director = await localDirector(`${vip}/32`, `${rip}/32`);
    const { ipvs } = director;
    const service = { protocol: 'udp', address: vip, port: 5060 } as const;
    await ipvs.add(service, { scheduler: 'rr', persistence, persistenceEngine: 'sip' });
    await ipvs.addDestination(service, { address: rip, port: 5060 }, { forwarding: 'nat' });
    await director.bindUdp(rip, 5060);
    const phone = await director.bindUdp(vip, 0);
    const invitation =
      'INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 10.9.0.1\r\nCall-ID: abc123@10.9.0.1\r\n\r\n';
    phone.send(invitation, 5060, vip);

    await vi.waitFor(async () => {
      const templates = (await all(ipvs.connections())).filter((one) => one.template);
      expect(
        templates.map(({ protocol, persistenceEngine }) => [protocol, persistenceEngine]),
      ).toEqual([['udp', { name: 'sip', data: 'abc123@10.9.0.1' }]]);
    });
  });

  it('has connections whose destination alone is of the other family', async () => {
    const director = await localDirector(`${vip}/32`, `${rip6}/128`);
    const { ipvs } = director;
    const service = { protocol: 'tcp', address: vip, port: 81 } as const;
    await ipvs.add(service, { scheduler: 'rr' });
    await ipvs.addDestination(service, { address: rip6 }, { forwarding: 'tun' });
    await director.connect({ address: vip, port: 81, timeoutMs: 500 }).catch(() => undefined);

    const [connection, ...rest] = await all(ipvs.connections());
    expect(rest).toEqual([]);
    expect(connection).toMatchObject({
      client: { address: vip },
      virtual: { address: vip, port: 81 },
      destination: { address: rip6, port: 81 },
    });
  });

  it('is that of the namespace that was opened, whatever becomes of its name or descriptor', async () => {
    const director = await localDirector(`${vip}/32`, `${rip}/32`);
    await balance(director.ipvs, 80);
    await director.serve(rip, 8080);
    await director.connect({ address: vip, port: 80 });
    const other = await localDirector();

    expect(await all(director.ipvs.connections())).toHaveLength(1);
    expect(await all(readConnections({ netns: director.netns }))).toHaveLength(1);
    expect(await all(other.ipvs.connections())).toEqual([]);
    expect(await all(readConnections({ netns: other.netns }))).toEqual([]);

    const descriptor = openSync(`/run/netns/${director.netns}`, 'r');
    await using byDescriptor = await Ipvs.open({ netns: descriptor });
    expect(await all(readConnections({ netns: descriptor }))).toHaveLength(1);
    closeSync(descriptor);

    const renewed = await NetworkNamespace.open(director.netns);
    await renewed.remove();
    await NetworkNamespace.create(director.netns);
    expect(await all(readConnections({ netns: director.netns }))).toEqual([]);
    expect(await all(director.ipvs.connections())).toHaveLength(1);
    expect(await all(byDescriptor.connections())).toHaveLength(1);
  });
});

describe('a large connection table', () => {
  const count = 5000;

  /** A namespace that backs up another, and has been told of this many connections by it. */
  async function backup(): Promise<LocalDirector> {
    const master = await localDirector();
    const director = await localDirector();
    await director.network.links.add({
      kind: 'veth',
      name: 'sync0',
      up: true,
      peer: { name: 'sync0', netns: master.netns, up: true },
    });
    for (const [{ network }, host] of [
      [director, 1],
      [master, 2],
    ] as const) {
      await network.addresses.add({ link: 'sync0', address: `10.8.0.${host}/24` });
    }
    await director.ipvs.startSyncDaemon({ role: 'backup', interface: 'sync0', syncId: 0 });
    onTestFinished(() => director.ipvs.stopSyncDaemon('backup'));
    const sender = await master.bindUdp('10.8.0.2', 0);
    sender.setMulticastInterface('10.8.0.2');
    const connections = Array.from(
      { length: count },
      (_, index): SyncedConnection => ({
        client: `10.${index >> 16}.${(index >> 8) & 0xff}.${index & 0xff}`,
        clientPort: 40_000,
        virtual: vip,
        virtualPort: 80,
        destination: rip,
        destinationPort: 80,
      }),
    );
    const complete = async () => {
      // Datagrams may be lost, and a connection that is sent twice is there once.
      for (let from = 0; from < count; from += connectionsPerMessage) {
        const message = syncMessage(connections.slice(from, from + connectionsPerMessage));
        await new Promise((resolve) => sender.send(message, 8848, '224.0.0.81', resolve));
      }
      await sleep(50);
      let found = 0;
      for await (const _connection of director.ipvs.connections()) found++;
      return found >= count;
    };
    await vi.waitUntil(complete, { timeout: 20_000, interval: 100 });
    return director;
  }

  it('is read whole, each entry once, and says that they came by synchronisation', async () => {
    const { ipvs } = await backup();
    const clients = new Set<string>();
    let read = 0;
    for await (const connection of ipvs.connections({ origin: true })) {
      expect(connection).toMatchObject({ origin: 'sync', virtual: { address: vip, port: 80 } });
      clients.add(connection.client.address);
      read++;
    }
    expect([read, clients.size]).toEqual([count, count]);
  });

  it('is closed when the loop is left early, and when it is left to the collector', async () => {
    const { ipvs } = await backup();
    for await (const connection of ipvs.connections()) {
      expect(connection.state).toBe('ESTABLISHED');
      expect(openTables()).toBe(1);
      break;
    }
    expect(openTables()).toBe(0);

    const failing = async () => {
      for await (const _connection of ipvs.connections()) throw new Error('enough');
    };
    await expect(failing()).rejects.toThrow('enough');
    expect(openTables()).toBe(0);

    await (async () => {
      const forgotten = ipvs.connections();
      await forgotten.next();
      expect(openTables()).toBe(1);
    })();
    expect(await collectUntil(() => openTables() === 0)).toBe(true);
  });

  it('can be read several times at once, while the client does other things and closes', async () => {
    const { netns } = await backup();
    const ipvs = await Ipvs.open({ netns });
    const readers = [1, 2, 3].map(() => ipvs.connections());
    const started = await Promise.all(readers.map((reader) => reader.next()));
    expect(started.map(({ done }) => done)).toEqual([false, false, false]);
    expect(await ipvs.list()).toEqual([]);
    await ipvs.close();
    const rest = await Promise.all(readers.map(all));
    expect(rest.map(({ length }) => length + 1)).toEqual([count, count, count]);
    expect(openTables()).toBe(0);
    await expect(ipvs.connections().next()).rejects.toMatchObject({ code: 'IPVS_CLOSED' });
  });
});

describe('reading the connection table without privileges', () => {
  it('works in the own namespace, where reading the services does not', async () => {
    await using ipvs = await Ipvs.open();
    const socket = await ownConnection();
    const ours = ({ client }: Connection) => client.port === socket.localPort;

    await asNobody(async () => {
      expect((await all(readConnections())).filter(ours)).toMatchObject([
        { virtual: { address: '127.9.0.1', port: 80 }, origin: undefined },
      ]);
      expect((await all(readConnections({ origin: true }))).filter(ours)).toMatchObject([
        { virtual: { address: '127.9.0.1', port: 80 }, origin: 'local' },
      ]);
      await expect(ipvs.list()).rejects.toMatchObject({ code: 'IPVS_NOT_PERMITTED' });
    });
  });

  it('says that another namespace needs a capability', async () => {
    const { netns } = await localDirector();
    await asNobody(async () => {
      await expect(readConnections({ netns }).next()).rejects.toMatchObject({
        code: 'IPVS_NOT_PERMITTED',
        message:
          'cannot read the connection table: entering a network namespace needs CAP_SYS_ADMIN',
      });
    });
  });
});

describe('a connection table that cannot be read', () => {
  it('is refused by namespace and by option', async () => {
    await expect(readConnections({ netns: 'lvskit-nowhere' }).next()).rejects.toMatchObject({
      name: 'IpvsError',
      code: 'IPVS_NAMESPACE_NOT_FOUND',
      message: 'cannot read the connection table: there is no such network namespace',
    });
    expect(() => readConnections({ netns: 'a/b' })).toThrow(RangeError);
    expect(() => readConnections({ origin: 1 as unknown as boolean })).toThrow(
      'origin must be true or false, not number',
    );
    expect(openTables()).toBe(0);
  });
});
