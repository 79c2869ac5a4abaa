import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { LabConnection } from '../../src/lab/client.ts';
import { Lab } from '../../src/lab/lab.ts';
import { asNobody } from '../support/as-nobody.ts';
import { lvskit, type Outcome } from '../support/command.ts';

let lab: Lab;
let folder: string;
let file: string;
let socket: string;
let metricsPort: number;

beforeAll(async () => {
  lab = await Lab.create({ forwarding: 'nat', realServers: 2 });
  for (const host of lab.realServers) await lab.serve(host);
  folder = await mkdtemp(join(tmpdir(), 'lvskit-operating-'));
  file = join(folder, 'lvskit.yaml');
  socket = join(folder, 'control.sock');
  metricsPort = await freePort();
});

afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

const addressOf = (index: number) => lab.realServers[index]?.address ?? '';

const config = () => `
director: { state-directory: ${folder}/state }
control: { socket: ${socket} }
metrics: { listen: "127.0.0.1:${metricsPort}" }
hooks:
  - { webhook: "http://127.0.0.1:1/", events: [override], timeout: 1s }
services:
  - name: web
    listen: tcp ${lab.vip}:80
    scheduler: rr
    forwarding: nat
    check: { type: tcp, interval: 1s, timeout: 1s, fall: 2, rise: 1 }
    servers: [${addressOf(0)}, ${addressOf(1)}]
`;

/** Runs a command on the director. */
const operate = (...words: readonly string[]): Promise<Outcome> =>
  lvskit([...words, '--socket', socket]);

/** A director inside this process, by its command, until it is told to end. */
async function begun() {
  const ending = new AbortController();
  let isOver = false;
  const outcome = lvskit(['run', file, '--netns', lab.director.netns], { signal: ending.signal });
  void outcome.then(() => {
    isOver = true;
  });
  await until(async () => isOver || (await operate('status')).code !== 1, true);
  expect(isOver, 'it has ended early').toBe(false);
  const end = async () => {
    ending.abort('SIGTERM');
    return await outcome;
  };
  // Another try finds nobody here.
  onTestFinished(async () => {
    await end();
  });
  return { end };
}

/** Asks until the answer is right, or a generous time is over. */
async function until<Value>(ask: () => Promise<Value>, expected: Value): Promise<void> {
  for (let left = 600; left > 0; left--) {
    if (JSON.stringify(await ask()) === JSON.stringify(expected)) return;
    await delay(50);
  }
  expect(await ask()).toEqual(expected);
}

/** The weights in the kernel, in the order of the servers. */
async function weights(): Promise<readonly (number | undefined)[]> {
  const found = await lab.ipvs.find({ protocol: 'tcp', address: lab.vip, port: 80 });
  const known = new Map(found?.destinations.map(({ key, weight }) => [key.address, weight]));
  return lab.realServers.map(({ address }) => known.get(address));
}

async function metrics(): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
}

describe('a director', () => {
  it('is operated by commands, on a real kernel', { timeout: 240_000 }, async () => {
    await rm(join(folder, 'state'), { recursive: true, force: true });
    await writeFile(file, config());
    const first = await begun();
    await until(async () => (await operate('status')).code, 0);
    await until(weights, [1, 1]);
    const { stdout: shown } = await operate('status');
    expect(shown).toMatch(/^web {2}tcp \S+:80 +serving +2\/2 up /m);
    expect(shown).toMatch(/ L4OK /);

    // Nobody else may.
    await asNobody(async () => {
      const refused = await operate('drain', 'web', addressOf(0));
      expect(refused.code).toBe(77);
      expect(refused.stderr).toContain('not permitted to operate the director');
    });
    expect(await weights()).toEqual([1, 1]);

    // A drain goes on while connections do, and over a restart.
    const held: LabConnection[] = [];
    for (let count = 0; count < 4; count++) held.push(await lab.connect());
    const onFirst = held.filter(({ answer }) => answer.server === 'rs1');
    expect(onFirst).toHaveLength(2);
    const drained = await operate('drain', 'web', addressOf(0), '--wait', '100ms');
    expect(drained.code).toBe(3);
    expect(drained.stdout).toContain('goes on draining: 2 connections established');
    expect(await weights()).toEqual([0, 1]);
    expect((await lab.request()).server).toBe('rs2');
    expect(await first.end()).toMatchObject({ code: 0 });
    expect((await operate('status')).stderr).toContain('no director answers at');
    const second = await begun();
    expect(await weights()).toEqual([0, 1]);
    const again = await operate('status', 'web');
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(new RegExp(`^ {2}${addressOf(0)}:80 +drain +0 +2 `, 'm'));
    const waiting = operate('drain', 'web', `${addressOf(0)}:80`);
    expect((await onFirst[0]?.ask())?.server).toBe('rs1');
    for (const connection of held) await connection[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({
      code: 0,
      stdout: `web ${addressOf(0)}:80 is drained: no connection is left\n`,
    });

    // Out of the table, back in, with another weight.
    expect((await operate('maint', 'web', addressOf(0))).code).toBe(0);
    await until(weights, [undefined, 1]);
    expect((await operate('weight', 'web', addressOf(0), '5')).code).toBe(0);
    expect((await operate('ready', 'web', addressOf(0))).code).toBe(0);
    await until(weights, [5, 1]);

    // A configuration that is wrong is refused with its place, and the one before goes on.
    await writeFile(file, config().replace('scheduler', 'schedular'));
    const refused = await operate('reload');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/lvskit\.yaml:10:5: unknown key "schedular"/);
    expect((await operate('status')).code).toBe(3);
    expect(await metrics()).toContain('lvs_config_last_reload_success 0\n');
    await writeFile(file, config());
    expect((await operate('reload')).stdout).toContain('the configuration is in force: 1 service');
    expect(await weights()).toEqual([5, 1]);

    // What has happened is known, by whom, and over the restart.
    const history = await operate('history', '--event', 'override', '-o', 'json');
    const overrides = history.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(overrides.map(({ after }) => after.mode)).toEqual(['drain', 'maint', 'maint', 'ready']);
    expect(new Set(overrides.map(({ by }) => by))).toEqual(new Set(['root']));
    const { stdout: available } = await operate('history', '--availability', '-o', 'json');
    const [web] = JSON.parse(available).services;
    expect(web.spans[0]).toMatchObject({ availability: 1, failures: 0 });
    expect(web.servers[0].spans[0].maintMs).toBeGreaterThan(0);

    // Metrics have the kernel's counters.
    const text = await metrics();
    expect(text).toContain(
      `lvs_backend_weight{service="web",backend="${addressOf(0)}:80",kind="kernel"} 5\n`,
    );
    const connections = /^lvs_service_connections_total\{service="web"\} (\d+)$/m.exec(text)?.[1];
    expect(Number(connections)).toBeGreaterThanOrEqual(4);

    expect(await second.end()).toMatchObject({ code: 0 });
    const kept = JSON.parse(await readFile(join(folder, 'state', 'overrides.json'), 'utf8'));
    expect(kept.overrides).toMatchObject([{ override: { mode: 'ready', weight: 5 }, by: 'root' }]);
  });
});
