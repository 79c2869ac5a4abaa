import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ListingOptions, listTable } from '../../../../src/formats/ipvsadm/listing.ts';
import { RecordView } from '../../../../src/ipvs/record-view.ts';
import { writeServiceConfig, writeServiceKey } from '../../../../src/ipvs/service.ts';
import { packedDestinationsOf, type ServiceState, servicesOf } from '../../../../src/ipvs/table.ts';
import type { NativeTable } from '../../../../src/native/ipvs.ts';
import {
  AF_INET,
  AF_INET6,
  destinationRecord,
  serviceRecord,
  statisticsRecord,
} from '../../../../src/native/ipvs-records.ts';

/** A destination as the kernel may have it, whoever made it. */
interface RawDestination {
  readonly ipv6: boolean;
  readonly address: Uint8Array;
  readonly port: number;
  readonly forwarding: number;
  readonly weight: number;
  readonly connections: readonly [number, number];
  readonly counters: readonly bigint[];
}

/** The records of one service with these destinations, as the addon hands them over. */
function tableOf(list: readonly RawDestination[], withStatistics: boolean): NativeTable {
  const behind = withStatistics ? statisticsRecord.size : 0;
  const services = new RecordView(new ArrayBuffer(serviceRecord.size + behind));
  writeServiceKey(services, 0, { protocol: 'tcp', address: '192.0.2.1', port: 80 });
  writeServiceConfig(services, 0, {});
  services.setU32(serviceRecord.destinationCount, list.length);
  const stride = destinationRecord.size + behind;
  const destinations = new RecordView(new ArrayBuffer(list.length * stride));
  for (const [index, one] of list.entries()) {
    const at = index * stride;
    destinations.setU16(at + destinationRecord.family, one.ipv6 ? AF_INET6 : AF_INET);
    destinations.setU16(at + destinationRecord.port, one.port);
    destinations.setU32(at + destinationRecord.forwarding, one.forwarding);
    destinations.setU32(at + destinationRecord.weight, one.weight);
    destinations.setU32(at + destinationRecord.activeConnections, one.connections[0]);
    destinations.setU32(at + destinationRecord.inactiveConnections, one.connections[1]);
    const address = one.ipv6 ? one.address : one.address.subarray(0, 4);
    destinations.u8.set(address, at + destinationRecord.address);
    if (withStatistics) destinations.u64.set(one.counters, (at + destinationRecord.size) >> 3);
  }
  return {
    services: services.buffer,
    serviceStride: serviceRecord.size + behind,
    destinations: destinations.buffer,
    destinationStride: stride,
  };
}

function lists(table: NativeTable, options: ListingOptions): { short: string; full: string } {
  const info = { version: '1.2.1', connectionTableSize: 4096 };
  const text = (services: readonly ServiceState[]) =>
    Array.from(listTable(info, services, options), (piece) => piece.toString('latin1')).join('');
  const services = servicesOf(table);
  // What is no view any more has no records to be written from.
  const plain = services.map((service) =>
    (service as unknown as { toJSON(): ServiceState }).toJSON(),
  );
  expect(plain.some((service) => packedDestinationsOf(service) !== undefined)).toBe(false);
  return { short: text(services), full: text(plain) };
}

const usual = { weight: 1000, counter: 200_000_000n } as const;
const destination = (rare: boolean): fc.Arbitrary<RawDestination> =>
  fc.record({
    ipv6: rare ? fc.boolean() : fc.constant(false),
    address: fc.oneof(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      // Addresses that are near each other, and some that are the same.
      fc.nat(7).map((last) => Uint8Array.of(10, 0, 0, last, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
    ),
    port: fc.oneof(fc.nat(3), fc.nat(65_535)),
    forwarding: fc.nat(rare ? 6 : 3),
    weight: rare ? fc.nat(0xffffffff) : fc.nat(usual.weight),
    connections: fc.tuple(fc.nat(0xffffffff), fc.nat(20)),
    counters: fc.array(fc.bigInt({ min: 0n, max: rare ? 2n ** 64n - 1n : usual.counter }), {
      minLength: 10,
      maxLength: 10,
    }),
  });

describe('the short way to list destinations', () => {
  it.for([
    ['without counters', {}, false],
    ['with counters', { statistics: true }, true],
    ['with counters in full', { statistics: true, exact: true }, true],
    ['with counters that were not read', { statistics: true }, false],
    ['in the order of the kernel', { sort: false }, false],
  ] as const)('writes what the full one writes, %s', ([, options, withStatistics]) => {
    for (const rare of [false, true]) {
      fc.assert(
        fc.property(fc.array(destination(rare), { maxLength: 12 }), (list) => {
          const { short, full } = lists(tableOf(list, withStatistics), options);
          expect(short).toBe(full);
        }),
      );
    }
  });

  it('writes a service with thousands of them in pieces, whole and in order', () => {
    const list = Array.from({ length: 5000 }, (_, index) => ({
      ipv6: false,
      address: Uint8Array.of(10, 1, (4999 - index) >> 8, (4999 - index) & 0xff),
      port: 80,
      forwarding: 3,
      weight: 1,
      connections: [index, 0] as const,
      counters: [],
    }));
    const { short, full } = lists(tableOf(list, false), {});
    expect(short).toBe(full);
    expect(short.split('\n')).toHaveLength(5000 + 5);
    const info = { version: '1.2.1', connectionTableSize: 4096 };
    const sizes = Array.from(
      listTable(info, servicesOf(tableOf(list, false))),
      ({ length }) => length,
    );
    expect(sizes.length).toBeGreaterThan(4);
    expect(Math.max(...sizes)).toBeLessThan(70_000);
  });
});
