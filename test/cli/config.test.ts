import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dataPathMarks } from '../../src/config/data-path-marks.ts';
import {
  sortedTable,
  type TableDefinition,
  tableDefinitionOf,
} from '../../src/ipvs/table-definition.ts';
import type { ComparedService } from '../../src/ipvs/table-diff.ts';
import { planChanges } from '../../src/reconcile/plan.ts';
import { lvskit, type Outcome } from '../support/command.ts';
import { type ConfigFiles, configsOf } from '../support/config-arbitraries.ts';
import { removeScratchTables, type ScratchTable, scratchTable } from '../support/scratch-table.ts';
import { tablePairs } from '../support/table-arbitraries.ts';

// Dozens of commands, in a guest that may have to wait for its turn.
vi.setConfig({ testTimeout: 300_000 });

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvskit-config-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
removeScratchTables();

/** What every kernel here has. */
const schedulers = ['rr', 'wrr', 'lc', 'wlc', 'sh', 'dh', 'sed', 'nq'];

let written = 0;

/** Writes a configuration. @returns Its main file. */
async function write(files: ConfigFiles): Promise<string> {
  const place = join(folder, String(++written));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(place, name)), { recursive: true });
    await writeFile(join(place, name), text);
  }
  return join(place, 'lvskit.yaml');
}

const runOn =
  ({ name }: ScratchTable) =>
  (command: string, file: string, ...more: readonly string[]): Promise<Outcome> =>
    lvskit([command, file, '--netns', name, ...more]);

const settingsOf = (table: readonly ComparedService[]): TableDefinition =>
  tableDefinitionOf(sortedTable(table));

const nothing = { code: 0, stdout: 'nothing to change\n', stderr: '' };

describe('a configuration on a real kernel', () => {
  it('is applied over any other so that just it is left, and then there is nothing to plan', async () => {
    const scratch = await scratchTable();
    const run = runOn(scratch);
    const table = async () => settingsOf(await scratch.ipvs.list({ consistent: true }));
    const pairs = tablePairs({ schedulers }).chain(([one, other]) =>
      fc.tuple(fc.constant([one, other]), configsOf(one), configsOf(other)),
    );
    await fc.assert(
      fc.asyncProperty(pairs, async ([[one = [], other = []], first, second]) => {
        const [from, to] = [await write(first), await write(second)];
        expect(await run('apply', from)).toMatchObject({ code: 0 });
        expect(await table()).toEqual(settingsOf(one));
        expect(await run('plan', from)).toMatchObject({ code: 0, stdout: nothing.stdout });
        const differ = planChanges(one, other).changes.length > 0;
        expect(await run('plan', to)).toMatchObject({ code: differ ? 3 : 0 });
        expect(await table()).toEqual(settingsOf(one));
        expect(await run('apply', to)).toMatchObject({ code: 0 });
        expect(await table()).toEqual(settingsOf(other));
        expect(await run('plan', to)).toMatchObject({ code: 0, stdout: nothing.stdout });
      }),
      { numRuns: 8 },
    );
  });

  it('is planned in words and as a document, and applied without a word to what is right', async () => {
    const scratch = await scratchTable();
    const { ipvs } = scratch;
    const run = runOn(scratch);
    const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
    const helper = { firewallMark: dataPathMarks.first + 5 } as const;
    await ipvs.add(web, { scheduler: 'rr' });
    await ipvs.addDestination(web, { address: '10.0.0.1' }, { weight: 7 });
    await ipvs.add({ firewallMark: 9 });
    // What a director at work has for its checks is nobody's to remove.
    await ipvs.add(helper, { scheduler: 'rr' });
    const file = await write({
      'lvskit.yaml': [
        'services:',
        '  - listen: tcp 192.0.2.1:80',
        '    check: { type: http, interval: 5s }',
        '    servers: [{ address: 10.0.0.1, weight: 7 }, 10.0.0.2]',
      ].join('\n'),
    });
    const text = [
      '- service fwmark 9',
      '~ service tcp 192.0.2.1:80: scheduler rr -> wlc',
      '+   destination 10.0.0.2:80: dr, weight 1',
      'would add 1 destination, edit 1 service, remove 1 service',
      '',
    ].join('\n');
    expect(await run('plan', file)).toEqual({ code: 3, stdout: text, stderr: '' });
    expect(await run('apply', file, '--dry-run')).toEqual({ code: 0, stdout: text, stderr: '' });
    const { code, stdout } = await run('plan', file, '-o', 'json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      applied: false,
      services: { add: 0, edit: 1, remove: 1 },
      destinations: { add: 1, edit: 0, remove: 0 },
    });
    expect((await run('apply', file)).stdout).toBe(
      '3 changes made: add 1 destination, edit 1 service, remove 1 service\n',
    );
    expect(await run('apply', file)).toEqual(nothing);
    expect(await run('plan', file)).toEqual(nothing);
    expect(await ipvs.find(helper)).toBeDefined();
    expect(await run('restore', file, '--replace')).toEqual(nothing);
    expect((await lvskit(['save', '--netns', scratch.name])).stdout).not.toContain('fwmark');
  });

  it('that the kernel refuses, or that is wrong, changes nothing', async () => {
    const scratch = await scratchTable();
    const run = runOn(scratch);
    await scratch.ipvs.add({ firewallMark: 9 }, { scheduler: 'rr' });
    const before = settingsOf(await scratch.ipvs.list());
    const refused = await write({
      'lvskit.yaml': 'services: [{ listen: fwmark 9 }, { listen: fwmark 10, scheduler: best }]',
    });
    const { code, stderr } = await run('apply', refused);
    expect(code).toBe(1);
    expect(stderr).toContain('this kernel has no scheduler best');
    expect(stderr).toContain('everything was put back (1 change): the table is as it was');
    const wrong = await write({ 'lvskit.yaml': 'services: [{ listen: fwmark 0 }]' });
    for (const command of ['plan', 'apply']) expect((await run(command, wrong)).code).toBe(2);
    expect(settingsOf(await scratch.ipvs.list())).toEqual(before);
  });
});
