import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acquireLock } from '../../src/real-server/lock.ts';
import { rsSetup } from '../support/command.ts';
import { filesBelow } from '../support/host-state.ts';
import { repeats } from '../support/kernel.ts';
import { type Machine, machine, machineWithTunnels, removeMachines } from '../support/machine.ts';
import { removeScratchNetworks } from '../support/scratch-network.ts';

removeScratchNetworks();
removeMachines();

const done = { code: 0, stderr: '' };
const first = ['--mode', 'dr', '--vip', '10.82.0.100', '--name', 'first'];
const second = ['--mode', 'dr', '--vip', '10.82.0.101,2001:db8::101', '--name', 'second'];
const third = ['--mode', 'tun', '--vip', '192.0.2.102', '--name', 'third'];

/** The addresses that setups have brought; which label they got depends on what was there first. */
async function vipsOf({ state }: Machine): Promise<readonly string[]> {
  const { addresses } = await state();
  return addresses.flatMap((one) => {
    const { address } = one as { readonly address: string };
    return /^(10\.82\.0\.1\d\d|192\.0\.2\.|2001:db8::)/.test(address) ? [address] : [];
  });
}

describe('several setups', () => {
  it('are undone in any order, each without the others', { timeout: 240_000 }, async () => {
    const host = await machineWithTunnels(['tunl0']);
    const { rsSetup: run, state } = host;
    const setups = { first, second, third };
    const names = ['first', 'second', 'third'] as const;
    const before = await state();
    // The property below has other orders.
    for (const name of names) expect(await run('apply', ...setups[name])).toMatchObject(done);
    expect(await run('undo', 'first')).toMatchObject(done);
    const again = await run('apply', ...third);
    expect(again.stdout).toMatch(/nothing to do\n$/);
    expect(await run('undo', 'third')).toMatchObject(done);
    expect(await vipsOf(host)).toEqual(['10.82.0.101/32', '2001:db8::101/128']);
    expect(await run('undo', 'second')).toMatchObject(done);
    expect(await state()).toEqual(before);
  });

  it('of one name replace each other', async () => {
    const { rsSetup: run, state, ip } = await machine();
    const before = await state();
    await run('apply', ...first);
    const other = ['--mode', 'dr', '--vip', '10.82.0.105', '--device', 'dummy', '--name', 'first'];
    expect(await run('apply', ...other)).toMatchObject(done);
    const [lo] = await ip('address', 'show', 'dev', 'lo');
    expect(JSON.stringify(lo)).not.toContain('10.82.0.100');
    const [dummy] = await ip('address', 'show', 'dev', 'lvs0');
    expect(dummy.addr_info[0]).toMatchObject({ local: '10.82.0.105', label: 'lvs0:0' });
    const { stdout } = await run('status');
    expect(stdout).toMatch(/^first: direct routing for 10\.82\.0\.105, in place$/m);
    await run('undo', 'first');
    expect(await state()).toEqual(before);
  });

  it('share a VIP until the last of them is undone', async () => {
    const { rsSetup: run, state, ip } = await machine();
    const before = await state();
    await run('apply', '--mode', 'dr', '--vip', '10.82.0.100', '--name', 'one');
    await run('apply', '--mode', 'dr', '--vip', '10.82.0.100', '--name', 'two');
    await run('undo', 'one');
    const [lo] = await ip('address', 'show', 'dev', 'lo');
    expect(JSON.stringify(lo)).toContain('10.82.0.100');
    await run('undo', 'two');
    expect(await state()).toEqual(before);
  });
});

/** Commands that bring a machine into a state of its own before anything is applied. */
const startingStates = fc.record({
  sysctls: fc.uniqueArray(
    fc.record({
      link: fc.constantFrom('all', 'default', 'eth0', 'lo', 'cable'),
      entry: fc.oneof(
        fc.record({ name: fc.constant('arp_ignore'), value: fc.integer({ min: 0, max: 8 }) }),
        fc.record({ name: fc.constant('arp_announce'), value: fc.integer({ min: 0, max: 2 }) }),
        fc.record({ name: fc.constant('rp_filter'), value: fc.integer({ min: 0, max: 2 }) }),
        fc.record({
          name: fc.constant('accept_redirects'),
          value: fc.integer({ min: 0, max: 1 }),
        }),
      ),
    }),
    { maxLength: 8, selector: ({ link, entry }) => `${link} ${entry.name}` },
  ),
  commands: fc.uniqueArray(
    fc.constantFrom(
      'address add 10.82.0.100/32 dev lo',
      'address add 10.82.0.100/32 dev lo label lo:7',
      'address add 10.99.0.1/32 dev lo label lo:0',
      'address add 2001:db8::100/128 dev lo',
      'route add 10.82.0.100/32 dev lo scope link',
      'route add default via 10.82.0.253',
      'route add default via 10.82.0.253 proto static src 10.82.0.11 mtu 1400 advmss 1300',
      'route add default nexthop via 10.82.0.252 weight 2 nexthop via 10.82.0.251',
      '-6 route add default via fd82::fe metric 1',
      'rule add from 10.82.0.11 lookup 10080 priority 10080',
      'link add lvs0 type dummy',
    ),
    { maxLength: 4 },
  ),
  setups: fc.shuffledSubarray(
    [
      ['--mode', 'dr', '--vip', '10.82.0.100,2001:db8::100'],
      ['--mode', 'dr', '--vip', '10.82.0.103', '--device', 'dummy'],
      ['--mode', 'tun', '--vip', '192.0.2.100'],
      ['--mode', 'nat', '--vip', '192.0.2.101,2001:db8::7', '--gateway', '10.82.0.1,fd82::1'],
      [
        ...['--mode', 'nat', '--vip', '192.0.2.102', '--gateway', '10.82.0.1'],
        ...['--reply-route', 'policy'],
      ],
    ],
    { minLength: 1, maxLength: 3 },
  ),
  reverse: fc.boolean(),
});

describe('undo', () => {
  it('restores whatever was there, exactly', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(startingStates, async ({ sysctls, commands, setups, reverse }) => {
        const host = await machineWithTunnels(['tunl0']);
        for (const { link, entry } of sysctls) {
          await host.sysctl.write(`net.ipv4.conf.${link}.${entry.name}`, entry.value);
        }
        // Some exclude each other; what the kernel takes is the state.
        for (const command of commands) await host.run(...command.split(' ')).catch(() => {});
        const before = await host.state();
        const names: string[] = [];
        for (const [index, words] of setups.entries()) {
          const name = `setup${index}`;
          const outcome = await host.rsSetup('apply', ...words, '--name', name);
          expect(outcome).toMatchObject(done);
          names.push(name);
        }
        for (const name of reverse ? names.reverse() : names) {
          expect(await host.rsSetup('undo', name)).toMatchObject(done);
        }
        expect(await host.state()).toEqual(before);
      }),
      {
        numRuns: Number(process.env['LVSKIT_RUNS'] ?? (repeats ? 2 : 5)),
        seed: 20_261_122,
      },
    );
  });

  it('leaves what others have changed since to them, and says so', async () => {
    const host = await machine();
    const { rsSetup: run, sysctl, run: ip } = host;
    await run('apply', '--mode', 'nat', '--vip', '192.0.2.100', '--gateway', '10.82.0.1');
    await ip('route', 'replace', 'default', 'via', '10.82.0.200');
    const { code, stdout } = await run('undo');
    expect(code).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'route default stays via 10.82.0.200 dev eth0: others changed it',
    );
    const [route] = await host.ip('route', 'show', 'default');
    expect(route.gateway).toBe('10.82.0.200');
    expect(await sysctl.read('net.ipv4.conf.all.accept_redirects')).toBe('1');
  });

  it('undoes what a restart of the machine has left, and keeps what came with it', async () => {
    const host = await machine();
    const { rsSetup: run, sysctl, state, root, name } = host;
    await run('apply', ...first);
    const file = join(root, 'var/lib/lvskit', `real-server@${name}.json`);
    const ledger = JSON.parse(await readFile(file, 'utf8'));
    await run('undo');
    // As after a restart: nothing is in place, and one value is another than before.
    await sysctl.write('net.ipv4.conf.eth0.arp_announce', 1);
    const restarted = await state();
    await writeFile(file, JSON.stringify({ ...ledger, epoch: 'an earlier start' }));
    expect((await run('status')).stdout).toContain('not in place any more');
    expect(await run('apply', ...first)).toMatchObject(done);
    expect(await sysctl.read('net.ipv4.conf.eth0.arp_announce')).toBe('2');
    expect(await run('undo')).toMatchObject(done);
    expect(await state()).toEqual(restarted);
    await writeFile(file, JSON.stringify({ ...ledger, epoch: 'an earlier start' }));
    expect(await run('undo')).toMatchObject(done);
    expect(await state()).toEqual(restarted);
    expect(await filesBelow(root)).toEqual(['real-server.lock']);
  });

  it('names the setups that there are when asked for another', async () => {
    const { rsSetup: run } = await machine();
    await run('apply', ...first);
    const { code, stderr } = await run('undo', 'web');
    expect(code).toBe(2);
    expect(stderr).toContain('there is no setup web; there are first');
  });
});

describe.skipIf(repeats)('a run that cannot end well', () => {
  it('takes back what it did when something fails half way', async () => {
    const host = await machine();
    const { rsSetup: run, run: ip, state, root } = host;
    // The address comes last, and this route keeps the host route from being what it should.
    await ip('route', 'add', '10.82.0.100/32', 'via', '10.82.0.3', 'tos', '0x10');
    await ip('link', 'add', 'lvs0', 'type', 'bridge');
    const before = await state();
    const words = ['--mode', 'dr', '--vip', '10.82.0.100', '--device', 'dummy'];
    const { code, stderr } = await run('apply', ...words);
    expect(code).toBe(1);
    expect(stderr).toContain('link lvs0');
    expect(stderr).toContain('what this run had changed was taken back');
    expect(await state()).toEqual(before);
    expect(await filesBelow(root)).toEqual(['real-server.lock']);
  });

  it('takes back what it did when it is told to end', async () => {
    const { name, root, state } = await machine();
    const before = await state();
    const ending = new AbortController();
    ending.abort('SIGTERM');
    const words = ['apply', ...first, '--netns', name, '--root', root];
    expect(await rsSetup(words, { signal: ending.signal })).toMatchObject({ code: 143 });
    expect(await state()).toEqual(before);
  });

  it('does not begin while /proc/sys or the record of what was there cannot be used', async () => {
    const { rsSetup: run, root, name, state } = await machine();
    await run('apply', ...first);
    const file = join(root, 'var/lib/lvskit', `real-server@${name}.json`);
    const text = await readFile(file, 'utf8');
    const before = await state();
    await writeFile(file, text.slice(0, 100));
    for (const words of [['apply', ...second], ['undo'], ['status']]) {
      const { code, stderr } = await run(...words);
      expect(code).toBe(1);
      expect(stderr).toContain(`cannot understand ${file}`);
    }
    expect(await state()).toEqual(before);
    await writeFile(file, text);
    expect(await run('undo')).toMatchObject(done);
  });
});

describe.skipIf(repeats)('two runs at once', () => {
  it('wait for each other', async () => {
    const { rsSetup: run, name, root } = await machine();
    const lock = await acquireLock(join(root, 'var/lib/lvskit/real-server.lock'));
    const ended: string[] = [];
    let waiting = () => {};
    const waits = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    const words = ['apply', ...first, '--netns', name, '--root', root];
    const one = rsSetup(words, {}, (text) => {
      if (text.includes('waiting for another rs-setup')) waiting();
    }).then((outcome) => {
      ended.push('apply');
      return outcome;
    });
    await waits;
    expect((await run('status')).stdout).toBe('nothing is set up\n');
    ended.push('release');
    lock.release();
    expect(await one).toMatchObject({ code: 0 });
    expect(ended).toEqual(['release', 'apply']);
  });

  it('of the same kind come to one setup', async () => {
    const { rsSetup: run, state } = await machine();
    const before = await state();
    const outcomes = await Promise.all([run('apply', ...first), run('apply', ...first)]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
    const texts = outcomes.map(({ stdout }) => /nothing to do/.test(stdout)).sort();
    expect(texts).toEqual([false, true]);
    await run('undo');
    expect(await state()).toEqual(before);
  });
});

describe.skipIf(repeats)('rs-setup apply --persist', () => {
  const unitOf = ({ root, name }: Machine) =>
    join(root, `etc/systemd/system/lvskit-real-server-${name}.service`);

  it('writes a unit that undo removes', async () => {
    const host = await machine();
    const { rsSetup: run, root, name, sysctl, ip } = host;
    expect(await run('apply', ...first, '--persist', '--before', 'shop.service')).toMatchObject(
      done,
    );
    const unit = await readFile(unitOf(host), 'utf8');
    expect(unit).toMatch(/^Before=shop\.service .*nginx\.service/m);
    expect(unit).toMatch(/^ExecStart=.* apply --saved --netns lvskit-\d+-\d+$/m);
    const wants = 'etc/systemd/system/multi-user.target.wants';
    const enabled = join(root, wants, `lvskit-real-server-${name}.service`);
    expect(await readFile(enabled, 'utf8')).toBe(unit);
    await run('apply', ...second);
    // What the unit does at the start of the machine, when something is gone.
    await sysctl.write('net.ipv4.conf.eth0.arp_announce', 0);
    const saved = await run('apply', '--saved');
    expect(saved).toMatchObject(done);
    expect(saved.stdout).toContain('net.ipv4.conf.eth0.arp_announce: 0 -> 2');
    await run('undo', 'first');
    expect(await filesBelow(root)).toEqual([
      'real-server.lock',
      expect.stringMatching(/^real-server@.*\.json$/),
    ]);
    expect(JSON.stringify(await ip('address', 'show', 'dev', 'lo'))).toContain('10.82.0.101');
    await run('undo');
    expect(await filesBelow(root)).toEqual(['real-server.lock']);
  });

  it('leaves the units of other namespaces alone', async () => {
    const one = await machine();
    const other = await machine();
    await one.rsSetup('apply', ...first, '--persist');
    const place = ['--netns', other.name, '--root', one.root];
    expect(await rsSetup(['apply', ...first, '--persist', ...place])).toMatchObject(done);
    expect(await rsSetup(['undo', ...place])).toMatchObject(done);
    expect(await readFile(unitOf(one), 'utf8')).toContain(`--netns ${one.name}`);
    expect((await one.rsSetup('apply', ...first)).stdout).toMatch(/nothing to do\n$/);
  });

  it('can be taken back alone, and leaves a file of others alone', async () => {
    const host = await machine();
    const { rsSetup: run, root, state } = host;
    await run('apply', ...first, '--persist');
    expect((await run('apply', ...first)).stdout).toMatch(/nothing to do\n$/);
    expect(await run('apply', ...first, '--no-persist')).toMatchObject(done);
    expect((await filesBelow(root)).length).toBe(2);
    const applied = await state();
    const path = unitOf(host);
    await writeFile(path, '[Unit]\n');
    const { code, stderr } = await run('apply', ...first, '--persist');
    expect(code).toBe(2);
    expect(stderr).toContain(`cannot use ${path}: a file of that name is there`);
    expect(await state()).toEqual(applied);
    expect(await readFile(path, 'utf8')).toBe('[Unit]\n');
  });

  it('has no unit for a namespace without a name', async () => {
    const { name, root, state } = await machine();
    const before = await state();
    const place = ['--netns', `/run/netns/${name}`, '--root', root];
    const { code, stderr } = await rsSetup(['apply', ...first, '--persist', ...place]);
    expect(code).toBe(2);
    expect(stderr).toContain('no systemd unit can be named after the network namespace /run/');
    expect(await state()).toEqual(before);
  });
});
