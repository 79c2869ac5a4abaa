import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { Network } from '../../src/net/network.ts';
import { removeScratchNetworks, scratchNetwork } from '../support/scratch-network.ts';

removeScratchNetworks();

const byPort = (one: { port: number }, other: { port: number }) => one.port - other.port;

describe('FOU ports', () => {
  it('are added, listed and removed, loading what that takes', async () => {
    const { network, ip } = await scratchNetwork();
    const { fou } = network;
    expect(await fou.list()).toEqual([]);
    await fou.add({ port: 6080, encapsulation: 'gue' });
    await fou.add({ port: 5555, encapsulation: 'fou', protocol: 4 });
    await fou.add({ port: 5556, encapsulation: 'fou', protocol: 41, family: 'ipv6' });
    expect((await ip('fou', 'show')).sort(byPort)).toMatchObject([
      { port: 5555, ipproto: 4, family: 'inet' },
      { port: 5556, ipproto: 41, family: 'inet6' },
      { port: 6080, gue: null, family: 'inet' },
    ]);
    expect([...(await fou.list())].sort(byPort)).toEqual([
      { port: 5555, family: 'ipv4', encapsulation: 'fou', protocol: 4 },
      { port: 5556, family: 'ipv6', encapsulation: 'fou', protocol: 41 },
      { port: 6080, family: 'ipv4', encapsulation: 'gue' },
    ]);
    await fou.remove({ port: 6080 });
    await fou.remove({ port: 5556, family: 'ipv6' });
    expect(await fou.list()).toMatchObject([{ port: 5555 }]);
    await fou.remove({ port: 5555 });
    expect(await fou.list()).toEqual([]);
  });

  it('listen on one address, for one peer, on one link', async () => {
    const { network } = await scratchNetwork();
    await network.links.add({ kind: 'dummy', name: 'd0', up: true });
    await network.addresses.add({ link: 'd0', address: '10.0.0.1/24' });
    const port = {
      port: 6080,
      encapsulation: 'gue',
      local: '10.0.0.1',
      peer: '10.0.0.2',
      peerPort: 6081,
    } as const;
    await network.fou.add({ ...port, link: 'd0' });
    const d0 = await network.links.find('d0');
    expect(await network.fou.list()).toEqual([{ ...port, family: 'ipv4', linkIndex: d0?.index }]);
    const { encapsulation: _, ...key } = port;
    await network.fou.remove({ ...key, link: 'd0' });
    expect(await network.fou.list()).toEqual([]);
  });

  it('refuse what is there, what is not, and a port that a socket has', async () => {
    const { network } = await scratchNetwork();
    await network.fou.add({ port: 6080, encapsulation: 'gue' });
    await expect(network.fou.add({ port: 6080, encapsulation: 'gue' })).rejects.toMatchObject({
      code: 'NETWORK_EXISTS',
      message: 'cannot add FOU port 6080: it is already there',
    });
    await expect(network.fou.remove({ port: 6081 })).rejects.toMatchObject({
      code: 'NETWORK_NOT_FOUND',
      message: 'cannot remove FOU port 6081: it is not there',
    });
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(6082, '127.0.0.1', resolve));
    await using own = await Network.open();
    await expect(own.fou.add({ port: 6082, encapsulation: 'gue' })).rejects.toMatchObject({
      code: 'NETWORK_BUSY',
      message: 'cannot add FOU port 6082: some socket has that port',
    });
    socket.close();
  });

  it('refuse values that cannot be right, before anything is sent', async () => {
    const { network } = await scratchNetwork();
    const add = (config: object) => network.fou.add(config as never);
    await expect(add({ port: 0, encapsulation: 'gue' })).rejects.toThrow(/^port must be/);
    await expect(add({ port: 1, encapsulation: 'udp' })).rejects.toThrow(/^encapsulation must be/);
    await expect(add({ port: 1, encapsulation: 'fou' })).rejects.toThrow(/protocol must be given/);
    await expect(add({ port: 1, encapsulation: 'gue', protocol: 4 })).rejects.toThrow(TypeError);
    await expect(add({ port: 1, encapsulation: 'gue', peer: '10.0.0.1' })).rejects.toThrow(
      'peer and peerPort must be given together',
    );
    await expect(
      add({ port: 1, encapsulation: 'gue', family: 'ipv6', local: '10.0.0.1' }),
    ).rejects.toThrow('local is not IPv6');
    expect(await network.fou.list()).toEqual([]);
  });
});
