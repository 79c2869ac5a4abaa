import { describe, expect, it } from 'vitest';
import { filesBelow } from '../support/host-state.ts';
import { machine, removeMachines } from '../support/machine.ts';
import { kinds } from '../support/real-server-kinds.ts';
import { removeScratchNetworks } from '../support/scratch-network.ts';

removeScratchNetworks();
removeMachines();

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
