import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import { ConfigSource } from '../../../src/director/config-source.ts';

let folder: string;
let file: string;
let source: ConfigSource;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvskit-config-source-'));
  file = join(folder, 'lvskit.yaml');
  await mkdir(join(folder, 'more'));
  await writeFile(file, 'include: more/*.yaml\nservices: []\n');
  await writeFile(join(folder, 'more/a.yaml'), service(80));
  source = new ConfigSource(file);
});

afterEach(() => rm(folder, { recursive: true }));

function service(port: number): string {
  return `services: [{ listen: tcp 192.0.2.1:${port}, servers: [10.0.0.1] }]\n`;
}

/** Asks twice, since what is just changing is not taken for changed. */
async function hasChanged(): Promise<boolean> {
  const first = await source.hasChanged();
  return (await source.hasChanged()) || first;
}

describe('a configuration that is followed', () => {
  it('has changed when a file of it has, or one is new in its folders', async () => {
    expect((await source.load()).services.length).toBe(1);
    expect(await hasChanged()).toBe(false);
    await writeFile(join(folder, 'more/b.yaml'), service(81));
    expect(await hasChanged()).toBe(true);
    expect((await source.load()).services.length).toBe(2);
    expect(await hasChanged()).toBe(false);
    // As editors and configuration management write: another file under the same name.
    await writeFile(join(folder, 'new'), service(8080));
    await rename(join(folder, 'new'), join(folder, 'more/b.yaml'));
    expect(await hasChanged()).toBe(true);
  });

  it('has changed when a letter has, whatever the times of the file say', async () => {
    const then = new Date(1_700_000_000_000);
    await utimes(file, then, then);
    await source.load();
    await writeFile(file, 'include: more/?.yaml\nservices: []\n');
    await utimes(file, then, then);
    expect(await hasChanged()).toBe(true);
    await source.load();
    // And has not when only they have.
    await utimes(file, new Date(), new Date());
    expect(await hasChanged()).toBe(false);
  });

  it('is not loaded while it is being written', async () => {
    await source.load();
    for (let time = 0; time < 5; time++) {
      await writeFile(join(folder, 'more/a.yaml'), `${'#'.repeat(time)}\n${service(80)}`);
      expect(await source.hasChanged()).toBe(false);
    }
    expect(await source.hasChanged()).toBe(true);
  });

  it('is tried again after a mistake only when it has changed, in whatever file the mistake was', async () => {
    await source.load();
    await writeFile(join(folder, 'more/b.yaml'), 'services: [{ listen: nowhere }]\n');
    expect(await hasChanged()).toBe(true);
    await expect(source.load()).rejects.toThrow(ConfigError);
    expect(await hasChanged()).toBe(false);
    await writeFile(join(folder, 'more/b.yaml'), service(81));
    expect(await hasChanged()).toBe(true);
    expect((await source.load()).services.length).toBe(2);
  });

  it('has changed when it is gone, and when it is back', async () => {
    await source.load();
    await rename(file, `${file}.away`);
    expect(await hasChanged()).toBe(true);
    await expect(source.load()).rejects.toThrow('there is no such file');
    expect(await hasChanged()).toBe(false);
    await rename(`${file}.away`, file);
    expect(await hasChanged()).toBe(true);
  });
});
