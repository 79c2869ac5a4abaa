import { afterAll, describe, expect, it } from 'vitest';
import type { DataPathTarget, SingleCheck } from '../../src/config/checks.ts';
import { isDataPathService } from '../../src/config/data-path-marks.ts';
import { DataPath } from '../../src/health/data-path.ts';
import { DataPathSource } from '../../src/health/data-path-source.ts';
import type { ServiceState } from '../../src/ipvs/table.ts';
import { Lab } from '../../src/lab/lab.ts';
import type { LabForwarding } from '../../src/lab/topology.ts';
import type { AddressFamily } from '../../src/net/ip.ts';
import { Prober } from '../../src/net/prober.ts';
import { applyPlan } from '../../src/reconcile/apply.ts';
import { planChanges } from '../../src/reconcile/plan.ts';
import { lvskit } from '../support/command.ts';

const timeoutMs = 3000;
const anyCheck = {
  combine: 'none',
  probe: { kind: 'tcp' },
  pace: {
    intervalMs: 1000,
    fastIntervalMs: 1000,
    downIntervalMs: 1000,
    timeoutMs,
    rise: 1,
    fall: 1,
    jitter: 0,
  },
} as const;
let lab: Lab | undefined;

afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

describe('a check through the data path', () => {
  it.each([
    ['dr', 'ipv4'],
    ['dr', 'ipv6'],
    ['tun', 'ipv4'],
  ] as const)('finds by %s over %s which real server lacks the VIP', async (forwarding, family) => {
    lab = await Lab.create({ forwarding, family });
    await examine(lab, forwarding, family);
    await lab[Symbol.asyncDispose]();
    lab = undefined;
  });
});

async function examine(built: Lab, forwarding: LabForwarding, family: AddressFamily) {
  const { director, ipvs, realServers, vip: address } = built;
  for (const server of realServers) await built.serve(server, { protocol: 'http', port: 80 });
  await built.addService({ scheduler: 'rr' });
  const { network, sysctl } = director;
  const isHelper = ({ key }: ServiceState) => isDataPathService(key);
  const helpers = async () => (await ipvs.list()).filter(isHelper);
  const acceptLocal = () => sysctl.read('net.ipv4.conf.eth0.accept_local');
  const tunnel = forwarding === 'tun' ? ({ type: 'ipip' } as const) : undefined;
  const targets = realServers.map(
    (server): DataPathTarget => ({
      path: 'data-path',
      address,
      port: 80,
      server: { address: server.address, forwarding: forwarding as 'dr' | 'tun', tunnel },
    }),
  );
  const checks = targets.map((target): SingleCheck => ({ ...anyCheck, target }));
  await using prober = await Prober.open({ netns: director.netns });

  const path = new DataPath(checks);
  await applyPlan(ipvs, planChanges(await ipvs.list(), path.services, { remove: false }));
  expect((await helpers()).map(({ destinations }) => destinations.length)).toEqual([1, 1]);
  const origin = new DataPathSource({ network, sysctl });
  await origin.keep(checks);
  const ways = await Promise.all(
    targets.map(async (target) => ({
      mark: path.markOf(target),
      sourceAddress: await origin.sourceFor(target),
    })),
  );
  expect(new Set(ways.map(({ mark }) => mark)).size).toBe(2);
  expect(await acceptLocal()).toBe(family === 'ipv4' ? '1' : '0');
  const check = () =>
    Promise.all(ways.map((way) => prober.connect({ address, port: 80, timeoutMs, ...way })));
  const outcomes = async () => (await check()).map(({ outcome }) => outcome);
  expect(await outcomes()).toEqual(['answered', 'answered']);
  // The service is there, and nobody listens.
  const [way] = ways;
  const refused = await prober.connect({ address, port: 81, timeoutMs, ...way });
  expect(refused.outcome).toBe('refused');

  // Their own addresses still answer, which a check of those would be content with.
  const [, second] = realServers;
  const held = (await second?.network.addresses.list())?.find(({ address: one }) =>
    one.startsWith(address),
  );
  if (held === undefined || second === undefined) throw new Error('the VIP is not on rs2');
  await second.network.addresses.remove(held);
  expect((await outcomes())[0]).toBe('answered');
  expect((await outcomes())[1]).not.toBe('answered');
  const direct = await prober.connect({ address: second.address, port: 80, timeoutMs });
  expect(direct.outcome).not.toBe('timed-out');

  // One that takes over finds everything as it is; the users' commands show nothing of it.
  const successor = new DataPath([...checks].reverse(), undefined, await ipvs.list());
  expect(targets.map((target) => successor.markOf(target))).toEqual(ways.map(({ mark }) => mark));
  const netns = ['--netns', director.netns];
  for (const command of ['list', 'save']) {
    const { stdout } = await lvskit([command, ...netns]);
    expect(stdout).toContain('rr');
    expect(stdout).not.toContain(String(ways[0]?.mark));
  }
  await origin.close();
  expect(await acceptLocal()).toBe('0');
}
