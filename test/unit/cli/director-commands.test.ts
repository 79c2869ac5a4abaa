import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { ControlServer } from '../../../src/control/server.ts';
import { Recorder } from '../../../src/observe/recorder.ts';
import { lvskit } from '../../support/command.ts';
import { FakeDirector } from '../../support/fake-director.ts';

let socket: string;
let director: FakeDirector;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lvskit-operate-'));
  socket = join(folder, 'control.sock');
  director = new FakeDirector();
  const stateDirectory = join(folder, 'state');
  const now = () => director.clock.wallTime();
  const recorder = await Recorder.open({ stateDirectory, bytes: 1 << 20, now });
  recorder.attach(director);
  const server = await ControlServer.open({
    settings: { socket, group: undefined },
    operations: director,
    history: { stateDirectory, statistics: recorder.statistics, flush: () => recorder.flush() },
    peerOf: () => ({ uid: 0, gid: 0, pid: 1, groups: [] }),
  });
  onTestFinished(async () => {
    await server.close();
    await recorder.close();
    await rm(folder, { recursive: true });
  });
});

const run = (words: readonly string[], context = {}, onOutput?: (text: string) => void) =>
  lvskit([...words, '--socket', socket], context, onOutput);

describe('lvskit status', () => {
  it('shows services and servers, and ends with 0 when all is well', async () => {
    director.connections.set('10.0.0.11:80', 14);
    const { code, stdout, stderr } = await run(['status']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^lvskit 1\.2\.3, pid 4321, running for .*, configuration loaded .* ago\n\n/,
    );
    expect(stdout).toMatch(/^web {2}tcp 192\.0\.2\.1:80 +serving +2\/2 up +14 +10 +3 +5000/m);
    expect(stdout).toMatch(/^ {2}10\.0\.0\.11:80 +up +2 +14 +5 +3 +5000 +- +not yet$/m);
    expect(stdout).not.toContain('refused');
  });

  it('shows one service, by its name or what it listens to, and knows which there are', async () => {
    for (const name of ['web', 'tcp 192.0.2.1:80']) {
      const { code, stdout } = await run(['status', name]);
      expect(code).toBe(0);
      expect(stdout).not.toContain('api');
    }
    const { code, stderr } = await run(['status', 'wbe']);
    expect(code).toBe(1);
    expect(stderr).toBe('lvskit: there is no service wbe (did you mean "web"?)\n');
  });

  it('ends with 3 when a server is down, and not when one is out on purpose', async () => {
    await director.override('web', '10.0.0.12:80', { mode: 'drain' }, 'alice');
    expect((await run(['status', 'web'])).code).toBe(0);
    director.refusing.add('10.0.0.11');
    await director.check();
    const { code, stdout } = await run(['status', 'web']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^ {2}10\.0\.0\.11:80 +(down|kept) /m);
    expect(stdout).toMatch(/^ {2}10\.0\.0\.12:80 +drain +0 /m);
    expect((await run(['status', 'api:8080'])).code).toBe(3);
    director.refusing.clear();
    await director.check();
    const well = await run(['status']);
    expect(well.code).toBe(0);
    expect(well.stdout).toMatch(/^ {2}10\.0\.0\.11:80 +up +2 .* L4OK \d+ms$/m);
  });

  it('is a document for programs, counters with every digit', async () => {
    const { code, stdout } = await run(['status', '-o', 'json']);
    expect(code).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ version: 1, director: { pid: 4321 } });
    expect(document.services[0].statistics.packetsIn).toBe(String(2n ** 60n + 100n));
  });
});

describe('commands for a director', () => {
  it.each([['status'], ['reload'], ['events'], ['ready', 'web', 'x'], ['drain', 'web', 'x']])(
    'say what to do when none runs: %s',
    async (...words) => {
      const { code, stderr } = await lvskit([...words, '--socket', '/nonexistent/control.sock']);
      expect(code).toBe(1);
      expect(stderr).toBe(
        'lvskit: no director answers at /nonexistent/control.sock: start one with "systemctl start lvskit" or "lvskit run", or name its socket with --socket\n',
      );
    },
  );

  it('find its socket by the environment', async () => {
    const { code } = await lvskit(['status'], { environment: { LVSKIT_SOCKET: socket } });
    expect(code).toBe(0);
  });

  it('set what is wanted of a server', async () => {
    expect(await run(['maint', 'web', '10.0.0.11'])).toMatchObject({
      code: 0,
      stdout: 'web 10.0.0.11:80: maint\n',
    });
    const { stdout } = await run(['weight', 'web', '10.0.0.11', '7', '-o', 'json']);
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      service: 'web',
      server: '10.0.0.11:80',
      before: { mode: 'maint' },
      after: { mode: 'maint', weight: 7 },
    });
    expect((await run(['ready', 'web', '10.0.0.11:80'])).stdout).toBe(
      'web 10.0.0.11:80: ready, with weight 7\n',
    );
    expect((await run(['weight', 'web', '10.0.0.11', 'default'])).stdout).toBe(
      'web 10.0.0.11:80: ready\n',
    );
  });

  it.each([
    [['weight', 'web', '10.0.0.11', '-1'], 'a whole number from 0 to 2147483647, or default'],
    [['weight', 'web', '10.0.0.11', '1.5'], 'a whole number from 0 to 2147483647, or default'],
    [['drain', 'web', '10.0.0.11', '--wait', '10'], 'It must be a duration'],
    [['drain', 'web'], "missing required argument 'server'"],
    [['history', '--since', 'yesterday'], 'It must be how long ago'],
  ])('refuse %j with exit status 2', async (words, message) => {
    const { code, stderr } = await run(words);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(director.askedBy).toEqual([]);
  });

  it('tell which servers there are', async () => {
    const { code, stderr } = await run(['ready', 'web', '10.0.0.99']);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'lvskit: service web has no server 10.0.0.99: it has 10.0.0.11:80, 10.0.0.12:80\n',
    );
  });
});

describe('lvskit drain', () => {
  it('shows connections running off, and ends when none is left', async () => {
    director.connections.set('10.0.0.11:80', 2);
    let told = '';
    const { code, stdout } = await run(['drain', 'web', '10.0.0.11'], {}, (text) => {
      told += text;
      const left = /(\d) connections? established\n$/.exec(told)?.[1];
      if (left !== undefined) director.connections.set('10.0.0.11:80', Number(left) - 1);
    });
    expect(code).toBe(0);
    expect(told).toBe(
      [
        'web 10.0.0.11:80 drains: 2 connections established',
        'web 10.0.0.11:80 drains: 1 connection established',
        'web 10.0.0.11:80 drains: 0 connections established',
        'web 10.0.0.11:80 is drained: no connection is left',
        '',
      ].join('\n'),
    );
    expect(stdout).toContain('is drained');
    expect(director.monitor.server('web', '10.0.0.11:80').override).toEqual({ mode: 'drain' });
  });

  it('ends with 3 when connections are left after the time, and with 0 when it is not to wait', async () => {
    director.connections.set('10.0.0.11:80', 2);
    const late = await run(['drain', 'web', '10.0.0.11', '--wait', '50ms']);
    expect(late.code).toBe(3);
    expect(late.stdout).toMatch(
      /^web 10\.0\.0\.11:80 goes on draining: 2 connections established after /,
    );
    const { code, stdout } = await run(['drain', 'web', '10.0.0.11', '--wait', '0s', '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ drained: false, connections: 2 });
  });

  it('goes on draining after Ctrl-C, and says so', async () => {
    director.connections.set('10.0.0.11:80', 2);
    const ending = new AbortController();
    const { code, stderr } = await run(
      ['drain', 'web', '10.0.0.11'],
      { signal: ending.signal },
      () => ending.abort('SIGINT'),
    );
    expect(code).toBe(130);
    expect(stderr).toContain('lvskit: web 10.0.0.11:80 goes on draining\n');
    expect(director.monitor.server('web', '10.0.0.11:80').override).toEqual({ mode: 'drain' });
  });
});

describe('lvskit reload', () => {
  it('says what has changed', async () => {
    expect(await run(['reload'])).toMatchObject({
      code: 0,
      stdout: 'the configuration is in force: 2 services, 1 change to the table\n',
    });
  });

  it('tells each mistake of a configuration that is refused, and ends with 2', async () => {
    const refuse = () => {
      try {
        parseConfig('services:\n  - listen: nonsense\n', '/etc/lvskit/lvskit.yaml');
      } catch (error) {
        director.failure = error as Error;
      }
    };
    refuse();
    const { code, stderr } = await run(['reload']);
    expect(code).toBe(2);
    expect(stderr).toContain('/etc/lvskit/lvskit.yaml:2:13: ');
    expect(stderr).toContain('^^^^^^^^');
    refuse();
    const json = await run(['reload', '-o', 'json']);
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stdout)).toMatchObject({
      version: 1,
      valid: false,
      problems: [{ severity: 'error', line: 2, column: 13 }],
    });
  });
});

describe('lvskit events and history', () => {
  it('show what has happened, filtered', async () => {
    director.emit({ event: 'drained', service: 'web', server: '10.0.0.11:80' });
    director.emit({ event: 'drained', service: 'api:8080', server: '10.0.0.21:80' });
    const { code, stdout } = await run(['events', '--service', 'web']);
    expect(code).toBe(0);
    const time = new Date(director.clock.wallTime()).toISOString();
    expect(stdout).toBe(`${time}  web 10.0.0.11:80 is drained: no connection is left\n`);
    const json = await run(['history', '-o', 'json', '--event', 'drained', '--last', '1']);
    expect(JSON.parse(json.stdout)).toMatchObject({ event: 'drained', server: '10.0.0.21:80' });
    const none = await run(['history', '--since', '2100-01-01']);
    expect(none).toMatchObject({ code: 0, stdout: '' });
    const yaml = await run(['history', '-o', 'yaml', '--last', '1']);
    expect(yaml.stdout).toContain('---\ntime: ');
  });

  it('go on with what happens until Ctrl-C', async () => {
    director.emit({ event: 'drained', service: 'web', server: 'a' });
    const ending = new AbortController();
    const { code, stdout } = await run(
      ['events', '--follow'],
      { signal: ending.signal },
      (text) => {
        if (text.includes(' a ')) {
          director.emit({ event: 'drained', service: 'web', server: 'b' });
        } else ending.abort('SIGINT');
      },
    );
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  });

  it('show how available everything was', async () => {
    const { code, stdout } = await run(['history', '--availability']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^service +up in 1h +failures +mttf +mttr +up in 1d .* up in 30d /);
    expect(stdout).toMatch(/^web +100% +0 +- +- +100% +/m);
    expect(stdout).toMatch(/^ {2}10\.0\.0\.11:80 +100% +0 /m);
    const json = await run(['history', '--availability', '--service', 'web', '-o', 'json']);
    expect(JSON.parse(json.stdout).services).toHaveLength(1);
  });
});

describe('lvskit top', () => {
  it('refuses with advice where there is no terminal', async () => {
    const { code, stderr } = await run(['top']);
    expect(code).toBe(2);
    expect(stderr).toContain('standard output is no terminal; "lvskit status" shows the same once');
  });
});
