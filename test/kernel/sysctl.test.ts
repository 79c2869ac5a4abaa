import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NetworkNamespace } from '../../src/net/namespace.ts';
import { Sysctl } from '../../src/net/sysctl.ts';

const netns = 'lvskit-sysctl';
const sysctl = new Sysctl({ netns });
let namespace: NetworkNamespace;

const seenByOthers = async (name: string) =>
  (await execa('ip', ['netns', 'exec', netns, 'sysctl', '-n', name])).stdout;

beforeAll(async () => {
  namespace = await NetworkNamespace.create(netns);
  await execa('ip', ['-n', netns, 'link', 'add', 'eth0.10', 'type', 'dummy']);
});

afterAll(async () => {
  await namespace.remove();
});

describe('Sysctl', () => {
  it('sets a value in the namespace and nowhere else, and says what it was', async () => {
    const own = await new Sysctl().read('net.ipv4.conf.all.arp_ignore');
    expect(await sysctl.write('net.ipv4.conf.all.arp_ignore', 3)).toBe('0');
    expect(await sysctl.write('net.ipv4.conf.all.arp_ignore', '1')).toBe('3');
    expect(await seenByOthers('net.ipv4.conf.all.arp_ignore')).toBe('1');
    expect(await sysctl.readNumber('net.ipv4.conf.all.arp_ignore')).toBe(1);
    expect(await new Sysctl().read('net.ipv4.conf.all.arp_ignore')).toBe(own);
  });

  it('reads and sets values of several numbers', async () => {
    await sysctl.write('net.ipv4.ip_local_port_range', '20000 30000');
    expect(await sysctl.read('net/ipv4/ip_local_port_range')).toBe('20000\t30000');
    await expect(sysctl.readNumber('net.ipv4.ip_local_port_range')).rejects.toMatchObject({
      code: 'NETWORK_INVALID',
      message: 'cannot read sysctl net.ipv4.ip_local_port_range as a number: it is "20000\\t30000"',
    });
  });

  it('reaches a link whose name has a dot, by either spelling', async () => {
    await sysctl.write('net.ipv4.conf.eth0/10.arp_announce', 2);
    expect(await sysctl.read('net/ipv4/conf/eth0.10/arp_announce')).toBe('2');
    const listed = await sysctl.list('net/ipv4/conf/eth0.10');
    expect(listed).toContainEqual({ name: 'net.ipv4.conf.eth0/10.arp_announce', value: '2' });
  });

  it('lists what sysctl(8) lists', async () => {
    const { stdout } = await execa(
      'ip',
      ['netns', 'exec', netns, 'sysctl', '--all', '--deprecated', '--names'],
      { reject: false },
    );
    const theirs = stdout.split('\n').filter((name) => name.startsWith('net.'));
    // It leaves out those that can only be written.
    const ours = (await sysctl.list()).map(({ name }) => name);
    expect(ours.filter((name) => !name.endsWith('.route.flush')).sort()).toEqual(theirs.sort());
  });

  it('lists one sysctl alone, and those that can only be written without a value', async () => {
    expect(await sysctl.list('net.ipv4.ip_forward')).toEqual([
      { name: 'net.ipv4.ip_forward', value: '0' },
    ]);
    expect(await sysctl.list('net.ipv4.route.flush')).toEqual([{ name: 'net.ipv4.route.flush' }]);
    expect(await sysctl.write('net.ipv4.route.flush', 1)).toBeUndefined();
    await expect(sysctl.read('net.ipv4.route.flush')).rejects.toMatchObject({
      code: 'NETWORK_NOT_PERMITTED',
    });
  });

  it.each(['x', '1 2', '99999999999', ''])(
    'leaves the value alone when the kernel refuses %j',
    async (value) => {
      await sysctl.write('net.ipv4.conf.all.arp_notify', 1);
      await expect(sysctl.write('net.ipv4.conf.all.arp_notify', value)).rejects.toMatchObject({
        code: 'NETWORK_INVALID',
        message: `cannot set sysctl net.ipv4.conf.all.arp_notify to ${value}: the kernel refuses that value`,
      });
      expect(await sysctl.read('net.ipv4.conf.all.arp_notify')).toBe('1');
    },
  );

  it('refuses what is out of range', async () => {
    await expect(sysctl.write('net.ipv4.ip_default_ttl', 256)).rejects.toMatchObject({
      code: 'NETWORK_INVALID',
      errnoName: 'EINVAL',
    });
  });

  it.each([
    ['net.ipv4.no_such_thing', 'this kernel has no such sysctl'],
    [
      'net.ipv4.vs.no_such_thing',
      'this kernel has no such sysctl, or the module ip_vs is not loaded',
    ],
    ['net.ipv4.conf.eth9.arp_ignore', 'there is no link eth9, or no such sysctl'],
    ['net.ipv4.ip_forward.x', 'this kernel has no such sysctl'],
  ])('says what is missing for %s', async (name, reason) => {
    const code = 'NETWORK_NOT_FOUND';
    const message = `cannot read sysctl ${name}: ${reason}`;
    await expect(sysctl.read(name)).rejects.toMatchObject({ code, message });
    await expect(sysctl.write(name, 1)).rejects.toMatchObject({ code });
    await expect(sysctl.list(name)).rejects.toMatchObject({ code });
  });

  it('refuses to read or set a folder', async () => {
    const code = 'NETWORK_INVALID';
    await expect(sysctl.read('net.ipv4')).rejects.toMatchObject({ code });
    await expect(sysctl.write('net.ipv4', 1)).rejects.toMatchObject({ code });
  });

  it('refuses to set what is read-only', async () => {
    await expect(new Sysctl().write('kernel.version', 'x')).rejects.toMatchObject({
      code: 'NETWORK_NOT_PERMITTED',
      errnoName: 'EACCES',
    });
  });

  it('says so when the namespace is missing, or is none', async () => {
    const code = 'NETWORK_NAMESPACE_NOT_FOUND';
    await expect(
      new Sysctl({ netns: 'lvskit-none' }).read('net.ipv4.ip_forward'),
    ).rejects.toMatchObject({ code });
    await expect(
      new Sysctl({ netns: '/proc/self/ns/mnt' }).read('net.ipv4.ip_forward'),
    ).rejects.toMatchObject({ code });
  });

  it('reads all of a namespace at once without mixing it with another', async () => {
    await sysctl.write('net.ipv4.ip_default_ttl', 99);
    const own = await new Sysctl().read('net.ipv4.ip_default_ttl');
    const reads = Array.from({ length: 40 }, (_, index) =>
      (index % 2 ? sysctl : new Sysctl()).read('net.ipv4.ip_default_ttl'),
    );
    const expected = reads.map((_, index) => (index % 2 ? '99' : own));
    expect(await Promise.all(reads)).toEqual(expected);
  });
});
