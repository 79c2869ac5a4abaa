import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import type {
  DestinationConfig,
  DestinationKey,
  ServiceConfig,
  ServiceKey,
} from '../../src/index.ts';
import {
  type PlainService,
  plainTable,
  removeScratchTables,
  type ScratchTable,
  scratchTable,
} from '../support/scratch-table.ts';

removeScratchTables();

/** Runs Debian's ipvsadm in the namespace of a table. */
async function ipvsadm(table: ScratchTable, words: readonly string[], input = ''): Promise<string> {
  const { stdout } = await execa('ip', ['netns', 'exec', table.name, 'ipvsadm', ...words], {
    input,
  });
  return stdout;
}

async function saved(table: ScratchTable): Promise<string[]> {
  const output = await ipvsadm(table, ['-Sn']);
  return output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

interface Member {
  readonly line: string;
  readonly key: Required<DestinationKey>;
  readonly config: DestinationConfig;
}

/** A service as ipvsadm saves it, and as the library has it; likewise its destinations. */
interface Rule {
  readonly line: string;
  readonly key: ServiceKey;
  readonly config: ServiceConfig;
  readonly members?: readonly Member[];
}

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
const six = { protocol: 'tcp', address: '2001:db8::1', port: 80 } as const;
const four = (last: number, port = 80) => ({ address: `10.0.0.${last}`, port });
const tun = (tunnel: DestinationConfig['tunnel']): DestinationConfig => ({
  forwarding: 'tun',
  weight: 1,
  ...(tunnel === undefined ? {} : { tunnel }),
});

const rules: readonly Rule[] = [
  {
    line: '-A -t 192.0.2.1:80 -s rr',
    key: web,
    config: { scheduler: 'rr' },
    members: [
      {
        line: '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 1',
        key: four(1),
        config: { forwarding: 'dr', weight: 1 },
      },
      {
        line: '-a -t 192.0.2.1:80 -r 10.0.0.2:80 -g -w 0',
        key: four(2),
        config: { forwarding: 'dr', weight: 0 },
      },
      {
        line: '-a -t 192.0.2.1:80 -r 10.0.0.3:8080 -m -w 65535',
        key: four(3, 8080),
        config: { forwarding: 'nat', weight: 65535 },
      },
      {
        line: '-a -t 192.0.2.1:80 -r 10.0.0.4:80 -i -w 1 --tun-type ipip',
        key: four(4),
        config: tun({ type: 'ipip' }),
      },
      {
        line: '-a -t 192.0.2.1:80 -r 10.0.0.5:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum',
        key: four(5),
        config: tun({ type: 'gue', port: 6080, checksum: 'none' }),
      },
      {
        line: '-a -t 192.0.2.1:80 -r 10.0.0.6:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum',
        key: four(6),
        config: tun({ type: 'gue', port: 6080, checksum: 'full' }),
      },
      {
        line: '-a -t 192.0.2.1:80 -r 10.0.0.7:80 -i -w 1 --tun-type gue --tun-port 65535 --tun-remcsum',
        key: four(7),
        config: tun({ type: 'gue', port: 65535, checksum: 'remote' }),
      },
      {
        line: '-a -t 192.0.2.1:80 -r 10.0.0.8:80 -i -w 1 --tun-type gre --tun-nocsum',
        key: four(8),
        config: tun({ type: 'gre', checksum: 'none' }),
      },
      {
        line: '-a -t 192.0.2.1:80 -r 10.0.0.9:80 -i -w 1 --tun-type gre --tun-csum',
        key: four(9),
        config: tun({ type: 'gre', checksum: 'full' }),
      },
      {
        line: '-a -t 192.0.2.1:80 -r [2001:db8::b]:80 -i -w 1 --tun-type ipip',
        key: { address: '2001:db8::b', port: 80 },
        config: tun({ type: 'ipip' }),
      },
    ],
  },
  {
    line: '-A -t 192.0.2.2:443 -s wlc -p 60',
    key: { ...web, address: '192.0.2.2', port: 443 },
    config: { scheduler: 'wlc', persistence: { timeoutSeconds: 60, netmask: 32 } },
  },
  {
    line: '-A -t 192.0.2.3:0 -s wrr -p 300 -M 255.255.255.0',
    key: { ...web, address: '192.0.2.3', port: 0 },
    config: { scheduler: 'wrr', persistence: { timeoutSeconds: 300, netmask: 24 } },
  },
  {
    line: '-A -t 192.0.2.4:80 -s sh -b sh-fallback',
    key: { ...web, address: '192.0.2.4' },
    config: { scheduler: 'sh', schedulerFlags: ['sh-fallback'] },
  },
  {
    line: '-A -t 192.0.2.5:80 -s sh -b sh-fallback,sh-port',
    key: { ...web, address: '192.0.2.5' },
    config: { scheduler: 'sh', schedulerFlags: ['sh-fallback', 'sh-port'] },
  },
  {
    line: '-A -t 192.0.2.6:80 -s mh -b mh-port',
    key: { ...web, address: '192.0.2.6' },
    config: { scheduler: 'mh', schedulerFlags: ['mh-port'] },
  },
  {
    line: '-A -t 192.0.2.7:80 -s lc -b flag-1,flag-2,flag-3',
    key: { ...web, address: '192.0.2.7' },
    config: { scheduler: 'lc', schedulerFlags: ['flag-1', 'flag-2', 'flag-3'] },
  },
  {
    line: '-A -u 192.0.2.1:53 -s rr -o',
    key: { ...web, protocol: 'udp', port: 53 },
    config: { scheduler: 'rr', onePacket: true },
  },
  {
    line: '-A -u 192.0.2.1:5060 -s rr -p 360 --pe sip -o',
    key: { ...web, protocol: 'udp', port: 5060 },
    config: {
      scheduler: 'rr',
      onePacket: true,
      persistence: { timeoutSeconds: 360, netmask: 32 },
      persistenceEngine: 'sip',
    },
  },
  {
    line: '-A --sctp-service 192.0.2.1:80 -s sed',
    key: { ...web, protocol: 'sctp' },
    config: { scheduler: 'sed' },
    members: [
      {
        line: '-a --sctp-service 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1',
        key: four(1),
        config: { forwarding: 'nat', weight: 1 },
      },
    ],
  },
  {
    line: '-A -t [2001:db8::1]:80 -s nq',
    key: six,
    config: { scheduler: 'nq' },
    members: [
      {
        line: '-a -t [2001:db8::1]:80 -r 10.0.0.1:80 -i -w 1 --tun-type ipip',
        key: four(1),
        config: tun({ type: 'ipip' }),
      },
      {
        line: '-a -t [2001:db8::1]:80 -r [2001:db8::b]:80 -g -w 7',
        key: { address: '2001:db8::b', port: 80 },
        config: { forwarding: 'dr', weight: 7 },
      },
      {
        line: '-a -t [2001:db8::1]:80 -r [2001:db8::c]:8080 -m -w 1',
        key: { address: '2001:db8::c', port: 8080 },
        config: { forwarding: 'nat', weight: 1 },
      },
    ],
  },
  {
    line: '-A -t [2001:db8::2]:80 -s dh -p 60 -M 64',
    key: { ...six, address: '2001:db8::2' },
    config: { scheduler: 'dh', persistence: { timeoutSeconds: 60, netmask: 64 } },
  },
  {
    line: '-A -u [2001:db8::1]:53 -s fo -o',
    key: { ...six, protocol: 'udp', port: 53 },
    config: { scheduler: 'fo', onePacket: true },
  },
  {
    line: '-A -f 7 -s ovf',
    key: { firewallMark: 7 },
    config: { scheduler: 'ovf' },
    members: [
      {
        line: '-a -f 7 -r 10.0.0.1:0 -g -w 1',
        key: four(1, 0),
        config: { forwarding: 'dr', weight: 1 },
      },
      {
        line: '-a -f 7 -r 10.0.0.2:8080 -m -w 1',
        key: four(2, 8080),
        config: { forwarding: 'nat', weight: 1 },
      },
    ],
  },
  {
    line: '-A -f 7 -6 -s lblc -p 300 -M 48',
    key: { firewallMark: 7, family: 'ipv6' },
    config: { scheduler: 'lblc', persistence: { timeoutSeconds: 300, netmask: 48 } },
    members: [
      {
        line: '-a -f 7 -6 -r [2001:db8::b]:0 -g -w 1',
        key: { address: '2001:db8::b', port: 0 },
        config: { forwarding: 'dr', weight: 1 },
      },
    ],
  },
  {
    line: '-A -f 2147483647 -s lblcr -o',
    key: { firewallMark: 0x7fffffff },
    config: { scheduler: 'lblcr', onePacket: true },
  },
];

const lines = rules.flatMap(({ line, members = [] }) => [line, ...members.map((one) => one.line)]);

/** The rules as the library reads them. */
const plain: readonly PlainService[] = rules.map(({ key, config, members = [] }) => ({
  key,
  scheduler: config.scheduler ?? 'wlc',
  schedulerFlags: config.schedulerFlags ?? [],
  persistence:
    config.persistence === undefined || config.persistence === null
      ? undefined
      : { timeoutSeconds: 300, netmask: 32, ...config.persistence },
  onePacket: config.onePacket ?? false,
  persistenceEngine: config.persistenceEngine ?? undefined,
  destinations: members.map((member) => ({
    key: member.key,
    forwarding: 'dr',
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnel: undefined,
    ...member.config,
    activeConnections: 0,
    inactiveConnections: 0,
    persistentConnections: 0,
  })),
}));

const inOrder = (services: readonly PlainService[]) =>
  [...services].sort((left, right) =>
    JSON.stringify(left.key) < JSON.stringify(right.key) ? -1 : 1,
  );

describe('what the library writes', () => {
  it('ipvsadm saves as the rules it stands for', async () => {
    const table = await scratchTable();
    for (const { key, config, members = [] } of rules) {
      await table.ipvs.add(key, config);
      for (const member of members) {
        await table.ipvs.addDestination(key, member.key, member.config);
      }
    }
    expect((await saved(table)).sort()).toEqual([...lines].sort());
  });

  it('ipvsadm lists with its thresholds', async () => {
    const table = await scratchTable();
    await table.ipvs.add(web);
    await table.ipvs.addDestination(web, four(1), { upperThreshold: 100, lowerThreshold: 50 });
    const listing = await ipvsadm(table, ['-Ln', '--thresholds']);
    expect(listing).toMatch(/-> 10\.0\.0\.1:80 +100 +50 +0 +0/);
  });

  it('ipvsadm shows of timeouts and sync daemons', async () => {
    const table = await scratchTable();
    await (await table.network()).links.add({ kind: 'dummy', name: 'sync0', up: true });
    await table.ipvs.setTimeouts({ tcp: 1000, tcpFin: 200, udp: 30 });
    expect(await ipvsadm(table, ['-L', '--timeout'])).toBe('Timeout (tcp tcpfin udp): 1000 200 30');
    await table.ipvs.startSyncDaemon({
      role: 'master',
      interface: 'sync0',
      syncId: 5,
      maxLength: 1100,
      group: '239.1.2.3',
      port: 9999,
      ttl: 3,
    });
    await table.ipvs.startSyncDaemon({ role: 'backup', interface: 'sync0', group: 'ff02::8848' });
    expect((await ipvsadm(table, ['-L', '--daemon'])).split('\n')).toEqual([
      'master sync daemon (mcast=sync0, syncid=5, maxlen=1100, group=239.1.2.3, port=9999, ttl=3)',
      'backup sync daemon (mcast=sync0, syncid=0, maxlen=1452, group=ff02::8848, port=8848, ttl=1)',
    ]);
  });

  it('ipvsadm sees changed by edits and removals', async () => {
    const table = await scratchTable();
    await table.ipvs.add(web, { scheduler: 'sh', schedulerFlags: ['sh-port'], persistence: {} });
    await table.ipvs.addDestination(web, four(1), tun({ type: 'gue', port: 6080 }));
    await table.ipvs.addDestination(web, four(2));
    await table.ipvs.edit(web, { persistence: { timeoutSeconds: 7, netmask: 16 } });
    await table.ipvs.editDestination(web, four(1), { weight: 3 });
    expect(await saved(table)).toEqual([
      '-A -t 192.0.2.1:80 -s sh -p 7 -M 255.255.0.0 -b sh-port',
      '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -i -w 3 --tun-type gue --tun-port 6080 --tun-nocsum',
      '-a -t 192.0.2.1:80 -r 10.0.0.2:80 -g -w 1',
    ]);
    await table.ipvs.edit(web, { scheduler: 'rr', persistence: null });
    await table.ipvs.removeDestination(web, four(2));
    await table.ipvs.editDestination(web, four(1), { forwarding: 'nat' });
    expect(await saved(table)).toEqual([
      '-A -t 192.0.2.1:80 -s rr',
      '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 3',
    ]);
    await table.ipvs.remove(web);
    expect(await saved(table)).toEqual([]);
  });
});

describe('what ipvsadm writes', () => {
  it('the library reads as the services it stands for', async () => {
    const table = await scratchTable();
    await ipvsadm(table, ['-R'], `${lines.join('\n')}\n`);
    expect(inOrder(await plainTable(table.ipvs))).toEqual(inOrder(plain));
  });

  it.each<[what: string, options: string, object]>([
    ['its defaults', '-A -t 192.0.2.1:80', { scheduler: 'wlc', persistence: undefined }],
    [
      'its own persistence',
      '-A -t 192.0.2.1:80 -p',
      { persistence: { timeoutSeconds: 360, netmask: 32 } },
    ],
    [
      'long options',
      '--add-service --tcp-service 192.0.2.1:80 --scheduler mh --sched-flags mh-fallback --persistent 10 --netmask 255.0.0.0',
      {
        scheduler: 'mh',
        schedulerFlags: ['mh-fallback'],
        persistence: { timeoutSeconds: 10, netmask: 8 },
      },
    ],
    [
      'one-packet scheduling and an engine',
      '-A -u 192.0.2.1:80 --ops --pe sip -p 20',
      {
        key: { ...web, protocol: 'udp' },
        onePacket: true,
        persistenceEngine: 'sip',
        persistence: { timeoutSeconds: 20, netmask: 32 },
      },
    ],
    ['a mark', '-A --fwmark-service 4711', { key: { firewallMark: 4711 } }],
    ['a mark for IPv6', '-A -f 4711 --ipv6', { key: { firewallMark: 4711, family: 'ipv6' } }],
  ])('the library reads with %s', async (_what, options, expected) => {
    const table = await scratchTable();
    await ipvsadm(table, options.split(' '));
    const [service] = await plainTable(table.ipvs);
    expect(service).toMatchObject(expected);
  });

  it('the library reads with thresholds, edits and removals', async () => {
    const table = await scratchTable();
    await ipvsadm(
      table,
      ['-R'],
      [
        '-A -t 192.0.2.1:80 -s rr',
        '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 1 -x 100 -y 50',
        '-a -t 192.0.2.1:80 -r 10.0.0.2:80 -m -w 2 --u-threshold 7',
        '-a -t 192.0.2.1:80 -r 10.0.0.3 -i',
        '-e -t 192.0.2.1:80 -r 10.0.0.2:80 -m -w 9',
        '-d -t 192.0.2.1:80 -r 10.0.0.3',
        '-E -t 192.0.2.1:80 -s wrr -p 30',
        '-A -t 192.0.2.2:80',
        '-D -t 192.0.2.2:80',
        '',
      ].join('\n'),
    );
    const [service, ...others] = await plainTable(table.ipvs);
    expect(others).toEqual([]);
    expect(service).toMatchObject({
      scheduler: 'wrr',
      persistence: { timeoutSeconds: 30, netmask: 32 },
      destinations: [
        { key: four(1), weight: 1, upperThreshold: 100, lowerThreshold: 50 },
        { key: four(2), forwarding: 'nat', weight: 9, upperThreshold: 0, lowerThreshold: 0 },
      ],
    });
    expect(service?.destinations).toHaveLength(2);
    await ipvsadm(table, ['-Z']);
    await ipvsadm(table, ['-C']);
    expect(await table.ipvs.list()).toEqual([]);
  });

  it('the library reads of timeouts and sync daemons', async () => {
    const table = await scratchTable();
    await (await table.network()).links.add({ kind: 'dummy', name: 'sync0', up: true });
    await ipvsadm(table, ['--set', '10', '20', '30']);
    expect(await table.ipvs.timeouts()).toEqual({ tcp: 10, tcpFin: 20, udp: 30 });
    await ipvsadm(table, ['--set', '0', '0', '31']);
    expect(await table.ipvs.timeouts()).toEqual({ tcp: 10, tcpFin: 20, udp: 31 });
    await ipvsadm(
      table,
      '--start-daemon backup --mcast-interface sync0 --syncid 255 --sync-maxlen 1200 --mcast-group ff02::99 --mcast-port 7777 --mcast-ttl 9'.split(
        ' ',
      ),
    );
    expect(await table.ipvs.syncDaemons()).toEqual([
      {
        role: 'backup',
        interface: 'sync0',
        syncId: 255,
        maxLength: 1200,
        group: 'ff02::99',
        port: 7777,
        ttl: 9,
      },
    ]);
    await ipvsadm(table, ['--stop-daemon', 'backup']);
    expect(await table.ipvs.syncDaemons()).toEqual([]);
  });

  it('the library can edit, keeping what ipvsadm gave', async () => {
    const table = await scratchTable();
    await ipvsadm(table, ['-R'], `${lines.join('\n')}\n`);
    for (const { key, members = [] } of rules) {
      await table.ipvs.edit(key, {});
      for (const member of members) await table.ipvs.editDestination(key, member.key, {});
    }
    expect(inOrder(await plainTable(table.ipvs))).toEqual(inOrder(plain));
  });
});
