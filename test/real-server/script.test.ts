import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rsSetup } from '../support/command.ts';
import { filesBelow } from '../support/host-state.ts';
import { repeats } from '../support/kernel.ts';
import { machine, removeMachines } from '../support/machine.ts';
import { removeScratchNetworks } from '../support/scratch-network.ts';
import { prepareShells, scriptFor, scriptOn } from '../support/shells.ts';
import { runProgram } from '../support/small-process.ts';

removeScratchNetworks();
removeMachines();
prepareShells();

const done = { code: 0, stderr: '' };
const dr = ['--mode', 'dr', '--vip', '10.82.0.100'];
/** What the script makes of every kind of setup is compared in apply.test.ts, on newer kernels too. */
const patience = { timeout: 240_000 };

describe.skipIf(repeats)('the script that rs-setup prints', patience, () => {
  it('shows its plan, proves what it did, and tells of it', async () => {
    const host = await machine();
    const before = await host.state();
    const run = scriptOn(host, await scriptFor(...dr));
    const plan = await run('apply', '--dry-run');
    expect(plan).toMatchObject(done);
    expect(plan.stdout).toContain('would change');
    expect(plan.stdout).toContain('  net/ipv4/conf/all/arp_ignore: 0 -> 1\n');
    expect(await host.state()).toEqual(before);

    await run('apply');
    expect(await run('verify')).toMatchObject(done);
    await host.sysctl.write('net.ipv4.conf.all.arp_ignore', 0);
    await host.sysctl.write('net.ipv4.conf.eth0.arp_ignore', 0);
    await host.run('address', 'del', '10.82.0.100/32', 'dev', 'lo');
    const wrong = await run('verify');
    expect(wrong.code).toBe(3);
    expect(wrong.stdout).toContain('error vip-missing: address 10.82.0.100/32 on lo is absent');
    expect(wrong.stdout).toContain('error arp-ignore: arp_ignore of eth0 is 0');
    expect((await run('status')).stdout).toContain('not in place any more');
    expect(await run('apply')).toMatchObject(done);

    // What others have made of it since is theirs.
    await host.sysctl.write('net.ipv4.conf.all.arp_announce', 1);
    const undone = await run('undo');
    expect(undone.stdout).toContain('net/ipv4/conf/all/arp_announce stays 1: others changed it');
    await host.sysctl.write('net.ipv4.conf.all.arp_announce', 0);
    expect(await host.state()).toEqual(before);
  });

  it('adds up under several names, and is undone in any order', async () => {
    const host = await machine();
    const before = await host.state();
    const one = scriptOn(host, await scriptFor(...dr, '--name', 'one'));
    const two = scriptOn(
      host,
      await scriptFor('--mode', 'dr', '--vip', '10.82.0.101', '--name', 'two'),
    );
    await one('apply');
    await two('apply');
    expect(await one('undo')).toMatchObject(done);
    expect(await two('verify')).toMatchObject(done);
    // The same name again replaces what it was.
    const other = scriptOn(
      host,
      await scriptFor('--mode', 'dr', '--vip', '10.82.0.102', '--name', 'two'),
    );
    expect(await other('apply')).toMatchObject(done);
    const [lo] = await host.ip('address', 'show', 'dev', 'lo');
    expect(JSON.stringify(lo)).toContain('10.82.0.102');
    expect(JSON.stringify(lo)).not.toContain('10.82.0.101');
    expect(await other('undo')).toMatchObject(done);
    expect(await host.state()).toEqual(before);
  });

  it('goes on, or back, where it was killed', async () => {
    const host = await machine();
    const before = await host.state();
    const script = await scriptFor(...dr);
    const run = scriptOn(host, script);
    // It kills itself when the address is there and the route is written down, or still there.
    const start = '\nwrite_route() {';
    const die = scriptOn(
      host,
      script.replace(start, () => `${start}\n  kill -9 $$`),
    );

    expect((await die('apply')).code).not.toBe(0);
    expect((await run('status')).stdout).toContain('cut short');
    expect(await run('apply')).toMatchObject(done);
    expect((await run('verify')).stdout).toContain('7 of 7');
    expect((await die('undo')).code).not.toBe(0);
    expect(await run('undo')).toMatchObject(done);
    expect(await host.state()).toEqual(before);
    expect(await filesBelow(host.root)).toEqual(['real-server.lock']);
  });

  it('takes back what it did when something fails', async () => {
    const host = await machine();
    const before = await host.state();
    const script = (await scriptFor(...dr)).replace(
      '\nwrite_route() {',
      '\nwrite_route() {\n  reason=no\n  return 1',
    );
    const { code, stderr } = await scriptOn(host, script)('apply');
    expect(code).toBe(1);
    expect(stderr).toContain('cannot make route 10.82.0.100');
    expect(stderr).toContain('what this run had changed was taken back');
    expect(await host.state()).toEqual(before);
    expect(await filesBelow(host.root)).toEqual(['real-server.lock']);
  });
});

/** What is there before, what is asked for, and what the answer says. */
const refusals: readonly (readonly [before: string, words: string, says: string])[] = [
  ['', '--vip 10.82.0.11', "VIP 10.82.0.11 is this machine's own address 10.82.0.11/24 on eth0"],
  [
    '',
    '--vip 10.82.0.11 --interface eth0',
    "VIP 10.82.0.11 is this machine's own address 10.82.0.11/24 on eth0",
  ],
  [
    '',
    '--mode nat --vip 10.82.0.11 --gateway 10.82.0.1',
    "VIP 10.82.0.11 is this machine's own address 10.82.0.11/24 on eth0",
  ],
  ['', '--vip 10.82.0.255', 'VIP 10.82.0.255 is a broadcast address of the network of'],
  ['', '--vip 10.82.0.100 --interface eth7', 'there is no interface eth7; there are'],
  [
    'route add default via 10.82.0.100',
    '--vip 10.82.0.100',
    'the default route leads through 10.82.0.100, which is to be a VIP',
  ],
  [
    'address add 10.82.0.101/32 dev eth0',
    '--vip 10.82.0.101',
    'VIP 10.82.0.101 is already on eth0, and cannot be on lo too',
  ],
];

describe.skipIf(repeats)('the script refuses', patience, () => {
  it('what rs-setup refuses, and changes nothing', async () => {
    const host = await machine();
    for (const [before, words, says] of refusals) {
      if (before !== '') await host.run(...before.split(' '));
      const state = await host.state();
      const script = await scriptFor('--mode', 'dr', ...words.split(' '));
      const { code, stdout, stderr } = await scriptOn(host, script)('apply');
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(says);
      expect(await host.state()).toEqual(state);
    }
    expect(await filesBelow(host.root)).toEqual(['real-server.lock']);
  });

  it('to go on with what rs-setup has set up, as rs-setup does the other way round', async () => {
    const host = await machine();
    const run = scriptOn(host, await scriptFor(...dr));
    const folder = join(host.root, 'var/lib/lvskit');
    await mkdir(join(folder, 'real-server-script'), { recursive: true });
    await writeFile(join(folder, 'real-server.json'), '{}');
    const script = await run('apply');
    expect(script).toMatchObject({ code: 2, stdout: '' });
    expect(script.stderr).toContain('this machine was set up by rs-setup (');
    await rm(join(folder, 'real-server.json'));
    await writeFile(join(folder, 'real-server-script', 'one'), '');
    const here = ['apply', ...dr, '--interface', 'lvs-none', '--dry-run', '--root', host.root];
    const itself = await rsSetup(here);
    expect(itself).toMatchObject({ code: 2, stdout: '' });
    expect(itself.stderr).toContain('a script of rs-setup has set this machine up (');
  });

  it('a machine that it may not change', async () => {
    const host = await machine();
    const script = await scriptFor(...dr);
    const inside = (...words: string[]) =>
      runProgram(['nsenter', `--net=/run/netns/${host.name}`, ...words], {
        input: script,
        environment: { LVSKIT_ROOT: host.root },
      });
    const before = await host.state();
    const readOnly = 'mount -o bind,ro /proc/sys /proc/sys && exec sh -s apply';
    const contained = await inside('unshare', '-m', 'sh', '-c', readOnly);
    expect(contained).toMatchObject({ exitCode: 77 });
    expect(contained.stderr).toContain('/proc/sys is read-only here, as in most containers');
    const ids = ['--reuid=65534', '--regid=65534', '--clear-groups'];
    const nobody = await inside('setpriv', ...ids, 'sh', '-s', 'apply');
    expect(nobody).toMatchObject({
      exitCode: 77,
      stderr: 'rs-setup: permission denied (run it as root)\n',
    });
    expect(await host.state()).toEqual(before);
  });
});
