import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/load.ts';
import { collectUntil } from '../support/descriptors.ts';

const { openFile } = loadAddon();
const path = '/dev/zero';

/** How often this process has the file open. */
function openCount(): number {
  return readdirSync('/proc/self/fd').filter((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`) === path;
    } catch {
      return false; // the descriptor that listed the folder
    }
  }).length;
}

describe('an open file', () => {
  it('is read to its end, each buffer full but the last', async () => {
    const file = await openFile('/proc/self/cmdline', undefined);
    const whole = new Uint8Array(65_536);
    const size = await file.read(whole);
    expect(Buffer.from(whole.subarray(0, size)).toString()).toContain('\0');
    expect(await file.read(whole)).toBe(0);
    file.close();

    const again = await openFile('/proc/self/cmdline', undefined);
    const small = new Uint8Array(7);
    expect(await again.read(small)).toBe(7);
    expect(small).toEqual(whole.subarray(0, 7));
    expect(await again.read(small.subarray(2, 5))).toBe(3);
    expect(small.subarray(2, 5)).toEqual(whole.subarray(7, 10));
    expect(small.subarray(0, 2)).toEqual(whole.subarray(0, 2));
    again.close();
  });

  it('lends its number, hands it out once, and is gone then', async () => {
    const before = openCount();
    const file = await openFile(path, undefined);
    expect(file.number()).toBe(file.number());
    expect(statSync(`/proc/self/fd/${file.number()}`).rdev).toBe(statSync(path).rdev);
    file.close();
    file.close();
    expect(openCount()).toBe(before);
    for (const use of [
      () => file.number(),
      () => file.take(),
      () => file.read(new Uint8Array(1)),
    ]) {
      expect(use).toThrow('the descriptor is gone already');
    }
  });

  it('stays open for a call in flight when it is closed', async () => {
    const before = openCount();
    const file = await openFile(path, undefined);
    const reading = file.read(new Uint8Array(8 * 1024 * 1024));
    file.close();
    expect(() => file.number()).toThrow('gone');
    expect(await reading).toBe(8 * 1024 * 1024);
    expect(openCount()).toBe(before);
  });

  it('closes itself when it is collected, after its calls', async () => {
    const before = openCount();
    const readings = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const file = await openFile(path, undefined);
        return { reading: file.read(new Uint8Array(4096)) };
      }),
    );
    for (const { reading } of readings) expect(await reading).toBe(4096);
    readings.length = 0;
    expect(await collectUntil(() => openCount() === before)).toBe(true);
  });

  it('tells why it cannot be opened or read', async () => {
    await expect(openFile('/proc/no-such-file', undefined)).rejects.toMatchObject({
      errno: constants.errno.ENOENT,
      syscall: 'openat',
    });
    const folder = await openFile('/', undefined);
    await expect(folder.read(new Uint8Array(8))).rejects.toMatchObject({
      errno: constants.errno.EISDIR,
      syscall: 'read',
    });
    expect(() => folder.read('x' as unknown as Uint8Array)).toThrow('buffer must be a Uint8Array');
    folder.close();
  });
});
