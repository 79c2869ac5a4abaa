import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headings, type ListingOptions, listServices } from '../../src/formats/ipvsadm/listing.ts';
import { RecordView } from '../../src/ipvs/record-view.ts';
import { servicesOf } from '../../src/ipvs/table.ts';
import type { NativeTable } from '../../src/native/ipvs.ts';
import {
  AF_INET,
  AF_INET6,
  destinationRecord,
  serviceRecord,
  statisticsRecord,
} from '../../src/native/ipvs-records.ts';
import { loadAddon } from '../../src/native/load.ts';
import { parseIp } from '../../src/net/ip.ts';

const addon = loadAddon();

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

/** A service likewise. */
interface RawService {
  readonly ipv6: boolean;
  readonly protocol: number;
  readonly address: Uint8Array;
  readonly port: number;
  readonly mark: number;
  readonly flags: number;
  readonly timeout: number;
  readonly netmask: number;
  readonly scheduler: string;
  readonly engine: string;
  readonly counters: readonly bigint[];
  readonly destinations: readonly RawDestination[];
}

const addressOf = ({ ipv6, address }: { readonly ipv6: boolean; readonly address: Uint8Array }) =>
  address.subarray(0, ipv6 ? 16 : 4);

/** The records of a table, as the addon hands them over. */
function tableOf(list: readonly RawService[], withStatistics: boolean): NativeTable {
  const behind = withStatistics ? statisticsRecord.size : 0;
  const serviceStride = serviceRecord.size + behind;
  const stride = destinationRecord.size + behind;
  const services = new RecordView(new ArrayBuffer(list.length * serviceStride));
  const count = list.flatMap((one) => one.destinations).length;
  const destinations = new RecordView(new ArrayBuffer(count * stride));
  let to = 0;
  for (const [index, one] of list.entries()) {
    const at = index * serviceStride;
    services.setU16(at + serviceRecord.family, one.ipv6 ? AF_INET6 : AF_INET);
    services.setU16(at + serviceRecord.protocol, one.protocol);
    services.setU16(at + serviceRecord.port, one.port);
    services.setU32(at + serviceRecord.firewallMark, one.mark);
    services.setU32(at + serviceRecord.flags, one.flags);
    services.setU32(at + serviceRecord.timeout, one.timeout);
    services.setU32(at + serviceRecord.netmask, one.netmask);
    services.u8.set(addressOf(one), at + serviceRecord.address);
    services.setText(at + serviceRecord.scheduler, one.scheduler);
    services.setText(at + serviceRecord.engine, one.engine);
    services.setU32(at + serviceRecord.destinationCount, one.destinations.length);
    if (withStatistics) services.u64.set(one.counters, (at + serviceRecord.size) >> 3);
    for (const member of one.destinations) {
      writeDestination(destinations, to, member);
      if (withStatistics) destinations.u64.set(member.counters, (to + destinationRecord.size) >> 3);
      to += stride;
    }
  }
  return {
    services: services.buffer,
    serviceStride,
    destinations: destinations.buffer,
    destinationStride: stride,
  };
}

function writeDestination(view: RecordView, at: number, one: RawDestination): void {
  view.setU16(at + destinationRecord.family, one.ipv6 ? AF_INET6 : AF_INET);
  view.setU16(at + destinationRecord.port, one.port);
  view.setU32(at + destinationRecord.forwarding, one.forwarding);
  view.setU32(at + destinationRecord.weight, one.weight);
  view.setU32(at + destinationRecord.activeConnections, one.connections[0]);
  view.setU32(at + destinationRecord.inactiveConnections, one.connections[1]);
  view.u8.set(addressOf(one), at + destinationRecord.address);
}

/** The lines below the headings, as the addon makes them and as the formatter of any table does. */
function lists(table: NativeTable, options: ListingOptions): { native: string; other: string } {
  const { statistics = false, exact = false, sort = true } = options;
  const native = addon.tableLines(table, { statistics, exact, sort });
  const other = Array.from(listServices(servicesOf(table), options), (piece) =>
    piece.toString('latin1'),
  ).join('');
  return {
    native: Buffer.from(native).toString('latin1'),
    other: other.slice(headings(options).length),
  };
}

const address = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  // Addresses that are near each other, and some that are the same.
  fc.nat(7).map((last) => Uint8Array.of(10, 0, 0, last, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
  // IPv4 within IPv6, and runs of zeros.
  fc
    .constantFrom('::1.2.3.4', '::ffff:1.2.3.4', '::', '::1', '2001:db8::1:0:0:1', '1::')
    .map((text) => parseIp(text).bytes),
);
const port = fc.oneof(fc.nat(3), fc.nat(65_535));
const counter = fc.oneof(
  fc.bigInt({ min: 0n, max: 200_000_000n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.nat(19).chain((digits) => fc.constantFrom(10n ** BigInt(digits), 10n ** BigInt(digits) - 1n)),
);
const counters = fc.array(counter, { minLength: 10, maxLength: 10 });
const number = fc.oneof(fc.nat(1000), fc.nat(0xffffffff));

const destination: fc.Arbitrary<RawDestination> = fc.record({
  ipv6: fc.boolean(),
  address,
  port,
  forwarding: fc.nat(6),
  weight: number,
  connections: fc.tuple(number, number),
  counters,
});

const service: fc.Arbitrary<RawService> = fc.record({
  ipv6: fc.boolean(),
  protocol: fc.oneof(fc.constantFrom(6, 17, 132), fc.nat(255)),
  address,
  port,
  mark: fc.oneof(fc.constant(0), number),
  flags: fc.nat(0x3f),
  timeout: number,
  netmask: fc.oneof(fc.constantFrom(0xffffffff, 0xffffff00, 128, 64), fc.nat(0xffffffff)),
  scheduler: fc.constantFrom('wlc', 'sh', 'mh', 'rr', 'fifteen-letters'),
  engine: fc.constantFrom('', 'sip'),
  counters,
  destinations: fc.array(destination, { maxLength: 6 }),
});

describe('the lines of a table by the addon', () => {
  it.for([
    ['without counters', {}, false],
    ['with counters', { statistics: true }, true],
    ['with counters in full', { statistics: true, exact: true }, true],
    ['with counters that were not read', { statistics: true }, false],
    ['in the order of the kernel', { sort: false }, true],
  ] as const)('are those of the formatter of any table, %s', ([, options, withStatistics]) => {
    fc.assert(
      fc.property(fc.array(service, { maxLength: 6 }), (services) => {
        const { native, other } = lists(tableOf(services, withStatistics), options);
        expect(native).toBe(other);
      }),
      { numRuns: 200 },
    );
  });

  it('are in order when there are thousands of destinations, and addresses go in a circle', () => {
    const destinations = Array.from({ length: 5000 }, (_, index) => ({
      ipv6: false,
      address: Uint8Array.of((index * 61) & 0xff, 1, (4999 - index) >> 8, (4999 - index) & 0xff),
      port: 80,
      forwarding: 3,
      weight: 1,
      connections: [index, 0] as const,
      counters: [],
    }));
    const { native, other } = lists(tableOf([{ ...plain, destinations }], false), {});
    expect(native).toBe(other);
    expect(native.split('\n')).toHaveLength(5000 + 2);
  });

  it('are refused where the records are not whole', () => {
    const table = tableOf([{ ...plain, destinations: [] }], false);
    const layout = { statistics: false, exact: false, sort: true };
    new RecordView(table.services).setU32(serviceRecord.destinationCount, 1);
    for (const wrong of [
      table,
      { ...table, services: new ArrayBuffer(serviceRecord.size + 1) },
      { ...table, serviceStride: serviceRecord.size - 1, services: new ArrayBuffer(0) },
      { ...table, serviceStride: 0 },
      { ...table, destinationStride: destinationRecord.size - 8 },
    ]) {
      expect(() => addon.tableLines(wrong, layout)).toThrow('table must hold whole records');
    }
    for (const [name, value] of [
      ['serviceStride', 1.5],
      ['destinationStride', -1],
      ['services', new Uint8Array(80)],
      ['destinations', undefined],
    ] as const) {
      expect(() => addon.tableLines({ ...table, [name]: value } as never, layout)).toThrow(
        new RegExp(`^${name} must be`),
      );
    }
  });
});

/** A service of which nothing is in question. */
const plain: RawService = {
  ipv6: false,
  protocol: 6,
  address: Uint8Array.of(192, 0, 2, 1),
  port: 80,
  mark: 0,
  flags: 0,
  timeout: 0,
  netmask: 0xffffffff,
  scheduler: 'wlc',
  engine: '',
  counters: [],
  destinations: [],
};
