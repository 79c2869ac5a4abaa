import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadModule } from '../../src/net/modules.ts';
import { Sysctl } from '../../src/net/sysctl.ts';
import { rsSetup } from '../support/command.ts';
import { filesBelow, hostState } from '../support/host-state.ts';
import { needsKernelOfItsOwn } from '../support/kernel.ts';

const program = fileURLToPath(new URL('../../dist/bundle/rs-setup.js', import.meta.url));

let root: string;
/** The machine itself, not a namespace of it. */
const here = (...words: string[]) => rsSetup([...words, '--root', root]);
const started = (...words: string[]) =>
  execa(process.execPath, [program, ...words, '--root', root], { reject: false });

beforeEach(async (context) => {
  needsKernelOfItsOwn(context);
  root = await mkdtemp('/dev/shm/lvskit-rs-');
  await loadModule('ipv6');
  // Link-local addresses come and change by themselves, at times of their own.
  await new Sysctl().write('net.ipv6.conf.default.addr_gen_mode', 1);
  for (const words of [
    'link add eth0 type veth peer name cable',
    'link set cable up',
    'link set eth0 up',
    'address add 10.82.0.11/24 dev eth0',
  ]) {
    await execa('ip', words.split(' '));
  }
});

afterEach(async () => {
  if (existsSync('/sys/class/net/eth0')) await execa('ip', ['link', 'del', 'eth0']);
  if (root !== undefined) await rm(root, { recursive: true, force: true });
});

describe('rs-setup on the machine itself', () => {
  it('loads the module of a tunnel, whose link stays', { timeout: 120_000 }, async () => {
    await execa('modprobe', ['-r', 'ipip']);
    const before = await hostState();
    const applied = await started('apply', '--mode', 'tun', '--vip', '192.0.2.100', '--persist');
    expect(applied).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readdirSync('/sys/class/net')).toContain('tunl0');
    const other = await here('verify', '--mode', 'dr', '--vip', '10.82.0.100', '--no-wire');
    expect(other).toMatchObject({ code: 3 });
    const status = await here('status', '-o', 'json');
    expect(JSON.parse(status.stdout)).toMatchObject({
      version: 1,
      setups: [{ name: 'tun-192.0.2.100', persist: true, complete: true, inPlace: true }],
    });
    const unit = join(root, 'etc/systemd/system/lvskit-real-server.service');
    const start = /^ExecStart=(.*)$/m.exec(await readFile(unit, 'utf8'))?.[1] ?? '';
    expect(start).toBe(`${process.execPath} ${program} apply --saved`);

    const conf = await readFile(join(root, 'etc/sysctl.d/60-lvskit-real-server.conf'), 'utf8');
    expect(conf.split('\n').slice(1)).toEqual([
      '-net.ipv4.conf.all.rp_filter = 0',
      '-net.ipv4.conf.tunl0.rp_filter = 0',
      '-net.ipv4.conf.all.arp_ignore = 1',
      '-net.ipv4.conf.all.arp_announce = 2',
      '-net.ipv4.conf.eth0.arp_ignore = 1',
      '-net.ipv4.conf.eth0.arp_announce = 2',
      '',
    ]);

    // As the unit does after a start, with what is there by then gone.
    await execa('ip', ['address', 'del', '192.0.2.100/32', 'dev', 'tunl0']);
    const [command = '', ...words] = start.split(' ');
    const again = await execa(command, [...words, '--root', root]);
    expect(again.stdout).toContain('address 192.0.2.100/32 on tunl0: absent -> labelled tunl0:0');

    const undone = await here('undo');
    expect(undone).toMatchObject({ code: 0, stderr: '' });
    expect(undone.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'link tunl0 stays, down: it belongs to the kernel module ipip',
    );
    expect(undone.stdout).not.toContain('link tunl0: ipip -> absent');
    expect(await filesBelow(root)).toEqual(['real-server.lock']);
    const after = await hostState();
    expect(after.links).toContainEqual(expect.objectContaining({ name: 'tunl0', up: false }));
    await execa('modprobe', ['-r', 'ipip']);
    expect(await hostState()).toEqual(before);
  });

  it('leaves tunnels of others alone', async () => {
    await execa('modprobe', ['ipip']);
    await execa('ip', 'link add mine type ipip local 10.82.0.11 remote 10.82.0.12'.split(' '));
    try {
      // A link has its IPv6 sysctls from the first time on that it is up.
      for (const state of ['up', 'down']) await execa('ip', ['link', 'set', 'tunl0', state]);
      await execa('ip', ['link', 'set', 'mine', 'up']);
      const before = await hostState();
      const words = ['apply', '--mode', 'tun', '--vip', '192.0.2.100'];
      expect(await here(...words)).toMatchObject({ code: 0, stderr: '' });
      expect(await here('undo')).toMatchObject({ code: 0, stderr: '' });
      expect(await hostState()).toEqual(before);
    } finally {
      await execa('ip', ['link', 'del', 'mine']);
    }
  });
});
