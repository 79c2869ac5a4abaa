import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';

it('the manual pages are written into a folder, the same ones each time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lvskit-man-'));
  try {
    const env = { SOURCE_DATE_EPOCH: '86400' };
    const first = join(folder, 'one/deep');
    const { stdout } = await execa('scripts/build-man', [first], { env });
    const names = (await readdir(first)).sort();
    expect(stdout.split('\n').sort()).toEqual(names.map((name) => join(first, name)));
    expect(names).toContain('lvskit.1');
    expect(names).toContain('lvskit-remove-destination.1');
    const page = await readFile(join(first, 'lvskit.1'), 'utf8');
    expect(page).toMatch(/^\.Dd January 2, 1970\n\.Dt LVSKIT 1\n/);
    await execa('scripts/build-man', [join(folder, 'two')], { env });
    expect(await readFile(join(folder, 'two/lvskit.1'), 'utf8')).toBe(page);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('wrong usage is told', async () => {
  const { exitCode, stderr } = await execa('scripts/build-man', ['--help'], { reject: false });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: 'usage: scripts/build-man [FOLDER]',
  });
});
