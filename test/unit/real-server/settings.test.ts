import { describe, expect, it } from 'vitest';
import { RealServerError } from '../../../src/real-server/real-server-error.ts';
import {
  checkSettings,
  type RealServerSettings,
  setupName,
} from '../../../src/real-server/settings.ts';

const dr = (...vips: string[]): RealServerSettings => ({ mode: 'dr', vips });

function problemsOf(settings: RealServerSettings): readonly string[] {
  try {
    checkSettings(settings);
  } catch (error) {
    if (error instanceof RealServerError && error.code === 'REAL_SERVER_INVALID') {
      return error.problems;
    }
    throw error;
  }
  return [];
}

describe('settings of a real server', () => {
  it('get their addresses in the usual form, each once', () => {
    const { vips } = checkSettings(dr('192.0.2.10/32', '2001:DB8:0::10', '2001:db8::10/128'));
    expect(vips).toEqual(['192.0.2.10', '2001:db8::10']);
  });

  it.each([
    ['224.0.0.18', 'VIP 224.0.0.18 is a multicast address'],
    ['255.255.255.255', 'VIP 255.255.255.255 is the broadcast address'],
    ['0.0.0.0', 'VIP 0.0.0.0 is no address'],
    ['0.1.2.3', 'VIP 0.1.2.3 is in a range that no machine can have'],
    ['127.0.0.5', 'VIP 127.0.0.5 is a loopback address'],
    ['ff02::1', 'VIP ff02::1 is a multicast address'],
    ['fe80::1', 'VIP fe80::1 is a link-local address'],
    ['::1', 'VIP ::1 is the loopback address'],
    ['::', 'VIP :: is no address'],
    ['::ffff:192.0.2.1', 'VIP ::ffff:192.0.2.1 is an IPv4 address in IPv6 clothes'],
    ['192.0.2.10/24', 'VIP 192.0.2.10/24 must be that one address, /32'],
    ['2001:db8::1/64', 'VIP 2001:db8::1/64 must be that one address, /128'],
    ['192.0.2.300', 'VIP "192.0.2.300" is not an IP address'],
  ])('do not take %s for a VIP', (vip, problem) => {
    expect(problemsOf(dr(vip))).toEqual([expect.stringContaining(problem)]);
  });

  it.each<readonly [RealServerSettings, string]>([
    [dr(), 'no VIP is given'],
    [{ ...dr('192.0.2.1'), device: 'tunnel' }, 'the device tunnel has a meaning with tun only'],
    [{ ...dr('192.0.2.1'), gateways: ['10.0.0.1'] }, 'a gateway has a meaning with nat only'],
    [{ ...dr('192.0.2.1'), tunnelType: 'gre' }, 'a tunnel type has a meaning with tun only'],
    [{ ...dr('192.0.2.1'), interfaces: ['lo'] }, 'lo is no interface that neighbours ask on'],
    [{ ...dr('192.0.2.1'), interfaces: ['a/b'] }, 'interface "a/b" must have 1 to 15 bytes'],
    [
      { mode: 'tun', vips: ['192.0.2.1'], tunnelType: 'gue' },
      'gue needs the port that the director sends to',
    ],
    [
      { mode: 'tun', vips: ['192.0.2.1'], tunnelPort: 6080 },
      'a tunnel port has a meaning with gue only',
    ],
    [
      { mode: 'nat', vips: ['192.0.2.1'] },
      "nat needs the director's IPv4 address on this network as gateway",
    ],
    [
      { mode: 'nat', vips: ['2001:db8::1'], gateways: ['10.0.0.1'] },
      "nat needs the director's IPv6 address on this network as gateway",
    ],
    [
      { mode: 'nat', vips: ['192.0.2.1'], gateways: ['10.0.0.1'], interfaces: ['eth0'] },
      'an interface has a meaning with dr and tun only',
    ],
    [
      { mode: 'nat', vips: ['192.0.2.1'], gateways: ['10.0.0.1', '10.0.0.2'] },
      'there is more than one IPv4 gateway',
    ],
    [
      {
        mode: 'nat',
        vips: ['192.0.2.1'],
        gateways: ['10.0.0.1'],
        ports: [{ protocol: 'tcp', port: 80 }],
      },
      'a port has a meaning with a policy route only',
    ],
  ])('do not go together: %j', (settings, problem) => {
    expect(problemsOf(settings)).toEqual([expect.stringContaining(problem)]);
  });

  it('are refused with everything that is wrong', () => {
    expect(problemsOf({ ...dr('ff02::1', '127.0.0.1'), interfaces: ['lo'] })).toHaveLength(3);
  });

  it('have the same name in whichever order the VIPs are', () => {
    expect(setupName(dr('192.0.2.2', '192.0.2.1'))).toBe('dr-192.0.2.1,192.0.2.2');
  });
});
