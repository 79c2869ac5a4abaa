import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeTunnel,
  encapsulationModule,
  encodeTunnel,
  isTunnelKind,
  type TunnelKind,
  type TunnelSettings,
} from '../../../src/net/tunnel.ts';

const ipv4 = fc
  .tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255))
  .map(([a, b]) => `${a}.0.0.${b}`);
const ipv6 = fc.integer({ min: 1, max: 0xffff }).map((n) => `2001:db8::${n.toString(16)}`);
const u32 = fc.nat(0xffffffff);
const ports = fc.integer({ min: 1, max: 65535 });

const encapsulation = fc.record(
  {
    type: fc.constantFrom('fou' as const, 'gue' as const),
    destinationPort: ports,
    sourcePort: fc.oneof(ports, fc.constant('auto' as const)),
    checksum: fc.boolean(),
    checksum6: fc.boolean(),
    remoteChecksum: fc.boolean(),
  },
  { noNullPrototype: true },
);

/** Every setting of a kind, as it is read back: with nothing left to a default. */
function settingsOf(kind: TunnelKind): fc.Arbitrary<TunnelSettings> {
  const over6 = kind.startsWith('ip6');
  const address = over6 ? ipv6 : ipv4;
  const modes = {
    ipip: ['ipip', 'any'],
    sit: ['ip6ip', 'ipip', 'any'],
    ip6tnl: ['ip6ip6', 'ipip6', 'any'],
  } as Partial<Record<TunnelKind, string[]>>;
  const required = {
    ttl: fc.oneof(fc.integer({ min: 1, max: 255 }), fc.constant('inherit')),
    // The kernel has TOS 1 stand for "inherit".
    tos: fc.oneof(fc.constant(0), fc.integer({ min: 2, max: 255 }), fc.constant('inherit')),
    external: fc.boolean(),
    ...(over6
      ? { encapsulationLimit: fc.oneof(fc.nat(255), fc.constant('none')) }
      : { pathMtuDiscovery: fc.boolean() }),
    ...(kind in modes ? { mode: fc.constantFrom(...(modes[kind] ?? [])) } : {}),
    ...(kind.includes('gre') ? { inputChecksum: fc.boolean(), outputChecksum: fc.boolean() } : {}),
  };
  const optional = {
    local: address,
    remote: address,
    encapsulation,
    firewallMark: fc.integer({ min: 1, max: 0xffffffff }),
    ...(kind.includes('gre') ? { inputKey: u32, outputKey: u32 } : {}),
  };
  const all: Record<string, fc.Arbitrary<unknown>> = { ...required, ...optional };
  const options = { requiredKeys: Object.keys(required), noNullPrototype: true };
  return fc.record(all, options) as fc.Arbitrary<TunnelSettings>;
}

describe('tunnels', () => {
  it.each(['ipip', 'sit', 'gre', 'gretap', 'ip6tnl', 'ip6gre', 'ip6gretap'] as const)(
    'of kind %s are read back as they were written',
    (kind) => {
      fc.assert(
        fc.property(settingsOf(kind), (settings) => {
          const native = encodeTunnel(kind, settings, undefined);
          expect(decodeTunnel(kind, native, undefined)).toStrictEqual(settings);
        }),
      );
    },
  );

  it('that leave everything to defaults have those of ip', () => {
    expect(encodeTunnel('ipip', {}, undefined)).toStrictEqual({
      ttl: 0,
      tos: 0,
      protocol: 4,
      pathMtuDiscovery: 1,
      external: false,
    });
    expect(encodeTunnel('ip6tnl', {}, 7)).toStrictEqual({
      link: 7,
      ttl: 64,
      tos: 0,
      protocol: 41,
      encapsulationLimit: 4,
      flags: 0,
      external: false,
    });
  });

  it('in UDP over IPv6 have checksums unless told otherwise', () => {
    const gue = { type: 'gue', destinationPort: 6080 } as const;
    const flagsOf = (kind: TunnelKind, more = {}) =>
      encodeTunnel(kind, { encapsulation: { ...gue, ...more } }, undefined).encapsulationFlags;
    expect(flagsOf('ip6tnl')).toBe(2);
    expect(flagsOf('ip6tnl', { checksum6: false })).toBe(0);
    expect(flagsOf('ipip')).toBe(0);
    expect(flagsOf('ipip', { checksum: true, remoteChecksum: true })).toBe(5);
  });

  it('are told from other kinds', () => {
    expect(isTunnelKind('gre')).toBe(true);
    expect(isTunnelKind('veth')).toBe(false);
    expect(isTunnelKind('toString')).toBe(false);
    expect(encapsulationModule('ip6tnl')).toBe('fou6');
    expect(encapsulationModule('gre')).toBe('fou');
  });
});
