import { describe, expect, it } from 'vitest';
import { rsSetup } from '../support/command.ts';
import { repeats } from '../support/kernel.ts';
import { machine, removeMachines } from '../support/machine.ts';
import { removeScratchNetworks } from '../support/scratch-network.ts';
import { endSshServers, sshServers } from '../support/ssh-server.ts';

removeScratchNetworks();
removeMachines();
endSshServers();

const dr = ['--mode', 'dr', '--vip', '10.82.0.100'];

// It is of ssh and the shell; the kernel has no part in it.
describe.skipIf(repeats)('rs-setup --ssh', () => {
  it('does it on every host that lets it, and says of the others why not', {
    timeout: 300_000,
  }, async () => {
    const machines = [await machine(), await machine()];
    const servers = await sshServers(machines);
    const befores = await Promise.all(machines.map(({ state }) => state()));
    const [one = '', two = ''] = servers.map(({ address }) => address);
    const options = (servers[0]?.options ?? []).flatMap((option) => ['--ssh-option', option]);
    const over = (hosts: string, verb: string, ...words: string[]) =>
      rsSetup([verb, ...words, '--ssh', hosts, '--ssh-timeout', '200', ...options]);
    const both = `root@${one},root@${two}`;

    const plan = await over(`root@${one}`, 'apply', ...dr, '--dry-run');
    expect(plan).toMatchObject({ code: 0, stderr: '' });
    expect(plan.stdout).toContain('net/ipv4/conf/all/arp_ignore: 0 -> 1');
    expect(await Promise.all(machines.map(({ state }) => state()))).toEqual(befores);

    // One is down, one does not know the user, one has no root, one is not known.
    const others = [`root@${one}:1`, `stranger@${one}`, `operator@${two}`, 'root@localhost:1'];
    const hosts = [`root@${one}`, ...others, `root@${two}`].join(',');
    const { code, stdout } = await over(hosts, 'apply', ...dr);
    expect(code).toBe(1);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(6);
    const of = (host: string) => lines.find((line) => line.startsWith(`${host}: `)) ?? '';
    for (const host of [`root@${one}`, `root@${two}`]) {
      expect(of(host)).toBe(`${host}: direct routing for 10.82.0.100, changed 6`);
    }
    expect(of(`root@${one}:1`)).toMatch(/: failed: ssh: connect to host .* port 1: /);
    expect(of(`stranger@${one}`)).toMatch(/: failed: .*Permission denied \(publickey/);
    expect(of(`operator@${two}`)).toMatch(/: failed: not root, and /);
    expect(of('root@localhost:1')).toMatch(/: failed: /);
    for (const { rsSetup: here } of machines) {
      expect(await here('verify', ...dr, '--no-wire')).toMatchObject({ code: 0 });
    }

    await machines[1]?.run('address', 'del', '10.82.0.100/32', 'dev', 'lo');
    const wrong = await over(both, 'verify', ...dr);
    expect(wrong.code).toBe(3);
    expect(wrong.stdout).toContain(`root@${one}: direct routing for 10.82.0.100: 7 of 7 settings`);
    expect(wrong.stdout).toContain('error vip-missing: address 10.82.0.100/32 on lo is absent');
    const status = await over(`root@${two}`, 'status', '-o', 'json');
    expect(JSON.parse(status.stdout)).toMatchObject({
      version: 1,
      ok: true,
      hosts: [{ host: `root@${two}`, ok: true, exitStatus: 0 }],
    });
    expect(status.stdout).toContain('not in place any more');

    expect(await over(both, 'undo')).toMatchObject({ code: 0, stderr: '' });
    expect(await Promise.all(machines.map(({ state }) => state()))).toEqual(befores);
  });
});
