import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildManual, writeManual } from '../../../src/cli/manual/build.ts';
import type { ManualPage } from '../../../src/cli/manual/page.ts';
import { lvskit } from '../../support/command.ts';

const date = new Date('2026-11-22T12:00:00Z');
const hasMandoc = spawnSync('mandoc', ['-V']).error === undefined;
const hasMan = spawnSync('man', ['--version']).status === 0;

describe('the manual', () => {
  let pages: readonly ManualPage[] = [];
  beforeAll(async () => {
    pages = await buildManual('1.2.3', date);
  });
  const pageOf = (name: string) => pages.find((page) => page.name === name)?.text ?? '';

  it('has a page for every command that help tells of', async () => {
    const names = pages.map(({ name }) => name);
    const { stdout } = await lvskit(['--help']);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name ?? '');
    expect(commands).toContain('restore');
    for (const command of commands) {
      expect(names.some((name) => name.startsWith(`lvskit-${command}`))).toBe(true);
    }
    expect(names).toContain('lvskit.1');
    expect(names).toContain('lvskit-add-destination.1');
    for (const name of names.filter((one) => /-.*-|^lvskit-/.test(one))) {
      const program = name.startsWith('lvskit') ? 'lvskit.1' : 'rs-setup.1';
      expect(pageOf(program)).toContain(`.Xr ${name.slice(0, -2)} 1`);
    }
    expect(names).toContain('rs-setup-apply.1');
  });

  it('says of a command what its help says', () => {
    const text = pageOf('lvskit-restore.1');
    expect(text).toContain('.Dd November 22, 2026\n.Dt LVSKIT-RESTORE 1\n.Os lvskit 1.2.3\n');
    expect(text).toContain('.Nd make the table what a file says');
    expect(text).toContain('.It Fl \\-replace\nRemove what the file does not have.');
    expect(text).toContain('.It Fl o , Fl \\-output Ar format');
    expect(text).toContain('One of text, json, yaml.');
    expect(text).toContain('.It 77\nNot permitted.');
    expect(text).toContain('.Dl ipvsadm -Sn | lvskit restore --netns other');
  });

  it('says of rs-setup what it is for, and what its exit codes mean', () => {
    const text = pageOf('rs-setup.1');
    expect(text).toContain('.Nm rs-setup\n.Nd set a machine up as a real server');
    expect(text).toContain('.It 3\nVerify: something is not as it should be.');
    expect(pageOf('rs-setup-undo.1')).toContain('.Xr rs-setup 1');
  });

  it.runIf(hasMandoc)('has nothing that mandoc complains of', () => {
    const complaints = pages.flatMap(({ name, text }) => {
      const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning'], { input: text });
      const said = String(stdout).trim();
      return said === '' ? [] : [`${name}: ${said}`];
    });
    expect(complaints).toEqual([]);
  });

  it.runIf(hasMan)('is shown by man as it is meant', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lvskit-man-'));
    try {
      const paths = await writeManual(folder, '1.2.3', date);
      expect((await readdir(folder)).length).toBe(paths.length);
      const { stdout, stderr } = spawnSync(
        'man',
        ['--warnings', '-l', join(folder, 'lvskit-add-service.1')],
        { encoding: 'utf8', env: { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8' } },
      );
      expect(stderr).toBe('');
      expect(stdout).toMatch(/lvskit-add-service [-—] add a virtual service/);
      expect(stdout).toMatch(
        /-s, --scheduler name\n +How a server is chosen, such as wlc, rr or mh\./,
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
