import { describe, expect, it, vi } from 'vitest';
import { kernelIs } from '../support/kernel.ts';
import { removeScratchNetworks, scratchNetwork } from '../support/scratch-network.ts';

removeScratchNetworks();

describe('links', () => {
  it('are read as ip shows them', async () => {
    const { network, ip, run } = await scratchNetwork();
    await run('link', 'add', 'd0', 'mtu', '1400', 'address', '02:00:00:00:00:01', 'type', 'dummy');
    await run('link', 'set', 'd0', 'alias', 'a test', 'txqueuelen', '77', 'arp', 'off');
    await run('link', 'property', 'add', 'dev', 'd0', 'altname', 'another-name-of-d0');
    const [shown] = await ip('link', 'show', 'd0');
    const link = await network.links.find('d0');
    expect(link).toMatchObject({
      index: shown.ifindex,
      name: 'd0',
      alternativeNames: ['another-name-of-d0'],
      kind: 'dummy',
      hardwareType: 'ether',
      address: '02:00:00:00:00:01',
      mtu: 1400,
      up: false,
      arp: false,
      operationalState: 'down',
      flags: ['broadcast', 'noarp'],
      queueLength: 77,
      alias: 'a test',
    });
    expect(link?.statistics).toMatchObject({ sentPackets: 0n, receivedBytes: 0n });
  });

  it('are listed all at once, lo first', async () => {
    const { network, run } = await scratchNetwork();
    await run('link', 'add', 'd0', 'type', 'dummy');
    await run('link', 'add', 'd1', 'type', 'dummy');
    const links = await network.links.list();
    const named = links.filter(({ name }) => ['lo', 'd0', 'd1'].includes(name));
    expect(named.map(({ name }) => name)).toEqual(['lo', 'd0', 'd1']);
    expect(named[0]).toMatchObject({
      index: 1,
      hardwareType: 'loopback',
      up: true,
      carrier: true,
      flags: ['up', 'loopback', 'running', 'lower-up'],
      mtu: 65536,
    });
    expect(named[0]).not.toHaveProperty('kind');
  });

  it('are found by name and by index, or not at all', async () => {
    const { network } = await scratchNetwork();
    expect((await network.links.find(1))?.name).toBe('lo');
    expect((await network.links.find('lo'))?.index).toBe(1);
    expect(await network.links.find('nowhere')).toBeUndefined();
    expect(await network.links.find(4711)).toBeUndefined();
  });

  it('are added with everything a dummy can have', async () => {
    const { network, ip } = await scratchNetwork();
    await network.links.add({
      kind: 'dummy',
      name: 'd0',
      up: true,
      mtu: 9000,
      address: '02:00:00:00:00:07',
      arp: false,
      queueLength: 5,
    });
    const [shown] = await ip('link', 'show', 'd0');
    expect(shown).toMatchObject({
      mtu: 9000,
      address: '02:00:00:00:00:07',
      txqlen: 5,
      linkinfo: { info_kind: 'dummy' },
    });
    expect(shown.flags).toEqual(expect.arrayContaining(['UP', 'LOWER_UP', 'NOARP']));
  });

  it('are added as a veth pair whose other end is in another namespace', async () => {
    const here = await scratchNetwork();
    const there = await scratchNetwork();
    await here.network.links.add({
      kind: 'veth',
      name: 'a',
      up: true,
      peer: { name: 'b', netns: there.name, up: true, mtu: 1300, address: '02:00:00:00:00:0b' },
    });
    const [far] = await there.ip('link', 'show', 'b');
    expect(far).toMatchObject({ mtu: 1300, address: '02:00:00:00:00:0b' });
    expect(far.flags).toContain('UP');
    // The kernel takes its time to say that both ends are plugged in.
    const near = await vi.waitFor(async () => {
      const link = await here.network.links.find('a');
      expect(link).toMatchObject({ kind: 'veth', carrier: true, operationalState: 'up' });
      return link;
    }, 5000);
    expect(near?.lowerIndex).toBe(far.ifindex);
    expect(near?.lowerNamespace).toBeTypeOf('number');
    expect(await here.network.links.find('b')).toBeUndefined();
  });

  it('are added in another namespace as a whole', async () => {
    const here = await scratchNetwork();
    const there = await scratchNetwork();
    const peer = { name: 'b', up: true };
    await here.network.links.add({ kind: 'veth', name: 'a', netns: there.name, peer });
    expect(await there.network.links.find('a')).toMatchObject({ kind: 'veth' });
    expect(await there.network.links.find('b')).toMatchObject({ kind: 'veth', up: true });
    expect(await here.network.links.find('a')).toBeUndefined();
  });

  it('become ports of a bridge and leave it again', async () => {
    const { network, ip } = await scratchNetwork();
    await network.links.add({
      kind: 'bridge',
      name: 'br0',
      up: true,
      bridge: {
        spanningTree: true,
        forwardDelaySeconds: 4,
        ageingSeconds: 20.5,
        vlanFiltering: true,
      },
    });
    const [shown] = await ip('link', 'show', 'br0');
    expect(shown.linkinfo.info_data).toMatchObject({
      stp_state: 1,
      forward_delay: 400,
      ageing_time: 2050,
      vlan_filtering: 1,
    });
    await network.links.add({ kind: 'dummy', name: 'd0', master: 'br0' });
    const bridge = await network.links.find('br0');
    expect(bridge?.bridge).toEqual({
      spanningTree: true,
      forwardDelaySeconds: 4,
      ageingSeconds: 20.5,
      vlanFiltering: true,
    });
    expect(await network.links.find('d0')).toMatchObject({
      master: 'br0',
      masterIndex: bridge?.index,
    });
    expect((await network.links.list()).find(({ name }) => name === 'd0')?.master).toBe('br0');
    await network.links.set('d0', { master: null });
    expect(await network.links.find('d0')).not.toHaveProperty('master');
    await network.links.set('d0', { master: 'br0' });
    expect((await ip('link', 'show', 'd0'))[0].master).toBe('br0');
  });

  it('are changed in all that can change', async () => {
    const { network, ip } = await scratchNetwork();
    await network.links.add({ kind: 'dummy', name: 'd0', up: true });
    await network.links.set('d0', {
      mtu: 1234,
      address: '02:00:00:00:00:22',
      alias: 'changed',
      queueLength: 9,
      promiscuous: true,
      arp: false,
    });
    const [shown] = await ip('link', 'show', 'd0');
    expect(shown).toMatchObject({
      mtu: 1234,
      address: '02:00:00:00:00:22',
      ifalias: 'changed',
      txqlen: 9,
    });
    expect(shown.flags).toEqual(expect.arrayContaining(['UP', 'PROMISC', 'NOARP']));
    await network.links.set('d0', { up: false, name: 'e0', alias: '' });
    expect(await network.links.find('e0')).toMatchObject({ up: false, mtu: 1234 });
    expect(await network.links.find('e0')).not.toHaveProperty('alias');
    expect(await network.links.find('d0')).toBeUndefined();
  });

  it('move to another namespace, under a new name', async () => {
    const here = await scratchNetwork();
    const there = await scratchNetwork();
    await here.network.links.add({ kind: 'dummy', name: 'd0' });
    await here.network.links.set('d0', { netns: there.name, name: 'moved', up: true });
    expect(await here.network.links.find('d0')).toBeUndefined();
    expect(await there.network.links.find('moved')).toMatchObject({ kind: 'dummy', up: true });
  });

  it('are removed', async () => {
    const { network, ip } = await scratchNetwork();
    await network.links.add({ kind: 'veth', name: 'a', peer: { name: 'b' } });
    await network.links.remove('a');
    expect((await ip('link')).map(({ ifname }: { ifname: string }) => ifname)).not.toContain('b');
  });

  describe('refuse, and say why', () => {
    it('a name that is taken', async () => {
      const { network } = await scratchNetwork();
      await network.links.add({ kind: 'dummy', name: 'd0' });
      await expect(network.links.add({ kind: 'dummy', name: 'd0' })).rejects.toMatchObject({
        name: 'NetworkError',
        code: 'NETWORK_EXISTS',
        errno: 17,
        errnoName: 'EEXIST',
        message:
          'cannot add dummy link d0: a link of that name, or a tunnel with the same ends, is already there',
      });
      await network.links.add({ kind: 'dummy', name: 'd1' });
      await expect(network.links.set('d1', { name: 'd0' })).rejects.toMatchObject({
        code: 'NETWORK_EXISTS',
        message: 'cannot change d1: a link of that name is already there',
      });
    });

    it('a link, a master or a tunnel link that is not there', async () => {
      const { network } = await scratchNetwork();
      const missing = { code: 'NETWORK_NO_DEVICE' };
      await expect(network.links.set('d0', { up: true })).rejects.toMatchObject({
        ...missing,
        message: 'cannot change d0: there is no link d0',
      });
      await expect(network.links.set(4711, { up: true })).rejects.toMatchObject({
        ...missing,
        message: 'cannot change link 4711: there is no such link',
      });
      await expect(network.links.remove('d0')).rejects.toMatchObject(missing);
      const dummy = { kind: 'dummy', name: 'd0', master: 'br0' } as const;
      await expect(network.links.add(dummy)).rejects.toMatchObject({
        ...missing,
        message: 'cannot add dummy link d0: there is no link br0',
      });
      const tunnel = { local: '192.0.2.1', link: 'eth9' };
      await expect(network.links.add({ kind: 'ipip', name: 't0', tunnel })).rejects.toMatchObject(
        missing,
      );
      expect(await network.links.find('d0')).toBeUndefined();
    });

    it('a namespace that is not there', async () => {
      const { network } = await scratchNetwork();
      const failure = {
        code: 'NETWORK_NAMESPACE_NOT_FOUND',
        message:
          'cannot add dummy link d0 in network namespace nowhere: there is no such namespace',
      };
      const dummy = { kind: 'dummy', name: 'd0' } as const;
      await expect(network.links.add({ ...dummy, netns: 'nowhere' })).rejects.toMatchObject(
        failure,
      );
      await network.links.add(dummy);
      await expect(network.links.set('d0', { netns: 1023 })).rejects.toMatchObject({
        code: 'NETWORK_NAMESPACE_NOT_FOUND',
        errnoName: 'EBADF',
      });
    });

    it('an mtu that the kind cannot have, in the kernel’s words', async () => {
      const { network } = await scratchNetwork();
      await network.links.add({ kind: 'dummy', name: 'd0' });
      await expect(network.links.set('lo', { mtu: 0x7fffffff })).resolves.toBeUndefined();
      await network.links.add({ kind: 'veth', name: 'a', peer: { name: 'b' } });
      await expect(network.links.set('a', { mtu: 20 })).rejects.toMatchObject({
        code: 'NETWORK_INVALID',
        kernelMessage: 'mtu less than device minimum',
        message: expect.stringMatching(/^cannot change a: .*mtu less than device minimum\)$/),
      });
    });

    it('a new name while the link is up, before Linux 6.2', async () => {
      const { network } = await scratchNetwork();
      await network.links.add({ kind: 'dummy', name: 'd0', up: true });
      const renaming = network.links.set('d0', { name: 'e0' });
      if (kernelIs('6.2')) {
        await renaming;
        expect(await network.links.find('e0')).toMatchObject({ up: true });
      } else {
        await expect(renaming).rejects.toMatchObject({
          code: 'NETWORK_BUSY',
          message: 'cannot change d0: the link has to be down for that',
        });
      }
    });

    it('to remove what is always there', async () => {
      const { network } = await scratchNetwork();
      await expect(network.links.remove('lo')).rejects.toMatchObject({
        code: 'NETWORK_UNSUPPORTED',
        message: 'cannot remove lo: a link that is hardware, or always there, cannot be removed',
      });
    });

    it('values that cannot be right, before anything is sent', async () => {
      const { network } = await scratchNetwork();
      const add = (config: object) => network.links.add(config as never);
      await expect(add({ kind: 'vxlan', name: 'x' })).rejects.toThrow(
        new RangeError('link kind must be one of dummy, veth, bridge, not "vxlan"'),
      );
      for (const name of [
        '',
        'sixteen-bytes-16',
        'a/b',
        'a b',
        'a:b',
        'v%d',
        '.',
        '..',
        'ä'.repeat(8),
      ]) {
        await expect(add({ kind: 'dummy', name })).rejects.toThrow(RangeError);
      }
      await expect(add({ kind: 'dummy', name: 7 })).rejects.toThrow(
        new TypeError('link name must be a string'),
      );
      await expect(add({ kind: 'dummy', name: 'd0', mtu: -1 })).rejects.toThrow(/link mtu must be/);
      await expect(add({ kind: 'dummy', name: 'd0', up: 1 })).rejects.toThrow(/link up must be/);
      await expect(add({ kind: 'dummy', name: 'd0', address: '02:0:0:0:0:1' })).rejects.toThrow(
        /link address "02:0:0:0:0:1" is not/,
      );
      await expect(add({ kind: 'veth', name: 'a' })).rejects.toThrow('peer must be an object');
      await expect(add({ kind: 'dummy', name: 'd0', master: 'br0', netns: 'x' })).rejects.toThrow(
        /master cannot be given together with netns/,
      );
      await expect(network.links.find(0)).rejects.toThrow(RangeError);
      expect((await network.links.list()).some(({ name }) => name === 'd0')).toBe(false);
    });
  });
});
