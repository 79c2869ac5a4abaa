import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type {
  DirectorFacts,
  ExaminedServer,
  ExaminedService,
  PathFacts,
  ServerFacts,
  VipFacts,
} from '../../../src/doctor/facts.ts';
import { findingIds } from '../../../src/doctor/finding.ts';
import { judgeDirector } from '../../../src/doctor/judge-director.ts';
import { judgeLoad } from '../../../src/doctor/judge-load.ts';
import { judgePrograms } from '../../../src/doctor/judge-programs.ts';
import { judgeServer } from '../../../src/doctor/judge-servers.ts';
import { judgeTable } from '../../../src/doctor/judge-table.ts';
import { judgeTunnels, overheadOf } from '../../../src/doctor/judge-tunnels.ts';
import { judgeVips } from '../../../src/doctor/judge-vips.ts';
import { sourceFor } from '../../../src/doctor/source-address.ts';
import type { Address } from '../../../src/net/address.ts';
import type { Link } from '../../../src/net/link.ts';
import { listedAddress } from '../../support/addresses.ts';

const told = (findings: readonly { id: string; severity: string }[]) =>
  findings.map(({ id, severity }) => `${severity} ${id}`);

const address = (text: string, link = 'eth0', more: Partial<Address> = {}) =>
  listedAddress(text, link, more);
const eth0 = { name: 'eth0', arp: true, up: true, mtu: 1500 } as Link;
const vip: VipFacts = {
  vip: '192.0.2.10',
  family: 'ipv4',
  here: true,
  addresses: [address('192.0.2.10/32')],
  near: ['eth0'],
};
const director = (sysctls: Readonly<Record<string, number>> = {}): DirectorFacts => ({
  links: [eth0],
  addresses: [address('192.0.2.1/24'), ...vip.addresses],
  routes: [],
  sysctls: new Map(Object.entries(sysctls).map(([name, value]) => [name, String(value)])),
});

const server: ExaminedServer = {
  key: { address: '10.0.0.11', port: 80 },
  forwarding: 'dr',
  weight: 1,
  tunnel: undefined,
};
const service: ExaminedService = {
  key: { protocol: 'tcp', address: '192.0.2.10', port: 80 },
  text: 'tcp 192.0.2.10:80',
  scheduler: 'rr',
  persistence: undefined,
  servers: [server],
};
const way = { link: 'eth0', local: false, mtu: 1500 };

function facts(
  change: Partial<ExaminedServer>,
  trial?: Omit<PathFacts, 'provesWayBack'>,
  more: Partial<ServerFacts> = {},
): ServerFacts {
  return {
    service,
    server: { ...server, ...change },
    about: 'tcp 192.0.2.10:80 -> 10.0.0.11:80',
    way,
    ...(trial === undefined ? {} : { trial: { ...trial, provesWayBack: true } }),
    ...more,
  };
}

describe('a trial of a server', () => {
  const judged = (
    forwarding: ExaminedServer['forwarding'],
    [path, direct, tunnelled]: readonly PathFacts['path'][],
    more: Partial<ServerFacts> = {},
  ) => {
    const trial = { path, direct, ...(tunnelled && { tunnelled }) } as PathFacts;
    return told(judgeServer(facts({ forwarding }, trial, more), vip));
  };

  it.each([
    ['dr', ['connected', 'refused'], []],
    ['dr', ['timed-out', 'connected'], ['error vip-missing']],
    ['dr', ['timed-out', 'refused'], ['error vip-missing']],
    ['dr', ['refused', 'connected'], ['error vip-not-served']],
    ['dr', ['refused', 'refused'], ['error server-refuses']],
    ['dr', ['refused', 'timed-out'], ['error server-refuses']],
    ['dr', ['timed-out', 'timed-out'], ['error server-unreachable']],
    ['dr', ['unreachable', 'unreachable'], ['error server-unreachable']],
    ['dr', ['unreachable', 'connected'], ['error path-broken']],
    ['nat', ['timed-out', 'connected'], ['error gateway']],
    ['nat', ['refused', 'connected'], ['error path-broken']],
    ['nat', ['refused', 'refused'], ['error server-refuses']],
    ['tun', ['timed-out', 'connected', 'connected'], ['error vip-missing']],
    ['tun', ['timed-out', 'refused', 'refused'], ['error vip-missing']],
    ['tun', ['timed-out', 'connected', 'timed-out'], ['error rp-filter']],
    ['tun', ['timed-out', 'connected', 'refused'], ['error tunnel-link']],
    ['tun', ['refused', 'connected', 'timed-out'], ['error tunnel-link']],
    ['tun', ['refused', 'connected', 'connected'], ['error vip-not-served']],
    ['tun', ['refused', 'refused', 'refused'], ['error server-refuses']],
    ['tun', ['timed-out', 'connected'], ['error path-broken']],
  ] as const)('by %s that comes to %j is %j', (forwarding, outcomes, wanted) => {
    expect(judged(forwarding, outcomes)).toEqual(wanted);
  });

  it('says where it came from, which decides with address translation on the way back', () => {
    const trial = { path: 'timed-out', from: '192.0.0.8', direct: 'connected' } as const;
    const [gateway] = judgeServer(facts({ forwarding: 'nat' }, trial), vip);
    expect(gateway?.found).toContain('a connection to 192.0.2.10 by nat from 192.0.0.8 times out');
    expect(gateway?.meaning).toContain('no default route, is tried right with --from');
  });

  it('is a warning for one that is drained', () => {
    const trial = { path: 'timed-out', direct: 'connected' } as const;
    expect(told(judgeServer(facts({ weight: 0 }, trial), vip))).toEqual(['warning vip-missing']);
  });

  it('has a closed TCP port of a UDP service for an answer, and silence for none', () => {
    const udp = {
      ...service,
      key: { ...service.key, protocol: 'udp' as const } as typeof service.key,
    };
    expect(judged('dr', ['refused', 'refused'], { service: udp })).toEqual([]);
    expect(judged('dr', ['timed-out', 'timed-out'], { service: udp })).toEqual([]);
    expect(judged('dr', ['timed-out', 'refused'], { service: udp })).toEqual(['error vip-missing']);
  });

  it('comes from where the answer has to look for its way back', () => {
    const own = [address('10.0.0.1/24', 'eth1'), address('192.0.2.1/24'), ...vip.addresses];
    const near = { ...way, link: 'eth1', shared: '10.0.0.1/24' };
    const from = (change: Partial<ExaminedServer>, addresses: readonly Address[]) =>
      sourceFor(vip, { ...server, ...change }, near, new Set([vip.vip]), { addresses });
    const lone = { address: '192.0.0.8', link: 'lo', provesWayBack: true };
    expect(from({ forwarding: 'nat' }, own)).toEqual(lone);
    const given = sourceFor(
      vip,
      { ...server, forwarding: 'nat' },
      near,
      new Set([vip.vip]),
      { addresses: own },
      '192.0.2.1',
    );
    expect(given).toEqual({ address: '192.0.2.1', link: 'eth0', provesWayBack: true });
    const one = [address('10.0.0.1/24', 'eth1'), ...vip.addresses];
    expect(from({ forwarding: 'dr' }, one)).toMatchObject({ address: '10.0.0.1' });
    expect(from({ forwarding: 'dr' }, vip.addresses)).toBeUndefined();
  });
});

describe('the way to a server', () => {
  it('must not lead through a router with direct routing, and has to be there', () => {
    const routed = { way: { ...way, via: '192.0.2.2' } };
    expect(told(judgeServer(facts({}, undefined, routed), vip))).toEqual(['error behind-router']);
    expect(judgeServer(facts({ forwarding: 'tun' }, undefined, routed), vip)).toEqual([]);
    const none = { way: { local: false } };
    expect(told(judgeServer(facts({}, undefined, none), vip))).toEqual(['error no-route']);
  });

  it('leaves the port as it is, unless by NAT', () => {
    const key = { address: '10.0.0.11', port: 8080 };
    expect(told(judgeServer(facts({ key }), vip))).toEqual(['warning port-ignored']);
    expect(judgeServer(facts({ key, forwarding: 'nat' }), vip)).toEqual([]);
  });

  it('has less room in a tunnel, by its header', () => {
    expect(overheadOf(undefined, '10.0.0.11')).toBe(20);
    expect(overheadOf({ type: 'ipip' }, 'fd00::11')).toBe(40);
    expect(overheadOf({ type: 'gre' }, '10.0.0.11')).toBe(24);
    expect(overheadOf({ type: 'gre', checksum: 'full' }, '10.0.0.11')).toBe(28);
    expect(overheadOf({ type: 'gue', port: 6080 }, '10.0.0.11')).toBe(32);
    expect(overheadOf({ type: 'gue', port: 6080, checksum: 'remote' }, 'fd00::11')).toBe(60);
    const room = (mtu: number, one = vip) =>
      told(
        judgeTunnels(
          [facts({ forwarding: 'tun' }, undefined, { way: { ...way, mtu } })],
          [one],
          [eth0],
        ),
      );
    expect(room(1520)).toEqual([]);
    expect(room(1500)).toEqual(['hint tunnel-mtu']);
    expect(room(1400)).toEqual(['warning tunnel-mtu']);
    expect(room(1290, { ...vip, family: 'ipv6' })).toEqual(['error tunnel-mtu']);
  });
});

describe('a virtual address', () => {
  const heard = (...others: { mac: string; address?: string; kind?: 'server' }[]) => ({
    answers: [{ link: 'eth0', vip: vip.vip, others }],
    problems: [],
  });
  const gone = { ...vip, here: false, addresses: [] };
  const rs1 = { mac: '02:00:00:00:00:0b', address: '10.0.0.11', kind: 'server' } as const;

  it('is answered for by the director alone', () => {
    expect(judgeVips([vip], director(), heard())).toEqual([]);
    const [only] = judgeVips([vip], director(), heard(rs1));
    expect(only).toMatchObject({ id: 'vip-answered-by-others', severity: 'error' });
    expect(only?.found).toContain('02:00:00:00:00:0b (real server 10.0.0.11)');
  });

  it('is on the director, or on its partner', () => {
    expect(told(judgeVips([gone], director(), heard()))).toEqual(['error vip-not-here']);
    expect(told(judgeVips([gone], director(), undefined))).toEqual(['warning vip-not-here']);
    const partner = heard({ mac: '02:00:00:00:00:02' });
    expect(told(judgeVips([gone], director(), partner))).toEqual(['warning vip-elsewhere']);
    expect(told(judgeVips([gone], director(), heard(rs1)))).toEqual([
      'error vip-not-here',
      'error vip-answered-by-others',
    ]);
  });

  it.each([
    [1, 'eth0', '192.0.2.10/32', []],
    [1, 'lo', '192.0.2.10/32', ['error vip-silent']],
    [0, 'lo', '192.0.2.10/32', []],
    [2, 'eth0', '192.0.2.10/32', ['error vip-silent']],
    [2, 'eth0', '192.0.2.10/24', []],
    [8, 'eth0', '192.0.2.10/32', ['error vip-silent']],
  ] as const)('with arp_ignore %i, on %s as %s, is %j', (value, link, text, wanted) => {
    const own = { ...vip, addresses: [address(text, link)] };
    const sysctls = director({ 'net.ipv4.conf.all.arp_ignore': value });
    expect(told(judgeVips([own], sysctls, undefined))).toEqual(wanted);
  });

  it('of IPv6 is on the interface that is asked on', () => {
    const six = { ...vip, vip: '2001:db8::10', family: 'ipv6' as const };
    const on = (link: string, more: Partial<Address> = {}) =>
      told(
        judgeVips(
          [{ ...six, addresses: [address('2001:db8::10/128', link, more)] }],
          director(),
          undefined,
        ),
      );
    expect(on('eth0')).toEqual([]);
    expect(on('lo')).toEqual(['error vip-silent']);
    expect(on('eth0', { flags: ['dadfailed'] })).toEqual(['error vip-silent']);
  });
});

describe('the director', () => {
  const translated = (shared: string) =>
    facts({ forwarding: 'nat', key: { address: '192.0.2.11', port: 80 } }, undefined, {
      way: { ...way, shared },
    });

  it('forwards, and leads nobody past itself, where it translates', () => {
    const all = director({
      'net.ipv4.conf.eth0.forwarding': 0,
      'net.ipv4.conf.all.send_redirects': 1,
    });
    expect(told(judgeDirector([translated('192.0.2.1/24')], [vip], all))).toEqual([
      'error forwarding-off',
      'warning same-network',
      'warning send-redirects',
    ]);
    const right = director({ 'net.ipv4.conf.eth0.forwarding': 1 });
    expect(judgeDirector([translated('10.0.0.1/24')], [vip], right)).toEqual([]);
    expect(judgeDirector([facts({})], [vip], all)).toEqual([]);
  });

  it('filters strictly only where the way back is the way in', () => {
    const strict = (link: string) => ({
      ...director({ 'net.ipv4.conf.all.rp_filter': 1 }),
      routes: [
        { family: 'ipv4', destination: 'default', link, nextHops: [] },
      ] as unknown as DirectorFacts['routes'],
    });
    expect(judgeDirector([], [vip], strict('eth0'))).toEqual([]);
    expect(told(judgeDirector([], [vip], strict('eth1')))).toEqual(['warning strict-filter']);
  });
});

describe('the table', () => {
  const judged = (
    services: readonly ExaminedService[],
    sysctls: Readonly<Record<string, number>>,
    kernel = '6.1.0',
  ) => {
    const values = Object.entries(sysctls).map(
      ([name, value]) => [`net.ipv4.vs.${name}`, String(value)] as const,
    );
    return told(judgeTable(services, new Map(values), kernel, undefined));
  };

  it('has servers, not all of them drained', () => {
    expect(judged([service], {})).toEqual([]);
    expect(judged([{ ...service, servers: [] }], {})).toEqual(['warning no-servers']);
    const drained = { ...service, servers: [{ ...server, weight: 0 }] };
    expect(judged([drained], {})).toEqual(['warning all-drained']);
  });

  it('has hints where a setting matters', () => {
    const off = {
      expire_quiescent_template: 0,
      expire_nodest_conn: 0,
      conn_reuse_mode: 1,
      conntrack: 0,
    };
    expect(judged([service], off)).toEqual([]);
    const sticky = { ...service, persistence: { timeoutSeconds: 300 } };
    expect(judged([sticky], off)).toEqual(['hint expire-quiescent-template']);
    expect(judged([service], { conn_reuse_mode: 0 })).toEqual(['hint conn-reuse-mode']);
    const both = { conn_reuse_mode: 1, conntrack: 1 };
    expect(judged([service], both, '5.4.0')).toEqual(['warning conn-reuse-mode', 'hint conntrack']);
  });

  it('says how it differs from a file, and what the file asks for in vain', () => {
    const changes = [
      { type: 'service-removed', service: service.key, before: { scheduler: 'rr' } },
    ] as unknown as NonNullable<Parameters<typeof judgeTable>[3]>['changes'];
    const config = { file: 'lvskit.yaml', changes, missingSchedulers: ['twos'] };
    expect(told(judgeTable([service], new Map(), '6.1', config))).toEqual([
      'error scheduler-missing',
      'warning differs-from-config',
    ]);
  });
});

describe('the load', () => {
  const judged = (connections: number, sysctls: Readonly<Record<string, number>> = {}) =>
    judgeLoad(
      { kernel: '6.1', connections, buckets: 4096 },
      new Map(Object.entries(sysctls).map(([name, value]) => [name, String(value)])),
    );

  it('fits into the tables', () => {
    expect(judged(4096 * 4)).toEqual([]);
    const [full] = judged(200_000);
    expect(full).toMatchObject({ id: 'connection-table', severity: 'warning' });
    expect(full?.mend).toContain('conn_tab_bits=18');
    // Where the table grows by itself, only what keeps it from growing is a matter.
    expect(judged(200_000, { 'net.ipv4.vs.conn_lfactor': -4 })).toEqual([]);
    expect(told(judged(200_000, { 'net.ipv4.vs.conn_lfactor': 5 }))).toEqual([
      'warning connection-table',
    ]);
    expect(told(judged(900, { 'net.ipv4.vs.conn_max': 1000 }))).toEqual([
      'warning connection-limit',
    ]);
    const tracked = {
      'net.ipv4.vs.conntrack': 1,
      'net.netfilter.nf_conntrack_count': 90,
      'net.netfilter.nf_conntrack_max': 100,
    };
    expect(told(judged(90, tracked))).toEqual(['warning conntrack-full']);
  });
});

describe('other programs', () => {
  it('are named with what starts them', () => {
    const file = '/etc/default/ipvsadm';
    const found = judgePrograms([
      { name: 'keepalived', running: true },
      { name: 'ipvsadm', running: false, enabledBy: file },
      { name: 'firewalld', running: true },
    ]);
    expect(told(found)).toEqual([
      'warning other-program',
      'warning other-program',
      'hint other-program',
    ]);
    expect(found[1]?.mend).toBe(`set AUTO=false in ${file}`);
  });
});

describe('the page on the doctor', () => {
  it('has every finding', () => {
    const page = readFileSync('docs/doctor.md', 'utf8');
    expect(findingIds.filter((id) => !page.includes(`\`${id}\``))).toEqual([]);
  });
});
