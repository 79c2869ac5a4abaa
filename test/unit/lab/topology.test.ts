import { describe, expect, it } from 'vitest';
import { planTopology } from '../../../src/lab/topology.ts';
import { parseIp, parsePrefix } from '../../../src/net/ip.ts';

const kinds = (['dr', 'nat', 'tun'] as const).flatMap((forwarding) =>
  (['ipv4', 'ipv6'] as const).map((family) => ({ forwarding, family })),
);

function contains(prefix: string, address: string): boolean {
  const { bytes, length } = parsePrefix(prefix);
  const bits = (of: Uint8Array) =>
    [...of]
      .map((byte) => byte.toString(2).padStart(8, '0'))
      .join('')
      .slice(0, length);
  return bits(bytes) === bits(parseIp(address).bytes);
}

describe('the plan of a lab', () => {
  it('puts everybody on one network for direct routing', () => {
    const { segments, hosts, vips } = planTopology();
    expect(segments.map((segment) => segment.prefix)).toEqual(['192.0.2.0/24']);
    expect(hosts.map((host) => [host.name, host.attachments[0]?.addresses[0]])).toEqual([
      ['client', '192.0.2.200'],
      ['director', '192.0.2.1'],
      ['rs1', '192.0.2.11'],
      ['rs2', '192.0.2.12'],
    ]);
    expect(vips).toEqual(['192.0.2.100']);
    expect(hosts.flatMap((host) => host.routes)).toEqual([]);
  });

  it('makes the director the gateway of the real servers for NAT, off the network of the client', () => {
    const { hosts } = planTopology({ forwarding: 'nat' });
    const director = hosts.find((host) => host.role === 'director');
    expect(director?.forwards).toBe(true);
    const inside = director?.attachments.find(({ segment }) => segment.name === 'inner');
    for (const host of hosts.filter(({ role }) => role === 'real-server')) {
      expect(host.attachments.map(({ segment }) => segment.name)).toEqual(['inner']);
      expect(host.routes).toEqual([{ to: 'default', gateway: inside?.addresses[0] }]);
    }
  });

  it('puts the real servers behind a router for tunnelling', () => {
    const { hosts } = planTopology({ forwarding: 'tun' });
    expect(hosts.map((host) => host.name)).toEqual(['client', 'director', 'router', 'rs1', 'rs2']);
    expect(hosts.filter((host) => host.forwards).map((host) => host.name)).toEqual(['router']);
    const director = hosts.find((host) => host.role === 'director');
    expect(director?.attachments).toHaveLength(1);
    expect(director?.routes).toEqual([{ to: '10.0.0.0/24', gateway: '192.0.2.2' }]);
  });

  it.each(kinds)(
    'has every address and gateway inside its network: $forwarding $family',
    (kind) => {
      const topology = planTopology({
        ...kind,
        realServers: 89,
        clientAddresses: 50,
        virtualAddresses: 100,
      });
      const seen = new Set<string>();
      for (const host of topology.hosts) {
        for (const { segment, addresses } of host.attachments) {
          for (const address of addresses) {
            expect(contains(segment.prefix, address)).toBe(true);
            seen.add(address);
          }
        }
        for (const { gateway } of host.routes) {
          expect(host.attachments.some(({ segment }) => contains(segment.prefix, gateway))).toBe(
            true,
          );
          expect(
            topology.hosts.some(
              (other) =>
                other.forwards &&
                other.attachments.some(({ addresses }) => addresses.includes(gateway)),
            ),
          ).toBe(true);
        }
      }
      for (const vip of topology.vips) {
        expect(contains(topology.segments[0]?.prefix ?? '', vip)).toBe(true);
        seen.add(vip);
      }
      const all = topology.hosts.flatMap((host) =>
        host.attachments.flatMap((plug) => plug.addresses),
      );
      expect(seen.size).toBe(all.length + topology.vips.length);
    },
  );

  it('names the option that cannot be', () => {
    expect(() => planTopology({ forwarding: 'masq' as 'nat' })).toThrow(
      new RangeError('forwarding must be dr, nat, tun, not "masq"'),
    );
    expect(() => planTopology({ family: 4 as unknown as 'ipv4' })).toThrow(
      new TypeError('family must be a string'),
    );
    expect(() => planTopology({ realServers: 0 })).toThrow(
      new RangeError('realServers must be a whole number from 1 to 89, not 0'),
    );
    expect(() => planTopology({ clientAddresses: 51 })).toThrow(RangeError);
    expect(() => planTopology({ virtualAddresses: 1.5 })).toThrow(RangeError);
    expect(() => planTopology({ realServers: '2' as unknown as number })).toThrow(TypeError);
  });
});
