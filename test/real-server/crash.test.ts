import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { applyRealServer } from '../../src/real-server/apply.ts';
import type { RealServerSettings } from '../../src/real-server/settings.ts';
import { undoRealServer } from '../../src/real-server/undo.ts';
import { abandon } from '../support/abandon.ts';
import { filesBelow } from '../support/host-state.ts';
import { repeats } from '../support/kernel.ts';
import { machine, removeMachines } from '../support/machine.ts';
import { removeScratchNetworks } from '../support/scratch-network.ts';

removeScratchNetworks();
removeMachines();

const patience = { timeout: 300_000 };
const done = { code: 0, stderr: '' };
const program = fileURLToPath(new URL('programs/apply-and-die.mjs', import.meta.url));
const dr: RealServerSettings = { mode: 'dr', vips: ['10.82.0.100', '2001:db8::100'] };
const kinds: readonly RealServerSettings[] = [
  dr,
  { mode: 'tun', vips: ['192.0.2.100'] },
  { mode: 'nat', vips: ['192.0.2.100'], gateways: ['10.82.0.1'], replies: 'policy' },
];

function wordsFor({ mode, vips, gateways = [] }: RealServerSettings): readonly string[] {
  const nat = gateways.flatMap((gateway) => ['--gateway', gateway, '--reply-route', 'policy']);
  return ['--mode', mode, '--vip', vips.join(','), ...nat];
}

// What is written down, and when, is the same on every kernel.
describe.skipIf(repeats).each(kinds)('rs-setup, stopped at every step of $mode', (one) => {
  it('is applied, or undone, all the same', patience, async () => {
    const host = await machine();
    const apply = (options: object) => applyRealServer(one, options);
    // The modules of tunnels bring links into every namespace, once and for all.
    await host.rsSetup('apply', ...wordsFor(one));
    await host.rsSetup('undo');
    const steps = await abandon(host, 0, apply);
    expect(steps).toBeGreaterThan(5);
    const applied = await host.state();
    expect(await host.rsSetup('undo')).toMatchObject(done);
    const before = await host.state();

    for (let step = 1; step <= steps; step++) {
      expect(await abandon(host, step, apply)).toBe(step);
      // Every other time it goes on where it was stopped, else it is given up.
      if (step % 2 === 0) {
        expect({ step, ...(await host.rsSetup('apply', ...wordsFor(one))) }).toMatchObject({
          step,
          ...done,
        });
        expect({ step, state: await host.state() }).toEqual({ step, state: applied });
      }
      expect(await host.rsSetup('undo')).toMatchObject(done);
      expect({ step, state: await host.state() }).toEqual({ step, state: before });
      expect(await filesBelow(host.root)).toEqual(['real-server.lock']);
    }
  });
});

describe('rs-setup undo, stopped at every step', () => {
  it.skipIf(repeats)('is finished by the next one', patience, async () => {
    const host = await machine();
    const before = await host.state();
    await host.rsSetup('apply', ...wordsFor(dr));
    const steps = await abandon(host, 0, undoRealServer);
    expect(steps).toBeGreaterThan(5);
    for (let step = 1; step <= steps; step++) {
      await host.rsSetup('apply', ...wordsFor(dr));
      expect(await abandon(host, step, undoRealServer)).toBe(step);
      expect(await host.rsSetup('undo')).toMatchObject(done);
      expect({ step, state: await host.state() }).toEqual({ step, state: before });
    }
  });
});

describe('rs-setup, killed as kill -9 does', () => {
  it('leaves nothing that the next one has to wait for', patience, async () => {
    const host = await machine();
    const before = await host.state();
    const die = async (verb: 'apply' | 'undo', step: number) => {
      const words = [program, verb, host.name, host.root, String(step), JSON.stringify(dr)];
      const { signal } = await execa(process.execPath, words, { reject: false });
      expect(signal).toBe('SIGKILL');
    };
    await die('apply', 4);
    const cut = await host.rsSetup('verify', '--no-wire');
    expect(cut.code).toBe(3);
    expect(cut.stdout).toContain('error cut-short');
    expect(await host.rsSetup('apply', ...wordsFor(dr))).toMatchObject(done);
    await die('undo', 4);
    expect(await host.rsSetup('undo')).toMatchObject(done);
    expect(await host.state()).toEqual(before);
    expect(await filesBelow(host.root)).toEqual(['real-server.lock']);
  });
});
