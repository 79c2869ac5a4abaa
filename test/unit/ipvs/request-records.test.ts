import { endianness } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/ipvs/change.ts';
import {
  readDestinationKey,
  readDestinationSettings,
  readTunnel,
} from '../../../src/ipvs/destination.ts';
import { RecordView } from '../../../src/ipvs/record-view.ts';
import { readServiceKey, readServiceSettings } from '../../../src/ipvs/service.ts';
import { requestRecord } from '../../../src/native/ipvs-records.ts';
import { destinations, serviceConfigs, serviceKeys } from '../../support/arbitraries.ts';
import { pack } from '../../support/pack.ts';

const service = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
const destination = { address: '10.0.0.11' };

const zeros = (bytes: number) => '00'.repeat(bytes);
const text = (value: string, size: number) =>
  Buffer.from(value)
    .toString('hex')
    .padEnd(size * 2, '0');

/** `tcp 192.0.2.1:80` in its place in a record, up to its settings. */
const serviceKeyHex = {
  identity: '0200 0600 5000 0000 00000000',
  address: `c0000201 ${zeros(12)}`,
};
const bareService = `${serviceKeyHex.identity} ${zeros(12)} ${serviceKeyHex.address} ${zeros(40)}`;
/** `10.0.0.11:80` likewise. */
const bareDestination = `0200 5000 ${zeros(28)} 0a00000b ${zeros(28)}`;

/** Golden bytes are those of a little-endian machine: records are in host order. */
describe.skipIf(endianness() === 'BE')('the request record', () => {
  const records: readonly [string, Change, ...parts: string[]][] = [
    [
      'of a service with the defaults',
      { type: 'add-service', service },
      '01000000 00000000',
      serviceKeyHex.identity,
      '00000000 00000000 ffffffff',
      serviceKeyHex.address,
      text('wlc', 16),
      zeros(20),
      zeros(4),
      zeros(64),
    ],
    [
      'of a service with everything',
      {
        type: 'add-service',
        service: { protocol: 'udp', address: '192.0.2.1', port: 5060 },
        config: {
          scheduler: 'mh',
          schedulerFlags: ['mh-port', 'mh-fallback'],
          persistence: { timeoutSeconds: 360, netmask: 24 },
          onePacket: true,
          persistenceEngine: 'sip',
        },
      },
      '01000000 00000000',
      '0200 1100 c413 0000 00000000',
      // persistent, one packet, both scheduler flags; 360 s; 255.255.255.0
      '1d000000 68010000 00ffffff',
      serviceKeyHex.address,
      text('mh', 16),
      text('sip', 20),
      zeros(4),
      zeros(64),
    ],
    [
      'of an IPv6 service, whose netmask is a length',
      {
        type: 'add-service',
        service: { protocol: 'sctp', address: '2001:db8::1', port: 443 },
        config: { scheduler: 'rr', persistence: { netmask: 64 } },
      },
      '01000000 00000000',
      '0a00 8400 bb01 0000 00000000',
      '01000000 2c010000 40000000',
      '20010db8000000000000000000000001',
      text('rr', 16),
      zeros(24),
      zeros(64),
    ],
    [
      'of an IPv6 service without persistence, which must have a netmask all the same',
      { type: 'add-service', service: { protocol: 'tcp', address: '::1', port: 1 } },
      '01000000 00000000',
      '0a00 0600 0100 0000 00000000',
      '00000000 00000000 80000000',
      '00000000000000000000000000000001',
      text('wlc', 16),
      zeros(24),
      zeros(64),
    ],
    [
      'of a service by firewall mark',
      {
        type: 'edit-service',
        service: { firewallMark: 0xdeadbeef, family: 'ipv6' },
        config: {
          scheduler: 'fifteen-letters',
          schedulerFlags: ['flag-3'],
          persistence: null,
          onePacket: false,
          persistenceEngine: null,
        },
      },
      '02000000 00000000',
      '0a00 0000 0000 0000 efbeadde',
      '20000000 00000000 80000000',
      zeros(16),
      text('fifteen-letters', 16),
      zeros(24),
      zeros(64),
    ],
    [
      'of a service to be removed',
      { type: 'remove-service', service },
      '03000000 00000000',
      bareService,
      zeros(64),
    ],
    [
      'of a destination with the defaults: direct routing, weight 1, the port of its service',
      { type: 'add-destination', service, destination },
      '05000000 00000000',
      bareService,
      '0200 5000 03000000 01000000 00000000 00000000',
      zeros(12),
      '0a00000b',
      zeros(12),
      zeros(16),
    ],
    [
      'of a masqueraded destination with a port of its own and thresholds',
      {
        type: 'edit-destination',
        service,
        destination: { address: '10.0.0.11', port: 8080 },
        config: { forwarding: 'nat', weight: 0, upperThreshold: 1000, lowerThreshold: 800 },
      },
      '06000000 00000000',
      bareService,
      '0200 901f 00000000 00000000 e8030000 20030000',
      zeros(12),
      '0a00000b',
      zeros(12),
      zeros(16),
    ],
    [
      'of a destination of the other family, tunnelled to by GUE with remote checksums',
      {
        type: 'add-destination',
        service,
        destination: { address: '2001:db8::b' },
        config: {
          forwarding: 'tun',
          weight: 0x7fffffff,
          tunnel: { type: 'gue', port: 6080, checksum: 'remote' },
        },
      },
      '05000000 00000000',
      bareService,
      '0a00 5000 02000000 ffffff7f 00000000 00000000',
      zeros(12),
      '20010db800000000000000000000000b',
      '01 00 c017 0200 0000',
      zeros(8),
    ],
    [
      'of a destination tunnelled to by GRE with checksums',
      {
        type: 'add-destination',
        service,
        destination,
        config: { forwarding: 'tun', tunnel: { type: 'gre', checksum: 'full' } },
      },
      '05000000 00000000',
      bareService,
      '0200 5000 02000000 01000000 00000000 00000000',
      zeros(12),
      '0a00000b',
      zeros(12),
      '02 00 0000 0100 0000',
      zeros(8),
    ],
    [
      'of a destination to be removed',
      { type: 'remove-destination', service, destination },
      '07000000 00000000',
      bareService,
      bareDestination,
    ],
    [
      'of a sync daemon with the defaults, which are asked for by zeros',
      { type: 'start-sync-daemon', daemon: { role: 'master', interface: 'eth0' } },
      '09000000 00000000',
      '01000000 00000000 0000 0000 00 00 0000',
      text('eth0', 16),
      zeros(16),
      zeros(96),
    ],
    [
      'of a sync daemon with everything',
      {
        type: 'start-sync-daemon',
        daemon: {
          role: 'backup',
          interface: 'fifteen-letters',
          syncId: 255,
          maxLength: 1400,
          group: 'ff02::8848',
          port: 8849,
          ttl: 7,
        },
      },
      '09000000 00000000',
      '02000000 ff000000 7805 9122 07 00 0a00',
      text('fifteen-letters', 16),
      'ff020000000000000000000000008848',
      zeros(96),
    ],
    [
      'of a sync daemon to be stopped',
      { type: 'stop-sync-daemon', role: 'backup' },
      '0a000000 00000000',
      '02000000',
      zeros(140),
    ],
    [
      'of timeouts, where zero keeps one',
      { type: 'set-timeouts', timeouts: { tcp: 600, udp: 2_147_483 } },
      '0c000000 00000000',
      '58020000 00000000 9bc42000',
      zeros(132),
    ],
    ['to zero all counters', { type: 'zero' }, '10000000 00000000', zeros(144)],
    [
      'to zero the counters of one service',
      { type: 'zero', service },
      '10000000 01000000',
      bareService,
      zeros(64),
    ],
    ['to flush the table', { type: 'flush' }, '11000000 00000000', zeros(144)],
  ];

  it.each(records)('%s', async (_name, change, ...parts) => {
    const bytes = await pack([change]);
    expect(bytes.toString('hex')).toBe(parts.join('').replaceAll(' ', ''));
    expect(bytes.length).toBe(requestRecord.size);
  });
});

describe('a request record', () => {
  it('holds every setting of a service so that it can be read back', async () => {
    const cases = serviceKeys.chain((key) => fc.tuple(fc.constant(key), serviceConfigs(key)));
    await fc.assert(
      fc.asyncProperty(cases, async ([key, config]) => {
        const view = viewOf(await pack([{ type: 'add-service', service: key, config }]));
        expect(readServiceKey(view, requestRecord.service)).toEqual(key);
        const { persistence, persistenceEngine, ...rest } = config;
        expect(readServiceSettings(view, requestRecord.service)).toEqual({
          ...rest,
          persistence: persistence ?? undefined,
          persistenceEngine: persistenceEngine ?? undefined,
        });
      }),
      { numRuns: 500 },
    );
  });

  it('holds every setting of a destination so that it can be read back', async () => {
    const cases = serviceKeys.chain((key) => fc.tuple(fc.constant(key), destinations(key)));
    await fc.assert(
      fc.asyncProperty(cases, async ([key, { key: member, config }]) => {
        const view = viewOf(
          await pack([{ type: 'add-destination', service: key, destination: member, config }]),
        );
        const at = requestRecord.destination;
        expect(readDestinationKey(view, at)).toEqual(member);
        expect(readDestinationSettings(view, at)).toEqual({ tunnel: undefined, ...config });
      }),
      { numRuns: 500 },
    );
  });

  it('takes over what other programs have put there without making it something else', () => {
    const view = new RecordView(new ArrayBuffer(64));
    view.setU16(0, 2);
    view.setU32(4, 7);
    expect(readDestinationSettings(view, 0).forwarding).toBe('unknown-7');
    view.setU32(4, 2);
    view.setU8(48, 9);
    expect(readTunnel(view, 0)).toEqual({ type: 'unknown-9' });
    const service = new RecordView(new ArrayBuffer(80));
    service.setU16(0, 2);
    service.setU16(2, 255);
    expect(readServiceKey(service, 0)).toEqual({ protocol: 'ip-255', address: '0.0.0.0', port: 0 });
  });
});

function viewOf(bytes: Buffer): RecordView {
  return new RecordView(Uint8Array.from(bytes).buffer);
}
