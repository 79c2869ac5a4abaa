import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { NetworkNamespace } from '../../src/net/namespace.ts';

const name = 'lvskit-namespace';
const ip = (...words: string[]) => execa('ip', words).then(({ stdout }) => stdout);
const names = async () => (await NetworkNamespace.list()).map((namespace) => namespace.name);

/** The lines of /proc/self/mountinfo for what is mounted there, the topmost last. */
async function mountsOfFolder(): Promise<readonly string[]> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  return mounts.split('\n').filter((line) => line.split(' ')[4] === '/run/netns');
}

afterEach(async () => {
  await execa('ip', ['netns', 'delete', name], { reject: false });
});

describe('NetworkNamespace', () => {
  it('is seen, entered and removed by ip netns', async () => {
    const namespace = await NetworkNamespace.create(name);
    expect(namespace.path).toBe(`/run/netns/${name}`);
    expect(await ip('netns', 'list')).toContain(name);
    expect(await ip('netns', 'exec', name, 'cat', '/proc/net/dev')).toMatch(/^ *lo:/m);
    await ip('netns', 'delete', name);
    expect(await names()).not.toContain(name);
  });

  it('finds and removes what ip netns made', async () => {
    await ip('netns', 'add', name);
    expect(await names()).toContain(name);
    const namespace = await NetworkNamespace.open(name);
    await namespace.remove();
    expect(await ip('netns', 'list')).not.toContain(name);
  });

  it('is another one than that of the process', async () => {
    const namespace = await NetworkNamespace.create(name);
    const [own, other] = await Promise.all([stat('/proc/self/ns/net'), stat(namespace.path)]);
    expect(other.ino).not.toBe(own.ino);
  });

  it('keeps the folder a shared mount, as ip netns does', async () => {
    await NetworkNamespace.create(name);
    expect((await mountsOfFolder()).at(-1)).toMatch(/ shared:\d+ /);
    expect((await stat('/run/netns')).mode & 0o777).toBe(0o755);
  });

  it('has lo up, unless told otherwise', async () => {
    const namespace = await NetworkNamespace.create(name);
    expect(await ip('-n', name, 'address')).toContain('inet 127.0.0.1/8');
    await namespace.remove();
    await NetworkNamespace.create(name, { loopback: false });
    expect(await ip('-n', name, 'link')).toContain('state DOWN');
  });

  it('refuses a name that is taken', async () => {
    await NetworkNamespace.create(name);
    await expect(NetworkNamespace.create(name)).rejects.toMatchObject({
      name: 'NetworkError',
      code: 'NETWORK_EXISTS',
      errnoName: 'EEXIST',
      message: `cannot create network namespace ${name}: there is one of that name`,
    });
  });

  it('is made by one of many who try at once', async () => {
    const before = (await mountsOfFolder()).length;
    const attempts = Array.from({ length: 8 }, () => NetworkNamespace.create(name));
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await mountsOfFolder()).toHaveLength(Math.max(before, 1));
  });

  it('says so when there is none of that name', async () => {
    const code = 'NETWORK_NAMESPACE_NOT_FOUND';
    await expect(NetworkNamespace.open('lvskit-none')).rejects.toMatchObject({ code });
    const namespace = await NetworkNamespace.create(name);
    await namespace.remove();
    await expect(namespace.remove()).rejects.toMatchObject({
      code,
      message: `cannot remove network namespace ${name}: there is no such namespace`,
    });
  });

  it('is not a file that something else left in the folder', async () => {
    await mkdir('/run/netns', { recursive: true });
    await writeFile(`/run/netns/${name}`, '');
    expect(await names()).not.toContain(name);
    await expect(NetworkNamespace.open(name)).rejects.toThrow(/there is no such namespace$/);
  });

  it.each(['', '.', '..', 'a/b', '/run/netns/a', 'a\0b', 'x'.repeat(256)])(
    'refuses the name %j',
    async (wrong) => {
      await expect(NetworkNamespace.create(wrong)).rejects.toThrow(RangeError);
      await expect(NetworkNamespace.open(wrong)).rejects.toThrow(/^namespace name /);
    },
  );

  it('refuses a name that is no text', async () => {
    await expect(NetworkNamespace.create(1 as never)).rejects.toThrow(TypeError);
  });
});
