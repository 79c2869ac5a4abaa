import { describe, expect, it } from 'vitest';
import { filesBelow } from '../support/host-state.ts';
import { machine, removeMachines } from '../support/machine.ts';
import { removeScratchNetworks } from '../support/scratch-network.ts';

removeScratchNetworks();
removeMachines();

const dr = ['--mode', 'dr', '--vip', '10.82.0.100,2001:db8::100'];
const tun = ['--mode', 'tun', '--vip', '192.0.2.100,2001:db8::100'];
const nat = ['--mode', 'nat', '--vip', '192.0.2.100,2001:db8::100'];
const gateways = ['--gateway', '10.82.0.1,fd82::1'];

/** A setup of every kind, and what has to be there then, as `ip` and `sysctl` print it. */
const kinds: readonly (readonly [string, readonly string[]])[] = [
  ['dr', dr],
  ['dr on a dummy link', [...dr, '--device', 'dummy']],
  ['dr of one interface', [...dr, '--only-interfaces', '--interface', 'eth0']],
  ['tun', tun],
  ['tun with the VIP on lo', [...tun, '--device', 'lo']],
  ['tun over IPv4 alone', [...tun, '--outer', 'ipv4']],
  ['tun over IPv6 alone', [...tun, '--outer', 'ipv6']],
  ['tun in GUE', [...tun, '--tunnel-type', 'gue', '--tunnel-port', '6080']],
  ['tun in GRE', [...tun, '--tunnel-type', 'gre']],
  ['tun in GRE with checksums', [...tun, '--tunnel-type', 'gre', '--tunnel-checksum']],
  ['nat', [...nat, ...gateways]],
  ['nat by rule', [...nat, ...gateways, '--reply-route', 'policy']],
  ['nat by port', [...nat, ...gateways, '--reply-route', 'policy', '--port', 'tcp:80,udp:53']],
];

describe('rs-setup apply', () => {
  it.each(kinds)('is done once, and undone exactly: %s', async (_name, words) => {
    const { rsSetup, state, root } = await machine();
    // The modules of tunnels bring links into every namespace, once and for all.
    await rsSetup('apply', ...words);
    await rsSetup('undo');
    const before = await state();

    const plan = await rsSetup('apply', ...words, '--dry-run');
    expect(plan).toMatchObject({ code: 0, stderr: '' });
    expect(plan.stdout).toContain('would change:');
    expect(await state()).toEqual(before);

    const applied = await rsSetup('apply', ...words);
    expect(applied).toMatchObject({ code: 0, stderr: '' });
    expect(applied.stdout).toContain(', changed:');
    const after = await state();
    expect(after).not.toEqual(before);

    const again = await rsSetup('apply', ...words);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toMatch(/: nothing to do\n$/);
    expect(await state()).toEqual(after);

    expect(await rsSetup('undo')).toMatchObject({ code: 0, stderr: '' });
    expect(await state()).toEqual(before);
    expect(await filesBelow(root)).toEqual(['real-server.lock']);
  });
});
