import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { settingsFromDirector } from '../../../src/real-server/from-director.ts';

const file = 'lvskit.yaml';
const config = `
services:
  - listen: tcp 192.0.2.10:80
    servers: [10.0.0.11, 10.0.0.12]
  - listen: tcp 192.0.2.10:443
    servers: [10.0.0.11]
  - listen: tcp 192.0.2.11:80
    servers: [10.0.0.12]
  - listen: udp [2001:db8::10]:53
    servers: ["fd00::11"]
  - listen: tcp 192.0.2.20:80
    forwarding: tun
    tunnel: { type: gue, port: 6080 }
    servers: [10.0.0.11, { address: 10.0.0.13, tunnel: { type: gre, checksum: full } }]
  - listen: tcp 192.0.2.30:80
    forwarding: nat
    servers: ["10.0.0.12:8080"]
  - listen: tcp 192.0.2.40:80
    forwarding: tun
    servers: ["fd00::14"]
  - listen: fwmark 7
    servers: [10.0.0.15]
`;
const { services } = parseConfig(config, file);
const of = (...own: string[]) =>
  settingsFromDirector(file, services, own, { gateways: ['10.0.0.1', 'fd00::1'] });

describe('what a director makes of a machine', () => {
  it('has a setup for each way to it, with the VIPs that come that way', () => {
    expect(of('10.0.0.11', 'fd00::11').setups).toEqual([
      { name: 'director-dr', settings: { mode: 'dr', vips: ['192.0.2.10', '2001:db8::10'] } },
      {
        name: 'director-tun-gue-6080',
        settings: {
          mode: 'tun',
          tunnelType: 'gue',
          tunnelPort: 6080,
          vips: ['192.0.2.20'],
          device: 'lo',
        },
      },
    ]);
  });

  it('asks for the gateway of the family that is needed', () => {
    const nat = of('10.0.0.12').setups.find(({ name }) => name === 'director-nat');
    expect(nat?.settings).toEqual({
      mode: 'nat',
      vips: ['192.0.2.30'],
      gateways: ['10.0.0.1'],
    });
    expect(() => settingsFromDirector(file, services, ['10.0.0.12'])).toThrow(
      "nat needs the director's IPv4 address on this network as gateway",
    );
  });

  it('knows checksums, and tunnels over the other family', () => {
    expect(of('10.0.0.13').setups[0]?.settings).toMatchObject({
      tunnelType: 'gre',
      tunnelChecksum: true,
    });
    expect(of('fd00::14').setups[0]?.settings).toMatchObject({ mode: 'tun', outer: 'ipv6' });
  });

  it('says what the file leaves open', () => {
    const { setups, notes } = of('10.0.0.15');
    expect(setups).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('service fwmark 7 is a firewall mark')]);
  });

  it('is nothing for a machine that is not in the file', () => {
    expect(() => of('10.0.0.99')).toThrow(
      'cannot use lvskit.yaml: none of its servers is this machine, which has 10.0.0.99',
    );
  });
});
