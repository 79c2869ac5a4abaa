import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockInstance } from '../../src/director/instance-lock.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvskit-lock-'));
});

afterEach(() => rm(folder, { recursive: true }));

describe('the lock of a director', () => {
  it('is one for each network namespace, and names who has it', async () => {
    const run = join(folder, 'run');
    const lock = await lockInstance(undefined, run);
    await expect(lockInstance('/proc/self/ns/net', run)).rejects.toMatchObject({
      code: 'DIRECTOR_RUNS',
      message: `a director runs here already: process ${process.pid}`,
    });
    // Another namespace, as far as the lock can tell.
    (await lockInstance('/proc/self/ns/uts', run))[Symbol.dispose]();
    lock[Symbol.dispose]();
    (await lockInstance(undefined, run))[Symbol.dispose]();
    await expect(lockInstance('nowhere', run)).rejects.toThrow('no network namespace nowhere');
  });
});
