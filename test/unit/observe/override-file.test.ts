import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

import { KeptOverrides } from '../../../src/observe/kept-overrides.ts';
import { type KeptOverride, OverrideFile } from '../../../src/observe/override-file.ts';
import { CrashingFiles } from '../../support/crashing-files.ts';

const folder = '/var/lib/lvskit';
const drained: KeptOverride = {
  service: 'web',
  server: '10.0.0.11:80',
  override: { mode: 'drain' },
  by: 'alice',
  at: 1_700_000_000_000,
};
const weighed: KeptOverride = {
  ...drained,
  server: '10.0.0.12:80',
  override: { mode: 'ready', weight: 7 },
};
const before = [drained];
const after = [drained, weighed];

const fileIn = (files: CrashingFiles) => new OverrideFile(folder, files, () => 1234);

/** A folder that keeps `before`. */
async function folderBefore(): Promise<CrashingFiles> {
  const files = new CrashingFiles(folder);
  await fileIn(files).save(before);
  files.steps = 0;
  return files;
}

async function stepsOfSaving(): Promise<number> {
  const files = await folderBefore();
  await fileIn(files).save(after);
  return files.steps;
}

const kept = async (files: CrashingFiles) => {
  const { overrides, damage } = await fileIn(files).load();
  expect(damage).toBeUndefined();
  return overrides;
};

describe('the file of overrides', () => {
  it('keeps what it is given, on a real disk, for the director alone to read', async () => {
    const real = await mkdtemp(join(tmpdir(), 'lvskit-overrides-'));
    onTestFinished(() => rm(real, { recursive: true }));
    const state = join(real, 'state');
    const file = new OverrideFile(state);
    expect(await file.load()).toEqual({ overrides: [], damage: undefined });
    await Promise.all([file.save(before), file.save([]), file.save(after)]);
    expect(await new OverrideFile(state).load()).toEqual({ overrides: after, damage: undefined });
    expect(await readdir(state)).toEqual(['overrides.json']);
    expect((await stat(file.path)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file.path, 'utf8'))).toMatchObject({ version: 1 });
  });

  it('has the overrides before or the new ones when the process ends at any step', async () => {
    const steps = await stepsOfSaving();
    expect(steps).toBeGreaterThan(7);
    const found = new Set<number>();
    for (let step = 0; step < steps; step++) {
      for (const done of [false, true]) {
        const files = await folderBefore();
        files.killAt = { step, done };
        await expect(fileIn(files).save(after)).rejects.toThrow();
        for (const left of [
          files.afterKill(),
          files.afterPowerLoss('kept'),
          files.afterPowerLoss('seen'),
        ]) {
          const overrides = await kept(left);
          expect([before, after]).toContainEqual(overrides);
          found.add(overrides.length);
          // And it can be gone on from there, whatever lies around.
          await fileIn(left).save(after);
          expect(await kept(left)).toEqual(after);
        }
      }
    }
    expect(found).toEqual(new Set([1, 2]));
  });

  it('has the new ones when the power goes after they were kept', async () => {
    const files = await folderBefore();
    await fileIn(files).save(after);
    expect(await kept(files.afterPowerLoss('kept'))).toEqual(after);
  });

  it.each([
    ['ENOSPC', 'the disk is full'],
    ['EROFS', 'the file system is read-only'],
    ['EIO', 'the disk fails'],
  ])('refuses clearly and loses nothing when a step fails with %s', async (code, words) => {
    const steps = await stepsOfSaving();
    for (let step = 0; step < steps; step++) {
      const files = await folderBefore();
      const file = fileIn(files);
      files.failAt = { step, code };
      await expect(file.save(after)).rejects.toMatchObject({
        code: 'STATE_NOT_KEPT',
        message: `cannot keep overrides in ${folder}/overrides.json: ${words}`,
      });
      files.failAt = undefined;
      expect([before, after]).toContainEqual(await kept(files));
      expect(files.names).toEqual(['overrides.json']);
      await file.save(after);
      expect(await kept(files)).toEqual(after);
    }
  });

  it.each([
    ['that is empty', '', 'it is empty'],
    ['that ends early', '{"version":1,"over', 'JSON'],
    ['that is no object', 'null', 'it is of version undefined, not 1'],
    ['of a version to come', '{"version":2}', 'it is of version 2, not 1'],
    ['that was changed', '{"version":1,"overrides":[],"sha256":"0"}', 'its checksum is wrong'],
  ])('sets one aside %s, and says where', async (_what, text, reason) => {
    const files = new CrashingFiles(folder);
    files.put('overrides.json', text);
    const { overrides, damage } = await fileIn(files).load();
    expect(overrides).toEqual([]);
    expect(damage?.path).toBe(`${folder}/overrides.json.damaged-1234`);
    expect(damage?.reason).toContain(reason);
    expect(files.afterPowerLoss('kept').textOf('overrides.json.damaged-1234')).toBe(text);
    await fileIn(files).save(after);
    expect(await kept(files)).toEqual(after);
  });

  it('does not take one by mistake for what it is not', async () => {
    const files = new CrashingFiles(folder);
    const odd = { ...drained, override: { mode: 'sleep' } } as unknown as KeptOverride;
    await fileIn(files).save([odd]);
    const { damage } = await fileIn(files).load();
    expect(damage?.reason).toBe('there is something else in it than overrides');
  });

  it('is not passed over when it is damaged and cannot be set aside', async () => {
    const files = new CrashingFiles(folder);
    files.put('overrides.json', '');
    files.failAt = { step: 1, code: 'EROFS' };
    await expect(fileIn(files).load()).rejects.toMatchObject({
      code: 'STATE_UNREADABLE',
      message: expect.stringContaining('is damaged (it is empty) and cannot be set aside'),
    });
  });

  it('is not passed over when it cannot be read', async () => {
    const files = await folderBefore();
    files.failAt = { step: 0, code: 'EACCES' };
    await expect(fileIn(files).load()).rejects.toMatchObject({
      code: 'STATE_UNREADABLE',
      message: `cannot read ${folder}/overrides.json: permission denied`,
    });
  });
});

describe('kept overrides', () => {
  it('are in force once they are kept, and after a restart', async () => {
    const files = new CrashingFiles(folder);
    const overrides = await KeptOverrides.load(fileIn(files), () => 99);
    const drain = { mode: 'drain' } as const;
    await Promise.all([
      overrides.set('web', '10.0.0.11:80', drain, 'alice'),
      overrides.set('web', '10.0.0.12:80', { mode: 'ready', weight: 7 }, 'bob'),
      overrides.set('web', '10.0.0.13:80', { mode: 'maint' }),
    ]);
    await overrides.set('web', '10.0.0.13:80', { mode: 'ready' });
    const again = await KeptOverrides.load(fileIn(files.afterPowerLoss('kept')));
    expect(again.all).toEqual([
      {
        service: 'web',
        server: '10.0.0.11:80',
        override: drain,
        by: 'alice',
        at: 99,
      },
      expect.objectContaining({ override: { mode: 'ready', weight: 7 }, by: 'bob' }),
    ]);
    expect(again.get('web', '10.0.0.11:80')).toEqual(drain);
    expect(again.get('web', '10.0.0.13:80')).toBeUndefined();
    expect(again.get('other', '10.0.0.11:80')).toBeUndefined();
  });

  it('that cannot be kept are not in force, and take none with them', async () => {
    const files = await folderBefore();
    const overrides = await KeptOverrides.load(fileIn(files));
    files.failAt = { step: files.steps + 2, code: 'ENOSPC' };
    const lost = overrides.set('web', '10.0.0.12:80', { mode: 'maint' });
    const next = overrides.set('web', '10.0.0.13:80', { mode: 'drain' });
    await expect(lost).rejects.toThrow('the disk is full');
    await next;
    expect(overrides.get('web', '10.0.0.12:80')).toBeUndefined();
    expect(overrides.get('web', '10.0.0.11:80')).toEqual({ mode: 'drain' });
    expect(overrides.get('web', '10.0.0.13:80')).toEqual({ mode: 'drain' });
    expect(await kept(files)).toEqual(overrides.all);
  });
});
