import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/load.ts';

const { lockFile } = loadAddon();
const folder = mkdtempSync(join(tmpdir(), 'lvskit-lock-'));
const path = join(folder, 'lock');
const flock = (words: readonly string[]) => promisify(execFile)('flock', ['-n', path, ...words]);

afterAll(() => rmSync(folder, { recursive: true }));

describe('lockFile()', () => {
  it('keeps others out until it is closed, this process and any other', async () => {
    const lock = await lockFile(path);
    expect(lock).toBeDefined();
    expect(await lockFile(path)).toBeUndefined();
    await expect(flock(['true'])).rejects.toMatchObject({ code: 1 });
    lock?.close();
    await flock(['true']);
    (await lockFile(path))?.close();
  });

  it('is not had while another process has it', async () => {
    const { stdout } = await flock([
      process.execPath,
      '-e',
      `const { lockFile } = require('node-gyp-build')(process.cwd());
       lockFile(${JSON.stringify(path)}).then((lock) => console.log(lock === undefined));`,
    ]);
    expect(stdout).toBe('true\n');
  });

  it('does not go through a link, nor where there is no folder', async () => {
    const link = join(folder, 'link');
    writeFileSync(join(folder, 'target'), '');
    symlinkSync(join(folder, 'target'), link);
    await expect(lockFile(link)).rejects.toMatchObject({
      errno: constants.errno.ELOOP,
      syscall: 'open',
    });
    await expect(lockFile(join(folder, 'none', 'lock'))).rejects.toMatchObject({
      errno: constants.errno.ENOENT,
    });
  });
});
