import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import { dataPathMarks } from '../../../src/config/data-path-marks.ts';
import type { DirectorConfig } from '../../../src/config/director-config.ts';
import { parseConfig } from '../../../src/config/load.ts';

function problemsOf(...lines: readonly string[]): readonly string[] {
  try {
    parseConfig(lines.join('\n'), 'x');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
  throw new Error('nothing was found wrong');
}

const configOf = (...lines: readonly string[]): DirectorConfig =>
  parseConfig(lines.join('\n'), 'x');

const policyOf = (...settings: readonly string[]) =>
  configOf(
    'services:',
    '  - listen: tcp 192.0.2.1:80',
    '    servers: [10.0.0.1, { address: 10.0.0.2, weight: 2 }]',
    ...settings.map((line) => `    ${line}`),
  ).services[0]?.policy;

describe('the director', () => {
  it('is what it is usually, where nothing is said', () => {
    expect(configOf('services: []')).toEqual({
      director: {
        interface: undefined,
        vips: 'leave',
        onStop: 'leave',
        drift: 'correct',
        stateDirectory: '/var/lib/lvskit',
        historyBytes: 16 * 1024 * 1024,
      },
      control: { socket: '/run/lvskit/control.sock', group: undefined },
      metrics: undefined,
      hooks: [],
      services: [],
      warnings: [],
      files: [],
      folders: [],
    });
  });

  it('is what is said', () => {
    const config = configOf(
      'director:',
      '  { interface: eth0.7, on-stop: flush, drift: report, state-directory: /srv/lvs, history-size: 64KiB }',
      'control: { socket: /run/x.sock, group: lvsadm }',
      'metrics: { listen: "[::]:9631" }',
      'services: []',
    );
    expect(config).toMatchObject({
      director: {
        interface: 'eth0.7',
        vips: 'own',
        onStop: 'flush',
        drift: 'report',
        stateDirectory: '/srv/lvs',
        historyBytes: 65_536,
      },
      control: { socket: '/run/x.sock', group: 'lvsadm' },
      metrics: { address: '::', port: 9631 },
    });
    const hooks = configOf(
      'hooks:',
      '  - { exec: [/usr/bin/notify, x], timeout: 3s }',
      '  - { webhook: https://hooks.example.org/, events: drift, headers: { X-Key: y } }',
      'services: []',
    ).hooks;
    expect(hooks).toMatchObject([
      { kind: 'exec', command: ['/usr/bin/notify', 'x'], timeoutMs: 3000 },
      {
        kind: 'webhook',
        url: 'https://hooks.example.org/',
        headers: { 'X-Key': 'y' },
        timeoutMs: 10_000,
      },
    ]);
    expect([...(hooks[0]?.events ?? [])].slice(0, 2)).toEqual(['server-up', 'server-down']);
    expect([...(hooks[1]?.events ?? [])]).toEqual(['drift']);
    expect(configOf('director: { interface: eth0, vips: leave }', 'services: []')).toMatchObject({
      director: { interface: 'eth0', vips: 'leave' },
    });
  });

  it.each([
    [
      'director: { vips: own }',
      '1:19 to own the VIPs, the director needs to be told its interface',
    ],
    ['director: { interface: a/b }', '1:24 must be the name of a link'],
    ['director: { interface: a-link-with-a-long-name }', '1:24 must be the name of a link'],
    ['director: { interface: "" }', '1:24 must be the name of a link'],
    ['director: { state-directory: var }', '1:30 must be the absolute path'],
    ['director: { history-size: 16 }', '1:27 must be a size with its unit, such as 16MiB'],
    ['director: { history-size: 16MB }', '1:27 must be a size with its unit, such as 64KiB'],
    ['director: { history-size: 1KiB }', '1:27 must be from 64KiB to 1GiB'],
    ['director: { drift: fix }', '1:20 must be one of correct, report, not "fix"'],
    ['director: { onstop: flush }', '1:13 unknown key "onstop"'],
    ['control: { socket: x.sock }', '1:20 must be the absolute path'],
    [`control: { socket: /${'x'.repeat(107)} }`, '1:20 is longer than the 107 bytes'],
    ['control: { group: "a b" }', '1:19 must be the name or number of a group'],
    ['metrics: {}', '1:10 the key "listen" is missing'],
    ['metrics: { listen: 9631 }', '1:20 must be a text, not 9631'],
    ['metrics: { listen: 127.0.0.1 }', '1:20 must be an address and port'],
    ['metrics: { listen: localhost:9631 }', '1:20 must be an address and port'],
    ['metrics: { listen: 127.0.0.1:0 }', '1:20 must be an address and port'],
    ['hooks: [{ exec: notify }]', '1:17 must be a list'],
    ['hooks: [{ exec: [notify] }]', '1:18 must be the absolute path'],
    ['hooks: [{ events: server-up }]', '1:9 must have either exec or webhook'],
    ['hooks: [{ exec: [/a], webhook: http://b }]', '1:9 must have either exec or webhook'],
    ['hooks: [{ webhook: ftp://b }]', '1:20 must be an http or https address'],
    ['hooks: [{ webhook: http://a:b@c }]', '1:20 must not have a password in it'],
    ['hooks: [{ webhook: http://b, timeout: 1h }]', '1:39 must be from 1ms to 5m'],
    ['hooks: [{ webhook: http://b, headers: { "a b": c } }]', '1:48 is no name of a header'],
    ['hooks: [{ exec: [/a], headers: { a: b } }]', '1:23 is for webhook only'],
    ['hooks: [{ exec: [/a], events: sever-up }]', '1:31 must be'],
    ['include: services.yaml', '1:10 only a file can include others'],
  ])('is refused with %s', (line, problem) => {
    const [message] = problemsOf(line, 'services: []');
    expect(message?.slice(0, problem.length)).toBe(problem);
  });

  it('is told all that is wrong, whatever the shape of the rest', () => {
    expect(
      problemsOf(
        'director: { history-size: 5, interface: a/b }',
        'control: { socket: x, grup: y }',
        'services: [{ listen: tcp 192.0.2.1:80, weigth: 1 }]',
      ).map((text) => text.split(' ')[0]),
    ).toEqual(['1:27', '1:41', '2:20', '2:23', '3:40']);
  });
});

describe('what becomes of a service', () => {
  it('is what is usual', () => {
    expect(policyOf()).toEqual({
      quorum: { weight: 1, hysteresis: 0 },
      fallback: undefined,
      onFailure: 'inhibit',
      onAllDown: 'keep',
      panicBelow: 0,
      slowStartMs: 0,
      drainTimeoutMs: 300_000,
    });
  });

  it('is what it says, otherwise what the defaults say', () => {
    expect(
      policyOf(
        'quorum: { weight: 2, hysteresis: 1 }',
        'fallback: { address: 10.0.0.99, port: 8080, forwarding: nat }',
        'on-failure: remove',
        'panic: 30%',
        'slow-start: 1m30s',
        'drain-timeout: 0s',
      ),
    ).toEqual({
      quorum: { weight: 2, hysteresis: 1 },
      fallback: {
        key: { address: '10.0.0.99', port: 8080 },
        forwarding: 'nat',
        weight: 1,
        upperThreshold: 0,
        lowerThreshold: 0,
        tunnel: undefined,
      },
      onFailure: 'remove',
      onAllDown: 'fallback',
      panicBelow: 0.3,
      slowStartMs: 90_000,
      drainTimeoutMs: 0,
    });
    const { services } = configOf(
      'defaults: { quorum: 2, fallback: 10.0.0.99, on-all-down: down, slow-start: 10s, weight: 0 }',
      'services:',
      '  - { listen: tcp 192.0.2.1:80, servers: [10.0.0.1] }',
      '  - { listen: tcp 192.0.2.1:81, fallback: false, quorum: 1 }',
    );
    expect(services.map(({ policy }) => policy)).toMatchObject([
      {
        quorum: { weight: 2, hysteresis: 0 },
        fallback: { key: { address: '10.0.0.99', port: 80 }, forwarding: 'dr', weight: 1 },
        onAllDown: 'down',
        slowStartMs: 10_000,
      },
      { quorum: { weight: 1 }, fallback: undefined },
    ]);
  });

  it.each([
    ['quorum: 0', '4:13 must be a whole number from 1'],
    [
      'quorum: { weight: 2, hysteresis: 2 }',
      '4:13 the hysteresis, 2, must be less than the weight, 2',
    ],
    ['quorum: { hysteresis: 2 }', '4:13 the key "weight" is missing'],
    ['fallback: 10.0.0.1', '4:15 the fallback 10.0.0.1:80 is a server already, in line 3'],
    ['fallback: 10.0.0.9:81', '4:15 forwarding dr cannot change the port'],
    ['fallback: "2001:db8::1"', '4:15 the service is IPv4 and the server IPv6'],
    ['fallback: { address: 10.0.0.9, weight: 2 }', '4:36 unknown key "weight"'],
    ['fallback: sorry.example', '4:15 must be an address, or address:port'],
    ['fallback: 192.0.2.1', '4:15 the server is the VIP itself'],
    ['on-all-down: fallback', '4:18 there is no fallback to serve when every server is down'],
    ['on-failure: quiesce', '4:17 must be one of inhibit, remove'],
    ['panic: 130%', '4:12 must be a percentage'],
    ['panic: 30', '4:12 must be a percentage'],
    ['slow-start: 30', '4:17 must be a duration with its unit'],
    ['slow-start: 2d', '4:17 must be at most 1d, not 2d'],
  ])('is refused with %s', (line, problem) => {
    const [message, ...others] = problemsOf(
      'services:',
      '  - listen: tcp 192.0.2.1:80',
      '    servers: [10.0.0.1, 10.0.0.2]',
      `    ${line}`,
    );
    expect(message?.slice(0, problem.length)).toBe(problem);
    expect(others).toEqual([]);
  });

  it('removes a server that fails where its clients would be refused at weight 0', () => {
    const onFailure = (...settings: readonly string[]) => policyOf(...settings)?.onFailure;
    expect(onFailure('scheduler: sh')).toBe('remove');
    expect(onFailure('scheduler: mh', 'scheduler-flags: [mh-port]')).toBe('remove');
    expect(onFailure('scheduler: dh')).toBe('remove');
    expect(onFailure('scheduler: sh', 'scheduler-flags: [sh-fallback]')).toBe('inhibit');
    expect(onFailure('scheduler: lblc')).toBe('inhibit');
    const warningsOf = (scheduler: string) =>
      configOf(
        `services: [{ listen: fwmark 7, scheduler: ${scheduler}, on-failure: inhibit, servers: [10.0.0.1] }]`,
      ).warnings.map(({ message }) => message);
    expect([warningsOf('mh'), warningsOf('dh'), warningsOf('rr')]).toEqual([
      [
        'mh refuses the clients of a server of weight 0: scheduler-flags: [mh-fallback] or on-failure: remove gives them to another',
      ],
      ['dh refuses the clients of a server of weight 0: on-failure: remove gives them to another'],
      [],
    ]);
  });

  it('is doubtful when the quorum can never be met', () => {
    const text = [
      'services:',
      '  - { listen: fwmark 7, quorum: 3, servers: [10.0.0.1, 10.0.0.2] }',
    ];
    expect(configOf(...text).warnings).toMatchObject([
      { line: 2, message: 'the quorum is never met: it needs 3, and all servers together have 2' },
    ]);
  });
});

describe('a service', () => {
  it('cannot have a mark of those that the checks of the director have', () => {
    for (const mark of [dataPathMarks.first, dataPathMarks.last]) {
      expect(problemsOf(`services: [{ listen: fwmark ${mark} ipv6 }]`)).toEqual([
        `1:22 the marks from 1280704512 to 1280770047 are the director's own, for its checks`,
      ]);
    }
    const beside = dataPathMarks.last + 1;
    expect(configOf(`services: [{ listen: fwmark ${beside} }]`).services).toHaveLength(1);
  });

  it('cannot be its own server, but where this host serves, or another port does', () => {
    const own = (server: string) =>
      `services: [{ listen: "tcp 192.0.2.1:80", servers: [${server}] }]`;
    const refusal = 'the server is the VIP itself: only forwarding local serves on this host';
    expect(problemsOf(own('192.0.2.1'))[0]).toContain(refusal);
    expect(problemsOf(own('{ address: 192.0.2.1, forwarding: nat }'))[0]).toContain(refusal);
    expect(problemsOf(own('{ address: 192.0.2.1, forwarding: tun }'))[0]).toContain(refusal);
    for (const right of ['forwarding: local', 'forwarding: nat, port: 8080']) {
      expect(configOf(own(`{ address: 192.0.2.1, ${right} }`)).services).toHaveLength(1);
    }
  });
});
