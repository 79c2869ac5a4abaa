import { beforeAll, describe, expect, it } from 'vitest';
import { fallbackModules } from '../../src/real-server/setting-text.ts';
import { filesBelow } from '../support/host-state.ts';
import { repeats } from '../support/kernel.ts';
import {
  type Machine,
  machineWithTunnels,
  removeMachines,
  withoutNumbers,
} from '../support/machine.ts';
import { kinds } from '../support/real-server-kinds.ts';
import { removeScratchNetworks } from '../support/scratch-network.ts';
import { prepareShells, scriptFor, scriptOn } from '../support/shells.ts';

prepareShells();

const done = { code: 0, stderr: '' };
const nothing = expect.stringMatching(/: nothing to do\n$/);
// A newer kernel is shown one of each mode; what is asked of it is the same.
const shown = kinds.filter(({ newest }) => !repeats || newest === true);

describe('rs-setup apply', { timeout: 240_000 }, () => {
  let host: Machine;
  beforeAll(async () => {
    host = await machineWithTunnels(repeats ? ['tunl0', 'ip6tnl0'] : Object.keys(fallbackModules));
  }, 240_000);
  removeScratchNetworks('all');
  removeMachines('all');

  it.each(shown)('is done once, and undone exactly, as the script is: $name', async (kind) => {
    const { words, shell } = kind;
    const { rsSetup, state, root } = host;
    const before = await state();
    const plan = await rsSetup('apply', ...words, '--dry-run');
    expect(plan).toMatchObject({ ...done, stdout: expect.stringContaining('would change:') });
    const applied = await rsSetup('apply', ...words);
    expect(applied).toMatchObject({ ...done, stdout: expect.stringContaining(', changed:') });
    const after = await state();
    expect(after).not.toEqual(before);
    // What a dry run had changed would not have had to be changed by now.
    expect(applied.stdout.match(/->/g)).toHaveLength(plan.stdout.match(/->/g)?.length ?? -1);
    expect(await rsSetup('apply', ...words)).toMatchObject({ ...done, stdout: nothing });
    expect(await state()).toEqual(after);
    expect(await rsSetup('undo')).toMatchObject(done);
    expect(await state()).toEqual(before);

    if (shell !== undefined) {
      const script = scriptOn(host, await scriptFor(...words), shell);
      expect(await script('apply')).toMatchObject(done);
      expect(withoutNumbers(await state())).toEqual(withoutNumbers(after));
      if (!repeats) expect(await script('apply')).toMatchObject({ ...done, stdout: nothing });
      expect(await script('undo')).toMatchObject(done);
      expect(await state()).toEqual(before);
    }
    expect(await filesBelow(root)).toEqual(['real-server.lock']);
  });
});
