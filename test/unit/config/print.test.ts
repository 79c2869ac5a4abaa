import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parseConfig, tableOf } from '../../../src/config/load.ts';
import { configInputOf, printConfig } from '../../../src/config/print.ts';
import { canonicalTable, sortedTable } from '../../../src/ipvs/table-definition.ts';
import type { ComparedService } from '../../../src/ipvs/table-diff.ts';
import { tables } from '../../support/table-arbitraries.ts';

// Many runs, on machines that may have other things to do.
vi.setConfig({ testTimeout: 60_000 });

const printed = (table: readonly ComparedService[]) => [...printConfig(table)].join('');

describe('a printed configuration', () => {
  it('says what differs from the defaults, and what all servers share once', () => {
    const table = canonicalTable([
      {
        key: { protocol: 'tcp', address: '192.0.2.10', port: 80 },
        config: { persistence: { timeoutSeconds: 300, netmask: 24 } },
        destinations: [
          { key: { address: '10.0.0.11' } },
          { key: { address: '10.0.0.12' }, config: { weight: 0, upperThreshold: 9 } },
        ],
      },
      {
        key: { protocol: 'udp', address: '2001:db8::10', port: 53 },
        config: { scheduler: 'sh', schedulerFlags: ['sh-port'], onePacket: true },
        destinations: [
          { key: { address: '2001:db8::', port: 5353 }, config: { forwarding: 'nat' } },
          { key: { address: '2001:db8::12' } },
        ],
      },
      {
        key: { firewallMark: 7 },
        config: { scheduler: 'null', persistence: { timeoutSeconds: 90 } },
        destinations: [
          {
            key: { address: '10.0.0.1' },
            config: { forwarding: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'remote' } },
          },
        ],
      },
    ]);
    expect(printed(table)).toBe(`services:
  - listen: tcp 192.0.2.10:80
    scheduler: wlc
    persistence: { timeout: 5m, netmask: 24 }
    forwarding: dr
    servers:
      - 10.0.0.11
      - { address: 10.0.0.12, weight: 0, thresholds: { upper: 9 } }
  - listen: udp [2001:db8::10]:53
    scheduler: sh
    scheduler-flags: [sh-port]
    one-packet: true
    servers:
      - { address: "2001:db8::", port: 5353, forwarding: nat }
      - { address: "2001:db8::12", forwarding: dr }
  - listen: fwmark 7
    scheduler: "null"
    persistence: 90s
    forwarding: tun
    tunnel: { type: gue, port: 6080, checksum: remote }
    servers:
      - 10.0.0.1
`);
  });

  it('of an empty table is an empty list', () => {
    expect(printed([])).toBe('services: []\n');
    expect(tableOf(parseConfig(printed([]), 'x'))).toEqual([]);
  });

  it('reads back as the same table, whatever it holds, as YAML and as JSON', () => {
    fc.assert(
      fc.property(tables(), (table) => {
        expect(tableOf(parseConfig(printed(table), 'x'))).toEqual(table);
        const json = JSON.stringify(configInputOf(table));
        expect(tableOf(parseConfig(json, 'x'))).toEqual(table);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the order of a table', () => {
  it('is that of addresses and ports as numbers, with IPv4 first and marks last', () => {
    const at = (protocol: 'tcp' | 'udp', address: string, port: number) => ({
      key: { protocol, address, port },
    });
    const table = canonicalTable([
      { key: { firewallMark: 10 } },
      { key: { firewallMark: 9 } },
      at('tcp', '2001:db8::1', 80),
      at('udp', '10.0.0.10', 80),
      at('tcp', '10.0.0.10', 8080),
      at('tcp', '10.0.0.10', 80),
      {
        ...at('tcp', '10.0.0.9', 80),
        config: {},
        destinations: ['10.0.0.2', '10.0.0.10', '9.0.0.0'].map((address) => ({ key: { address } })),
      },
    ]);
    const sorted = sortedTable(table);
    expect(sorted.map(({ key }) => key)).toEqual([
      { protocol: 'tcp', address: '10.0.0.9', port: 80 },
      { protocol: 'tcp', address: '10.0.0.10', port: 80 },
      { protocol: 'tcp', address: '10.0.0.10', port: 8080 },
      { protocol: 'udp', address: '10.0.0.10', port: 80 },
      { protocol: 'tcp', address: '2001:db8::1', port: 80 },
      { firewallMark: 9 },
      { firewallMark: 10 },
    ]);
    expect(sorted[0]?.destinations.map(({ key }) => key.address)).toEqual([
      '9.0.0.0',
      '10.0.0.2',
      '10.0.0.10',
    ]);
  });
});
