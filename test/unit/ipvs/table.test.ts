import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isSameService, type ServiceState, servicesOf } from '../../../src/ipvs/table.ts';
import type { NativeTable } from '../../../src/native/ipvs.ts';
import { destinationRecord, serviceRecord } from '../../../src/native/ipvs-records.ts';

const counters = [1n, 2n, 3n, 4n, 2n ** 53n + 1n, 6n, 7n, 8n, 9n, 2n ** 64n - 1n];

function write(at: Uint8Array, offset: number, width: 1 | 2 | 4, value: number): void {
  const view = new DataView(at.buffer, at.byteOffset);
  if (width === 1) view.setUint8(offset, value);
  else if (width === 2) view.setUint16(offset, value, true);
  else view.setUint32(offset, value, true);
}

function service(mark: number, destinationCount: number): Uint8Array {
  const record = new Uint8Array(serviceRecord.size);
  write(record, serviceRecord.family, 2, 2);
  write(record, serviceRecord.firewallMark, 4, mark);
  write(record, serviceRecord.flags, 4, 0x1f); // persistent, hashed, one packet, two of its own
  write(record, serviceRecord.timeout, 4, 60);
  write(record, serviceRecord.netmask, 4, 0xffffff00);
  record.set(new TextEncoder().encode('sh'), serviceRecord.scheduler);
  record.set(new TextEncoder().encode('sip'), serviceRecord.engine);
  write(record, serviceRecord.destinationCount, 4, destinationCount);
  return record;
}

function destination(last: number): Uint8Array {
  const record = new Uint8Array(destinationRecord.size);
  write(record, destinationRecord.family, 2, 2);
  write(record, destinationRecord.port, 2, 80);
  write(record, destinationRecord.forwarding, 4, 2);
  write(record, destinationRecord.weight, 4, 3);
  write(record, destinationRecord.upperThreshold, 4, 20);
  write(record, destinationRecord.lowerThreshold, 4, 10);
  write(record, destinationRecord.activeConnections, 4, 4);
  write(record, destinationRecord.inactiveConnections, 4, 5);
  write(record, destinationRecord.persistentConnections, 4, 0xffffffff);
  record.set([10, 0, 0, last], destinationRecord.address);
  write(record, destinationRecord.tunnelType, 1, 1);
  write(record, destinationRecord.tunnelPort, 2, 6080);
  write(record, destinationRecord.tunnelFlags, 2, 1);
  return record;
}

function table(statistics: boolean): NativeTable {
  const extra = statistics ? [new Uint8Array(BigUint64Array.from(counters).buffer)] : [];
  const records = (parts: Uint8Array[]) =>
    Uint8Array.from(Buffer.concat(parts.flatMap((part) => [part, ...extra]))).buffer;
  return {
    serviceStride: serviceRecord.size + (statistics ? 80 : 0),
    destinationStride: destinationRecord.size + (statistics ? 80 : 0),
    services: records([service(1, 2), service(2, 0), service(3, 1)]),
    destinations: records([destination(1), destination(2), destination(3)]),
  };
}

const expectedDestination = {
  key: { address: '10.0.0.1', port: 80 },
  forwarding: 'tun',
  weight: 3,
  upperThreshold: 20,
  lowerThreshold: 10,
  tunnel: { type: 'gue', port: 6080, checksum: 'full' },
  activeConnections: 4,
  inactiveConnections: 5,
  persistentConnections: 0xffffffff,
};

const expectedService = {
  key: { firewallMark: 1 },
  scheduler: 'sh',
  schedulerFlags: ['sh-fallback', 'sh-port'],
  persistence: { timeoutSeconds: 60, netmask: 24 },
  onePacket: true,
  persistenceEngine: 'sip',
};

describe('a table read from the kernel', () => {
  it('gives every service the destinations that follow in turn', () => {
    for (const statistics of [false, true]) {
      const services = servicesOf(table(statistics));
      const found = services.map((one) => [
        String(one),
        one.destinations.map((member) => String(member)),
      ]);
      expect(found).toEqual([
        ['fwmark 1', ['10.0.0.1:80', '10.0.0.2:80']],
        ['fwmark 2', []],
        ['fwmark 3', ['10.0.0.3:80']],
      ]);
    }
  });

  it('has every field of a service and of a destination', () => {
    const [first] = servicesOf(table(false));
    expect(first).toMatchObject(expectedService);
    expect(first?.destinations[0]).toMatchObject(expectedDestination);
    expect(first?.statistics).toBeUndefined();
    expect(first?.destinations[0]?.statistics).toBeUndefined();
  });

  it('has counters of 64 bits when it was read with statistics', () => {
    const [first, , third] = servicesOf(table(true));
    for (const one of [first, third, first?.destinations[1], third?.destinations[0]]) {
      expect(one?.statistics?.connections).toBe(1n);
      expect(one?.statistics?.packetsIn).toBe(2n);
      expect(one?.statistics?.packetsOut).toBe(3n);
      expect(one?.statistics?.bytesIn).toBe(4n);
      expect(one?.statistics?.bytesOut).toBe(2n ** 53n + 1n);
      expect(one?.statistics?.connectionsPerSecond).toBe(6n);
      expect(one?.statistics?.packetsInPerSecond).toBe(7n);
      expect(one?.statistics?.packetsOutPerSecond).toBe(8n);
      expect(one?.statistics?.bytesInPerSecond).toBe(9n);
      expect(one?.statistics?.bytesOutPerSecond).toBe(2n ** 64n - 1n);
    }
  });

  it('goes into JSON, with counters as decimal strings', () => {
    const [first] = JSON.parse(JSON.stringify(servicesOf(table(true))));
    expect(first).toMatchObject(expectedService);
    expect(first.destinations[0]).toMatchObject(expectedDestination);
    expect(first.statistics).toEqual({
      connections: '1',
      packetsIn: '2',
      packetsOut: '3',
      bytesIn: '4',
      bytesOut: '9007199254740993',
      connectionsPerSecond: '6',
      packetsInPerSecond: '7',
      packetsOutPerSecond: '8',
      bytesInPerSecond: '9',
      bytesOutPerSecond: '18446744073709551615',
    });
  });

  it('is printed with its values, not with how they are kept', () => {
    const [first] = servicesOf(table(true));
    const printed = inspect(first, { depth: 9 });
    expect(printed).toContain("scheduler: 'sh'");
    expect(printed).toContain("address: '10.0.0.1'");
    expect(printed).toContain('bytesOutPerSecond: 18446744073709551615n');
    expect(printed).not.toMatch(/ArrayBuffer|View/);
  });

  it('gives the same destinations each time it is asked', () => {
    const [first] = servicesOf(table(false));
    const once = first?.destinations.map(String);
    expect(once?.length).toBeGreaterThan(0);
    expect(first?.destinations.map(String)).toEqual(once);
  });

  it('of nothing has no services', () => {
    const nothing = new ArrayBuffer(0);
    const read = { serviceStride: 80, destinationStride: 64, services: nothing };
    expect(servicesOf({ ...read, destinations: nothing })).toEqual([]);
  });
});

describe('a service that was listed twice', () => {
  const only = (read: NativeTable) => servicesOf(read)[0] as ServiceState;
  const listing = (change: (services: Uint8Array, destinations: Uint8Array) => void = () => {}) => {
    const read = table(false);
    change(new Uint8Array(read.services), new Uint8Array(read.destinations));
    return only(read);
  };
  const flip = (records: Uint8Array, at: number) => {
    records[at] = (records[at] ?? 0) ^ 1;
  };

  it('is the same when nothing has changed, with statistics or without', () => {
    expect(isSameService(listing(), listing())).toBe(true);
    expect(isSameService(listing(), only(table(true)))).toBe(true);
  });

  it('is another by every byte of its record, the number of its destinations among them', () => {
    for (let at = 0; at < serviceRecord.destinationCount; at++) {
      expect(
        isSameService(
          listing(),
          listing((services) => flip(services, at)),
        ),
      ).toBe(false);
    }
    const fewer = listing((services) => services.fill(1, serviceRecord.destinationCount, 77));
    expect(isSameService(listing(), fewer)).toBe(false);
  });

  it('is another by every byte of its destinations but for the numbers of connections', () => {
    const { activeConnections, persistentConnections, size } = destinationRecord;
    for (let at = 0; at < 2 * size; at++) {
      const place = at % size;
      const isCounter = place >= activeConnections && place < persistentConnections + 4;
      const changed = listing((_, destinations) => flip(destinations, at));
      expect(isSameService(listing(), changed)).toBe(isCounter);
    }
    const others = listing((_, destinations) => flip(destinations, 2 * size));
    expect(isSameService(listing(), others)).toBe(true);
  });
});
