import { describe, expect, it } from 'vitest';
import type { Check, SingleCheck } from '../../../src/config/checks.ts';
import { ConfigError } from '../../../src/config/config-error.ts';
import { parseConfig } from '../../../src/config/load.ts';

interface Around {
  readonly listen?: string;
  readonly forwarding?: string;
  readonly servers?: string;
  readonly defaults?: string;
}

/** A configuration of one service with something in it. */
function textWith(lines: string, around: Around = {}): string {
  const { listen = 'tcp 192.0.2.1:80', servers = '[10.0.0.1]', defaults } = around;
  const { forwarding = 'nat' } = around;
  return [
    ...(defaults === undefined ? [] : [`defaults: ${defaults}`]),
    'services:',
    `  - listen: ${listen}`,
    `    forwarding: ${forwarding}`,
    ...(lines === '' ? [] : [`    ${lines}`]),
    `    servers: ${servers}`,
  ].join('\n');
}

/** The checks of the servers of one service. */
function checksOf(lines: string, around?: Around): readonly (Check | undefined)[] {
  const { services } = parseConfig(textWith(lines, around), 'x');
  return services.flatMap(({ servers }) => servers.map(({ check }) => check));
}

function checkOf(lines: string, around?: Around): SingleCheck {
  const [check] = checksOf(lines, around);
  if (check?.combine !== 'none') throw new Error('not one check');
  return check;
}

function problemsOf(lines: string, around?: Around): readonly string[] {
  try {
    parseConfig(textWith(lines, around), 'x');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(
      ({ line, column, message, suggestion }) =>
        `${line}:${column} ${message}${suggestion === undefined ? '' : ` [${suggestion}]`}`,
    );
  }
  throw new Error('nothing was found wrong');
}

const usualPace = {
  intervalMs: 2000,
  fastIntervalMs: 1000,
  downIntervalMs: 2000,
  timeoutMs: 1000,
  rise: 2,
  fall: 3,
  jitter: 0.1,
};

describe('a check', () => {
  it('is not there unless it is asked for', () => {
    expect(checksOf('')).toEqual([undefined]);
    expect(checksOf('check: none', { defaults: '{ check: tcp }' })).toEqual([undefined]);
  });

  it('goes to the address of the server, at the usual pace', () => {
    expect(checkOf('check: tcp')).toEqual({
      combine: 'none',
      probe: { kind: 'tcp' },
      target: { path: 'direct', address: '10.0.0.1', port: 80 },
      pace: usualPace,
    });
    expect(checkOf('check: { type: tcp, port: 8080 }').target).toMatchObject({ port: 8080 });
    expect(checkOf('check: tcp', { servers: '[10.0.0.1:81]' }).target).toMatchObject({ port: 81 });
    expect(checkOf('check: icmp').target).toEqual({
      path: 'direct',
      address: '10.0.0.1',
      port: 0,
    });
  });

  it('goes through the data path where clients do, unless told otherwise', () => {
    const target = (lines: string, around: Around) => checkOf(lines, around).target;
    expect(target('check: tcp', { forwarding: 'dr' })).toEqual({
      path: 'data-path',
      address: '192.0.2.1',
      port: 80,
      server: { address: '10.0.0.1', forwarding: 'dr', tunnel: undefined },
    });
    const tunnelled = '[{ address: 2001:DB8::0:1, tunnel: { type: gue, port: 6080 } }]';
    expect(target('check: http', { forwarding: 'tun', servers: tunnelled })).toEqual({
      path: 'data-path',
      address: '192.0.2.1',
      port: 80,
      server: {
        address: '2001:db8::1',
        forwarding: 'tun',
        tunnel: { type: 'gue', port: 6080, checksum: 'none' },
      },
    });
    const dr = { forwarding: 'dr' };
    expect(target('check: { type: tcp, via: direct }', dr)).toMatchObject({ path: 'direct' });
    expect(target('check: { type: agent, port: 9 }', dr)).toMatchObject({ path: 'direct' });
    expect(target('check: icmp', dr)).toMatchObject({ path: 'direct' });
    expect(target('check: { type: dns, query: a.example }', dr)).toMatchObject({
      path: 'data-path',
    });
    expect(target('check: { type: dns, query: ., transport: udp }', dr)).toMatchObject({
      path: 'direct',
    });
    expect(target('check: { type: tcp, via: data-path }', {})).toMatchObject({
      path: 'data-path',
      server: { forwarding: 'nat' },
    });
    const marked = { ...dr, listen: 'fwmark 7' };
    expect(target('check: { type: tcp, port: 80 }', marked)).toMatchObject({ path: 'direct' });
  });

  it.each([
    ['https', { kind: 'http', tls: { name: undefined, verify: false }, path: '/', http2: false }],
    [
      '{ type: http, path: /a?b=%20, host: "www.example:81", method: HEAD, expect: [200-204, 404], http2: true, headers: { X-A: " b " } }',
      {
        kind: 'http',
        tls: undefined,
        http2: true,
        method: 'HEAD',
        path: '/a?b=%20',
        host: 'www.example:81',
        headers: [{ name: 'x-a', value: 'b' }],
        statuses: [
          { first: 200, last: 204 },
          { first: 404, last: 404 },
        ],
        body: undefined,
      },
    ],
    ['http', { host: '192.0.2.1', statuses: [{ first: 200, last: 399 }] }],
    ['{ type: http, body: OK }', { body: { type: 'contains', text: 'OK' } }],
    [
      '{ type: http, body: { matches: "^up.*" } }',
      { body: { type: 'matches', pattern: /^up.*/u } },
    ],
    [
      `{ type: http, body: { sha256: ${'AB'.repeat(32)} } }`,
      { body: { type: 'sha256', digest: 'ab'.repeat(32) } },
    ],
    [
      '{ type: tls, name: www.example.org, verify: true, expiry-warning: 7d }',
      { tls: { name: 'www.example.org', verify: true, expiryWarningMs: 604_800_000 } },
    ],
    [
      '{ type: grpc, service: web.Shop, tls: true, name: shop.example }',
      { kind: 'grpc', service: 'web.Shop', host: 'shop.example', tls: { name: 'shop.example' } },
    ],
    ['grpc', { kind: 'grpc', service: '', tls: undefined, host: '192.0.2.1' }],
    [
      '{ type: dns, query: www.example.org., record: AAAA, expect: [noerror, nxdomain] }',
      {
        kind: 'dns',
        name: 'www.example.org',
        record: 'AAAA',
        transport: 'tcp',
        responseCodes: ['noerror', 'nxdomain'],
      },
    ],
    ['{ type: dns, query: . }', { name: '', record: 'A', responseCodes: ['noerror'] }],
    [
      '{ type: udp, send: { hex: "00 ff" }, expect: pong }',
      {
        send: Uint8Array.of(0, 255),
        expect: { type: 'contains', bytes: new TextEncoder().encode('pong') },
      },
    ],
    ['udp', { kind: 'udp', send: Uint8Array.of(), expect: undefined }],
    ['{ type: udp, expect: { matches: ^a } }', { expect: { type: 'matches', pattern: /^a/u } }],
    ['{ type: smtp, helo: lb.example }', { kind: 'smtp', helo: 'lb.example' }],
    ['redis', { kind: 'redis' }],
    ['mysql', { kind: 'mysql' }],
    ['postgres', { kind: 'postgres' }],
    ['{ type: agent, port: 9000 }', { kind: 'agent' }],
    [
      '{ type: exec, command: [/bin/test, "{address}", "x{port}"] }',
      { kind: 'exec', command: ['/bin/test', '10.0.0.1', 'x80'] },
    ],
    [
      '{ type: file, file: "/run/up/{address}:{port}", when: absent }',
      { kind: 'file', file: '/run/up/10.0.0.1:80', when: 'absent' },
    ],
  ])('asks what is written: %s', (written, probe) => {
    expect(checkOf(`check: ${written}`).probe).toMatchObject(probe);
  });

  it('calls an IPv6 service as a Host header does, and one without VIP by its server', () => {
    const around = { listen: 'tcp [2001:db8::1]:80', servers: '["2001:db8::2"]' };
    expect(checkOf('check: http', around).probe).toMatchObject({ host: '[2001:db8::1]' });
    const marked = { listen: 'fwmark 7', servers: '[10.0.0.1:80]' };
    expect(checkOf('check: http', marked).probe).toMatchObject({ host: '10.0.0.1' });
  });

  it('may be several, all or any of which have to pass', () => {
    const [check] = checksOf('check: { any: [{ all: [tcp, icmp] }, redis], interval: 3s }');
    expect(check).toMatchObject({
      combine: 'any',
      checks: [
        {
          combine: 'all',
          checks: [{ probe: { kind: 'tcp' }, pace: { intervalMs: 3000 } }, { combine: 'none' }],
        },
        { probe: { kind: 'redis' }, pace: { intervalMs: 3000 } },
      ],
    });
    expect(checksOf('checks: [tcp, icmp]')).toEqual(checksOf('check: { all: [tcp, icmp] }'));
  });

  it('of a server comes before that of its service, and that before the defaults', () => {
    const servers = '[10.0.0.1, { address: 10.0.0.2, check: redis }]';
    const defaults = '{ check: icmp }';
    const kinds = (lines: string) =>
      checksOf(lines, { servers, defaults }).map(
        (one) => one?.combine === 'none' && one.probe.kind,
      );
    expect(kinds('check: tcp')).toEqual(['tcp', 'redis']);
    expect(kinds('')).toEqual(['icmp', 'redis']);
  });
});

describe('the pace of a check', () => {
  it('is taken, as far as it is not said, from what is around it', () => {
    const around = {
      defaults: '{ check: { type: tcp, interval: 4s, timeout: 500ms, fall: 5, jitter: 0% } }',
      servers: '[{ address: 10.0.0.1, check: { type: redis, rise: 1 } }]',
    };
    expect(
      checkOf('check: { type: http, interval: 6s, down-interval: 30s }', around),
    ).toMatchObject({
      probe: { kind: 'redis' },
      pace: {
        intervalMs: 6000,
        fastIntervalMs: 3000,
        downIntervalMs: 30_000,
        timeoutMs: 500,
        rise: 1,
        fall: 5,
        jitter: 0,
      },
    });
  });

  it('has a time-out that fits into every interval, and a fast interval that holds it', () => {
    const pace = (words: string) => checkOf(`check: { type: tcp, ${words} }`).pace;
    expect(pace('interval: 200ms')).toMatchObject({ timeoutMs: 200, fastIntervalMs: 200 });
    expect(pace('fast-interval: 300ms')).toMatchObject({ timeoutMs: 300, fastIntervalMs: 300 });
    expect(pace('interval: 10s, timeout: 8s')).toMatchObject({ fastIntervalMs: 8000 });
    expect(pace('interval: 10s')).toMatchObject({ fastIntervalMs: 5000, downIntervalMs: 10_000 });
  });
});

describe('mistakes in a check', () => {
  it.each([
    ['check: tpc', '4:12 must be one of none, tcp, tls'],
    ['check: { type: tpc }', '4:20 must be one of tcp, tls, http, https, grpc, dns'],
    ['check: { typ: tcp }', '4:12 the key "type" is missing: tcp, tls'],
    ['check: {}', '4:12 the key "type" is missing'],
    ['check: 5', '4:12 must be one of none, tcp'],
    ['check: [tcp]', '4:12 must be one of none, tcp'],
    ['check: { type: dns }', '4:12 the key "query" is missing'],
    ['check: { type: http, pth: / }', '4:26 unknown key "pth"'],
    ['check: { type: icmp, port: 5 }', '4:26 unknown key "port"'],
    ['check: { all: x }', '4:19 must be a list, not "x"'],
    ['check: { all: [] }', '4:19 must not be an empty list'],
    ['check: { all: [tcp, { type: http, expect: 99 }] }', '4:47 must be a whole number from 100'],
    ['check: { any: [{ any: [{ any: [tcp] }] }] }', '4:28 the key "type" is missing'],
    ['checks: [tcp, { type: agent }]', '4:19 the key "port" is missing'],
    ['checks: []', '4:13 must not be an empty list'],
    ['check: { type: tcp, rise: 0 }', '4:31 must be a whole number from 1 to 100'],
    ['check: { type: tcp, fall: 0 }', '4:31 must be a whole number from 1 to 100'],
    ['check: { type: tcp, timeout: 3s }', '4:34 the timeout, 3s, is longer than the interval, 2s'],
    [
      'check: { type: tcp, timeout: 500ms, fast-interval: 400ms }',
      '4:34 the timeout, 500ms, is longer than the fast-interval, 400ms',
    ],
    ['check: { type: tcp, interval: 1e999s }', '4:35 must be a duration with its unit'],
    ['check: { type: tcp, interval: 9999999d }', '4:35 the interval must be from 10ms to 1d'],
    ['check: { type: tcp, interval: 0s }', '4:35 the interval must be from 10ms to 1d, not 0s'],
    ['check: { type: tcp, timeout: 0s }', '4:34 the timeout must be from 1ms to 1d, not 0s'],
    ['check: { type: tcp, jitter: 60% }', '4:33 the jitter must be from 0% to 50%'],
    ['check: { type: tcp, jitter: 0.1 }', '4:33 must be a percentage such as 10%'],
    ['check: { type: icmp, via: data-path }', '4:31 icmp cannot go through the data path'],
    ['check: { type: udp, via: data-path }', '4:30 udp cannot go through the data path'],
    [
      'check: { type: dns, query: a.b, transport: udp, via: data-path }',
      '4:58 dns over udp cannot go through the data path',
    ],
    ['check: { type: http, path: healthz }', '4:32 must begin with "/"'],
    ['check: { type: http, host: "a b" }', '4:32 must be a host name or address'],
    ['check: { type: http, expect: 299-200 }', '4:34 must be a status such as 200, or a range'],
    ['check: { type: http, expect: [200, ok] }', '4:40 must be a status such as 200, or a range'],
    ['check: { type: http, body: "" }', '4:32 every body contains nothing'],
    [
      'check: { type: http, body: { matches: "(" } }',
      '4:43 is no regular expression: unterminated',
    ],
    ['check: { type: http, body: { sha256: abc } }', '4:42 must be 64 hexadecimal digits'],
    ['check: { type: http, method: HEAD, body: x }', '4:40 the answer to HEAD has no body'],
    ['check: { type: http, headers: { host: a } }', '4:37 the header host is made by the check'],
    ['check: { type: http, headers: { "a b": c } }', '4:37 "a b" is no name of a header'],
    ['check: { type: http, headers: { a: "b\\r\\nc" } }', '4:40 must be one line of Latin letters'],
    ['check: { type: http, headers: { a: b, A: c } }', '4:43 the header A is there already'],
    ['check: { type: https, verify: true }', '4:35 to verify a certificate, the name'],
    ['check: { type: tls, name: 10.0.0.1 }', '4:31 must be a host name'],
    ['check: { type: grpc, name: a.b }', '4:26 name is for tls, which is not on'],
    ['check: { type: smtp, helo: "a b" }', '4:32 must be a host name'],
    ['check: { type: udp, send: { hex: 0x } }', '4:38 must be pairs of hexadecimal digits'],
    ['check: { type: udp, expect: "" }', '4:33 every answer contains nothing'],
    ['check: { type: exec, command: [test] }', '4:36 must be the absolute path of a file'],
    ['check: { type: exec, command: /bin/test }', '4:35 must be a list, not "/bin/test"'],
    ['check: { type: exec, command: [] }', '4:35 must name a program'],
    ['check: { type: file, file: up }', '4:32 must be the absolute path of a file'],
  ])('are found in %j', (lines, problem) => {
    const [message] = problemsOf(lines);
    expect(message?.slice(0, problem.length)).toBe(problem);
  });

  it('are found in both of two checks in one place', () => {
    expect(problemsOf('check: tcp\n    checks: [tcp]')).toEqual([
      '5:5 there is a check here already: put it into the list',
    ]);
  });

  it('are told once, where they are, however many servers have the check', () => {
    const around = {
      defaults: '{ check: { type: tcp, interval: 1ms } }',
      servers: '[10.0.0.1, 10.0.0.2]',
    };
    expect(problemsOf('', around)).toEqual(['1:43 the interval must be from 10ms to 1d, not 1ms']);
    const marked = { listen: 'fwmark 7', servers: '[10.0.0.1, 10.0.0.2]' };
    expect(problemsOf('check: tcp', marked)).toEqual([
      '4:12 the port is missing: the service, being a firewall mark or every port, has none',
    ]);
    expect(problemsOf('check: { type: tcp, port: 80, via: data-path }', marked)).toEqual([
      '4:40 there is no VIP to go to: the service is a firewall mark',
    ]);
    const local = { forwarding: 'local' };
    expect(problemsOf('check: { type: tcp, via: data-path }', local)).toEqual([
      '4:30 only dr, tun and nat have a data path to a server, not local',
    ]);
  });
});
