import { describe, expect, it } from 'vitest';
import { decodeAddress, encodeAddress } from '../../../src/net/address-message.ts';
import { decodeEvent } from '../../../src/net/network-events.ts';
import { decodeRoute, encodeRoute, encodeRouteKey } from '../../../src/net/route-message.ts';
import { decodeRule, encodeRule, encodeRuleKey } from '../../../src/net/rule-message.ts';

const header = {
  family: 2,
  destinationLength: 0,
  fromLength: 0,
  tos: 0,
  protocol: 3,
  scope: 0,
  type: 1,
  flags: 0,
};

describe('messages about routes', () => {
  it.each([
    [{ destination: '192.0.2.1', link: 1 }, 'link'],
    [{ destination: '192.0.2.1', via: '10.0.0.1' }, 'global'],
    [{ destination: '192.0.2.1', type: 'local' }, 'host'],
    [{ destination: '192.0.2.1', type: 'broadcast' }, 'link'],
    [{ destination: '192.0.2.1', type: 'blackhole' }, 'global'],
    [{ destination: '192.0.2.1', nextHops: [{ via: '10.0.0.1' }] }, 'global'],
    [{ destination: '192.0.2.1', link: 1, scope: 'site' }, 'site'],
  ] as const)('have the scope that ip gives them: %j', (route, scope) => {
    const numbers = { link: 253, global: 0, host: 254, site: 200 };
    expect(encodeRoute(route, []).scope).toBe(numbers[scope]);
  });

  it('to local addresses go to the table local', () => {
    expect(encodeRoute({ destination: '192.0.2.1', type: 'local' }, []).table).toBe(255);
    expect(encodeRoute({ destination: '192.0.2.1', type: 'local', table: 7 }, []).table).toBe(7);
    expect(encodeRoute({ destination: '192.0.2.1', via: '10.0.0.1' }, []).table).toBe(254);
  });

  it('to everything have no destination, of the family that the rest tells', () => {
    expect(encodeRoute({ destination: 'default', via: '::1' }, [])).toMatchObject({
      family: 10,
      destinationLength: 0,
    });
    expect(encodeRoute({ destination: 'default', source: '10.0.0.1' }, []).family).toBe(2);
    expect(encodeRoute({ destination: 'default', family: 'ipv6' }, []).family).toBe(10);
    expect(encodeRoute({ destination: '0.0.0.0/0' }, [])).not.toHaveProperty('destination');
  });

  it('that are to be removed match whatever is not said', () => {
    expect(encodeRouteKey({ destination: '192.0.2.0/24' })).toStrictEqual({
      family: 2,
      destinationLength: 24,
      fromLength: 0,
      tos: 0,
      table: 254,
      destination: Uint8Array.of(192, 0, 2, 0),
      type: 0,
      scope: 255,
      protocol: 0,
    });
  });

  it('are read with the numbers that have no names here', () => {
    const route = { ...header, type: 77, protocol: 200, scope: 3, table: 4000, preference: 3 };
    expect(decodeRoute(route, new Map())).toMatchObject({
      destination: 'default',
      type: 77,
      protocol: 200,
      scope: 3,
      table: 4000,
      preference: 'low',
    });
  });
});

describe('messages about addresses', () => {
  it('have the address of the other end where there is one', () => {
    const entry = {
      family: 2,
      prefixLength: 32,
      scope: 0,
      link: 3,
      address: Uint8Array.of(10, 0, 0, 2),
      local: Uint8Array.of(10, 0, 0, 1),
    };
    expect(decodeAddress(entry, 'p0')).toMatchObject({ address: '10.0.0.1/32', peer: '10.0.0.2' });
    const { local: _, ...ipv6 } = {
      ...entry,
      family: 10,
      prefixLength: 64,
      address: Uint8Array.from({ length: 16 }, (_byte, at) => (at === 15 ? 1 : 0)),
    };
    expect(decodeAddress(ipv6, 'p0')).toMatchObject({ address: '::1/64', family: 'ipv6' });
    expect(decodeAddress(ipv6, 'p0')).not.toHaveProperty('peer');
  });

  it('carry lifetimes only when one is given, the preferred one like the valid one', () => {
    const address = { link: 'lo', address: '10.0.0.1' };
    expect(encodeAddress(address)).not.toHaveProperty('lifetimes');
    expect(encodeAddress({ ...address, validLifetimeSeconds: 60 }).lifetimes).toEqual({
      valid: 60,
      preferred: 60,
    });
    expect(encodeAddress({ ...address, preferredLifetimeSeconds: 0 }).lifetimes).toEqual({
      valid: 0xffffffff,
      preferred: 0,
    });
  });
});

describe('messages about rules', () => {
  it('have all bits of the mark count unless told otherwise', () => {
    expect(encodeRule({ family: 'ipv4', firewallMark: 5 })).toMatchObject({
      firewallMark: 5,
      firewallMask: 0xffffffff,
      table: 254,
      action: 1,
    });
    const read = { family: 2, toLength: 0, fromLength: 0, tos: 0, action: 1, flags: 0, table: 254 };
    expect(decodeRule({ ...read, firewallMark: 0, firewallMask: 0xff })).toMatchObject({
      firewallMark: 0,
      firewallMask: 0xff,
    });
    expect(decodeRule(read)).not.toHaveProperty('firewallMark');
  });

  it('that are to be removed match whatever is not said', () => {
    expect(encodeRuleKey({ family: 'ipv6', priority: 7 })).toStrictEqual({
      family: 10,
      fromLength: 0,
      toLength: 0,
      tos: 0,
      priority: 7,
    });
    expect(() => encodeRuleKey({ family: 'ipv6' })).toThrow(TypeError);
  });
});

describe('events', () => {
  const names = new Map([[3, 'eth0']]);

  it('name the link, or its number when its name was never known', () => {
    const entry = { family: 2, prefixLength: 32, scope: 0, link: 3, local: new Uint8Array(4) };
    const event = { table: 'address', removed: true, entry } as const;
    expect(decodeEvent(event, names)).toMatchObject({
      type: 'address',
      action: 'removed',
      address: { link: 'eth0' },
    });
    expect(decodeEvent({ ...event, entry: { ...entry, link: 9 } }, names)).toMatchObject({
      address: { link: 'if9', linkIndex: 9 },
    });
  });

  it('leave out the routes that IPv6 only remembers', () => {
    const cached = { ...header, family: 10, flags: 0x200 };
    expect(decodeEvent({ table: 'route', removed: false, entry: cached }, names)).toBeUndefined();
  });

  it('say where some are missing', () => {
    expect(decodeEvent({ table: 'overflow' }, names)).toEqual({ type: 'overflow' });
  });
});
