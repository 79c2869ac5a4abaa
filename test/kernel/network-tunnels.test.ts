import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import type { TunnelConfig } from '../../src/net/link.ts';
import type { TunnelSettings } from '../../src/net/tunnel.ts';
import { removeScratchNetworks, scratchNetwork } from '../support/scratch-network.ts';

removeScratchNetworks();

const v4 = { local: '192.0.2.1', remote: '192.0.2.2' };
const v6 = { local: '2001:db8::1', remote: '2001:db8::2' };

/** What is asked for, what `ip` shows of it, and what is read back besides. */
const cases: readonly (readonly [TunnelConfig, object, TunnelSettings])[] = [
  [
    { kind: 'ipip', name: 't0', tunnel: v4 },
    { proto: 'ipip', ttl: 0, pmtudisc: true, local: v4.local, remote: v4.remote },
    { ttl: 'inherit', tos: 0, mode: 'ipip', pathMtuDiscovery: true, external: false },
  ],
  [
    { kind: 'ipip', name: 't0', tunnel: { local: v4.local, mode: 'any', ttl: 7, tos: 16 } },
    { proto: 'any', ttl: 7, tos: '0x10', remote: 'any' },
    { mode: 'any', ttl: 7, tos: 16 },
  ],
  [
    { kind: 'ipip', name: 't0', tunnel: { ...v4, tos: 'inherit', pathMtuDiscovery: false } },
    { tos: '0x1', pmtudisc: false },
    { tos: 'inherit', pathMtuDiscovery: false },
  ],
  [
    { kind: 'ipip', name: 't0', tunnel: { external: true } },
    { external: true },
    { external: true },
  ],
  [{ kind: 'sit', name: 't0', tunnel: v4 }, { proto: 'ip6ip', local: v4.local }, { mode: 'ip6ip' }],
  [{ kind: 'sit', name: 't0', tunnel: { ...v4, mode: 'any' } }, { proto: 'any' }, { mode: 'any' }],
  [
    {
      kind: 'gre',
      name: 't0',
      tunnel: { ...v4, inputKey: 7, outputKey: 0xffffffff, outputChecksum: true },
    },
    { ikey: '0.0.0.7', okey: '255.255.255.255', ocsum: true },
    { inputKey: 7, outputKey: 0xffffffff, inputChecksum: false, outputChecksum: true },
  ],
  [
    { kind: 'gretap', name: 't0', tunnel: v4 },
    { local: v4.local, remote: v4.remote },
    { pathMtuDiscovery: true },
  ],
  [
    { kind: 'ip6tnl', name: 't0', tunnel: v6 },
    { proto: 'ip6ip6', local: v6.local, remote: v6.remote, ttl: 64, encap_limit: 4 },
    { mode: 'ip6ip6', ttl: 64, encapsulationLimit: 4 },
  ],
  [
    {
      kind: 'ip6tnl',
      name: 't0',
      tunnel: { ...v6, mode: 'ipip6', encapsulationLimit: 'none', ttl: 'inherit' },
    },
    { proto: 'ipip6', ip6_tnl_f_ign_encap_limit: true, ttl: 0 },
    { mode: 'ipip6', encapsulationLimit: 'none', ttl: 'inherit' },
  ],
  [
    { kind: 'ip6tnl', name: 't0', tunnel: { local: v6.local, mode: 'any', firewallMark: 0x10 } },
    { proto: 'any', remote: 'any', fwmark: '0x10' },
    { mode: 'any', firewallMark: 0x10 },
  ],
  [
    { kind: 'ip6gre', name: 't0', tunnel: { ...v6, inputKey: 0, encapsulationLimit: 0 } },
    { local: v6.local, ikey: '0.0.0.0', encap_limit: 0 },
    { inputKey: 0, encapsulationLimit: 0 },
  ],
  [
    { kind: 'ip6gretap', name: 't0', tunnel: v6 },
    { local: v6.local, remote: v6.remote },
    { encapsulationLimit: 4 },
  ],
];

describe('tunnels', () => {
  it.each(cases)('are made as asked: %o', async (config, shown, read) => {
    const { network, ip } = await scratchNetwork();
    await network.links.add(config);
    const [link] = await ip('link', 'show', 't0');
    expect(link.linkinfo.info_kind).toBe(config.kind);
    expect(link.linkinfo.info_data).toMatchObject(shown);
    const found = await network.links.find('t0');
    expect(found?.kind).toBe(config.kind);
    const { tunnel = {} } = config;
    expect(found?.tunnel).toMatchObject({ ...tunnel, ...read });
    expect('local' in (found?.tunnel ?? {})).toBe(tunnel.local !== undefined);
    expect('remote' in (found?.tunnel ?? {})).toBe(tunnel.remote !== undefined);
  });

  it('made by ip are read the same', async () => {
    const { network, run } = await scratchNetwork();
    await run('link', 'add', 'd0', 'type', 'dummy');
    const words = 'type ipip local 192.0.2.9 remote 192.0.2.8 tos 8 nopmtudisc dev d0';
    await run('link', 'add', 't0', ...words.split(' '));
    const found = (await network.links.list()).find(({ name }) => name === 't0');
    expect(found).toMatchObject({
      hardwareType: 'tunnel',
      address: '192.0.2.9',
      tunnel: {
        local: '192.0.2.9',
        remote: '192.0.2.8',
        link: 'd0',
        ttl: 'inherit',
        tos: 8,
        pathMtuDiscovery: false,
      },
    });
    expect((await network.links.find('t0'))?.tunnel?.link).toBe('d0');
  });

  it('stand on the link they are told to', async () => {
    const { network, ip } = await scratchNetwork();
    await network.links.add({ kind: 'dummy', name: 'd0' });
    await network.links.add({ kind: 'ip6tnl', name: 't0', tunnel: { ...v6, link: 'd0' } });
    expect((await ip('link', 'show', 't0'))[0].link).toBe('d0');
  });

  describe('that travel in UDP', () => {
    const cases = [
      ['ipip', v4, { type: 'gue', destinationPort: 6080, checksum: true, remoteChecksum: true }],
      ['gre', v4, { type: 'fou', destinationPort: 5555, sourcePort: 4444 }],
      ['ip6tnl', v6, { type: 'gue', destinationPort: 6080 }],
    ] as const;

    // Not every kernel can: what ip gets done in one namespace has to get done in another.
    it.each(cases)('are made where the kernel can: %s', async (kind, ends, encapsulation) => {
      const here = await scratchNetwork();
      const there = await scratchNetwork();
      await execa('modprobe', ['-a', 'fou', 'fou6'], { reject: false });
      const { type, destinationPort } = encapsulation;
      const words = `local ${ends.local} remote ${ends.remote} encap ${type} encap-dport ${destinationPort}`;
      const able = await there.run('link', 'add', 't0', 'type', kind, ...words.split(' ')).then(
        () => true,
        () => false,
      );
      const made = here.network.links.add({ kind, name: 't0', tunnel: { ...ends, encapsulation } });
      if (!able) {
        await expect(made).rejects.toMatchObject({
          code: 'NETWORK_INVALID',
          message: expect.stringContaining('CONFIG_NET_FOU_IP_TUNNELS'),
        });
        return;
      }
      await made;
      const [shown] = await here.ip('link', 'show', 't0');
      expect(shown.linkinfo.info_data.encap).toMatchObject({
        type,
        dport: destinationPort,
        sport: 'sourcePort' in encapsulation ? encapsulation.sourcePort : 0,
        csum: 'checksum' in encapsulation,
        csum6: ends === v6,
        remcsum: 'remoteChecksum' in encapsulation,
      });
      expect((await here.network.links.find('t0'))?.tunnel?.encapsulation).toMatchObject(
        encapsulation,
      );
    });
  });

  it('refuse what their kind cannot have', async () => {
    const { network } = await scratchNetwork();
    const add = (kind: string, tunnel: object) =>
      network.links.add({ kind, name: 't0', tunnel } as never);
    await expect(add('ipip', v6)).rejects.toThrow(
      'tunnel local 2001:db8::1 must be an IPv4 address for ipip',
    );
    await expect(add('ip6tnl', v4)).rejects.toThrow(/must be an IPv6 address for ip6tnl/);
    await expect(add('ipip', { mode: 'ip6ip6' })).rejects.toThrow(
      'tunnel mode must be one of ipip, any, not "ip6ip6"',
    );
    await expect(add('gre', { mode: 'any' })).rejects.toThrow(RangeError);
    await expect(add('ipip', { inputKey: 1 })).rejects.toThrow(/GRE only/);
    await expect(add('ipip', { encapsulationLimit: 1 })).rejects.toThrow(/over IPv6 only/);
    await expect(add('ip6gre', { pathMtuDiscovery: true })).rejects.toThrow(/over IPv4 only/);
    await expect(add('ipip', { ttl: 256 })).rejects.toThrow(/tunnel ttl must be/);
    await expect(add('ipip', { ttl: 'forever' })).rejects.toThrow(/a number or inherit/);
    await expect(add('ipip', { local: '192.0.2' })).rejects.toThrow(
      /tunnel local "192.0.2" is not/,
    );
    const encapsulation = { type: 'vxlan', destinationPort: 1 };
    await expect(add('ipip', { encapsulation })).rejects.toThrow(
      /encapsulation type must be one of/,
    );
    await expect(add('ipip', { encapsulation: { type: 'gue' } })).rejects.toThrow(
      'tunnel encapsulation destinationPort must be a number, not undefined',
    );
    expect(await network.links.find('t0')).toBeUndefined();
  });

  it('refuse a second one with the same ends', async () => {
    const { network } = await scratchNetwork();
    await network.links.add({ kind: 'ipip', name: 't0', tunnel: v4 });
    await expect(network.links.add({ kind: 'ipip', name: 't1', tunnel: v4 })).rejects.toMatchObject(
      { code: 'NETWORK_EXISTS' },
    );
  });
});
