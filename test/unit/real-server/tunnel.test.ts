import { describe, expect, it } from 'vitest';
import type { HostFacts } from '../../../src/real-server/facts.ts';
import { draftRealServer } from '../../../src/real-server/plan.ts';
import type { RealServerSettings } from '../../../src/real-server/settings.ts';
import { tightTunnels } from '../../../src/real-server/tunnel-mtu.ts';

const tun: RealServerSettings = { mode: 'tun', vips: ['192.0.2.10', '2001:db8::10'] };

/** A machine on one network of that MTU, with a default route of each family. */
function machine(mtu: number, metrics: object = {}): HostFacts {
  const link = { name: 'eth0', mtu, up: true, arp: true, flags: ['broadcast'] };
  const route = { destination: 'default', link: 'eth0', tos: 0, metrics, nextHops: [] };
  const address = (family: string, text: string) => ({
    family,
    address: text,
    link: 'eth0',
    scope: 'global',
    flags: [],
  });
  return {
    links: [link],
    addresses: [address('ipv4', '10.0.0.11/24'), address('ipv6', 'fd00::11/64')],
    routes: [
      { ...route, family: 'ipv4', via: '10.0.0.254', metric: 0 },
      { ...route, family: 'ipv6', via: 'fd00::fe', metric: 1024 },
    ],
    sysctls: new Map(),
  } as unknown as HostFacts;
}

describe('the room in a tunnel', () => {
  it('is less than what clients are offered, unless the route says so', () => {
    expect(tightTunnels(tun, machine(1500))).toMatchObject([
      {
        id: 'tunnel-mtu',
        severity: 'warning',
        found:
          'IPv4 clients are offered TCP segments of 1460 bytes, and 1440 fit through the tunnel where the path carries 1500',
        mend: 'ip route change default via 10.0.0.254 dev eth0 advmss 1440',
      },
      { mend: 'ip -6 route change default via fd00::fe dev eth0 metric 1024 advmss 1400' },
    ]);
    expect(tightTunnels(tun, machine(1500, { advertisedMss: 1400 }))).toEqual([]);
    expect(tightTunnels({ ...tun, mode: 'dr' }, machine(1500))).toEqual([]);
  });

  it('is what the way carries less the headers of its kind', () => {
    const segments = (settings: Partial<RealServerSettings>) =>
      tightTunnels({ ...tun, vips: ['192.0.2.10'], ...settings }, machine(1500)).map(
        ({ mend }) => /advmss (\d+)$/.exec(mend ?? '')?.[1],
      );
    expect(segments({ tunnelType: 'gre' })).toEqual(['1436']);
    expect(segments({ tunnelType: 'gre', tunnelChecksum: true })).toEqual(['1432']);
    expect(segments({ tunnelType: 'gue', tunnelPort: 6080 })).toEqual(['1428']);
    expect(segments({ outer: 'ipv6' })).toEqual(['1420']);
  });
});

describe('GRE with checksums', () => {
  it('has a link for each family that packets come over', () => {
    const links = (settings: Partial<RealServerSettings>) =>
      draftRealServer(
        { ...tun, tunnelType: 'gre', tunnelChecksum: true, ...settings },
        machine(1500),
        new Set(),
      ).wanted.flatMap(({ setting }) =>
        setting.kind === 'link' ? [`${setting.name} ${setting.value?.tunnel?.local}`] : [],
      );
    expect(links({})).toEqual(['lvs-gre 10.0.0.11', 'lvs-gre6 fd00::11']);
    expect(new Set(links({ outer: 'ipv4' }))).toEqual(new Set(['lvs-gre 10.0.0.11']));
  });
});
