import { describe, expect, it } from 'vitest';
import { rsSetup } from '../support/command.ts';
import { filesBelow } from '../support/host-state.ts';
import { type Machine, machine, removeMachines } from '../support/machine.ts';
import { kinds } from '../support/real-server-kinds.ts';
import { removeScratchNetworks } from '../support/scratch-network.ts';
import { prepareShells, runScript, type Shell } from '../support/shells.ts';

removeScratchNetworks();
removeMachines();
prepareShells();

/** The script that `rs-setup script WORDS…` prints. */
async function scriptFor(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await rsSetup(['script', ...words]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** Runs a script on a machine. */
function on({ name, root }: Machine, script: string, shell: Shell = 'dash') {
  return (...words: string[]) => runScript(shell, name, script, words, { LVSKIT_ROOT: root });
}

/** The state without the numbers of links, which grow with each that is made. */
async function stateOf({ state }: Machine): Promise<unknown> {
  const { links, ...rest } = await state();
  return { ...rest, links: links.map((link) => ({ ...(link as object), index: undefined })) };
}

const done = { code: 0, stderr: '' };

describe('the script that rs-setup prints', () => {
  it.each(kinds.map((kind, index) => [...kind, index % 2 === 0 ? 'dash' : 'busybox'] as const))(
    'does what rs-setup does: %s',
    async (_name, words, shell) => {
      const host = await machine();
      // The modules of tunnels bring links into every namespace, once and for all.
      await host.rsSetup('apply', ...words);
      await host.rsSetup('undo');
      const before = await stateOf(host);
      await host.rsSetup('apply', ...words);
      const wanted = await stateOf(host);
      await host.rsSetup('undo');

      const run = on(host, await scriptFor(...words), shell);
      const plan = await run('apply', '--dry-run');
      expect(plan).toMatchObject(done);
      expect(plan.stdout).toContain('would change');
      expect(await stateOf(host)).toEqual(before);

      expect(await run('apply')).toMatchObject(done);
      expect(await stateOf(host)).toEqual(wanted);
      const again = await run('apply');
      expect(again).toMatchObject(done);
      expect(again.stdout).toMatch(/: nothing to do\n$/);
      const verified = await host.rsSetup('verify', ...words, '--no-wire');
      expect(verified).toMatchObject(done);

      expect(await run('undo')).toMatchObject(done);
      expect(await stateOf(host)).toEqual(before);
      expect(await filesBelow(host.root)).toEqual(['real-server.lock']);
    },
  );
});
