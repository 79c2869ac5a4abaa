import { describe, expect, it } from 'vitest';
import { readsInProportion } from '../../../src/cli/commands/connections.ts';
import {
  ConnectionCounter,
  type CountBy,
  countDocument,
} from '../../../src/cli/commands/connections-count.ts';
import {
  type ConnectionFilter,
  connectionTest,
} from '../../../src/cli/commands/connections-filter.ts';
import {
  connectionHeadings,
  connectionText,
  countText,
} from '../../../src/cli/commands/connections-text.ts';
import type { Connection } from '../../../src/index.ts';
import { parsePrefix } from '../../../src/net/ip.ts';
import { lvskit } from '../../support/command.ts';

const web: Connection = {
  protocol: 'tcp',
  client: { address: '198.51.100.7', port: 40_000 },
  virtual: { address: '192.0.2.1', port: 80 },
  firewallMark: undefined,
  destination: { address: '10.0.0.11', port: 8080 },
  state: 'ESTABLISHED',
  expiresSeconds: 895,
  template: false,
  persistenceEngine: undefined,
  origin: undefined,
};
const all = {
  web,
  waiting: { ...web, client: { address: '198.51.100.9', port: 1 }, state: 'TIME_WAIT' },
  other: { ...web, destination: { address: '10.0.0.12', port: 8080 } },
  secure: { ...web, virtual: { address: '192.0.2.1', port: 443 }, expiresSeconds: 3661 },
  six: {
    ...web,
    client: { address: '2001:db8:1::7', port: 40_000 },
    virtual: { address: '2001:db8::1', port: 80 },
    destination: { address: 'fd00::11', port: 80 },
  },
  mark: {
    ...web,
    protocol: 'ip',
    client: { address: '198.51.100.7', port: 0 },
    virtual: undefined,
    firewallMark: 7,
    destination: { address: '10.0.0.11', port: 0 },
    state: 'NONE',
    template: true,
  },
  call: {
    ...web,
    protocol: 'udp',
    virtual: { address: '192.0.2.1', port: 5060 },
    state: 'NONE',
    template: true,
    persistenceEngine: { name: 'sip', data: 'a\x1b[2Jb@\x9b' },
  },
} as const satisfies Readonly<Record<string, Connection>>;

function meant(filter: ConnectionFilter): string[] {
  const test = connectionTest(filter);
  return Object.entries(all)
    .filter(([, connection]) => test(connection))
    .map(([name]) => name);
}

describe('filters of connections', () => {
  it.each<[string, ConnectionFilter, string[]]>([
    ['nothing', {}, Object.keys(all)],
    ['a client', { client: parsePrefix('198.51.100.9') }, ['waiting']],
    ['a prefix', { client: parsePrefix('198.51.100.8/30') }, ['waiting']],
    ['an IPv6 prefix', { client: parsePrefix('2001:db8:1::/48') }, ['six']],
    ['any IPv6 client', { client: parsePrefix('::/0') }, ['six']],
    [
      'a service',
      { service: { protocol: 'tcp', address: '192.0.2.1', port: 80 } },
      ['web', 'waiting', 'other'],
    ],
    [
      'a service of every port',
      { service: { protocol: 'tcp', address: '192.0.2.1', port: 0 } },
      ['web', 'waiting', 'other', 'secure'],
    ],
    ['a firewall mark', { service: { firewallMark: 7 } }, ['mark']],
    ['a firewall mark of IPv6', { service: { firewallMark: 7, family: 'ipv6' } }, []],
    ['a server', { server: { address: '10.0.0.12', port: 8080 } }, ['other']],
    ['a server and another port', { server: { address: '10.0.0.12', port: 80 } }, []],
    [
      'a server of every port',
      { server: { address: '10.0.0.11' } },
      ['web', 'waiting', 'secure', 'mark', 'call'],
    ],
    ['a state', { state: 'TIME_WAIT' }, ['waiting']],
    ['a protocol', { protocol: 'udp' }, ['call']],
    [
      'all of these',
      { state: 'ESTABLISHED', protocol: 'tcp', server: { address: '10.0.0.12' } },
      ['other'],
    ],
  ])('let pass what fits %s', (_name, filter, names) => {
    expect(meant(filter)).toEqual(names);
  });
});

describe('connections as text', () => {
  it('are in columns, with what there is to know', () => {
    const { web: plain, secure, six, mark } = all;
    expect([connectionHeadings, ...[plain, secure, six, mark].map(connectionText)]).toEqual([
      'protocol  expires  state        client                 virtual                destination            notes',
      'tcp         14:55  ESTABLISHED  198.51.100.7:40000     192.0.2.1:80           10.0.0.11:8080',
      'tcp       1:01:01  ESTABLISHED  198.51.100.7:40000     192.0.2.1:443          10.0.0.11:8080',
      'tcp         14:55  ESTABLISHED  [2001:db8:1::7]:40000  [2001:db8::1]:80       [fd00::11]:80',
      'ip          14:55  NONE         198.51.100.7:0         fwmark 7               10.0.0.11:0            template',
    ]);
  });

  it('keep what came from the network from a terminal', () => {
    expect(connectionText(all.call)).toContain('template, sip a?[2Jb@?');
  });
});

describe('counts of connections', () => {
  const count = (by: CountBy) => {
    const counter = new ConnectionCounter(by);
    for (const connection of Object.values(all)) counter.add(connection);
    return counter.counts();
  };

  it.each<[CountBy, readonly (readonly [string, number, number])[]]>([
    [
      'state',
      [
        ['ESTABLISHED', 4, 0],
        ['TIME_WAIT', 1, 0],
        ['NONE', 0, 2],
      ],
    ],
    [
      'service',
      [
        ['tcp 192.0.2.1:80', 3, 0],
        ['tcp 192.0.2.1:443', 1, 0],
        ['tcp [2001:db8::1]:80', 1, 0],
        ['fwmark 7', 0, 1],
        ['udp 192.0.2.1:5060', 0, 1],
      ],
    ],
    [
      'server',
      [
        ['10.0.0.11:8080', 3, 1],
        ['10.0.0.12:8080', 1, 0],
        ['[fd00::11]:80', 1, 0],
        ['10.0.0.11:0', 0, 1],
      ],
    ],
    [
      'client',
      [
        ['198.51.100.7', 3, 2],
        ['198.51.100.9', 1, 0],
        ['2001:db8:1::7', 1, 0],
      ],
    ],
    [
      'protocol',
      [
        ['tcp', 5, 0],
        ['ip', 0, 1],
        ['udp', 0, 1],
      ],
    ],
  ])('are by %s, the largest first', (by, expected) => {
    expect(
      count(by).map(({ value, connections, templates }) => [value, connections, templates]),
    ).toEqual(expected);
  });

  it('are a table with its sum, or a document', () => {
    expect(countText('state', count('state'))).toEqual([
      'state        connections  templates',
      'ESTABLISHED            4          0',
      'TIME_WAIT              1          0',
      'NONE                   0          2',
      'in all                 5          2',
    ]);
    expect(countText('server', [{ value: '10.0.0.11:80', connections: 3, templates: 0 }])).toEqual([
      'real server   connections',
      '10.0.0.11:80            3',
      'in all                  3',
    ]);
    expect(countDocument('state', count('state'))).toMatchObject({
      version: 1,
      by: 'state',
      connections: 5,
      templates: 2,
      counts: [{ value: 'ESTABLISHED', connections: 4, templates: 0 }, {}, {}],
    });
  });
});

describe('a kernel', () => {
  it.each([
    ['5.10.0-35-amd64', false],
    ['6.12.101', false],
    ['7.0.0-14-generic', false],
    ['7.1.0-rc2', true],
    ['7.2.6', true],
    ['8.0', true],
  ])('%s reads its connections in proportion: %s', (release, expected) => {
    expect(readsInProportion(release)).toBe(expected);
  });
});

describe('lvskit connections and its words', () => {
  it.each([
    [['--client', '10.0.0'], 'It must be an address or a prefix, such as 10.0.0.0/8.'],
    [['--client', '10.0.0.0/33'], 'It must be an address or a prefix, such as 10.0.0.0/8.'],
    [['--server', '10.0.0.11:http'], 'It must be an address, or address:port'],
    [['--service', '192.0.2.1:80'], 'service "192.0.2.1:80" must read like'],
    [['--protocol', 'quic'], 'Allowed choices are tcp, udp, sctp, ip, icmp, icmpv6.'],
    [['--count-by', 'country'], 'Allowed choices are state, service, server, client, protocol.'],
  ])('refuses %j with exit status 2', async (words, message) => {
    const { code, stdout, stderr } = await lvskit(['connections', ...words]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain('Usage: lvskit connections');
  });
});
