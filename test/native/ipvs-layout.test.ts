import { describe, expect, it } from 'vitest';
import { serviceFlag } from '../../src/ipvs/flags.ts';
import { maxEngineNameLength, maxSchedulerNameLength } from '../../src/ipvs/scheduler.ts';
import { statisticsFields } from '../../src/ipvs/statistics.ts';
import {
  command,
  daemonRecord,
  destinationRecord,
  requestRecord,
  serviceRecord,
  statisticsRecord,
} from '../../src/native/ipvs-records.ts';
import { loadAddon } from '../../src/native/load.ts';
import { pack } from '../support/pack.ts';

const { ipvsConstants, ipvsLayout } = loadAddon();

function constant(name: string): number {
  const value = ipvsConstants[name];
  if (value === undefined) throw new Error(`the addon does not tell ${name}`);
  return value;
}

/** A table of offsets by the names that C++ has for its fields. */
function fieldsOf(record: string, offsets: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(offsets).map(([field, offset]) => {
    if (field === 'size') return [record, offset];
    const name = field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return [`${record}.${name}`, offset];
  });
}

describe('the packed records', () => {
  it('are laid out in TypeScript as the compiler laid them out in C++', () => {
    const { service, destination, ...request } = requestRecord;
    const expected = Object.fromEntries([
      ...fieldsOf('StatisticsRecord', statisticsRecord),
      ...fieldsOf('ServiceRecord', serviceRecord),
      ...fieldsOf('DestinationRecord', destinationRecord),
      ...fieldsOf('DaemonRecord', daemonRecord),
      ...fieldsOf('RequestRecord', request),
      ['StatisticsRecord.connections', 8 * statisticsFields.indexOf('connections')],
      ['StatisticsRecord.bytes_out_per_second', 8 * statisticsFields.indexOf('bytesOutPerSecond')],
      ['RequestRecord.rule.service', service],
      ['RequestRecord.rule.destination', destination],
    ]);
    expect(ipvsLayout).toEqual(expected);
  });

  it('keep every field on a boundary that typed arrays can read', () => {
    const widths: Readonly<Record<string, number>> = {
      'ServiceRecord.family': 2,
      'ServiceRecord.port': 2,
      'ServiceRecord.firewall_mark': 4,
      'ServiceRecord.destination_count': 4,
      'DestinationRecord.forwarding': 4,
      'DestinationRecord.tunnel_port': 2,
      'DestinationRecord.tunnel_flags': 2,
      'DaemonRecord.max_length': 2,
      'DaemonRecord.group_family': 2,
    };
    for (const [field, width] of Object.entries(widths)) {
      expect((ipvsLayout[field] ?? Number.NaN) % width, field).toBe(0);
    }
    for (const record of ['StatisticsRecord', 'ServiceRecord', 'DestinationRecord']) {
      expect((ipvsLayout[record] ?? Number.NaN) % 8, record).toBe(0);
    }
  });
});

describe('the numbers of <linux/ip_vs.h>', () => {
  it.each(Object.entries(command))('are what TypeScript has for the command %s', (name, number) => {
    const symbol = `IPVS_CMD_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
    expect(constant(symbol)).toBe(number);
  });

  it('are what TypeScript has for the flags of a service', () => {
    expect(serviceFlag).toEqual({
      persistent: constant('IP_VS_SVC_F_PERSISTENT'),
      hashed: constant('IP_VS_SVC_F_HASHED'),
      onePacket: constant('IP_VS_SVC_F_ONEPACKET'),
      scheduler1: constant('IP_VS_SVC_F_SCHED1'),
      scheduler2: constant('IP_VS_SVC_F_SCHED2'),
      scheduler3: constant('IP_VS_SVC_F_SCHED3'),
    });
  });

  it.each([
    ['nat', 'IP_VS_CONN_F_MASQ'],
    ['local', 'IP_VS_CONN_F_LOCALNODE'],
    ['tun', 'IP_VS_CONN_F_TUNNEL'],
    ['dr', 'IP_VS_CONN_F_DROUTE'],
    ['bypass', 'IP_VS_CONN_F_BYPASS'],
  ] as const)('are what is written for forwarding %s', async (forwarding, symbol) => {
    const bytes = await destination({ forwarding });
    expect(bytes.readUInt32LE(requestRecord.destination + destinationRecord.forwarding)).toBe(
      constant(symbol),
    );
  });

  it.each([
    [{ type: 'ipip' }, 'IP_VS_CONN_F_TUNNEL_TYPE_IPIP', undefined],
    [{ type: 'gre' }, 'IP_VS_CONN_F_TUNNEL_TYPE_GRE', undefined],
    [
      { type: 'gre', checksum: 'full' },
      'IP_VS_CONN_F_TUNNEL_TYPE_GRE',
      'IP_VS_TUNNEL_ENCAP_FLAG_CSUM',
    ],
    [
      { type: 'gue', port: 1, checksum: 'full' },
      'IP_VS_CONN_F_TUNNEL_TYPE_GUE',
      'IP_VS_TUNNEL_ENCAP_FLAG_CSUM',
    ],
    [
      { type: 'gue', port: 1, checksum: 'remote' },
      'IP_VS_CONN_F_TUNNEL_TYPE_GUE',
      'IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM',
    ],
  ] as const)('are what is written for the tunnel %j', async (tunnel, type, flag) => {
    const bytes = await destination({ forwarding: 'tun', tunnel });
    const at = requestRecord.destination;
    expect(bytes.readUInt8(at + destinationRecord.tunnelType)).toBe(constant(type));
    const flags = flag === undefined ? 0 : constant(flag);
    expect(bytes.readUInt16LE(at + destinationRecord.tunnelFlags)).toBe(flags);
  });

  it.each([
    ['master', 'IP_VS_STATE_MASTER'],
    ['backup', 'IP_VS_STATE_BACKUP'],
  ] as const)('are what is written for a %s sync daemon', async (role, symbol) => {
    const bytes = await pack([{ type: 'stop-sync-daemon', role }]);
    expect(bytes.readUInt32LE(requestRecord.daemon)).toBe(constant(symbol));
  });

  it('leave names their length', () => {
    // The kernel counts the terminating NUL in, except for engines.
    expect(maxSchedulerNameLength).toBe(constant('IP_VS_SCHEDNAME_MAXLEN') - 1);
    expect(maxEngineNameLength).toBe(constant('IP_VS_PENAME_MAXLEN'));
    expect(constant('IP_VS_IFNAME_MAXLEN')).toBe(16);
  });
});

async function destination(config: object): Promise<Buffer> {
  const service = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
  return await pack([
    { type: 'add-destination', service, destination: { address: '10.0.0.1' }, config },
  ]);
}
