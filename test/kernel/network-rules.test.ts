import { describe, expect, it } from 'vitest';
import type { RuleConfig } from '../../src/net/rule.ts';
import { removeScratchNetworks, scratchNetwork } from '../support/scratch-network.ts';

removeScratchNetworks();

const cases: readonly (readonly [RuleConfig, object, object])[] = [
  [
    { family: 'ipv4', priority: 100, firewallMark: 1, table: 100 },
    { priority: 100, src: 'all', fwmark: '0x1', table: '100', protocol: 'static' },
    {
      priority: 100,
      firewallMark: 1,
      table: 100,
      action: 'lookup',
      not: false,
      protocol: 'static',
    },
  ],
  [
    { priority: 7, from: '10.0.0.0/8', to: '192.0.2.1', table: 'main', protocol: 'keepalived' },
    { src: '10.0.0.0', srclen: 8, dst: '192.0.2.1', protocol: 'keepalived' },
    { from: '10.0.0.0/8', to: '192.0.2.1/32', table: 'main', protocol: 'keepalived' },
  ],
  [
    { family: 'ipv4', priority: 8, firewallMark: 0x10, firewallMask: 0xff, inputLink: 'lo' },
    { fwmark: '0x10', fwmask: '0xff', iif: 'lo' },
    { firewallMark: 0x10, firewallMask: 0xff, inputLink: 'lo', table: 'main' },
  ],
  [
    { from: '2001:db8::/32', priority: 9, action: 'prohibit', outputLink: 'gone0' },
    { src: '2001:db8::', srclen: 32, action: 'prohibit', oif: 'gone0' },
    { family: 'ipv6', action: 'prohibit', outputLink: 'gone0' },
  ],
  [
    { family: 'ipv4', priority: 10, target: 32766, not: true, to: '10.0.0.0/24' },
    { not: null, goto: 32766, dst: '10.0.0.0', dstlen: 24 },
    { action: 'goto', target: 32766, not: true },
  ],
  [
    {
      family: 'ipv6',
      priority: 11,
      transport: 6,
      sourcePorts: { first: 1024, last: 2048 },
      destinationPorts: { first: 80, last: 80 },
      users: { first: 0, last: 1000 },
      suppressPrefixLength: 0,
      table: 'main',
    },
    { ipproto: 'tcp', sport_start: 1024, sport_end: 2048, dport: 80, suppress_prefixlen: 0 },
    {
      transport: 6,
      sourcePorts: { first: 1024, last: 2048 },
      destinationPorts: { first: 80, last: 80 },
      users: { first: 0, last: 1000 },
      suppressPrefixLength: 0,
    },
  ],
  [
    { family: 'ipv4', priority: 12, tos: 0x10, action: 'blackhole' },
    { tos: '0x10', action: 'blackhole' },
    { tos: 0x10, action: 'blackhole' },
  ],
];

describe('rules', () => {
  it.each(cases)('are shown by ip as they were added: %o', async (config, shown, read) => {
    const { network, ip } = await scratchNetwork();
    const { rules } = network;
    await rules.add(config);
    const isIpv6 = 'family' in read ? read.family === 'ipv6' : config.family === 'ipv6';
    const family = isIpv6 ? '-6' : '-4';
    const priority = String(config.priority);
    expect(await ip(family, 'rule', 'show', 'priority', priority)).toMatchObject([shown]);
    const found = (await rules.list()).find((rule) => rule.priority === config.priority);
    expect(found).toMatchObject(read);
    const { target: _target, not: _not, suppressPrefixLength: _length, ...key } = config;
    await rules.remove(key);
    expect((await rules.list()).map((rule) => rule.priority)).not.toContain(config.priority);
  });

  it('of a new namespace are the kernel’s own', async () => {
    const { network } = await scratchNetwork();
    expect(await network.rules.list({ family: 'ipv4' })).toEqual(
      [
        [0, 'local'],
        [32766, 'main'],
        [32767, 'default'],
      ].map(([priority, table]) => ({
        family: 'ipv4',
        priority,
        action: 'lookup',
        table,
        not: false,
        protocol: 'kernel',
      })),
    );
    const ipv6 = await network.rules.list({ family: 'ipv6' });
    expect(ipv6.map(({ table }) => table)).toEqual(['local', 'main']);
    expect(await network.rules.list()).toHaveLength(5);
  });

  it('without a priority go before the others', async () => {
    const { network } = await scratchNetwork();
    await network.rules.add({ from: '10.0.0.0/8', table: 5 });
    await network.rules.add({ from: '10.1.0.0/16', table: 6 });
    const listed = await network.rules.list({ family: 'ipv4' });
    expect(listed.map(({ priority }) => priority)).toEqual([0, 32764, 32765, 32766, 32767]);
  });

  it('refuse what is there and what is not', async () => {
    const { network } = await scratchNetwork();
    const rule = { from: '10.0.0.0/8', priority: 5, table: 5 };
    await network.rules.add(rule);
    await expect(network.rules.add(rule)).rejects.toMatchObject({
      code: 'NETWORK_EXISTS',
      message: 'cannot add rule 5: from 10.0.0.0/8: a rule like it is already there',
    });
    await expect(network.rules.remove({ family: 'ipv4', priority: 6 })).rejects.toMatchObject({
      code: 'NETWORK_NOT_FOUND',
      message: 'cannot remove rule 6: from all: there is no such rule',
    });
  });

  it('refuse values that cannot be right, before anything is sent', async () => {
    const { network } = await scratchNetwork();
    const before = await network.rules.list();
    const add = (config: object) => network.rules.add(config as RuleConfig);
    await expect(add({ table: 5 })).rejects.toThrow(/^family must be given/);
    await expect(add({ from: '10.0.0.0/8', to: '::1' })).rejects.toThrow(/^rule to is not IPv4/);
    await expect(add({ from: '10.0.0.0/40' })).rejects.toThrow(RangeError);
    await expect(add({ family: 'ipv4', firewallMask: 1 })).rejects.toThrow(/with firewallMask/);
    await expect(add({ family: 'ipv4', action: 'goto' })).rejects.toThrow(/target must be given/);
    await expect(add({ family: 'ipv4', action: 'nop', table: 5 })).rejects.toThrow(/lookup only/);
    await expect(add({ family: 'ipv4', action: 'x' })).rejects.toThrow(/action must be one of/);
    await expect(add({ family: 'ipv4', inputLink: 'a b' })).rejects.toThrow(/rule inputLink/);
    await expect(
      add({ family: 'ipv4', transport: 6, sourcePorts: { first: 9, last: 8 } }),
    ).rejects.toThrow(/^rule sourcePorts last must be/);
    await expect(network.rules.remove({ family: 'ipv4' })).rejects.toThrow(
      'something besides the family must be given of a rule to be removed',
    );
    expect(await network.rules.list()).toEqual(before);
  });
});
