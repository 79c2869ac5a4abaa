import { describe, expect, it, vi } from 'vitest';
import type { RouteConfig } from '../../src/net/route.ts';
import { Sysctl } from '../../src/net/sysctl.ts';
import {
  removeScratchNetworks,
  type ScratchNetwork,
  scratchNetwork,
} from '../support/scratch-network.ts';

removeScratchNetworks();

/** Two links with an address of each family: 10.N.0.1/24 and 2001:db8:N::1/64 on dN. */
async function withLinks(): Promise<ScratchNetwork> {
  const scratch = await scratchNetwork();
  const { links, addresses, routes } = scratch.network;
  for (const number of [0, 1]) {
    const link = `d${number}`;
    await links.add({ kind: 'dummy', name: link, up: true });
    await addresses.add({ link, address: `10.${number}.0.1/24` });
    await addresses.add({ link, address: `2001:db8:${number}::1/64`, flags: ['nodad'] });
  }
  // The kernel routes to its own IPv6 addresses a moment after it has them.
  await vi.waitFor(async () => {
    const own = await routes.list({ family: 'ipv6', type: 'local' });
    const destinations = own.map(({ destination }) => destination);
    expect(destinations).toEqual(expect.arrayContaining(['2001:db8::1/128', '2001:db8:1::1/128']));
  }, 5000);
  return scratch;
}

const shownRoute = ({ ip }: ScratchNetwork, words: string) =>
  ip(...(words.includes(':') ? ['-6'] : []), 'route', 'show', ...words.split(' '));

/** What is asked for, how `ip` is asked to show it, what it shows, and what is read back. */
const cases: readonly (readonly [RouteConfig, string, object, object])[] = [
  [
    { destination: '192.0.2.0/24', via: '10.0.0.2' },
    '192.0.2.0/24',
    { dst: '192.0.2.0/24', gateway: '10.0.0.2', dev: 'd0', protocol: 'static', scope: 'global' },
    { destination: '192.0.2.0/24', via: '10.0.0.2', link: 'd0', table: 'main', type: 'unicast' },
  ],
  [
    { destination: '192.0.2.10', link: 'd0', source: '10.0.0.1', protocol: 'boot', metric: 5 },
    '192.0.2.10',
    { dst: '192.0.2.10', dev: 'd0', prefsrc: '10.0.0.1', scope: 'link', metric: 5 },
    { destination: '192.0.2.10/32', source: '10.0.0.1', protocol: 'boot', scope: 'link' },
  ],
  [
    { destination: 'default', via: '172.16.0.1', link: 'd1', onlink: true },
    'default',
    { dst: 'default', gateway: '172.16.0.1', dev: 'd1', flags: ['onlink'] },
    { destination: 'default', via: '172.16.0.1', onlink: true, flags: ['onlink'] },
  ],
  [
    { destination: '192.0.2.10/32', type: 'local', link: 'lo', table: 100 },
    'table 100',
    { type: 'local', dst: '192.0.2.10', dev: 'lo', scope: 'host' },
    { type: 'local', table: 100, scope: 'host' },
  ],
  [
    { destination: '192.0.2.0/24', type: 'blackhole', metric: 9 },
    '192.0.2.0/24',
    { type: 'blackhole', metric: 9 },
    { type: 'blackhole', metric: 9 },
  ],
  [
    { destination: '192.0.2.0/24', type: 'unreachable', table: 300 },
    'table 300',
    { type: 'unreachable', dst: '192.0.2.0/24' },
    { type: 'unreachable', table: 300 },
  ],
  [
    {
      destination: '192.0.2.0/24',
      link: 'd0',
      tos: 16,
      metrics: { mtu: 1400, mtuLocked: true, advertisedMss: 1360, hopLimit: 7, quickAck: true },
    },
    '192.0.2.0/24',
    { metrics: [{ mtu: 1400, advmss: 1360, hoplimit: 7, quickack: 1 }] },
    { metrics: { mtu: 1400, mtuLocked: true, advertisedMss: 1360, hopLimit: 7, quickAck: true } },
  ],
  [
    {
      destination: '192.0.2.0/24',
      link: 'd0',
      metrics: {
        window: 5000,
        initialCongestionWindow: 20,
        initialReceiveWindow: 30,
        congestionControl: 'reno',
      },
    },
    '192.0.2.0/24',
    { metrics: [{ window: 5000, initcwnd: 20, initrwnd: 30, congestion: 'reno' }] },
    { metrics: { window: 5000, initialCongestionWindow: 20, congestionControl: 'reno' } },
  ],
  [
    {
      destination: '192.0.2.0/24',
      nextHops: [
        { via: '10.0.0.2', weight: 3 },
        { via: '10.1.0.2', link: 'd1' },
      ],
    },
    '192.0.2.0/24',
    {
      nexthops: [
        { gateway: '10.0.0.2', dev: 'd0', weight: 3 },
        { gateway: '10.1.0.2', dev: 'd1', weight: 1 },
      ],
    },
    {
      nextHops: [
        { via: '10.0.0.2', link: 'd0', weight: 3 },
        { via: '10.1.0.2', link: 'd1', weight: 1 },
      ],
    },
  ],
  [
    { destination: '192.0.2.0/24', via: '2001:db8:0::2', link: 'd0' },
    '192.0.2.0/24',
    { via: { family: 'inet6', host: '2001:db8::2' }, dev: 'd0' },
    { via: '2001:db8::2', family: 'ipv4' },
  ],
  [
    { destination: '2001:db8:99::/48', via: '2001:db8:1::2', metric: 512 },
    '2001:db8:99::/48',
    { dst: '2001:db8:99::/48', gateway: '2001:db8:1::2', dev: 'd1', metric: 512 },
    { destination: '2001:db8:99::/48', via: '2001:db8:1::2', link: 'd1', family: 'ipv6' },
  ],
  [
    { destination: 'default', via: '2001:db8:1::2', source: '2001:db8:1::1' },
    'default via 2001:db8:1::2',
    { dst: 'default', dev: 'd1', prefsrc: '2001:db8:1::1' },
    { destination: 'default', source: '2001:db8:1::1', metric: 1024, preference: 'medium' },
  ],
  [
    { destination: '2001:db8:99::1', type: 'local', link: 'lo', table: 'local' },
    '2001:db8:99::1 table local',
    { dst: '2001:db8:99::1', type: 'local' },
    { destination: '2001:db8:99::1/128', type: 'local', table: 'local' },
  ],
  [
    { destination: '2001:db8:99::/48', type: 'prohibit' },
    '2001:db8:99::/48',
    { type: 'prohibit' },
    { type: 'prohibit', link: 'lo' },
  ],
];

describe('routes', () => {
  it.each(cases)('are shown by ip as they were added: %o', async (config, words, shown, read) => {
    const scratch = await withLinks();
    const { routes } = scratch.network;
    const before = await routes.list();
    await routes.add(config);
    expect(await shownRoute(scratch, words)).toMatchObject([shown]);
    const known = new Set(before.map((route) => JSON.stringify(route)));
    const added = (await routes.list()).filter((route) => !known.has(JSON.stringify(route)));
    expect(added).toHaveLength(1);
    expect(added[0]).toMatchObject(read);
    await routes.remove({
      ...config,
      ...(config.nextHops === undefined ? {} : { via: '10.0.0.2' }),
    });
    expect(await routes.list()).toEqual(before);
  });

  it('that ip added are read the same', async () => {
    const scratch = await withLinks();
    const { run, network } = scratch;
    await run('route', 'add', '192.0.2.0/24', 'via', '10.0.0.9', 'proto', 'bird', 'table', '77');
    await run('route', 'add', 'throw', '198.51.100.0/24');
    const [routed] = await network.routes.list({ table: 77 });
    expect(routed).toEqual({
      family: 'ipv4',
      destination: '192.0.2.0/24',
      type: 'unicast',
      table: 77,
      protocol: 'bird',
      scope: 'global',
      metric: 0,
      tos: 0,
      via: '10.0.0.9',
      link: 'd0',
      linkIndex: expect.any(Number),
      onlink: false,
      flags: [],
      metrics: {},
      nextHops: [],
    });
    expect(await network.routes.list({ type: 'throw' })).toMatchObject([
      { destination: '198.51.100.0/24' },
    ]);
  });

  it('are listed by family, table, protocol, type and link', async () => {
    const { network } = await withLinks();
    const { routes } = network;
    await routes.add({ destination: '192.0.2.0/24', via: '10.1.0.2', table: 9 });
    const destinations = async (filter: Parameters<typeof routes.list>[0]) =>
      (await routes.list(filter)).map(({ destination }) => destination);
    expect(await destinations({ table: 9 })).toEqual(['192.0.2.0/24']);
    expect(await destinations({ table: 4_000_000_000 })).toEqual([]);
    expect(await destinations({ protocol: 'static' })).toEqual(['192.0.2.0/24']);
    expect(await destinations({ family: 'ipv4', table: 'main' })).toEqual([
      '10.0.0.0/24',
      '10.1.0.0/24',
    ]);
    expect(await destinations({ family: 'ipv4', table: 'main', link: 'd1' })).toEqual([
      '10.1.0.0/24',
    ]);
    expect(await destinations({ family: 'ipv4', type: 'local', link: 'd0' })).toEqual([
      '10.0.0.1/32',
    ]);
    const ipv6 = await routes.list({ family: 'ipv6', table: 'main' });
    expect(new Set(ipv6.map(({ family }) => family))).toEqual(new Set(['ipv6']));
    expect(ipv6.map(({ destination }) => destination)).toContain('2001:db8:1::/64');
  });

  it('are replaced: added, or changed in place', async () => {
    const scratch = await withLinks();
    const { routes } = scratch.network;
    await routes.replace({ destination: 'default', via: '10.0.0.2' });
    await routes.replace({ destination: 'default', via: '10.1.0.2' });
    expect(await shownRoute(scratch, 'default')).toMatchObject([{ gateway: '10.1.0.2' }]);
  });

  it('are removed by what is given of them alone', async () => {
    const scratch = await withLinks();
    const { routes } = scratch.network;
    await routes.add({ destination: 'default', via: '10.0.0.2', metric: 5 });
    await routes.add({ destination: 'default', via: '10.1.0.2', metric: 6 });
    await routes.remove({ destination: 'default', family: 'ipv4', link: 'd1' });
    expect(await shownRoute(scratch, 'default')).toMatchObject([{ gateway: '10.0.0.2' }]);
  });

  describe('answer which one is taken', () => {
    it('from this machine, with the address it is sent from', async () => {
      const scratch = await withLinks();
      const { routes } = scratch.network;
      await routes.add({ destination: '192.0.2.0/24', via: '10.1.0.2', table: 'main' });
      expect(await routes.get('192.0.2.7')).toMatchObject({
        destination: '192.0.2.7/32',
        type: 'unicast',
        table: 'main',
        via: '10.1.0.2',
        link: 'd1',
        source: '10.1.0.1',
      });
      expect(await routes.get('10.0.0.1')).toMatchObject({ type: 'local', link: 'lo' });
      expect(await routes.get('2001:db8:1::77')).toMatchObject({
        family: 'ipv6',
        link: 'd1',
        source: '2001:db8:1::1',
      });
    });

    it('under a firewall mark, by a link, from elsewhere', async () => {
      const scratch = await withLinks();
      const { routes, rules } = scratch.network;
      await rules.add({ family: 'ipv4', firewallMark: 7, table: 50 });
      await routes.add({ destination: 'default', via: '10.1.0.2', table: 50 });
      await routes.add({ destination: 'default', via: '10.0.0.2' });
      expect(await routes.get('192.0.2.7')).toMatchObject({ via: '10.0.0.2' });
      expect(await routes.get('192.0.2.7', { firewallMark: 7 })).toMatchObject({
        via: '10.1.0.2',
        table: 50,
      });
      expect(await routes.get('10.1.0.9', { link: 'd1', from: '10.0.0.1' })).toMatchObject({
        link: 'd1',
      });
      await new Sysctl({ netns: scratch.name }).write('net.ipv4.ip_forward', 1);
      expect(await routes.get('192.0.2.7', { from: '10.1.0.50', inputLink: 'd1' })).toMatchObject({
        via: '10.0.0.2',
        link: 'd0',
      });
    });

    it('or that none is', async () => {
      const { network } = await withLinks();
      const { routes } = network;
      const none = { code: 'NETWORK_UNREACHABLE' };
      await expect(routes.get('192.0.2.7')).rejects.toMatchObject({
        ...none,
        message: 'cannot find a route to 192.0.2.7: no route leads there',
      });
      await routes.add({ destination: '192.0.2.1', type: 'prohibit' });
      await routes.add({ destination: '192.0.2.2', type: 'unreachable' });
      await routes.add({ destination: '192.0.2.3', type: 'blackhole' });
      for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8:77::1']) {
        await expect(routes.get(address)).rejects.toMatchObject(none);
      }
      await expect(routes.get('192.0.2.1')).rejects.toThrow(/a route prohibits it/);
    });
  });

  describe('refuse, and say why', () => {
    it('one that is there', async () => {
      const { network } = await withLinks();
      for (const route of [
        { destination: '192.0.2.0/24', via: '10.0.0.2' },
        { destination: '2001:db8:9::/48', via: '2001:db8:1::2' },
      ]) {
        await network.routes.add(route);
        await expect(network.routes.add(route)).rejects.toMatchObject({
          code: 'NETWORK_EXISTS',
          message: `cannot add route to ${route.destination}: a route like it is already there`,
        });
      }
    });

    it('to remove one that is not', async () => {
      const { network } = await withLinks();
      for (const destination of ['192.0.2.0/24', '2001:db8:9::/48']) {
        await expect(network.routes.remove({ destination })).rejects.toMatchObject({
          code: 'NETWORK_NOT_FOUND',
          message: expect.stringContaining(`cannot remove route to ${destination}: there is no`),
        });
      }
      await expect(
        network.routes.remove({ destination: '192.0.2.0/24', table: 555 }),
      ).rejects.toMatchObject({ code: 'NETWORK_NOT_FOUND' });
    });

    it('a gateway that is on no link, and a link that is not there', async () => {
      const { network } = await withLinks();
      await expect(
        network.routes.add({ destination: '192.0.2.0/24', via: '172.16.0.1' }),
      ).rejects.toMatchObject({
        code: 'NETWORK_UNREACHABLE',
        message: expect.stringContaining('cannot add route to 192.0.2.0/24: its gateway is on no'),
      });
      await expect(
        network.routes.add({ destination: '2001:db8:9::/48', via: '2001:db8:7777::1' }),
      ).rejects.toMatchObject({ code: 'NETWORK_UNREACHABLE' });
      await expect(
        network.routes.add({ destination: '192.0.2.0/24', link: 'd9' }),
      ).rejects.toMatchObject({
        code: 'NETWORK_NO_DEVICE',
        message: 'cannot add route to 192.0.2.0/24: there is no link d9',
      });
      await expect(
        network.routes.add({ destination: '192.0.2.0/24', link: 99 }),
      ).rejects.toMatchObject({ code: 'NETWORK_NO_DEVICE' });
    });

    it('a link that is down', async () => {
      const { network } = await withLinks();
      await network.links.set('d0', { up: false });
      await expect(
        network.routes.add({ destination: '192.0.2.0/24', link: 'd0' }),
      ).rejects.toMatchObject({ code: 'NETWORK_UNREACHABLE', errnoName: 'ENETDOWN' });
    });

    it('values that cannot be right, before anything is sent', async () => {
      const { network } = await withLinks();
      const before = await network.routes.list();
      const add = (config: object) =>
        network.routes.add({ destination: '192.0.2.0/24', link: 'd0', ...config } as RouteConfig);
      await expect(add({ destination: '192.0.2' })).rejects.toThrow(/^route destination "192.0.2"/);
      await expect(add({ destination: 'default' })).rejects.toThrow(
        'family must be given for a default route without via and source',
      );
      await expect(add({ destination: '::/0', family: 'ipv4' })).rejects.toThrow(/is not IPv4/);
      await expect(add({ source: '::1' })).rejects.toThrow('route source: ::1 is not IPv4');
      await expect(add({ destination: '2001:db8::/32', via: '10.0.0.2' })).rejects.toThrow(
        'route via: 10.0.0.2 is not IPv6',
      );
      await expect(add({ type: 'nat' })).rejects.toThrow(/^route type must be one of unicast/);
      await expect(add({ table: 0 })).rejects.toThrow(/^table must be a whole number from 1/);
      await expect(add({ table: 'mine' })).rejects.toThrow(/^table must be one of default, main/);
      await expect(add({ protocol: 256 })).rejects.toThrow(/^protocol must be/);
      await expect(add({ scope: 'x' })).rejects.toThrow(/^scope must be one of/);
      await expect(add({ metric: 2 ** 32 })).rejects.toThrow(/^route metric must be/);
      await expect(add({ metrics: { mtu: 0 } })).rejects.toThrow(/^route mtu must be/);
      await expect(add({ onlink: 'yes' })).rejects.toThrow(/^route onlink must be true or false/);
      await expect(add({ nextHops: [{ via: '10.0.0.2' }] })).rejects.toThrow(/either nextHops, or/);
      await expect(add({ link: undefined, nextHops: [{}] })).rejects.toThrow(/needs via, link/);
      await expect(
        add({ link: undefined, nextHops: [{ via: '10.0.0.2', weight: 257 }] }),
      ).rejects.toThrow(/^next hop weight must be/);
      await expect(network.routes.get('nowhere')).rejects.toThrow(/^address "nowhere" is not/);
      await expect(network.routes.get('10.0.0.1', { from: '::1' })).rejects.toThrow(RangeError);
      expect(await network.routes.list()).toEqual(before);
    });
  });
});
