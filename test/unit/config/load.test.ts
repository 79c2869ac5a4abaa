import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import type { DirectorConfig } from '../../../src/config/director-config.ts';
import { parseConfig, tableOf } from '../../../src/config/load.ts';

// Many runs, on machines that may have other things to do.
vi.setConfig({ testTimeout: 60_000 });

const lines = (...text: readonly string[]) => `${text.join('\n')}\n`;

function messagesOf(text: string): readonly string[] {
  return errorOf(text).problems.map(
    ({ line, column, message, suggestion }) =>
      `${line}:${column} ${message}${suggestion === undefined ? '' : ` [${suggestion}]`}`,
  );
}

function errorOf(text: string): ConfigError {
  try {
    parseConfig(text, 'lvskit.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('nothing was found wrong');
}

/** The one service of a file. */
function serviceOf(...settings: readonly string[]) {
  const config: DirectorConfig = parseConfig(lines('services:', ...settings), 'lvskit.yaml');
  expect(config.services).toHaveLength(1);
  return tableOf(config)[0];
}

describe('a configuration', () => {
  it('says the services and servers, in full', () => {
    const text = lines(
      'services:',
      '  - name: web',
      '    listen: tcp 192.0.2.10:80',
      '    scheduler: wrr',
      '    forwarding: nat',
      '    weight: 3',
      '    persistence: { timeout: 1h30m, netmask: 255.255.255.0 }',
      '    servers:',
      '      - 10.0.0.11',
      '      - 10.0.0.12:8080',
      '      - { address: 10.0.0.13, weight: 0, thresholds: { upper: 100, lower: 80 } }',
      '      - { address: "10.0.0.14", port: 81, forwarding: local }',
    );
    expect(parseConfig(text, 'x').services).toMatchObject([
      {
        name: 'web',
        service: {
          key: { protocol: 'tcp', address: '192.0.2.10', port: 80 },
          scheduler: 'wrr',
          schedulerFlags: [],
          persistence: { timeoutSeconds: 5400, netmask: 24 },
          onePacket: false,
          persistenceEngine: undefined,
          destinations: [
            destination('10.0.0.11', 80),
            destination('10.0.0.12', 8080),
            { ...destination('10.0.0.13', 80, 0), upperThreshold: 100, lowerThreshold: 80 },
            { ...destination('10.0.0.14', 81), forwarding: 'local' },
          ],
        },
      },
    ]);
  });

  it('takes from the defaults what services and servers do not say', () => {
    const config = parseConfig(
      lines(
        'defaults:',
        '  scheduler: sh',
        '  scheduler-flags: [sh-port]',
        '  forwarding: tun',
        '  tunnel: { type: gue, port: 6080 }',
        '  weight: 5',
        '  persistence: 60s',
        'services:',
        '  - { listen: fwmark 7, servers: [10.0.0.1, { address: 10.0.0.2, tunnel: ipip }] }',
        '  - listen: udp [2001:DB8::0:1]:53',
        '    scheduler: rr',
        '    persistence: false',
        '    one-packet: true',
        '    servers: [{ address: 2001:db8::2, forwarding: dr, weight: 1 }, "[2001:db8::3]:53"]',
      ),
      'x',
    );
    const [marked, dns] = tableOf(config);
    const gue = { type: 'gue', port: 6080, checksum: 'none' };
    expect(marked).toMatchObject({
      key: { firewallMark: 7 },
      scheduler: 'sh',
      schedulerFlags: ['sh-port'],
      persistence: { timeoutSeconds: 60, netmask: 32 },
      destinations: [
        { key: { address: '10.0.0.1', port: 0 }, weight: 5, forwarding: 'tun', tunnel: gue },
        { weight: 5, forwarding: 'tun', tunnel: { type: 'ipip' } },
      ],
    });
    expect(dns).toMatchObject({
      key: { protocol: 'udp', address: '2001:db8::1', port: 53 },
      scheduler: 'rr',
      schedulerFlags: [],
      persistence: undefined,
      onePacket: true,
      destinations: [
        { key: { address: '2001:db8::2', port: 53 }, forwarding: 'dr', tunnel: undefined },
        { key: { address: '2001:db8::3', port: 53 }, forwarding: 'tun', tunnel: gue },
      ],
    });
    expect(config.services.map(({ name }) => name)).toEqual(['fwmark 7', 'udp [2001:db8::1]:53']);
  });

  it('may be JSON, have Windows line ends, aliases, and no end of line', () => {
    const json = '{"services":[{"listen":"tcp 192.0.2.1:80","servers":["10.0.0.1"]}]}';
    const table = tableOf(parseConfig(json, 'x'));
    expect(table).toMatchObject([{ destinations: [{ key: { address: '10.0.0.1', port: 80 } }] }]);
    const windows = 'services:\r\n  - listen: tcp 192.0.2.1:80\r\n    servers: [10.0.0.1]';
    expect(tableOf(parseConfig(windows, 'x'))).toEqual(table);
    const aliased = lines(
      'services:',
      '  - &web',
      '    listen: tcp 192.0.2.1:80',
      '    servers: &pool [10.0.0.1]',
      '  - { listen: tcp 192.0.2.1:443, servers: *pool }',
    );
    expect(tableOf(parseConfig(aliased, 'x'))).toHaveLength(2);
  });

  it('declares an empty table by an empty list, and nothing else', () => {
    expect(parseConfig('services: []', 'x').services).toEqual([]);
    expect(messagesOf('services:\n')).toEqual(['1:1 must be a list, not empty']);
    for (const text of ['', '\n', '# nothing yet\n', '---\n', 'null\n']) {
      expect(errorOf(text).message).toContain('an empty table is written "services: []"');
    }
    expect(messagesOf('defaults: {}\n')).toEqual(['1:1 the key "services" is missing']);
  });
});

function destination(address: string, port: number, weight = 3) {
  return {
    key: { address, port },
    forwarding: 'nat',
    weight,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnel: undefined,
  };
}

describe('mistakes in a configuration', () => {
  it('are told all at once, in order, each with its place, its line and what was meant', () => {
    const text = lines(
      'servces: []',
      'services:',
      '  - listen: tcp 192.0.2.10:80',
      '    schedular: wlc',
      '    forwarding: masq',
      '    servers:',
      '      - { address: 10.0.0.11, wieght: 2 }',
      '      - 10.0.0.300',
      '  - listen: 192.0.2.10:443',
      '    persistence: 300',
    );
    expect(errorOf(text).message).toBe(
      `lvskit.yaml has 7 mistakes
lvskit.yaml:1:1: unknown key "servces" (did you mean "services"?)
  servces: []
  ^^^^^^^
lvskit.yaml:4:5: unknown key "schedular" (did you mean "scheduler"?)
      schedular: wlc
      ^^^^^^^^^
lvskit.yaml:5:17: must be one of dr, tun, nat, local, bypass, not "masq" (did you mean "nat"?)
      forwarding: masq
                  ^^^^
lvskit.yaml:7:31: unknown key "wieght" (did you mean "weight"?)
        - { address: 10.0.0.11, wieght: 2 }
                                ^^^^^^
lvskit.yaml:8:9: must be an address, or address:port, such as 10.0.0.11 or "[2001:db8::11]:80"
        - 10.0.0.300
          ^^^^^^^^^^
lvskit.yaml:9:13: must read like "tcp 192.0.2.1:80", "udp [2001:db8::1]:53" or "fwmark 7"
    - listen: 192.0.2.10:443
              ^^^^^^^^^^^^^^
lvskit.yaml:10:18: must be false, a duration with its unit, such as 300s or 5m, or a map of keys, not 300
      persistence: 300
                   ^^^
`.trimEnd(),
    );
  });

  const web = ['services:', '  - listen: tcp 192.0.2.10:80'];
  it.each([
    [['    weight: -1'], '3:13 must be a whole number from 0 to 2147483647'],
    [['    weight: 1.5'], '3:13 must be a whole number from 0 to 2147483647'],
    [['    weight: "2"'], '3:13 must be a whole number from 0 to 2147483647'],
    [['    weight:'], '3:5 must be a whole number from 0 to 2147483647'],
    [['    one-packet: yes'], '3:17 must be true or false, not "yes"'],
    [['    one-packet: true'], '3:17 one-packet is for udp and fwmark services'],
    [['    persistence: 5 m'], '3:18 must be a duration with its unit, such as 300s, 5m or 1h30m'],
    [['    persistence: 500ms'], '3:18 must be whole seconds, from 1s to 4294967s'],
    [['    persistence: 0s'], '3:18 must be whole seconds, from 1s to 4294967s'],
    [['    persistence: 50d'], '3:18 must be whole seconds, from 1s to 4294967s'],
    [
      ['    persistence: { timeout: 5m, netmask: 33 }'],
      '3:42 must be a prefix length from 0 to 32',
    ],
    [
      ["    persistence: { netmask: '2001:db8::' }"],
      '3:29 must be an IPv4 mask such as 255.255.255.0, or a prefix length',
    ],
    [
      ['    scheduler-flags: [sh-port]'],
      '3:23 scheduler flag sh-port is for scheduler sh, not wlc',
    ],
    [
      ['    scheduler-flags: [sh-prot]'],
      '3:23 must be one of sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2, flag-3, not "sh-prot" [sh-port]',
    ],
    [['    scheduler: ""'], '3:16 scheduler must not be empty'],
    [['    tunnel: ipip'], '3:13 tunnel is for forwarding tun, which no server here has'],
    [['    tunnel: gre'], '3:13 must be ipip or a map of keys, not "gre"'],
    [
      ['    tunnel: { type: gre, checksum: remote }'],
      '3:36 must be one of none, full, not "remote"',
    ],
    [['    tunnel: { type: gue }'], '3:13 the key "port" is missing'],
    [['    name: ""'], '3:11 must be 1 to 64 letters'],
    [['    servers: 10.0.0.1'], '3:14 must be a list, not "10.0.0.1"'],
    [['    servers: [5]'], '3:15 must be a text or a map of keys, not 5'],
    [['    servers: [{ weight: 2 }]'], '3:15 the key "address" is missing'],
    [['    servers: [10.0.0.1:8080]'], '3:15 forwarding dr cannot change the port'],
    [
      ['    servers: [{ address: 10.0.0.1, port: 8080, forwarding: tun }]'],
      '3:42 forwarding tun cannot change the port: it has to be 80',
    ],
    [
      ['    servers: ["2001:db8::1"]'],
      '3:15 the service is IPv4 and the server IPv6: only forwarding tun can cross',
    ],
    [['    servers: [224.0.0.1]'], '3:15 address 224.0.0.1 is not that of one host'],
    [['    servers: [0.0.0.0]'], '3:15 address 0.0.0.0 is not that of one host'],
    [['    servers: [010.0.0.1]'], '3:15 must be an address, or address:port'],
    [['    servers: [10.0.0.1:70000]'], '3:15 must be an address, or address:port'],
    [['    servers: [{ address: rs1 }]'], '3:26 address "rs1" is not an IP address'],
    [
      ['    servers: [{ address: 10.0.0.1, thresholds: { upper: 5, lower: 6 } }]'],
      '3:48 the lower threshold, 6, is above the upper one, 5',
    ],
    [
      ['    servers: [{ address: 10.0.0.1, thresholds: { lower: 6 } }]'],
      '3:48 the lower threshold, 6, is above the upper one, of which there is none',
    ],
    [
      ['    servers:', '      - 10.0.0.1', '      - 10.0.0.1:80'],
      '5:9 the server 10.0.0.1:80 is in line 4 already',
    ],
    [['  - listen: tcp  192.0.2.10:80'], '3:13 tcp 192.0.2.10:80 is listened to already by line 2'],
    [['  - listen: tcp 192.0.2.10:0'], '3:13 port 0, which is every port, needs persistence'],
    [['  - listen: tcp 192.0.2.10:99999'], '3:13 service port must be a whole number'],
    [['    listen: tcp 192.0.2.10:81'], '3:5 map keys must be unique'],
    [['    constructor: 1'], '3:5 unknown key "constructor"'],
    [['    __proto__: 1'], '3:5 unknown key "__proto__"'],
    [['   weight: 1'], '3:1 sequence item without - indicator'],
    [['    weight: !secret 1'], '3:13 unresolved tag'],
    [['    weight: *nowhere'], '3:13 unresolved alias'],
    [['---', 'services: []'], '3:1 source contains multiple documents'],
  ])('are found in %j', (added, problem) => {
    const [message] = messagesOf(lines(...web, ...added));
    expect(message?.slice(0, problem.length)).toBe(problem);
  });

  it('of a service do not hide those of another', () => {
    const text = lines(
      'services:',
      '  - { listen: tcp 192.0.2.1:80, weigth: 1 }',
      '  - { listen: tcp 192.0.2.2:80, servers: [10.0.0.1:81] }',
      '  - { listen: tcp 192.0.2.2:80, name: a }',
      '  - { listen: tcp 192.0.2.3:80, name: a }',
    );
    expect(messagesOf(text)).toEqual([
      '2:33 unknown key "weigth" [weight]',
      '3:43 forwarding dr cannot change the port: it has to be 80, as the service listens to',
      '4:15 tcp 192.0.2.2:80 is listened to already by line 3',
      '5:39 the name a is taken by line 4',
    ]);
  });

  it('are told of JSON too, where they are', () => {
    expect(messagesOf('{"services":[{"listen":"tcp 192.0.2.1:80","prot":1}]}')).toEqual(
      ['1:43 unknown key "prot" [port]'].map((text) =>
        text.replace(
          ' [port]',
          ': there are name, listen, scheduler, scheduler-flags, persistence, one-packet, quorum, fallback, on-failure, on-all-down, panic, slow-start, drain-timeout, forwarding, weight, thresholds, tunnel, check, checks, servers',
        ),
      ),
    );
    expect(messagesOf('{"services":[],"services":[]}')[0]).toContain('map keys must be unique');
  });

  it('that are many are counted, and told as far as one can read', () => {
    const servers = Array.from({ length: 100 }, () => '      - 10.0.0.300');
    const error = errorOf(lines(...web, '    servers:', ...servers));
    expect(error.problems).toHaveLength(100);
    expect(error.message).toMatch(/has 100 mistakes\n.*\nand 75 more$/s);
  });

  it('in long lines are shown with what is around them', () => {
    const error = errorOf(`services: []\n${' '.repeat(0)}${'x'.repeat(300)}: ${'y'.repeat(300)}\n`);
    expect(
      Math.max(
        ...error.message
          .split('\n')
          .slice(2)
          .map((line) => line.length),
      ),
    ).toBeLessThan(110);
  });

  it('do not let aliases of aliases grow beyond bounds', () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const items = Array.from({ length: 10 }, () => (level === 0 ? 'x' : `*a${level - 1}`));
      return `a${level}: &a${level} [${items.join(', ')}]`;
    });
    expect(messagesOf(lines(...levels, 'services: []'))[0]).toMatch(/alias count/);
  });
});

describe('anything at all', () => {
  it('is a configuration, or is told where it is none', () => {
    const base = lines(
      'defaults: { scheduler: wlc, persistence: 5m }',
      'services:',
      '  - name: web',
      '    listen: tcp 192.0.2.10:80',
      '    forwarding: tun',
      '    tunnel: { type: gue, port: 6080 }',
      '    servers:',
      '      - 10.0.0.11',
      '      - { address: "2001:db8::1", thresholds: { upper: 2, lower: 1 } }',
      '  - { listen: fwmark 7 ipv6, one-packet: true, servers: [] }',
    );
    const pieces = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom(
        ...[
          ': ',
          '- ',
          '&a ',
          '*a',
          '!!set ',
          '? ',
          '[',
          ']',
          '{',
          '}',
          ',',
          '"',
          '|',
          '\n',
          '\n  ',
        ],
        ...['null', 'services', 'servers', 'listen: x\n', '9', '-1', '1e99', '__proto__', '<<: *a'],
      ),
    );
    const edits = fc.array(fc.tuple(fc.nat(base.length), fc.nat(12), pieces), { maxLength: 5 });
    fc.assert(
      fc.property(edits, (all) => {
        let text = base;
        for (const [at, dropped, piece] of all) {
          text = text.slice(0, at) + piece + text.slice(at + dropped);
        }
        try {
          expect(tableOf(parseConfig(text, 'x')).length).toBeLessThan(10);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          const count = text.split('\n').length;
          for (const { line, column, message } of error.problems) {
            expect(line).toBeGreaterThanOrEqual(1);
            expect(line).toBeLessThanOrEqual(count);
            expect(column).toBeGreaterThanOrEqual(1);
            expect(message).not.toMatch(/undefined|\[object/);
          }
          expect(error.problems.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 1500 },
    );
  });
});

describe('what is doubtful', () => {
  it('is a scheduler that Linux does not have, which may be a module of one own', () => {
    const text = lines('services:', '  - listen: tcp 192.0.2.10:80', '    scheduler: wcl');
    const { warnings, services } = parseConfig(text, 'x');
    expect(services[0]?.service.scheduler).toBe('wcl');
    expect(warnings).toMatchObject([
      { line: 3, column: 16, suggestion: 'wlc', message: 'Linux itself has no scheduler "wcl"' },
    ]);
    expect(serviceOf('  - { listen: fwmark 1, scheduler: none }')?.scheduler).toBe('none');
  });
});
