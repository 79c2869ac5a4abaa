import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isDataPathService } from '../../src/config/data-path-marks.ts';
import type { Ipvs } from '../../src/ipvs/client.ts';
import type { LabConnection } from '../../src/lab/client.ts';
import { Lab } from '../../src/lab/lab.ts';
import type { LabServer } from '../../src/lab/server.ts';
import type { DirectorEvent } from '../../src/observe/director-event.ts';
import { lvskit, type Outcome } from '../support/command.ts';

let lab: Lab;
let servers: LabServer[];
let folder: string;
let file: string;

beforeAll(async () => {
  lab = await Lab.create({ forwarding: 'dr', realServers: 3 });
  servers = await Promise.all(lab.realServers.map((host) => lab.serve(host)));
  folder = await mkdtemp(join(tmpdir(), 'lvskit-director-'));
  file = join(folder, 'lvskit.yaml');
});

afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Servers by their numbers, from 1. */
function config(numbers: readonly number[], director = ''): string {
  const all = numbers.map((number) => lab.realServers[number - 1]?.address);
  return `
director: { ${[`state-directory: ${folder}/state`, director].filter(Boolean).join(', ')} }
control: { socket: ${folder}/control.sock }
defaults:
  check: { type: tcp, interval: 1s, timeout: 1s, fall: 2, rise: 1 }
  drain-timeout: 30s
services:
  - name: web
    listen: tcp ${lab.vip}:80
    scheduler: rr
    forwarding: dr
    servers: [${all.join(', ')}]
`;
}

const service = () => ({ protocol: 'tcp', address: lab.vip, port: 80 }) as const;

/** The weights of servers in their order, -1 for one that is not there. */
async function weights(ipvs: Ipvs = lab.ipvs): Promise<readonly number[]> {
  const found = await ipvs.find(service());
  const byAddress = new Map(found?.destinations.map(({ key, weight }) => [key.address, weight]));
  return lab.realServers.map(({ address }) => byAddress.get(address) ?? -1);
}

/** Asks until the answer is right, or a generous time is over. */
async function until<Value>(ask: () => Promise<Value> | Value, expected: Value): Promise<void> {
  for (let left = 1200; left > 0; left--) {
    const value = await ask();
    if (JSON.stringify(value) === JSON.stringify(expected)) return;
    await delay(50);
  }
  expect(await ask()).toEqual(expected);
}

const runs: Run[] = [];

afterEach(async () => {
  for (const run of runs.splice(0)) await run.end();
});

/** A director inside this process, by its command. */
class Run {
  readonly events: DirectorEvent[] = [];
  readonly #ending = new AbortController();
  #hangup: () => void = () => {};
  readonly outcome: Promise<Outcome>;

  constructor() {
    const context = {
      signal: this.#ending.signal,
      onHangup: (listener: () => void) => {
        this.#hangup = listener;
        return () => {};
      },
    };
    runs.push(this);
    const words = ['run', file, '--netns', lab.director.netns, '--log-format', 'json'];
    this.outcome = lvskit(words, context, (text) => {
      for (const line of text.split('\n')) {
        if (line.startsWith('{')) this.events.push(JSON.parse(line));
      }
    });
  }

  has(event: DirectorEvent['event']): boolean {
    return this.events.some((one) => one.event === event);
  }

  async started(): Promise<this> {
    let early: Outcome | undefined;
    void this.outcome.then((outcome) => {
      early = outcome;
    });
    await until(() => this.has('started') || early !== undefined, true);
    expect(early).toBe(undefined);
    return this;
  }

  hangup(): void {
    this.#hangup();
  }

  async end(): Promise<Outcome> {
    this.#ending.abort('SIGTERM');
    return await this.outcome;
  }
}

describe('lvskit run', () => {
  it('directs', { timeout: 300_000 }, async () => {
    await writeFile(file, config([1, 2]));
    const run = await new Run().started();
    await until(weights, [1, 1, -1]);
    const privately = (await lab.ipvs.list()).filter(({ key }) => isDataPathService(key));
    expect(privately.map(({ destinations }) => destinations.length)).toEqual([1, 1]);
    const held: LabConnection[] = [];
    for (let count = 0; count < 4; count++) held.push(await lab.connect());
    const answers = async () => {
      const all = await Promise.all(held.map((connection) => connection.ask()));
      return all.map(({ server }) => server).sort();
    };
    expect(await answers()).toEqual(['rs1', 'rs1', 'rs2', 'rs2']);

    // Another is refused, and says which process this one is.
    const second = await new Run().outcome;
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toContain(`process ${process.pid}`);

    // What others do is undone.
    await lab.ipvs.edit(service(), { scheduler: 'wlc' });
    await until(async () => (await lab.ipvs.find(service()))?.scheduler, 'rr');
    await until(() => run.has('drift'), true);

    // A wrong file is refused, the right one taken.
    await writeFile(file, config([1, 2]).replace('scheduler', 'schedular'));
    run.hangup();
    await until(() => run.has('reload-failed'), true);
    const failed = run.events.find((event) => event.event === 'reload-failed');
    expect(failed).toMatchObject({ reason: expect.stringContaining(`${file}:10:5: `) });
    expect(await weights()).toEqual([1, 1, -1]);

    // What is removed goes once its connections have ended, seen without being told to look.
    await writeFile(file, config([2, 3]));
    await until(weights, [0, 1, 1]);
    expect(await answers()).toEqual(['rs1', 'rs1', 'rs2', 'rs2']);
    for (const connection of held.filter(({ answer }) => answer.server === 'rs1')) {
      await connection[Symbol.asyncDispose]();
    }
    await until(weights, [-1, 1, 1]);

    // A server that dies is taken out, and back in when it lives.
    await servers[2]?.close();
    await until(weights, [-1, 1, 0]);
    servers[2] = await lab.serve(lab.realServers[2] as never);
    await until(weights, [-1, 1, 1]);

    // It ends, and nothing does with it.
    const before = await lab.ipvs.list();
    expect(await run.end()).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.stringify(await lab.ipvs.list())).toBe(JSON.stringify(before));
    expect(run.events.at(-1)).toMatchObject({ event: 'stopped', reason: 'SIGTERM' });
    for (const connection of held) {
      if (connection.answer.server === 'rs2') expect((await connection.ask()).server).toBe('rs2');
    }
    for (const connection of held) await connection[Symbol.asyncDispose]();

    // The next finds everything right.
    const next = await new Run().started();
    await delay(2000);
    await next.end();
    expect(next.events.map(({ event }) => event)).toEqual(['started', 'stopped']);
  });

  it('loses no connection when it is killed, and owns the VIP', { timeout: 300_000 }, async () => {
    const { addresses } = lab.director.network;
    const vips = async () =>
      (await addresses.list({ link: 'eth0' }))
        .filter(({ address }) => address === `${lab.vip}/32`)
        .map(({ label }) => label);
    await addresses.remove({ link: 'eth0', address: `${lab.vip}/32`, label: 'eth0:0' });
    await writeFile(file, config([2, 3], 'interface: eth0'));
    const words = ['dist/bundle/lvskit.js', 'run', file, '--netns', lab.director.netns];
    const killed = execa(process.execPath, words, { reject: false, buffer: false });
    await until(vips, ['eth0:lvs']);
    await until(weights, [-1, 1, 1]);
    const held: LabConnection[] = [];
    for (let count = 0; count < 4; count++) held.push(await lab.connect());

    // Somebody takes the VIP away.
    await addresses.remove({ link: 'eth0', address: `${lab.vip}/32`, label: 'eth0:lvs' });
    await until(vips, ['eth0:lvs']);

    let isOver = false;
    const failures: unknown[] = [];
    const load = async (work: () => Promise<unknown>) => {
      for (let asked = 0; !isOver || asked < 3; asked++) {
        await work().catch((error: unknown) => failures.push(error));
      }
    };
    const loads = [load(() => lab.request()), ...held.map((one) => load(() => one.ask()))];
    killed.kill('SIGKILL');
    expect(await killed).toMatchObject({ signal: 'SIGKILL' });
    const next = await new Run().started();
    await delay(1500);
    isOver = true;
    await Promise.all(loads);
    expect(failures).toEqual([]);
    expect(next.events.map(({ event }) => event)).toEqual(['started']);
    expect(await vips()).toEqual(['eth0:lvs']);

    await writeFile(file, config([2, 3], 'interface: eth0, on-stop: flush'));
    await until(() => next.has('reloaded'), true);
    await next.end();
    expect([await lab.ipvs.list(), await vips()]).toEqual([[], []]);
    for (const connection of held) await connection.close();
  });
});
