import { mkdtemp, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { Sysctl } from '../../src/net/sysctl.ts';
import { filesBelow } from '../support/host-state.ts';
import { needsKernelOfItsOwn, repeats } from '../support/kernel.ts';
import { type Machine, machine, removeMachines } from '../support/machine.ts';
import { removeScratchNetworks } from '../support/scratch-network.ts';

removeScratchNetworks();
removeMachines();

const program = fileURLToPath(new URL('../../dist/bundle/rs-setup.js', import.meta.url));

/** What is there before, what is asked for, and what the answer says. */
const refusals: readonly (readonly [what: string, before: string, words: string, says: string])[] =
  [
    [
      "the machine's own address",
      '',
      '--mode dr --vip 10.82.0.11',
      "VIP 10.82.0.11 is this machine's own address 10.82.0.11/24 on eth0: a VIP is an address of the director",
    ],
    [
      "the machine's own address, with address translation",
      '',
      '--mode nat --vip 10.82.0.11 --gateway 10.82.0.1',
      "VIP 10.82.0.11 is this machine's own address 10.82.0.11/24 on eth0",
    ],
    [
      'the broadcast address of a network',
      '',
      '--mode dr --vip 10.82.0.255',
      'VIP 10.82.0.255 is a broadcast address of the network of 10.82.0.11/24 on eth0',
    ],
    [
      'the first address of a network',
      '',
      '--mode dr --vip 10.82.0.0',
      'VIP 10.82.0.0 is a broadcast address of the network of 10.82.0.11/24 on eth0',
    ],
    [
      'a multicast address, and one that no machine can have',
      '',
      '--mode dr --vip 224.0.0.18,255.255.255.255,ff02::1',
      'VIP 224.0.0.18 is a multicast address\n  - VIP 255.255.255.255 is the broadcast address\n  - VIP ff02::1 is a multicast address',
    ],
    [
      'a VIP on another interface',
      'address add 10.82.0.100/32 dev eth0',
      '--mode dr --vip 10.82.0.100',
      'VIP 10.82.0.100 is already on eth0, and cannot be on lo too (ip address del 10.82.0.100/32 dev eth0)',
    ],
    [
      'a VIP on lo with a short mask',
      'address add 10.82.9.100/24 dev lo',
      '--mode dr --vip 10.82.9.100',
      'VIP 10.82.9.100 is on lo as 10.82.9.100/24: that makes the whole network local',
    ],
    [
      'a VIP that a NAT real server has',
      'address add 192.0.2.100/32 dev lo',
      '--mode nat --vip 192.0.2.100 --gateway 10.82.0.1',
      'VIP 192.0.2.100 is on lo: with nat only the director has it',
    ],
    [
      'an interface that is not there',
      '',
      '--mode dr --vip 10.82.0.100 --interface eth7',
      'there is no interface eth7; there are',
    ],
    [
      'an interface where it would have no meaning',
      '',
      '--mode nat --vip 192.0.2.100 --gateway 10.82.0.1 --interface eth7',
      'an interface has a meaning with dr and tun only',
    ],
    [
      'no interface at all',
      'link set eth0 down',
      '--mode dr --vip 10.82.0.100',
      'no interface with an IPv4 address is up',
    ],
    [
      'a gateway that is not on the network',
      '',
      '--mode nat --vip 192.0.2.100 --gateway 10.83.0.1',
      'gateway 10.83.0.1 is on no network of this machine (10.82.0.11/24 on eth0)',
    ],
    [
      'itself as gateway',
      '',
      '--mode nat --vip 192.0.2.100 --gateway 10.82.0.11',
      "gateway 10.82.0.11 is this machine's own address",
    ],
    [
      'a VIP that is the gateway',
      'route add default via 10.82.0.100',
      '--mode dr --vip 10.82.0.100',
      'the default route leads through 10.82.0.100, which is to be a VIP',
    ],
  ];

async function refused(host: Machine, words: readonly string[], says: string): Promise<void> {
  const before = await host.state();
  const { code, stdout, stderr } = await host.rsSetup('apply', ...words);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(says);
  expect(await host.state()).toEqual(before);
  const files = await filesBelow(host.root);
  expect(files.filter((name) => name !== 'real-server.lock')).toEqual([]);
}

// What is refused is decided before the kernel is asked for anything.
describe.skipIf(repeats)('rs-setup apply refuses', () => {
  it('what cannot be on any machine such as this', async () => {
    const host = await machine();
    for (const [, before, words, says] of refusals) {
      if (before === '') await refused(host, words.split(' '), says);
    }
  });

  it.each(refusals.filter(([, before]) => before !== ''))(
    '%s',
    async (_what, before, words, says) => {
      const host = await machine();
      await host.run(...before.split(' '));
      await refused(host, words.split(' '), says);
    },
  );

  it('an IPv6 VIP where IPv6 is disabled', async () => {
    const host = await machine();
    await host.sysctl.write('net.ipv6.conf.lo.disable_ipv6', 1);
    const says = 'IPv6 is disabled there (sysctl net.ipv6.conf.lo.disable_ipv6 is 1)';
    await refused(host, ['--mode', 'dr', '--vip', '2001:db8::100'], says);
  });

  it('all that is wrong at once', async () => {
    const host = await machine();
    const { stderr } = await host.rsSetup(
      'apply',
      '--mode',
      'dr',
      '--vip',
      '10.82.0.11,10.82.0.255',
    );
    expect(stderr).toContain("\n  - VIP 10.82.0.11 is this machine's own address");
    expect(stderr).toContain('\n  - VIP 10.82.0.255 is a broadcast address');
  });
});

describe('rs-setup apply in a machine that lets it change nothing', () => {
  let root: string;
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('says what it may not do to one who is not root', async () => {
    root = await mkdtemp('/dev/shm/lvskit-rs-');
    const words = [program, 'apply', '--mode', 'dr', '--vip', '192.0.2.100', '--root', root];
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
    const interfaces = ['--interface', 'eth0'];
    // A namespace with an interface, so that nothing but the right to change is missing.
    const inside = `ip link add eth0 type veth peer name cable && ip link set eth0 up && exec setpriv ${[...nobody, ...words, ...interfaces].join(' ')}`;
    const { exitCode, stderr } = await execa('unshare', ['-n', 'sh', '-c', inside], {
      reject: false,
    });
    expect(exitCode).toBe(77);
    expect(stderr).toContain('permission denied (run it as root)');
  });

  it('says that /proc/sys is read-only, as in containers, and changes nothing', async () => {
    const { name, root: folder, state } = await machine();
    root = folder;
    const before = await state();
    const words = ['--mode', 'dr', '--vip', '10.82.0.100', '--netns', name, '--root', root];
    const command = `mount -o bind,ro /proc/sys /proc/sys && exec ${process.execPath} ${program} apply ${words.join(' ')}`;
    const { exitCode, stderr } = await execa('unshare', ['-m', 'sh', '-c', command], {
      reject: false,
    });
    expect(exitCode).toBe(77);
    expect(stderr).toContain(
      'cannot set sysctl net.ipv4.conf.all.arp_ignore: /proc/sys is read-only here, as in most containers',
    );
    expect(stderr).toContain('nothing was changed');
    expect(await state()).toEqual(before);
  });

  it('says that the kernel lacks the tunnel, and changes nothing', async (context) => {
    needsKernelOfItsOwn(context);
    const host = await machine();
    root = host.root;
    const sysctl = new Sysctl();
    await execa('modprobe', ['-r', 'ip_gre']);
    const before = await host.state();
    const modprobe = (await sysctl.write('kernel.modprobe', '/bin/false')) ?? '';
    const words = ['--mode', 'tun', '--vip', '192.0.2.100', '--tunnel-type', 'gre'];
    const { code, stderr } = await host
      .rsSetup('apply', ...words)
      .finally(() => sysctl.write('kernel.modprobe', modprobe));
    expect(code).toBe(1);
    expect(stderr).toContain('cannot add gre link gre0: this kernel has no links of that kind');
    expect(await host.state()).toEqual(before);
  });
});
