import { describe, expect, it } from 'vitest';
import { parseProcTable } from '../../../src/ipvs/proc-table.ts';

const headings = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
`;

/** What Linux 6.1 printed. */
const printed = `${headings}\
TCP  0A630002:0050 rr  persistent 30000 FFFFFFFF
  -> 0A020002:1F90      Masq    1      0          2         
  -> 0A020003:1F90      Route   0      3          0         
UDP  0A630002:0035 rr ops 
SCTP 0A630002:0009 wlc 
TCP  [fd00:0099:0000:0000:0000:0000:0000:0001]:0050 rr 
  -> [fd00:0002:0000:0000:0000:0000:0000:0002]:0050      Tunnel  5      0          0         
FWM  00000007 rr persistent 12000 FFFFFFFF
  -> 0A020002:0000      Local   1      0          0         
`;

describe('/proc/net/ip_vs', () => {
  it('is read as far as it can be relied on', () => {
    expect(parseProcTable(printed)).toEqual([
      {
        key: { protocol: 'tcp', address: '10.99.0.2', port: 80 },
        scheduler: 'rr',
        persistent: true,
        onePacket: false,
        destinations: [
          {
            key: { address: '10.2.0.2', port: 8080 },
            forwarding: 'nat',
            weight: 1,
            activeConnections: 0,
            inactiveConnections: 2,
          },
          {
            key: { address: '10.2.0.3', port: 8080 },
            forwarding: 'dr',
            weight: 0,
            activeConnections: 3,
            inactiveConnections: 0,
          },
        ],
      },
      {
        key: { protocol: 'udp', address: '10.99.0.2', port: 53 },
        scheduler: 'rr',
        persistent: false,
        onePacket: true,
        destinations: [],
      },
      {
        key: { protocol: 'sctp', address: '10.99.0.2', port: 9 },
        scheduler: 'wlc',
        persistent: false,
        onePacket: false,
        destinations: [],
      },
      {
        key: { protocol: 'tcp', address: 'fd00:99::1', port: 80 },
        scheduler: 'rr',
        persistent: false,
        onePacket: undefined,
        destinations: [
          {
            key: { address: 'fd00:2::2', port: 80 },
            forwarding: 'tun',
            weight: 5,
            activeConnections: 0,
            inactiveConnections: 0,
          },
        ],
      },
      {
        key: { firewallMark: 7 },
        scheduler: 'rr',
        persistent: true,
        onePacket: false,
        destinations: [
          {
            key: { address: '10.2.0.2', port: 0 },
            forwarding: 'local',
            weight: 1,
            activeConnections: 0,
            inactiveConnections: 0,
          },
        ],
      },
    ]);
    expect(parseProcTable(headings)).toEqual([]);
  });

  it.each([
    ['', 'nothing'],
    ['IP Virtual Server version 1.2.1 (size=4096)\n', 'headings that end early'],
    [`${headings}TCP  0A630002:0050\n`, 'a service without a scheduler'],
    [`${headings}TCP  0A63000:0050 rr\n`, 'a short address'],
    [`${headings}TCP  [fd00::1]:0050 rr\n`, 'an abbreviated address'],
    [`${headings}FWM  00000000 rr\n`, 'no firewall mark'],
    [`${headings}  -> 0A020002:1F90      Masq    1      0          2\n`, 'a lone destination'],
    [`${headings}TCP  0A630002:0050 rr\n  -> 0A020002:1F90 Bridge 1 0 2\n`, 'an unknown method'],
    [`${headings}TCP  0A630002:0050 rr\n  -> 0A020002:1F90 Masq 1 0\n`, 'a missing number'],
  ])('is refused when it is %j: %s', (text) => {
    expect(() => parseProcTable(text)).toThrow('cannot make sense of the line');
  });
});
