import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  type ExecHook,
  eventNames,
  type HookSettings,
  type WebhookHook,
} from '../../../src/config/hooks.ts';
import type { DirectorEvent } from '../../../src/observe/director-event.ts';
import { runHookProgram } from '../../../src/observe/hook-program.ts';
import { Hooks, type TellHook } from '../../../src/observe/hooks.ts';
import { postEvent } from '../../../src/observe/webhook.ts';
import { FakeDirector } from '../../support/fake-director.ts';

const event: DirectorEvent = {
  time: 1_700_000_000_000,
  event: 'server-down',
  service: 'web',
  server: '10.0.0.11:80',
  reason: 'tcp 10.0.0.11:80: connection refused',
  afterMs: 1000,
};

const hookOf = (own: Partial<ExecHook> = {}): ExecHook => ({
  kind: 'exec',
  command: ['/usr/bin/true'],
  events: new Set(['drained', 'trouble']),
  timeoutMs: 10_000,
  ...own,
});

const never = new AbortController().signal;

describe('hooks', () => {
  const drained = (server: string) => ({ event: 'drained', service: 'web', server }) as const;

  function hooked(tell: TellHook<HookSettings>, hook = hookOf()) {
    const director = new FakeDirector();
    const trouble: string[] = [];
    const onTrouble = (reason: string) => {
      trouble.push(reason);
      // As a director does.
      director.emit({ event: 'trouble', reason });
    };
    const hooks = new Hooks({ hooks: [hook], tell, onTrouble });
    hooks.attach(director);
    return { director, hooks, trouble };
  }

  it('are told of their events, one after the other, in order', async () => {
    const told: string[] = [];
    let underWay = 0;
    const { director, hooks } = hooked(async (_hook, one) => {
      expect(++underWay).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      told.push('server' in one ? one.server : one.event);
    });
    director.emit(drained('a'));
    director.emit({ event: 'stopped', reason: 'x' });
    director.emit(drained('b'));
    director.emit(drained('c'));
    await hooks.close();
    expect(told).toEqual(['a', 'b', 'c']);
    expect(director.listeners).toBe(0);
  });

  it('that stay when others come and go keep what waits for them; those that go are not told any more', async () => {
    const told: string[] = [];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tell: TellHook<HookSettings> = async (hook, one) => {
      await held;
      told.push(`${(hook as ExecHook).command[0]} ${(one as { server?: string }).server}`);
    };
    const named = (name: string) => hookOf({ command: [name] });
    const { director, hooks } = hooked(tell, named('stays'));
    hooks.set([named('stays'), named('goes')]);
    director.emit(drained('a'));
    director.emit(drained('b'));
    // Loaded from a file again, what stays is another object.
    hooks.set([named('comes'), named('stays')]);
    director.emit(drained('c'));
    release();
    await hooks.close();
    const of = (name: string) => told.filter((line) => line.startsWith(name));
    expect(of('stays')).toEqual(['stays a', 'stays b', 'stays c']);
    expect(of('goes')).toEqual(['goes a', 'goes b']);
    expect(of('comes')).toEqual(['comes c']);
  });

  it('that fail are told of once, until they work again, and in no circle', async () => {
    let fails = true;
    let calls = 0;
    const { director, hooks, trouble } = hooked(async () => {
      calls++;
      if (fails) throw new Error('no');
    });
    for (const server of ['a', 'b', 'c']) director.emit(drained(server));
    await expect.poll(() => calls, { timeout: 10_000 }).toBe(4);
    expect(trouble).toEqual(['hook /usr/bin/true was not told of drained: no']);
    fails = false;
    director.emit(drained('d'));
    await expect.poll(() => calls, { timeout: 10_000 }).toBe(5);
    fails = true;
    director.emit(drained('e'));
    await expect.poll(() => trouble.length, { timeout: 10_000 }).toBe(2);
    await hooks.close();
  });

  it('that hang are given up in time, and those that are too slow miss the newest', async () => {
    const hook = hookOf({ timeoutMs: 20, events: new Set(['drained']) });
    let calls = 0;
    const { director, hooks, trouble } = hooked((_hook, _event, signal) => {
      calls++;
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    }, hook);
    for (let index = 0; index < 300; index++) director.emit(drained(String(index)));
    await expect.poll(() => trouble.length, { timeout: 10_000 }).toBe(2);
    expect(trouble).toEqual([
      'hook /usr/bin/true was not told of drained: not done within 0.02s',
      'hook /usr/bin/true is too slow: it was not told of 43 events',
    ]);
    await hooks.close(0);
    const after = calls;
    director.emit(drained('z'));
    expect(calls).toBe(after);
  });
});

describe('a webhook', () => {
  async function listening(statuses: number[]) {
    const asked: { readonly request: IncomingMessage; readonly body: string }[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const piece of request.setEncoding('utf8')) body += piece;
      asked.push({ request, body });
      response.writeHead(statuses.shift() ?? 200, { Location: '/elsewhere' }).end('x'.repeat(1000));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const hook: WebhookHook = {
      kind: 'webhook',
      url: `http://127.0.0.1:${port}/hook`,
      headers: { Authorization: 'Bearer x' },
      events: new Set(),
      timeoutMs: 1000,
    };
    return { asked, hook };
  }

  it('is posted the event, with a text for people', async () => {
    const { asked, hook } = await listening([]);
    await postEvent(hook, event, never);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.request).toMatchObject({
      method: 'POST',
      url: '/hook',
      headers: { authorization: 'Bearer x', 'content-type': 'application/json' },
    });
    const text = 'web 10.0.0.11:80 is down after 1.0s: tcp 10.0.0.11:80: connection refused';
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ ...event, text });
  });

  it('is tried again where that can help, and not where it cannot', async () => {
    const flaky = await listening([503]);
    await postEvent(flaky.hook, event, never);
    expect(flaky.asked).toHaveLength(2);
    for (const status of [302, 404]) {
      const { asked, hook } = await listening([status]);
      await expect(postEvent(hook, event, never)).rejects.toThrow(
        `it answers with HTTP status ${status}`,
      );
      expect(asked).toHaveLength(1);
    }
  });

  it('that nobody serves is given up when the time is over', async () => {
    const { hook } = await listening([]);
    const gone = { ...hook, url: 'http://127.0.0.1:1/' };
    await expect(postEvent(gone, event, AbortSignal.timeout(100))).rejects.toThrow();
  });
});

describe('a program that is a hook', () => {
  let folder: string;
  beforeAll(async () => {
    // Where everybody may go and only we may write: a program that is nobody's has to get there.
    folder = await mkdtemp(join(process.getuid?.() === 0 ? '/var' : homedir(), 'lvskit-hook-'));
    await chmod(folder, 0o755);
    return () => rm(folder, { recursive: true });
  });

  async function script(name: string, lines: string, mode = 0o755): Promise<ExecHook> {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\n${lines}\n`);
    await chmod(path, mode);
    return hookOf({ command: [path, 'one word; $(id)'] });
  }

  it('is given the event, its words as they are, and no capability', async () => {
    const out = join(folder, 'out');
    await writeFile(out, '');
    await chmod(out, 0o666);
    const hook = await script(
      'tell',
      `{ echo "$1"; echo "$LVSKIT_EVENT $LVSKIT_SERVICE $LVSKIT_SERVER"; cat; grep CapEff /proc/self/status; env | grep -c NODE; } > ${out}`,
    );
    // The last command is grep, which finds nothing and says so.
    await expect(runHookProgram(hook, event, never)).rejects.toThrow('exit status 1');
    const [words, about, json = '', capabilities, leaked] = (await readFile(out, 'utf8')).split(
      '\n',
    );
    expect(words).toBe('one word; $(id)');
    expect(about).toBe('server-down web 10.0.0.11:80');
    expect(JSON.parse(json)).toEqual(event);
    expect(capabilities).toMatch(/^CapEff:\s+0{16}$/);
    expect(leaked).toBe('0');
  });

  it('need not read, and says what is wrong on standard error', async () => {
    await runHookProgram(await script('quiet', 'exit 0'), event, never);
    const hook = await script('loud', 'echo "it is\n wrong" >&2; exit 3');
    await expect(runHookProgram(hook, event, never)).rejects.toThrow('exit status 3: it is wrong');
  });

  it('is ended with all that it began when the time is over', async () => {
    const mark = join(folder, 'mark');
    const hook = await script('hang', `(sleep 0.5; touch ${mark}) & sleep 60`);
    const started = performance.now();
    await expect(runHookProgram(hook, event, AbortSignal.timeout(100))).rejects.toThrow();
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  it('is not run where others could have changed it', async () => {
    const hook = await script('open', 'exit 0', 0o777);
    await expect(runHookProgram(hook, event, never)).rejects.toThrow('can be written by others');
    const missing = hookOf({ command: ['/nonexistent/hook'] });
    await expect(runHookProgram(missing, event, never)).rejects.toThrow('it is not run');
  });
});

describe('the names of events in lvskit.yaml', () => {
  it('are those of the events that there are', () => {
    const texts = ['src/observe/director-event.ts', 'src/health/health-event.ts']
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    const names = Array.from(texts.matchAll(/event: ((?:'[a-z-]+'(?: \| )?)+)/g), ([, all = '']) =>
      all.split(' | ').map((name) => name.slice(1, -1)),
    ).flat();
    expect([...eventNames].sort()).toEqual(names.sort());
  });
});
