import { createServer } from 'node:net';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LabDirector } from '../../src/cli/commands/lab-director.ts';
import { LabClients } from '../../src/lab/clients.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { Lab } from '../../src/lab/lab.ts';
import type { LabServer } from '../../src/lab/server.ts';
import { waitFor } from '../../src/lab/wait.ts';
import { listen } from '../../src/net/transport.ts';
import type { DirectorEvent } from '../../src/observe/director-event.ts';
import { repeats } from '../support/kernel.ts';

const { signal } = new AbortController();
const patience = { timeout: 240_000 };
const port = 80;
let lab: Lab;
let director: LabDirector;
let host: LabHost;
let server: LabServer;

beforeAll(async () => {
  if (repeats) return;
  lab = await Lab.create({ forwarding: 'dr', signal });
  const [first, second] = lab.realServers;
  if (first === undefined || second === undefined) throw new Error('the lab has too few servers');
  host = first;
  server = await lab.serve(first, { port });
  await lab.serve(second, { port });
  const onEvent = () => undefined;
  const options = { scheduler: 'rr', weights: [1, 1], port, signal, onEvent } as const;
  director = await LabDirector.create(lab, options);
  await director.start();
  await director.serving();
}, patience.timeout);

afterAll(async () => {
  await director?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

/** Has a host do nothing with what arrives. */
async function dropEverything({ netns }: LabHost): Promise<() => Promise<void>> {
  const tc = (...words: readonly string[]) => execa('ip', ['netns', 'exec', netns, 'tc', ...words]);
  await tc('qdisc', 'add', 'dev', 'eth0', 'clsact');
  const everything = ['matchall', 'action', 'drop'];
  await tc('filter', 'add', 'dev', 'eth0', 'ingress', ...everything);
  return async () => {
    await tc('qdisc', 'del', 'dev', 'eth0', 'clsact');
  };
}

/** Breaks the first real server; what is returned mends it. */
const breakages: Readonly<Record<string, () => Promise<() => Promise<void>>>> = {
  'is killed': async () => {
    await server.close();
    return async () => {
      server = await lab.serve(host, { port });
    };
  },
  'takes connections, and does nothing with them': async () => {
    await server.close();
    const open = new Set<{ destroy(): void }>();
    const silent = createServer((socket) => {
      open.add(socket);
      socket.on('error', () => undefined);
    });
    await listen(silent, { netns: host.netns, address: '0.0.0.0', port });
    return async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
      server = await lab.serve(host, { port });
    };
  },
  'is behind a firewall that drops everything': () => dropEverything(host),
  'has lost its VIP': async () => {
    const vip = { link: 'lo', address: `${lab.vip}/32`, label: 'lo:0' } as const;
    await host.network.addresses.remove(vip);
    return async () => {
      await host.network.addresses.add(vip);
    };
  },
};

const isAbout =
  ({ address }: LabHost) =>
  (event: DirectorEvent) =>
    'server' in event && event.server === `${address}:${port}`;

describe.skipIf(repeats)('when a real server', patience, () => {
  it.each([
    ['is killed', 'L4CON'],
    ['takes connections, and does nothing with them', 'L7TOUT'],
    ['is behind a firewall that drops everything', 'L4TOUT'],
    ['has lost its VIP', 'L4TOUT'],
  ])(
    '%s, the failures of its clients end, and it is back in service once it is mended',
    async (what, code) => {
      await using clients = new LabClients(lab, { everyMs: 50 });
      await clients.answered(5, signal);
      const told = director.events.length;
      const mend = await breakages[what]?.();
      const brokenAt = performance.now();
      const has = (event: DirectorEvent['event']) => () =>
        director.events
          .slice(told)
          .filter(isAbout(host))
          .some((one) => one.event === event);
      try {
        await waitFor('the server is found dead', has('server-down'), signal);
        // From here on nobody is sent there any more.
        await clients.answered(20, signal);
      } finally {
        await clients.stop();
        await mend?.();
      }
      const { attempts, failed, lastedMs } = clients.outageSince(brokenAt);
      console.log(
        `${what}: ${failed} of ${attempts} failed, the last after ${lastedMs.toFixed(0)} ms`,
      );
      expect(failed).toBeGreaterThan(0);
      const found = director.events.slice(told).filter(isAbout(host)).at(0);
      expect(found).toMatchObject({ event: 'check-down', code });
      await waitFor('the server is back', has('server-up'), signal);
      await director.serving();
      await using again = new LabClients(lab);
      await again.answered(4, signal);
      await again.stop();
      expect(new Set(again.attempts.map((one) => one.server))).toEqual(new Set(['rs1', 'rs2']));
    },
  );
});
