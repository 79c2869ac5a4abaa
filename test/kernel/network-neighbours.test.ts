import { describe, expect, it } from 'vitest';
import type { NeighbourConfig } from '../../src/net/neighbours.ts';
import {
  removeScratchNetworks,
  type ScratchNetwork,
  scratchNetwork,
} from '../support/scratch-network.ts';

removeScratchNetworks();

async function withDummy(): Promise<ScratchNetwork> {
  const scratch = await scratchNetwork();
  await scratch.network.links.add({ kind: 'dummy', name: 'd0', up: true, arp: true });
  await scratch.network.addresses.add({ link: 'd0', address: '10.0.0.1/24' });
  return scratch;
}

const mac = '02:00:00:00:00:99';

describe('neighbours', () => {
  it.each(['10.0.0.9', '2001:db8::9'])('are added, changed and removed: %s', async (address) => {
    const { network, ip } = await withDummy();
    const { neighbours } = network;
    await neighbours.add({ link: 'd0', address, linkLayerAddress: mac });
    expect(await ip('neighbour', 'show', address, 'dev', 'd0')).toMatchObject([
      { dst: address, lladdr: mac, state: ['PERMANENT'] },
    ]);
    const other = '02:00:00:00:00:aa';
    await neighbours.replace({
      link: 'd0',
      address,
      linkLayerAddress: other,
      state: 'stale',
      flags: ['router', 'extern-learn'],
    });
    expect(await neighbours.list({ link: 'd0' })).toContainEqual({
      link: 'd0',
      linkIndex: expect.any(Number),
      family: address.includes(':') ? 'ipv6' : 'ipv4',
      address,
      linkLayerAddress: other,
      state: 'stale',
      flags: ['extern-learn', 'router'],
      proxy: false,
    });
    await neighbours.remove({ link: 'd0', address });
    const left = await neighbours.list({ link: 'd0' });
    expect(left.filter((entry) => entry.address === address && entry.state !== 'failed')).toEqual(
      [],
    );
  });

  it('that ip added are read the same, by link and family', async () => {
    const { network, run } = await withDummy();
    await network.links.add({ kind: 'dummy', name: 'd1', up: true });
    await run('neigh', 'add', '10.0.0.5', 'lladdr', mac, 'nud', 'noarp', 'dev', 'd0');
    await run('neigh', 'add', '2001:db8::5', 'lladdr', mac, 'nud', 'reachable', 'dev', 'd1');
    const on = async (filter: object) =>
      (await network.neighbours.list(filter))
        .filter(({ linkLayerAddress }) => linkLayerAddress === mac)
        .map(({ address, link, state }) => `${address} ${link} ${state}`);
    expect(await on({ link: 'd0' })).toEqual(['10.0.0.5 d0 noarp']);
    expect(await on({ family: 'ipv6' })).toEqual(['2001:db8::5 d1 reachable']);
    expect(await on({})).toHaveLength(2);
  });

  it.each(['10.0.0.77', '2001:db8::77'])('are answered for as proxies: %s', async (address) => {
    const { network, ip } = await withDummy();
    const { neighbours } = network;
    await neighbours.add({ link: 'd0', address, proxy: true });
    expect(await ip('neighbour', 'show', 'proxy')).toMatchObject([{ dst: address, dev: 'd0' }]);
    expect(await neighbours.list({ proxy: true })).toMatchObject([
      { address, link: 'd0', proxy: true, flags: ['proxy'] },
    ]);
    await neighbours.remove({ link: 'd0', address, proxy: true });
    expect(await neighbours.list({ proxy: true })).toEqual([]);
  });

  it('refuse what is there, what is not, and a link that is not', async () => {
    const { network } = await withDummy();
    const { neighbours } = network;
    const neighbour = { link: 'd0', address: '10.0.0.9', linkLayerAddress: mac };
    await neighbours.add(neighbour);
    await expect(neighbours.add(neighbour)).rejects.toMatchObject({
      code: 'NETWORK_EXISTS',
      message: 'cannot add neighbour 10.0.0.9 to d0: it is already there',
    });
    for (const address of ['10.0.0.10', '2001:db8::10']) {
      await expect(neighbours.remove({ link: 'd0', address })).rejects.toMatchObject({
        code: 'NETWORK_NOT_FOUND',
        message: `cannot remove neighbour ${address} of d0: it is not there`,
      });
      await expect(neighbours.remove({ link: 'd0', address, proxy: true })).rejects.toMatchObject({
        code: 'NETWORK_NOT_FOUND',
      });
    }
    await expect(neighbours.add({ ...neighbour, link: 'd9' })).rejects.toMatchObject({
      code: 'NETWORK_NO_DEVICE',
    });
  });

  it('refuse values that cannot be right, before anything is sent', async () => {
    const { network } = await withDummy();
    const add = (config: object) =>
      network.neighbours.add({
        link: 'd0',
        address: '10.0.0.9',
        linkLayerAddress: mac,
        ...config,
      } as NeighbourConfig);
    await expect(add({ address: '10.0.0' })).rejects.toThrow(/^neighbour address "10.0.0" is not/);
    await expect(add({ linkLayerAddress: '02:00:00:00:00' + ':' })).rejects.toThrow(RangeError);
    await expect(add({ linkLayerAddress: undefined })).rejects.toThrow(/must be given/);
    await expect(add({ proxy: true })).rejects.toThrow(/no meaning for a proxy/);
    await expect(add({ state: 'gone' })).rejects.toThrow(/^neighbour state must be one of/);
    await expect(add({ flags: ['x'] })).rejects.toThrow(/^neighbour flags must be one of/);
    const listed = await network.neighbours.list({ link: 'd0', family: 'ipv4' });
    expect(listed.map(({ address }) => address)).not.toContain('10.0.0.9');
  });
});
