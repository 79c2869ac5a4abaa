import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import type { RealServerSettings } from '../../src/real-server/settings.ts';
import { filesBelow } from '../support/host-state.ts';
import { type Machine, machine, removeMachines } from '../support/machine.ts';
import { removeScratchNetworks } from '../support/scratch-network.ts';

removeScratchNetworks();
removeMachines();

const program = fileURLToPath(new URL('programs/apply-and-die.mjs', import.meta.url));

/** Runs it up to a step at which it dies; 0 is the end. @returns What it printed. */
async function run(
  verb: 'apply' | 'undo',
  { name, root }: Machine,
  step: number,
  settings?: RealServerSettings,
): Promise<string> {
  const words = [program, verb, name, root, String(step), JSON.stringify(settings ?? null)];
  const { stdout, signal } = await execa(process.execPath, words, { reject: step === 0 });
  expect(signal).toBe(step === 0 ? undefined : 'SIGKILL');
  return stdout;
}

const kinds: readonly RealServerSettings[] = [
  { mode: 'dr', vips: ['10.82.0.100', '2001:db8::100'] },
  { mode: 'tun', vips: ['192.0.2.100'] },
  { mode: 'nat', vips: ['192.0.2.100'], gateways: ['10.82.0.1'], replies: 'policy' },
];

function wordsFor({ mode, vips, gateways = [] }: RealServerSettings): readonly string[] {
  const nat = gateways.flatMap((gateway) => ['--gateway', gateway, '--reply-route', 'policy']);
  return ['--mode', mode, '--vip', vips.join(','), ...nat];
}

describe.each(kinds)('rs-setup, killed at every step of $mode', (settings) => {
  it('is applied, or undone, all the same', { timeout: 600_000 }, async () => {
    const host = await machine();
    // The modules of tunnels bring links into every namespace, once and for all.
    await run('apply', host, 0, settings);
    await host.rsSetup('undo');
    const steps = Number(await run('apply', host, 0, settings));
    expect(steps).toBeGreaterThan(5);
    const applied = await host.state();
    expect(await host.rsSetup('undo')).toMatchObject({ code: 0 });
    const before = await host.state();

    for (let step = 1; step <= steps; step++) {
      await run('apply', host, step, settings);
      // Every other time it goes on where it was killed, else it is given up.
      if (step % 2 === 0) {
        const outcome = await host.rsSetup('apply', ...wordsFor(settings));
        expect({ step, ...outcome }).toMatchObject({ step, code: 0, stderr: '' });
        expect({ step, state: await host.state() }).toEqual({ step, state: applied });
      }
      expect(await host.rsSetup('undo')).toMatchObject({ code: 0, stderr: '' });
      expect({ step, state: await host.state() }).toEqual({ step, state: before });
      expect(await filesBelow(host.root)).toEqual(['real-server.lock']);
    }
  });
});

describe('rs-setup undo, killed at every step', () => {
  it('is finished by the next one', { timeout: 600_000 }, async () => {
    const host = await machine();
    const settings: RealServerSettings = { mode: 'dr', vips: ['10.82.0.100'] };
    const before = await host.state();
    await run('apply', host, 0, settings);
    const steps = Number(await run('undo', host, 0));
    expect(steps).toBeGreaterThan(5);
    for (let step = 1; step <= steps; step++) {
      await run('apply', host, 0, settings);
      await run('undo', host, step);
      expect(await host.rsSetup('undo')).toMatchObject({ code: 0, stderr: '' });
      expect({ step, state: await host.state() }).toEqual({ step, state: before });
    }
  });
});
