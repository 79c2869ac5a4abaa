import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { repeats } from '../support/kernel.ts';
import { type Machine, machine, removeMachines } from '../support/machine.ts';
import { removeScratchNetworks } from '../support/scratch-network.ts';
import { demandProgram } from '../support/small-process.ts';

const daemons: ChildProcess[] = [];
// Before the namespace that it is in is removed.
afterEach(async () => {
  for (const daemon of daemons.splice(0)) {
    daemon.kill('SIGKILL');
    if (daemon.exitCode === null && daemon.signalCode === null) {
      await new Promise((resolve) => daemon.once('exit', resolve));
    }
  }
});
removeScratchNetworks();
removeMachines();

const patience = { timeout: 240_000 };
const done = { code: 0, stderr: '' };
const dr = ['--mode', 'dr', '--vip', '10.82.0.100,2001:db8::100'];
const nat = ['--mode', 'nat', '--vip', '192.0.2.100', '--gateway', '10.82.0.1'];

/** The ids of what `verify` finds wrong without asking on the wire. */
async function errorsOn({ rsSetup }: Machine): Promise<readonly string[]> {
  const { stdout } = await rsSetup('verify', '--no-wire', '-o', 'json');
  const { setups } = JSON.parse(stdout) as {
    readonly setups: readonly { findings: readonly { id: string; severity: string }[] }[];
  };
  return setups.flatMap(({ findings }) =>
    findings.filter(({ severity }) => severity === 'error').map(({ id }) => id),
  );
}

/** Waits for what another program is about to do. */
async function until(what: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await what()); await delay(100)) {
    if (Date.now() > end) throw new Error('it did not happen within 60 s');
  }
}

describe.skipIf(repeats)('rs-setup beside ifupdown', patience, () => {
  it('is as it was after ifdown and ifup, or is put right', async () => {
    const host = await machine();
    const { rsSetup, name, root, network } = host;
    const file = join(root, 'interfaces');
    const state = join(root, 'ifstate');
    await mkdir(state);
    const lines = ['address 10.82.0.11/24', 'gateway 10.82.0.254', 'metric 100'];
    await writeFile(file, `iface eth0 inet static\n${lines.map((one) => `  ${one}\n`).join('')}`);
    const run = (program: string, ...words: string[]) => {
      const command = [program, '-i', file, '--state-dir', state, ...words, 'eth0'];
      return demandProgram(['ip', 'netns', 'exec', name, ...command]);
    };
    const again = async () => {
      await run('ifdown', '--force');
      const addresses = await network.addresses.list({ link: 'eth0' });
      expect(addresses.filter(({ family }) => family === 'ipv4')).toEqual([]);
      await run('ifup', '--force');
    };
    expect(await rsSetup('apply', ...dr)).toMatchObject(done);
    await again();
    expect(await errorsOn(host)).toEqual([]);
    expect((await rsSetup('apply', ...dr)).stdout).toMatch(/nothing to do\n$/);
    expect(await rsSetup('undo')).toMatchObject(done);

    // Its default route goes with the interface, and that of ifupdown comes instead.
    expect(await rsSetup('apply', ...nat)).toMatchObject(done);
    await again();
    expect(await errorsOn(host)).toEqual(['gateway']);
    const mended = await rsSetup('apply', ...nat);
    expect(mended.stdout).toContain('route default: absent -> via 10.82.0.1 dev eth0');
    expect(await errorsOn(host)).toEqual([]);
  });
});

/** Has netplan write what systemd-networkd is to make of eth0. @returns Its file. */
async function planEth0(root: string): Promise<string> {
  const folder = join(root, 'etc/netplan');
  await mkdir(folder, { recursive: true });
  const eth0 = {
    'link-local': [],
    addresses: ['10.82.0.11/24'],
    routes: [{ to: 'default', via: '10.82.0.254', metric: 100 }],
  };
  const plan = { network: { version: 2, renderer: 'networkd', ethernets: { eth0 } } };
  await writeFile(join(folder, 'eth0.yaml'), JSON.stringify(plan), { mode: 0o600 });
  await demandProgram(['/lib/netplan/generate', '--root-dir', root]);
  return join(root, 'run/systemd/network/10-netplan-eth0.network');
}

describe.skipIf(repeats)('rs-setup beside netplan and systemd-networkd', patience, () => {
  it('is as it was after a new configuration, or is put right', async () => {
    const host = await machine();
    const { rsSetup, name, root, network } = host;
    const file = await planEth0(root);
    /** Starts it anew, as after a change of its files, until it has taken the link over. */
    const configure = async () => {
      for (const daemon of daemons.splice(0)) {
        daemon.kill();
        await new Promise((resolve) => daemon.once('exit', resolve));
      }
      await network.addresses.remove({ link: 'eth0', address: '10.82.0.11/24' });
      // With /sys read-only it does not wait for udev, which is not for namespaces.
      const inside = `mount -o remount,ro /sys && mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/network /run/systemd/netif && cp ${file} /run/systemd/network && exec /lib/systemd/systemd-networkd`;
      daemons.push(spawn('ip', ['netns', 'exec', name, 'sh', '-c', inside], { stdio: 'ignore' }));
      await until(async () => {
        const addresses = await network.addresses.list({ link: 'eth0' });
        const routes = await network.routes.list({ family: 'ipv4', table: 'main' });
        return (
          addresses.some(({ address }) => address === '10.82.0.11/24') &&
          routes.some(({ destination, via }) => destination === 'default' && via === '10.82.0.254')
        );
      });
    };
    expect(await rsSetup('apply', ...dr)).toMatchObject(done);
    await configure();
    expect(await errorsOn(host)).toEqual([]);
    expect(await rsSetup('undo')).toMatchObject(done);

    expect(await rsSetup('apply', ...nat)).toMatchObject(done);
    await configure();
    const mended = await rsSetup('apply', ...nat);
    expect(mended).toMatchObject(done);
    expect(await errorsOn(host)).toEqual([]);
  });
});
