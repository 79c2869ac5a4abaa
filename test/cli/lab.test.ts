import { release } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { NetworkNamespace } from '../../src/net/namespace.ts';
import type { DirectorEvent } from '../../src/observe/director-event.ts';
import { lvskit } from '../support/command.ts';
import { repeats } from '../support/kernel.ts';

async function labNamespaces(): Promise<readonly string[]> {
  const all = await NetworkNamespace.list();
  return all.map(({ name }) => name).filter((name) => name.startsWith('lvs-'));
}

afterEach(async () => {
  expect(await labNamespaces()).toEqual([]);
});

describe('lvskit lab', { timeout: 240_000 }, () => {
  it('shows the lab, the steps, the answers, the table, the claims and the verdict', async () => {
    const { code, stdout, stderr } = await lvskit(['lab', '--requests', '6']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`direct routing over IPv4, scheduler rr on Linux ${release()}`);
    expect(stdout).toContain('LAN 192.0.2.0/24');
    expect(stdout).toContain('sysctl -w net.ipv4.conf.all.arp_ignore=1');
    expect(stdout).toMatch(/^ {2}(rs1 rs2 rs1 rs2 rs1 rs2|rs2 rs1 rs2 rs1 rs2 rs1)$/m);
    expect(stdout).toMatch(/192\.0\.2\.11:80 +dr +1 +0 +3 +3 +\d+ +0 +\d+ +0$/m);
    expect(stdout).toMatch(/^ {2}([0-9a-f]{2}:){5}[0-9a-f]{2} {2}director$/m);
    expect(stdout).toContain('only the director answers');
    expect(stdout).toContain('these answered: director, rs1, rs2');
    expect(stdout).toMatch(/expected {2}rs1 3, rs2 3\n +seen +rs1 3, rs2 3\n +kept\n/);
    expect(stdout).toContain('  services:\n    - name: web\n      listen: tcp 192.0.2.100:80\n');
    expect(stdout).toMatch(/^ {2}web 192\.0\.2\.1[12]:80 is down after .* connection refused/m);
    expect(stdout).toMatch(/^ {2}\d+ of \d+ connections failed.*\n +rs[12] {7}serves HTTP/m);
    expect(stdout).toMatch(/^ {2}0 of \d+ connections failed\n.* changed nothing\n$/m);
  });

  it.skipIf(repeats).each([
    ['nat', 'wlc'],
    // Of these the kernel refuses the clients of a server of weight 0.
    ['tun', 'mh'],
  ])('writes what it saw as one JSON document: %s over IPv6, %s', async (forwarding, scheduler) => {
    const words = ['lab', '-f', forwarding, '-s', scheduler, '--ipv6', '-n', '9', '-o', 'json'];
    const { code, stdout, stderr } = await lvskit(words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      version: 1,
      kept: true,
      kernel: release(),
      forwarding,
      family: 'ipv6',
      scheduler,
      vip: '2001:db8::100',
      counted: true,
      promise: { kept: true },
      claims: { protocol: 'ndp', onlyDirector: true, answers: [{ host: 'director' }] },
      service: { scheduler, statistics: { connections: '9' } },
      config: expect.stringContaining(`scheduler: ${scheduler}`),
      directorDeath: { outage: { failed: 0 } },
    });
    expect(document.answers).toHaveLength(9);
    expect(document.hosts.map((host: { name: string }) => host.name)).toContain('rs2');
    const { server } = document.serverDeath;
    const dead = document.events.filter(({ event }: DirectorEvent) => event === 'server-down');
    expect(dead.at(-1)).toMatchObject({ service: 'web', server: expect.stringContaining('::1') });
    expect(['rs1', 'rs2']).toContain(server);
    const active = document.service.destinations.map(
      (destination: { activeConnections: number }) => destination.activeConnections,
    );
    expect(active.sort()).toEqual(scheduler === 'wlc' ? [3, 6] : [0, 0]);
  });

  it.skipIf(repeats)(
    'fails with the reason when this kernel lacks the scheduler, and else balances by it',
    async () => {
      const { code, stdout, stderr } = await lvskit(['lab', '--scheduler', 'twos']);
      const missing = code === 1;
      expect(missing ? stderr : stdout).toContain(
        missing ? 'this kernel has no scheduler twos (module ip_vs_twos)' : '  kept\n',
      );
      expect(code).toBe(missing ? 1 : 0);
    },
  );

  it('takes the lab down when it is told to end', async () => {
    const ending = new AbortController();
    const { code, stdout } = await lvskit(['lab'], { signal: ending.signal }, (text) => {
      if (/^ +rs1$/.test(text)) ending.abort('SIGINT');
    });
    expect(code).toBe(130);
    expect(stdout).toContain('20 connections from the client');
    expect(stdout).not.toContain("The director's table");
  });
});
