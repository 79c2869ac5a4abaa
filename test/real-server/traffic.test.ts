import { mkdtemp, rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DestinationConfig } from '../../src/ipvs/destination.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { Lab } from '../../src/lab/lab.ts';
import type { LabForwarding } from '../../src/lab/topology.ts';
import { rsSetup } from '../support/command.ts';
import { repeats } from '../support/kernel.ts';

interface Way {
  readonly name: string;
  readonly forwarding: LabForwarding;
  /** What rs-setup is told besides the mode and the VIP. */
  readonly words?: readonly string[];
  readonly destination?: DestinationConfig;
}

const plain = (words: readonly string[] | undefined) => words === undefined;
const inUdp = 'a tunnel in UDP';
const gue = ['--tunnel-type', 'gue', '--tunnel-port', '6080'];
const ways: readonly Way[] = [
  { name: 'direct routing', forwarding: 'dr' },
  { name: 'direct routing to a dummy link', forwarding: 'dr', words: ['--device', 'dummy'] },
  { name: 'a tunnel', forwarding: 'tun' },
  { name: 'a tunnel to the VIP on lo', forwarding: 'tun', words: ['--device', 'lo'] },
  {
    name: inUdp,
    forwarding: 'tun',
    words: gue,
    destination: { tunnel: { type: 'gue', port: 6080 } },
  },
  {
    name: 'a tunnel in GRE',
    forwarding: 'tun',
    words: ['--tunnel-type', 'gre'],
    destination: { tunnel: { type: 'gre' } },
  },
  {
    name: 'a tunnel in GRE with checksums',
    forwarding: 'tun',
    words: ['--tunnel-type', 'gre', '--tunnel-checksum'],
    destination: { tunnel: { type: 'gre', checksum: 'full' } },
  },
  { name: 'address translation', forwarding: 'nat' },
  {
    name: 'address translation and a rule',
    forwarding: 'nat',
    words: ['--reply-route', 'policy'],
  },
  {
    name: 'address translation and a rule for the port',
    forwarding: 'nat',
    words: ['--reply-route', 'policy', '--port', 'tcp:80'],
  },
];
const families = ['ipv4', 'ipv6'] as const;
const forwardings = ['dr', 'tun', 'nat'] as const;
// The newest kernel is shown the plain way of each mode, and the one that needs most of it.
const shown = ways.filter(({ name, words }) => !repeats || plain(words) || name === inUdp);

let root: string;
beforeEach(async () => {
  root = await mkdtemp('/dev/shm/lvskit-rs-');
});
afterEach(() => rm(root, { recursive: true }));

describe.each(families)('connections through a director over %s', (family) => {
  it.each(forwardings)(
    'come to what rs-setup has set up, and to nothing that it has undone: %s',
    { timeout: 240_000 },
    async (forwarding) => {
      await using lab = await Lab.create({
        forwarding,
        family,
        realServers: 1,
        provision: false,
      });
      for (const server of lab.realServers) {
        await lab.serve(server);
        if (forwarding !== 'nat') continue;
        // The lab has the way back there already.
        await server.network.routes.remove({ destination: 'default', family });
      }
      const onEach = async (...more: string[]) => {
        for (const { netns } of lab.realServers) {
          const outcome = await rsSetup([...more, '--netns', netns, '--root', root]);
          expect(outcome).toMatchObject({ code: 0, stderr: '' });
        }
      };
      const noConnection = () => expect(lab.request({ timeoutMs: 700 })).rejects.toThrow();
      const inner = lab.director.addresses.at(-1) ?? '';
      const gateway = forwarding === 'nat' ? ['--gateway', inner] : [];
      const service = await lab.addService({ scheduler: 'rr' });
      const own = shown.filter((way) => way.forwarding === forwarding);
      await noConnection();
      for (const { name, words = [], destination } of own) {
        for (const { address } of destination === undefined ? [] : lab.realServers) {
          await lab.ipvs.editDestination(service, { address, port: 80 }, destination ?? {});
        }
        await onEach('apply', '--mode', forwarding, '--vip', lab.vip, ...words, ...gateway);
        expect({ name, ...(await lab.request()) }).toMatchObject({ name, server: 'rs1' });
        const isLast = name === own.at(-1)?.name;
        await onEach('verify', ...(isLast ? ['--timeout', '300'] : ['--no-wire']));
        await onEach('undo');
      }
      await noConnection();
    },
  );
});

describe.skipIf(repeats)('a tunnel over the other family', { timeout: 240_000 }, () => {
  it.each([
    ['ipv4', 'fd82::'],
    ['ipv6', '10.82.0.'],
  ] as const)('carries connections to an %s VIP', async (family, network) => {
    await using lab = await Lab.create({
      forwarding: 'dr',
      family,
      realServers: 1,
      provision: false,
    });
    const outer = family === 'ipv4' ? 'ipv6' : 'ipv4';
    const give = async ({ network: { addresses } }: LabHost, number: number) => {
      const address = `${network}${number}/${outer === 'ipv4' ? 24 : 64}`;
      const flags = outer === 'ipv6' ? (['nodad'] as const) : [];
      await addresses.add({ link: 'eth0', address, flags });
    };
    const [server] = lab.realServers;
    if (server === undefined) throw new Error('the lab has no real server');
    await give(lab.director, 1);
    await give(server, 11);
    await lab.serve(server);
    const service = { protocol: 'tcp', address: lab.vip, port: 80 } as const;
    await lab.ipvs.add(service, { scheduler: 'rr' });
    await lab.ipvs.addDestination(service, { address: `${network}11` }, { forwarding: 'tun' });
    await expect(lab.request({ timeoutMs: 700 })).rejects.toThrow();

    const words = ['--mode', 'tun', '--vip', lab.vip, '--outer', outer];
    const place = ['--netns', server.netns, '--root', root];
    expect(await rsSetup(['apply', ...words, ...place])).toMatchObject({ code: 0, stderr: '' });
    expect((await lab.request()).server).toBe('rs1');
    expect(await rsSetup(['verify', ...place])).toMatchObject({ code: 0, stderr: '' });
    expect(await rsSetup(['undo', ...place])).toMatchObject({ code: 0, stderr: '' });
    await expect(lab.request({ timeoutMs: 700 })).rejects.toThrow();
  });
});
