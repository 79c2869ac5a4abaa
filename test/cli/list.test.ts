import { describe, expect, it, vi } from 'vitest';
import { NetworkNamespace } from '../../src/index.ts';
import { asNobody } from '../support/as-nobody.ts';
import { lvskit } from '../support/command.ts';
import { type LocalDirector, localDirector } from '../support/local-director.ts';
import { ownConnection } from '../support/own-connection.ts';

const vip = '10.9.0.1';
const rip = '10.9.0.2';
const web = { protocol: 'tcp', address: vip, port: 80 } as const;

/** A director with one connection to a service of three real servers, and a service without any. */
async function director(): Promise<LocalDirector> {
  const made = await localDirector(`${vip}/32`, `${rip}/32`);
  const { ipvs } = made;
  await ipvs.add(web, { scheduler: 'rr', persistence: { timeoutSeconds: 60 } });
  await ipvs.addDestination(
    web,
    { address: rip, port: 8080 },
    { forwarding: 'nat', upperThreshold: 1 },
  );
  await ipvs.addDestination(web, { address: '10.9.0.3', port: 80 }, { weight: 0 });
  await ipvs.addDestination(
    web,
    { address: '10.9.0.4' },
    { forwarding: 'tun', weight: 0, tunnel: { type: 'gre', checksum: 'full' } },
  );
  await ipvs.add({ firewallMark: 7, family: 'ipv6' }, { scheduler: 'wlc' });
  await made.serve(rip, 8080);
  await made.connect({ address: vip, port: 80 });
  return made;
}

describe('lvskit list', () => {
  it('shows what the kernel has', async () => {
    const { netns } = await director();
    expect(await lvskit(['list', '--netns', netns])).toEqual({
      code: 0,
      stderr: '',
      stdout: `service          method  weight  active  inactive  notes
tcp 10.9.0.1:80  rr                   1         0  no destination takes connections, persistent 1m
  10.9.0.2:8080  nat          1       1         0  overloaded, at most 1, 1 persistent
  10.9.0.3:80    dr           0       0         0  drained
  10.9.0.4:80    tun          0       0         0  drained, gre, full checksum
fwmark 7 ipv6    wlc                  0         0  no destination
`,
    });
  });

  it('shows one service, and says when there is none', async () => {
    const { netns } = await director();
    const one = await lvskit(['list', '--netns', netns, '--service', 'fwmark', '7', 'ipv6']);
    expect(one).toEqual({
      code: 0,
      stderr: '',
      stdout: `service        method  weight  active  inactive  notes
fwmark 7 ipv6  wlc                  0         0  no destination
`,
    });
    for (const more of [[], ['--rates']]) {
      const none = await lvskit(['list', '--netns', netns, '--service', 'fwmark 7', ...more]);
      expect(none).toEqual({
        code: 1,
        stdout: '',
        stderr: 'lvskit: cannot list fwmark 7: there is no such service\n',
      });
    }
  });

  it('has counters and rates of what was counted', async () => {
    const { netns } = await director();
    // The kernel adds up what was counted every two seconds.
    await vi.waitFor(
      async () => {
        const { code, stdout } = await lvskit([
          ...['list', '--netns', netns, '-o', 'json', '--statistics'],
          ...['--service', 'tcp', `${vip}:80`],
        ]);
        expect(code).toBe(0);
        const { version, source, services } = JSON.parse(stdout);
        expect({ version, source, count: services.length }).toEqual({
          version: 1,
          source: 'kernel',
          count: 1,
        });
        expect(services[0].statistics.connections).toBe('1');
        expect(services[0].destinations[0]).toMatchObject({
          destination: `${rip}:8080`,
          activeConnections: 1,
          statistics: { connections: '1' },
        });
      },
      { timeout: 10_000, interval: 200 },
    );
    const { code, stdout } = await lvskit(['list', '--netns', netns, '-o', 'json', '--rates']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).services[0].rates).toEqual({
      connectionsPerSecond: 0,
      packetsInPerSecond: expect.any(Number),
      packetsOutPerSecond: expect.any(Number),
      bytesInPerSecond: expect.any(Number),
      bytesOutPerSecond: expect.any(Number),
    });
  });

  it('prints the same as YAML', async () => {
    const { netns } = await director();
    const { code, stdout } = await lvskit(['list', '--netns', netns, '-o', 'yaml']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^version: 1\nat: /);
    expect(stdout).toContain('  - service: tcp 10.9.0.1:80\n');
    expect(stdout).toContain('condition: overloaded\n');
  });

  it.each([[[]], [['-o', 'json']]])('watches until Ctrl-C ends it with 0 %j', async (words) => {
    const { netns, ipvs } = await director();
    const ending = new AbortController();
    let samples = 0;
    const { code, stdout, stderr } = await lvskit(
      ['list', '--netns', netns, '--watch', '100ms', ...words],
      { signal: ending.signal },
      () => {
        samples++;
        if (samples === 1) void ipvs.add({ firewallMark: 9 });
        if (samples === 5) ending.abort('SIGINT');
      },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    if (words.length > 0) {
      const documents = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(documents).toHaveLength(5);
      expect(documents.map(({ services }) => services.length).at(0)).toBe(2);
      expect(documents.map(({ services }) => services.length).at(-1)).toBe(3);
    } else {
      const texts = stdout.split('\n\n');
      expect(texts).toHaveLength(5);
      for (const text of texts)
        expect(text).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, services: /);
      expect(texts.at(-1)).toContain('fwmark 9');
    }
  });

  it('ends as a shell expects when the reader goes away', async () => {
    const { netns } = await director();
    const ending = new AbortController();
    const { code, stderr } = await lvskit(
      ['list', '--netns', netns, '--watch', '100ms'],
      { signal: ending.signal },
      () => ending.abort('SIGPIPE'),
    );
    expect({ code, stderr }).toEqual({ code: 141, stderr: '' });
  });

  it('says that a namespace needs permission', async () => {
    const { name, remove } = await namespace();
    await asNobody(async () => {
      const { code, stdout, stderr } = await lvskit(['list', '--netns', name]);
      expect({ code, stdout }).toEqual({ code: 77, stdout: '' });
      expect(stderr).toContain('needs CAP_SYS_ADMIN');
    });
    await remove();
  });
});

async function namespace(): Promise<{ readonly name: string; remove(): Promise<void> }> {
  const made = await NetworkNamespace.create(`lvskit-list-${process.pid}`);
  return { name: made.name, remove: () => made.remove() };
}

describe('lvskit list without permission', () => {
  it('shows what /proc tells, and says what that leaves out', async () => {
    await ownConnection({ persistence: { timeoutSeconds: 60 } });
    await asNobody(async () => {
      const words = ['list', '--service', 'tcp', '127.9.0.1:80'];
      expect(await lvskit(words)).toEqual({
        code: 0,
        stdout: `service           method  weight  active  inactive  notes
tcp 127.9.0.1:80  rr                   1         0  persistent
  127.9.0.2:8080  nat          1       1         0
`,
        stderr:
          'lvskit: not permitted to ask the kernel, so from /proc, without thresholds, tunnels, times and masks of persistence, scheduler flags and families of firewall marks\n',
      });
      const counted = await lvskit([...words, '-s', '-r', '-o', 'json']);
      expect(counted.code).toBe(0);
      expect(counted.stderr).toContain('counters but their sum and rates\n');
      const { source, totals, services } = JSON.parse(counted.stdout);
      expect(source).toBe('proc');
      expect(Number(totals.connections)).toBeGreaterThanOrEqual(0);
      expect(services[0].destinations[0]).toEqual({
        destination: '127.9.0.2:8080',
        key: { address: '127.9.0.2', port: 8080 },
        condition: 'up',
        forwarding: 'nat',
        weight: 1,
        activeConnections: 1,
        inactiveConnections: 0,
      });
      const missing = await lvskit(['list', '--service', 'tcp', '127.9.0.9:80']);
      expect(missing.code).toBe(1);
      expect(missing.stderr).toContain('there is no such service');
    });
  });
});
