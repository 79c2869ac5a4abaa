import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeScratchTables, type ScratchTable, scratchTable } from '../support/scratch-table.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const unitFile = join(root, 'packaging/systemd/lvskit-rules.service');

removeScratchTables();
let folder: string;
let rules: string;
let table: ScratchTable;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvskit-rules-unit-'));
  rules = join(folder, 'rules');
  table = await scratchTable();
  const program = `#!/bin/sh\nexec '${process.execPath}' '${root}/dist/bundle/lvskit.js' "$@"\n`;
  await writeFile(join(folder, 'lvskit'), program, { mode: 0o755 });
});

afterEach(() => rm(folder, { recursive: true }));

/** Runs a command of the unit as systemd would: by the shell it names, with the unit's environment. */
async function run(setting: 'ExecStart' | 'ExecReload' | 'ExecStop', saveOnStop = 'no') {
  const unit = await readFile(unitFile, 'utf8');
  const script = new RegExp(`^${setting}=/bin/sh -c '([^']*)'$`, 'm').exec(unit)?.[1];
  if (script === undefined) throw new Error(`the unit has no ${setting} that a shell runs`);
  const inside = ['--net', `/run/netns/${table.name}`].join('=');
  const { exitCode, stdout, stderr } = await execa('nsenter', [inside, '/bin/sh', '-c', script], {
    env: { PATH: `${folder}:${process.env['PATH']}`, RULES: rules, SAVE_ON_STOP: saveOnStop },
    reject: false,
    stdin: 'ignore',
  });
  return { exitCode, output: `${stdout}${stderr}` };
}

const services = async () => (await table.ipvs.list()).map((service) => `${service}`).sort();

describe('the unit lvskit-rules', () => {
  it('starts with nothing to load when nothing was saved', async () => {
    expect(await run('ExecStart')).toEqual({ exitCode: 0, output: '' });
    expect(await services()).toEqual([]);
  });

  it.for([
    ['rules of ipvsadm', '-A -t 192.0.2.1:80 -s wlc\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 3\n'],
    ['lvskit.yaml', 'services: [{ listen: tcp 192.0.2.1:80, servers: [10.0.0.1] }]\n'],
  ] as const)('loads %s, and again after an edit, in place of what is there', async ([, text]) => {
    await writeFile(rules, text);
    expect(await run('ExecStart')).toMatchObject({ exitCode: 0 });
    expect(await services()).toEqual(['tcp 192.0.2.1:80']);
    await table.ipvs.add({ protocol: 'udp', address: '192.0.2.9', port: 53 });
    expect(await run('ExecReload')).toMatchObject({ exitCode: 0 });
    expect(await services()).toEqual(['tcp 192.0.2.1:80']);
  });

  it('fails, and changes nothing, when the file is wrong', async () => {
    await table.ipvs.add({ protocol: 'tcp', address: '192.0.2.2', port: 80 });
    await writeFile(rules, '-A -t 192.0.2.1:80 -s wlc\n-a -t 192.0.2.1:80 -r nowhere -g\n');
    const { exitCode, output } = await run('ExecStart');
    expect(exitCode).toBe(2);
    expect(output).toContain(`${rules}:2`);
    expect(await services()).toEqual(['tcp 192.0.2.2:80']);
  });

  it('leaves the table and the file as they are when it stops', async () => {
    await table.ipvs.add({ protocol: 'tcp', address: '192.0.2.1', port: 80 });
    await writeFile(rules, 'as it was');
    expect(await run('ExecStop')).toEqual({ exitCode: 0, output: '' });
    expect(await readFile(rules, 'utf8')).toBe('as it was');
    expect(await services()).toEqual(['tcp 192.0.2.1:80']);
  });

  it('saves on stop when asked to, what the next start loads', async () => {
    const key = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
    await table.ipvs.add(key, { scheduler: 'sh' });
    await table.ipvs.addDestination(key, { address: '10.0.0.1' }, { upperThreshold: 9 });
    expect(await run('ExecStop', 'yes')).toMatchObject({ exitCode: 0 });
    const before = JSON.stringify(await table.ipvs.list());
    await table.ipvs.flush();
    expect(await run('ExecStart')).toMatchObject({ exitCode: 0 });
    expect(JSON.stringify(await table.ipvs.list())).toBe(before);
  });
});

describe('the file of the unit', () => {
  it('is one that systemd takes', async () => {
    const { exitCode, stderr } = await execa('systemd-analyze', ['verify', '--man=no', unitFile], {
      reject: false,
    });
    // It reads the units of this machine too, and may have something to say about them.
    const complaints = stderr.split('\n').filter((line) => line.includes('lvskit'));
    expect({ exitCode, complaints }).toEqual({ exitCode: 0, complaints: [] });
  });
});
