import { describe, expect, it } from 'vitest';
import { listDaemons } from '../../../../src/formats/ipvsadm/daemons.ts';
import {
  type ListingOptions,
  listServices,
  versionLine,
} from '../../../../src/formats/ipvsadm/listing.ts';
import type { AddressNames } from '../../../../src/formats/ipvsadm/names.ts';
import { saveRules } from '../../../../src/formats/ipvsadm/rules.ts';
import { listTimeouts } from '../../../../src/formats/ipvsadm/timeouts.ts';
import type { DestinationState, ForwardingMethod, ServiceState } from '../../../../src/index.ts';
import { counted, destinationState, serviceState } from '../../../support/table-states.ts';

const info = { version: '1.2.1', connectionTableSize: 4096 };

const at = (address: string, port: number, changed: Partial<DestinationState> = {}) =>
  destinationState(1, { key: { address, port }, ...changed });

/** A table that was made by ipvsadm commands, and what ipvsadm 1.31 printed of it. */
const table: readonly ServiceState[] = [
  serviceState(1, {
    key: { firewallMark: 100 },
    scheduler: 'rr',
    destinations: [at('10.0.0.31', 0)],
  }),
  serviceState(1, {
    key: { firewallMark: 101, family: 'ipv6' },
    scheduler: 'rr',
    persistence: { timeoutSeconds: 90, netmask: 128 },
  }),
  serviceState(1, {
    key: { protocol: 'tcp', address: '2001:db8::1', port: 443 },
    scheduler: 'wrr',
    persistence: { timeoutSeconds: 120, netmask: 64 },
    destinations: [at('2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff', 443)],
  }),
  serviceState(1, {
    key: { protocol: 'sctp', address: '10.0.0.4', port: 5060 },
    scheduler: 'rr',
  }),
  serviceState(1, {
    key: { protocol: 'udp', address: '10.0.0.9', port: 5060 },
    scheduler: 'rr',
    persistence: { timeoutSeconds: 60, netmask: 32 },
    persistenceEngine: 'sip',
  }),
  serviceState(1, {
    key: { protocol: 'udp', address: '10.0.0.1', port: 53 },
    scheduler: 'rr',
    onePacket: true,
    destinations: [at('10.0.0.13', 53, { forwarding: 'nat' })],
  }),
  serviceState(1, {
    key: { protocol: 'tcp', address: '10.0.0.8', port: 80 },
    scheduler: 'wrr',
    schedulerFlags: ['flag-1', 'flag-3'],
    destinations: [
      at('10.0.0.23', 80, {
        forwarding: 'tun',
        tunnel: { type: 'gue', port: 60_810, checksum: 'remote' },
      }),
      at('10.0.0.22', 80, { forwarding: 'tun', tunnel: { type: 'gre', checksum: 'none' } }),
      at('10.0.0.21', 80, {
        forwarding: 'tun',
        tunnel: { type: 'gue', port: 6080, checksum: 'full' },
      }),
    ],
  }),
  serviceState(1, {
    key: { protocol: 'tcp', address: '10.0.0.6', port: 80 },
    scheduler: 'sh',
    schedulerFlags: ['flag-3'],
  }),
  serviceState(1, {
    key: { protocol: 'tcp', address: '10.0.0.5', port: 80 },
    scheduler: 'sh',
    schedulerFlags: ['sh-fallback', 'sh-port'],
  }),
  serviceState(1, {
    key: { protocol: 'tcp', address: '10.0.0.1', port: 80 },
    destinations: [
      at('10.0.0.12', 80, { weight: 3 }),
      at('10.0.0.11', 80, { forwarding: 'tun', weight: 2, tunnel: { type: 'ipip' } }),
      at('192.168.100.110', 8080, {
        forwarding: 'nat',
        weight: 65_535,
        upperThreshold: 1000,
        lowerThreshold: 800,
        activeConnections: 12,
        inactiveConnections: 3,
        persistentConnections: 7,
      }),
    ],
  }),
  serviceState(1, {
    key: { protocol: 'tcp', address: '203.113.255.255', port: 65_535 },
    scheduler: 'lblcr',
    persistence: { timeoutSeconds: 3600, netmask: 25 },
  }),
];

const list = (services: readonly ServiceState[], options?: ListingOptions) =>
  `${versionLine(info)}${textOf(listServices(services, options))}`;

/** A piece is overwritten by the next. */
function textOf(pieces: Iterable<Buffer>): string {
  let text = '';
  for (const piece of pieces) text += piece.toString('latin1');
  return text;
}

describe('the listing of a table', () => {
  it('is what ipvsadm prints', () => {
    expect(list(table)).toBe(`IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  203.113.255.255:65535 lblcr persistent 3600 mask 255.255.255.128
TCP  10.0.0.1:80 wlc
  -> 192.168.100.110:8080         Masq    65535  12         3         
  -> 10.0.0.11:80                 Tunnel  2      0          0         
  -> 10.0.0.12:80                 Route   3      0          0         
TCP  10.0.0.5:80 sh (sh-fallback,sh-port)
TCP  10.0.0.6:80 sh ()
TCP  10.0.0.8:80 wrr (flag-1,flag-3)
  -> 10.0.0.21:80                 Tunnel  1      0          0         
  -> 10.0.0.22:80                 Tunnel  1      0          0         
  -> 10.0.0.23:80                 Tunnel  1      0          0         
UDP  10.0.0.1:53 rr ops
  -> 10.0.0.13:53                 Masq    1      0          0         
UDP  10.0.0.9:5060 rr persistent 60 pe sip
SCTP 10.0.0.4:5060 rr
TCP  [2001:db8::1]:443 wrr persistent 120 mask 64
  -> [2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:443 Route   1      0          0         
FWM  100 rr
  -> 10.0.0.31:0                  Route   1      0          0         
FWM  101 IPv6 rr persistent 90
`);
  });

  it('shows thresholds, persistent connections and tunnels in their columns', () => {
    expect(list(table, { thresholds: true })).toContain(`
Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn 
  -> RemoteAddress:Port
`);
    expect(list(table, { thresholds: true })).toContain(
      '\n  -> 192.168.100.110:8080         1000       800        12         3         \n',
    );
    expect(list(table, { persistentConnections: true })).toContain(`
Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn 
  -> RemoteAddress:Port
`);
    expect(list(table, { persistentConnections: true })).toContain(
      '\n  -> 192.168.100.110:8080         65535     7           12         3         \n',
    );
    const tunnels = list(table, { tunnels: true }).split('\n');
    expect(tunnels[2]).toBe(
      '  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn',
    );
    expect(tunnels.filter((line) => line.includes('Tunnel  ') || line.includes('n/a'))).toEqual([
      '  -> 192.168.100.110:8080         Masq    n/a           65535  12         3         ',
      '  -> 10.0.0.11:80                 Tunnel  ipip          2      0          0         ',
      '  -> 10.0.0.12:80                 Route   n/a           3      0          0         ',
      '  -> 10.0.0.21:80                 Tunnel  gue:6080:+c   1      0          0         ',
      '  -> 10.0.0.22:80                 Tunnel  gre:-c        1      0          0         ',
      '  -> 10.0.0.23:80                 Tunnel  gue:60810:r+c 1      0          0         ',
      '  -> 10.0.0.13:53                 Masq    n/a           1      0          0         ',
      '  -> [2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:443 Route   n/a           1      0          0         ',
      '  -> 10.0.0.31:0                  Route   n/a           1      0          0         ',
    ]);
  });

  it('shows one layout when several are asked for', () => {
    const all = { tunnels: true, persistentConnections: true, thresholds: true, rates: true };
    expect(list(table, { ...all, statistics: true })).toBe(list(table, { statistics: true }));
    expect(list(table, all)).toBe(list(table, { rates: true }));
    expect(list(table, { ...all, rates: false })).toBe(list(table, { thresholds: true }));
  });

  it('of one service leaves the version out', () => {
    const [mark] = table;
    if (mark === undefined) throw new Error('no service');
    expect(textOf(listServices([mark]))).toBe(`Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
FWM  100 rr
  -> 10.0.0.31:0                  Route   1      0          0         
`);
  });

  it('leaves the order as it is when told to', () => {
    const lines = list(table, { sort: false }).split('\n');
    expect(lines.filter((line) => line.startsWith('FWM') || line.includes('10.0.0.2'))).toEqual([
      'FWM  100 rr',
      'FWM  101 IPv6 rr persistent 90',
      '  -> 10.0.0.23:80                 Tunnel  1      0          0         ',
      '  -> 10.0.0.22:80                 Tunnel  1      0          0         ',
      '  -> 10.0.0.21:80                 Tunnel  1      0          0         ',
    ]);
  });

  it('prints a mark and a weight above 2^31 with a sign, and no name for an unknown method', () => {
    const odd = serviceState(1, {
      key: { firewallMark: 0xffffffff },
      destinations: [
        at('10.0.0.1', 0, { forwarding: 'bypass', weight: 0xffffffff }),
        at('10.0.0.2', 0, { forwarding: 'unknown-5' as ForwardingMethod }),
        at('10.0.0.3', 0, { forwarding: 'local' }),
      ],
    });
    expect(list([odd]).split('\n').slice(3)).toEqual([
      'FWM  -1 wlc',
      '  -> 10.0.0.1:0                   (null)  -1     0          0         ',
      '  -> 10.0.0.2:0                   (null)  1      0          0         ',
      '  -> 10.0.0.3:0                   Local   1      0          0         ',
      '',
    ]);
    expect([...saveRules([odd])].join('')).toBe(`-A -f -1 -s wlc
-a -f -1 -r 10.0.0.1:0 (null) -w -1
-a -f -1 -r 10.0.0.2:0 (null) -w 1
-a -f -1 -r 10.0.0.3:0 -g -w 1
`);
  });

  it('cuts names of IPv4 to their column, and those of IPv6 to 59 bytes', () => {
    const names: AddressNames = {
      hostName: () => 'a-host-whose-name-is-longer-than-any-column.example',
      portName: (port, protocol) => `${protocol}-${port}`,
    };
    const services = [
      serviceState(1, { destinations: [at('10.0.0.1', 80)] }),
      serviceState(1, {
        key: { protocol: 'udp', address: '2001:db8::1', port: 53 },
        destinations: [at('2001:db8::2', 53)],
      }),
    ];
    expect(list(services, { names }).split('\n').slice(3)).toEqual([
      'TCP  a-host-whose-name-is-longer- wlc',
      '  -> a-host-whose-name-is-longer- Route   1      0          0         ',
      'UDP  [a-host-whose-name-is-longer-than-any-column.example]:udp-5 wlc',
      '  -> [a-host-whose-name-is-longer-than-any-column.example]:udp-5 Route   1      0          0         ',
      '',
    ]);
  });

  it('comes in pieces of whole lines that do not grow with the table', () => {
    const many = Array.from({ length: 3000 }, () => table[1] as ServiceState);
    const big = serviceState(1, {
      destinations: Array.from({ length: 5000 }, (_, index) =>
        at(`10.0.${index >> 8}.${index & 0xff}`, 80),
      ),
    });
    const pieces = Array.from(listServices([...many, big]), (piece) => piece.toString('latin1'));
    expect(pieces.length).toBeGreaterThan(6);
    for (const piece of pieces) {
      expect(piece.endsWith('\n')).toBe(true);
      expect(piece.length).toBeLessThan(70_000);
    }
    expect(pieces.join('').split('\n')).toHaveLength(2 + 3000 + 5001 + 1);
  });
});

describe('counters in a listing', () => {
  const busy = serviceState(1, {
    key: { protocol: 'tcp', address: '127.0.0.1', port: 80 },
    statistics: counted(3n, 506n, 177n, 30_026_336n, 9228n, 0n, 47n, 17n, 2_814_961n, 861n),
    destinations: [
      at('127.0.0.2', 8080, {
        statistics: counted(
          99_999_999n,
          100_000_000n,
          1_999_999_999n,
          2n ** 64n - 1n,
          99_999_999_999_999n,
          123_456_789_012n,
          1n,
          2n,
          100_000_000_000n,
          4n,
        ),
      }),
    ],
  });

  it('are cut to a unit beyond eight digits', () => {
    expect(list([busy], { statistics: true })).toBe(`IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes
  -> RemoteAddress:Port
TCP  127.0.0.1:80                        3      506      177 30026336     9228
  -> 127.0.0.2:8080               99999999  100000K    1999M18446744T   99999G
`);
  });

  it('are whole when told to be exact', () => {
    expect(list([busy], { statistics: true, exact: true }).split('\n')[4]).toBe(
      '  -> 127.0.0.2:8080               99999999 100000000 1999999999 18446744073709551615 99999999999999',
    );
  });

  it('by the second are cut only where ipvsadm cuts them', () => {
    expect(list([busy], { rates: true })).toBe(`IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS
  -> RemoteAddress:Port
TCP  127.0.0.1:80                        0       47       17  2814961      861
  -> 127.0.0.2:8080               123456789012        1        2     100G        4
`);
  });
});

describe('saved rules', () => {
  it('are what ipvsadm saves', () => {
    expect(
      [...saveRules(table)].join(''),
    ).toBe(`-A -t 203.113.255.255:65535 -s lblcr -p 3600 -M 255.255.255.128
-A -t 10.0.0.1:80 -s wlc
-a -t 10.0.0.1:80 -r 192.168.100.110:8080 -m -w 65535
-a -t 10.0.0.1:80 -r 10.0.0.11:80 -i -w 2 --tun-type ipip
-a -t 10.0.0.1:80 -r 10.0.0.12:80 -g -w 3
-A -t 10.0.0.5:80 -s sh -b sh-fallback,sh-port
-A -t 10.0.0.6:80 -s sh -b 
-A -t 10.0.0.8:80 -s wrr -b flag-1,flag-3
-a -t 10.0.0.8:80 -r 10.0.0.21:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum
-a -t 10.0.0.8:80 -r 10.0.0.22:80 -i -w 1 --tun-type gre --tun-nocsum
-a -t 10.0.0.8:80 -r 10.0.0.23:80 -i -w 1 --tun-type gue --tun-port 60810 --tun-remcsum
-A -u 10.0.0.1:53 -s rr -o
-a -u 10.0.0.1:53 -r 10.0.0.13:53 -m -w 1
-A -u 10.0.0.9:5060 -s rr -p 60 --pe sip
-A --sctp-service 10.0.0.4:5060 -s rr
-A -t [2001:db8::1]:443 -s wrr -p 120 -M 64
-a -t [2001:db8::1]:443 -r [2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:443 -g -w 1
-A -f 100 -s rr
-a -f 100 -r 10.0.0.31:0 -g -w 1
-A -f 101 -6 -s rr -p 90
`);
  });

  it('of an empty table are nothing', () => {
    expect([...saveRules([])]).toEqual([]);
  });
});

describe('settings of the whole table', () => {
  it('are printed as ipvsadm does', () => {
    expect(listTimeouts({ tcp: 900, tcpFin: 120, udp: 300 })).toBe(
      'Timeout (tcp tcpfin udp): 900 120 300\n',
    );
    const shared = { interface: 'eth0', maxLength: 1472, port: 8848, ttl: 1 };
    expect(
      listDaemons([
        { role: 'master', syncId: 7, group: '224.0.0.81', ...shared },
        { role: 'backup', syncId: 9, group: 'ff02::81', ...shared },
        {
          role: 'backup',
          syncId: 1,
          interface: 'lo',
          maxLength: 0,
          group: '0.0.0.0',
          port: 0,
          ttl: 0,
        },
      ]),
    ).toBe(`master sync daemon (mcast=eth0, syncid=7, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)
backup sync daemon (mcast=eth0, syncid=9, maxlen=1472, group=ff02::81, port=8848, ttl=1)
backup sync daemon (mcast=lo, syncid=1)
`);
    expect(listDaemons([])).toBe('');
  });
});
