import { describe, expect, it } from 'vitest';
import type { AddressConfig } from '../../src/net/address.ts';
import { Sysctl } from '../../src/net/sysctl.ts';
import {
  removeScratchNetworks,
  type ScratchNetwork,
  scratchNetwork,
} from '../support/scratch-network.ts';

removeScratchNetworks();

interface ShownAddress {
  readonly local: string;
}

interface Shown {
  readonly prefixlen?: number;
  readonly [property: string]: unknown;
}

async function withDummy(): Promise<ScratchNetwork> {
  const scratch = await scratchNetwork();
  await scratch.network.links.add({ kind: 'dummy', name: 'd0', up: true });
  return scratch;
}

/** What `ip` shows of the one address `local`. */
async function shownAddress({ ip }: ScratchNetwork, link: string, local: string) {
  const [{ addr_info: all }] = await ip('address', 'show', 'dev', link);
  return all.find((address: ShownAddress) => address.local === local);
}

describe('addresses', () => {
  it('are added the way a real server needs its VIP', async () => {
    const scratch = await scratchNetwork();
    const { network } = scratch;
    await network.addresses.add({
      link: 'lo',
      address: '192.0.2.10/32',
      label: 'lo:0',
      scope: 'host',
      flags: ['noprefixroute'],
    });
    expect(await shownAddress(scratch, 'lo', '192.0.2.10')).toMatchObject({
      prefixlen: 32,
      scope: 'host',
      label: 'lo:0',
      noprefixroute: true,
    });
    const [address] = (await network.addresses.list({ link: 'lo', family: 'ipv4' })).filter(
      ({ label }) => label === 'lo:0',
    );
    expect(address).toEqual({
      link: 'lo',
      linkIndex: 1,
      family: 'ipv4',
      address: '192.0.2.10/32',
      label: 'lo:0',
      scope: 'host',
      flags: ['noprefixroute', 'permanent'],
      validLifetimeSeconds: 'forever',
      preferredLifetimeSeconds: 'forever',
    });
  });

  const cases: readonly (readonly [AddressConfig, string, Shown])[] = [
    [{ link: 'd0', address: '10.1.2.3' }, '10.1.2.3', { prefixlen: 32, scope: 'global' }],
    [{ link: 'd0', address: '127.1.2.3/8' }, '127.1.2.3', { prefixlen: 8, scope: 'host' }],
    [
      { link: 'd0', address: '10.1.2.3/24', broadcast: '10.1.2.255', scope: 'link', metric: 77 },
      '10.1.2.3',
      { broadcast: '10.1.2.255', scope: 'link', metric: 77 },
    ],
    [
      { link: 'd0', address: '10.1.2.3/32', peer: '10.9.9.9', label: 'd0:peer' },
      '10.1.2.3',
      { address: '10.9.9.9', prefixlen: 32, label: 'd0:peer' },
    ],
    [{ link: 'd0', address: '10.1.2.3/24', scope: 7 }, '10.1.2.3', { scope: '7' }],
    [
      {
        link: 'd0',
        address: '10.1.2.3/24',
        validLifetimeSeconds: 1000,
        preferredLifetimeSeconds: 500,
      },
      '10.1.2.3',
      { dynamic: true },
    ],
    [
      { link: 'd0', address: '2001:db8::5/64', flags: ['nodad', 'noprefixroute'] },
      '2001:db8::5',
      { prefixlen: 64, nodad: true, noprefixroute: true, scope: 'global' },
    ],
    [
      { link: 'd0', address: '2001:db8::6/64', flags: ['nodad', 'home', 'managetempaddr'] },
      '2001:db8::6',
      { prefixlen: 64, home: true, mngtmpaddr: true },
    ],
    [
      { link: 'd0', address: '2001:db8::7/128', peer: '2001:db8::8', flags: ['nodad'] },
      '2001:db8::7',
      { address: '2001:db8::8' },
    ],
  ];

  it.each(cases)('are shown by ip as they were added: %o', async (config, local, shown) => {
    const scratch = await withDummy();
    await scratch.network.addresses.add(config);
    expect(await shownAddress(scratch, 'd0', local)).toMatchObject(shown);
    const listed = await scratch.network.addresses.list({ link: 'd0' });
    const read = listed.find(({ address }) => address.startsWith(`${local}/`));
    const { address, flags = [], ...rest } = config;
    expect(read?.address).toBe(address.includes('/') ? address : `${address}/${shown.prefixlen}`);
    expect(read?.flags).toEqual(expect.arrayContaining([...flags]));
    const { validLifetimeSeconds, preferredLifetimeSeconds, ...exact } = rest;
    expect(read).toMatchObject(exact);
    if (validLifetimeSeconds !== undefined) {
      expect(read?.validLifetimeSeconds).toBeGreaterThan(Number(validLifetimeSeconds) - 60);
      expect(read?.preferredLifetimeSeconds).toBeLessThanOrEqual(Number(preferredLifetimeSeconds));
    } else {
      expect(read?.validLifetimeSeconds).toBe('forever');
    }
    await scratch.network.addresses.remove(config);
    expect(await shownAddress(scratch, 'd0', local)).toBeUndefined();
  });

  it('that ip added are read the same, for both families and all links', async () => {
    const { network, run } = await withDummy();
    await run('address', 'add', '10.0.0.1/24', 'dev', 'd0', 'brd', '+', 'label', 'd0:x');
    await run('address', 'add', '10.0.0.2/24', 'dev', 'd0');
    await run('address', 'add', '2001:db8::1/64', 'dev', 'd0', 'nodad');
    const all = await network.addresses.list();
    const of = (address: string) => all.find((entry) => entry.address === address);
    expect(of('127.0.0.1/8')).toMatchObject({ link: 'lo', scope: 'host', label: 'lo' });
    expect(of('::1/128')).toMatchObject({ link: 'lo', scope: 'host', family: 'ipv6' });
    expect(of('10.0.0.1/24')).toMatchObject({
      link: 'd0',
      broadcast: '10.0.0.255',
      label: 'd0:x',
      flags: ['permanent'],
    });
    expect(of('10.0.0.2/24')).toMatchObject({ flags: ['secondary', 'permanent'] });
    expect(of('2001:db8::1/64')).toMatchObject({ link: 'd0', family: 'ipv6' });
    expect(of('2001:db8::1/64')).not.toHaveProperty('label');
    const ipv6 = await network.addresses.list({ link: 'd0', family: 'ipv6' });
    expect(ipv6.map(({ family, link }) => `${family} ${link}`)).toEqual(ipv6.map(() => 'ipv6 d0'));
    expect(ipv6.length).toBe(1);
  });

  it('are replaced: added, or changed in place', async () => {
    const scratch = await withDummy();
    const { addresses } = scratch.network;
    const address = { link: 'd0', address: '2001:db8::1/64', flags: ['nodad'] } as const;
    await addresses.replace(address);
    await addresses.replace({ ...address, validLifetimeSeconds: 3600 });
    const found = await addresses.list({ link: 'd0', family: 'ipv6' });
    const same = found.filter((entry) => entry.address === address.address);
    expect(same).toHaveLength(1);
    expect(same[0]?.validLifetimeSeconds).toBeLessThanOrEqual(3600);
  });

  describe('refuse, and say why', () => {
    it('one that is there', async () => {
      const { network } = await withDummy();
      const address = { link: 'd0', address: '10.0.0.1/24' };
      await network.addresses.add(address);
      await expect(network.addresses.add(address)).rejects.toMatchObject({
        code: 'NETWORK_EXISTS',
        message: expect.stringMatching(
          /^cannot add address 10\.0\.0\.1\/24 to d0: it is already there/,
        ),
      });
      const over6 = { link: 'd0', address: '2001:db8::1/64' };
      await network.addresses.add(over6);
      await expect(network.addresses.add(over6)).rejects.toMatchObject({ code: 'NETWORK_EXISTS' });
    });

    it('to remove one that is not', async () => {
      const { network } = await withDummy();
      for (const address of ['10.0.0.1/24', '2001:db8::1/64']) {
        await expect(network.addresses.remove({ link: 'd0', address })).rejects.toMatchObject({
          code: 'NETWORK_NOT_FOUND',
          errnoName: 'EADDRNOTAVAIL',
          message: expect.stringContaining(`cannot remove address ${address} from d0: it is not`),
        });
      }
    });

    it('a link that is not there', async () => {
      const { network } = await scratchNetwork();
      const missing = { code: 'NETWORK_NO_DEVICE' };
      const address = { link: 'd0', address: '10.0.0.1/24' };
      await expect(network.addresses.add(address)).rejects.toMatchObject({
        ...missing,
        message: 'cannot add address 10.0.0.1/24 to d0: there is no link d0',
      });
      await expect(network.addresses.add({ ...address, link: 99 })).rejects.toMatchObject(missing);
      await expect(network.addresses.remove(address)).rejects.toMatchObject(missing);
      await expect(network.addresses.list({ link: 'd0' })).rejects.toMatchObject(missing);
      await expect(network.addresses.list({ link: 99 })).rejects.toMatchObject(missing);
    });

    it('IPv6 on a link where it is disabled', async () => {
      const { network, name } = await withDummy();
      await new Sysctl({ netns: name }).write('net.ipv6.conf.d0.disable_ipv6', 1);
      await expect(
        network.addresses.add({ link: 'd0', address: '2001:db8::1/64' }),
      ).rejects.toMatchObject({
        code: 'NETWORK_UNSUPPORTED',
        message: expect.stringMatching(/IPv6 is disabled on the link/),
      });
    });

    it('values that cannot be right, before anything is sent', async () => {
      const { network } = await withDummy();
      const add = (config: object) =>
        network.addresses.add({ link: 'd0', address: '10.0.0.1/24', ...config } as AddressConfig);
      const before = await network.addresses.list({ link: 'd0' });
      await expect(add({ address: '10.0.0.256' })).rejects.toThrow(/^address "10.0.0.256" is not/);
      await expect(add({ address: '10.0.0.1/33' })).rejects.toThrow(RangeError);
      await expect(add({ address: 7 })).rejects.toThrow(TypeError);
      await expect(add({ link: '' })).rejects.toThrow(/^link name "" must have 1 to 15 bytes/);
      await expect(add({ link: undefined })).rejects.toThrow('link must be a name or an index');
      await expect(add({ label: 'a-label-of-16-by' })).rejects.toThrow(/label .* 1 to 15 bytes/);
      await expect(add({ address: '::1', label: 'lo:0' })).rejects.toThrow(/label has a meaning/);
      await expect(add({ address: '::1', scope: 'host' })).rejects.toThrow(/scope has a meaning/);
      await expect(add({ scope: 'planet' })).rejects.toThrow(/^scope must be one of global, site/);
      await expect(add({ flags: ['permanent'] })).rejects.toThrow(/^address flags must be one of/);
      await expect(add({ flags: 'nodad' })).rejects.toThrow(/^address flags must be an array/);
      await expect(add({ peer: '::1' })).rejects.toThrow(/another address family/);
      await expect(add({ broadcast: '::1' })).rejects.toThrow(/must be an IPv4 address/);
      await expect(add({ metric: -1 })).rejects.toThrow(/^metric must be/);
      await expect(add({ validLifetimeSeconds: 0 })).rejects.toThrow(/^validLifetimeSeconds must/);
      await expect(add({ validLifetimeSeconds: 5, preferredLifetimeSeconds: 6 })).rejects.toThrow(
        /must not be longer/,
      );
      await expect(network.addresses.list({ family: 'ipx' as never })).rejects.toThrow(
        'family must be one of ipv4, ipv6, not "ipx"',
      );
      expect(await network.addresses.list({ link: 'd0' })).toEqual(before);
    });
  });
});
