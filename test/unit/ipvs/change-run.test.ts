import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change, DestinationConfig } from '../../../src/index.ts';
import { writeAbsentEdit } from '../../../src/ipvs/absent-edit.ts';
import { isPartialEdit, located, writeChange } from '../../../src/ipvs/change.ts';
import { ChangeRun } from '../../../src/ipvs/change-run.ts';
import { type EditReader, KnownTable } from '../../../src/ipvs/known-table.ts';
import { RecordView } from '../../../src/ipvs/record-view.ts';
import { readServiceKey } from '../../../src/ipvs/service.ts';
import {
  destinationRecord,
  requestRecord,
  serviceRecord,
} from '../../../src/native/ipvs-records.ts';
import { pack } from '../../support/pack.ts';
import { type PackedDestination, packedTable } from '../../support/packed-table.ts';

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;

/** A kernel's table in which every service that is asked for has the same destinations. */
function furnished(destinations: readonly PackedDestination[]): EditReader {
  const table = (keys: Uint8Array) => {
    const services = [];
    for (let at = 0; at < keys.length; at += serviceRecord.size) {
      const record = Uint8Array.from(keys.subarray(at, at + serviceRecord.size));
      const key = readServiceKey(new RecordView(record.buffer), 0);
      services.push({ key, destinations });
    }
    return packedTable(services);
  };
  return { service: async (key) => table(key), destinations: async (keys) => table(keys) };
}

/** The records of some changes, every one written in full, whatever came before it. */
async function inFull(changes: readonly Change[], reader: EditReader): Promise<Buffer> {
  const known = await KnownTable.read(changes, reader);
  const view = new RecordView(new ArrayBuffer(changes.length * requestRecord.size));
  for (const [index, change] of changes.entries()) {
    const at = index * requestRecord.size;
    try {
      const base = isPartialEdit(change) ? known.baseOf(change) : {};
      if (base === undefined)
        writeAbsentEdit(view, at, change as Parameters<typeof writeAbsentEdit>[2]);
      else {
        writeChange(view, at, change, base);
        known.note(view, at, change);
      }
    } catch (error) {
      throw located(error, index, changes.length);
    }
  }
  return Buffer.from(view.u8);
}

/** The bytes, or the failure in words. */
async function outcome(work: Promise<Buffer>): Promise<string> {
  return await work.then(
    (bytes) => bytes.toString('hex'),
    (error: Error) => `${error.name}: ${error.message}`,
  );
}

/** What a change is put together from. */
interface Parts {
  readonly type: Change['type'];
  readonly protocol: unknown;
  readonly vip: unknown;
  readonly servicePort: unknown;
  readonly firewallMark: unknown;
  readonly rip: unknown;
  readonly port: unknown;
  /** Which settings are given. */
  readonly given: 'all' | 'some' | 'weight';
  readonly forwarding: unknown;
  readonly weight: unknown;
  readonly upperThreshold: unknown;
  readonly lowerThreshold: unknown;
  readonly tunnel: unknown;
  readonly scheduler: unknown;
  readonly persistence: unknown;
  readonly onePacket: unknown;
}

const first = {
  type: 'add-destination',
  protocol: 'tcp',
  vip: '10.0.0.1',
  servicePort: 80,
  firewallMark: undefined,
  rip: '10.0.0.1',
  port: 80,
  given: 'all',
  forwarding: 'nat',
  weight: 1,
  upperThreshold: 10,
  lowerThreshold: 0,
  tunnel: undefined,
  scheduler: 'wlc',
  persistence: undefined,
  onePacket: undefined,
} as const;

const persistence = { timeoutSeconds: 60 } as const;
const gre = { type: 'gre' } as const;

/** The values of each part that are right, and those that are wrong. */
const values: Readonly<Record<keyof Parts, readonly [right: unknown[], wrong: unknown[]]>> = {
  type: [
    ['add-service', 'edit-service', 'remove-destination', 'remove-service', 'flush']
      .concat(Array(4).fill('add-destination'))
      .concat(Array(4).fill('edit-destination')),
    ['add'],
  ],
  protocol: [
    ['tcp', 'udp'],
    ['icmp', undefined],
  ],
  vip: [
    ['10.0.0.1', '10.0.0.2', '2001:db8::1'],
    ['10.0.0.01', '', 10],
  ],
  servicePort: [
    [80, 443],
    [0, -1, '80'],
  ],
  firewallMark: [
    [undefined, undefined, 1, 2],
    [0, 1.5],
  ],
  rip: [
    ['10.0.0.1', '10.0.0.2', '10.0.0.12', '10.1.0.1', '2001:db8::1', '2001:DB8:0::1'],
    ['10.0.0.256', '10.0.0', '10.0.0.1.', ':::', null],
  ],
  port: [
    [80, undefined, 443],
    [-1, 65_536],
  ],
  given: [['all', 'some', 'weight', 'weight'], ['weight']],
  forwarding: [
    ['dr', 'nat', 'nat', 'tun'],
    ['gate', null],
  ],
  weight: [
    [0, 1, 2, 2 ** 31 - 1],
    [undefined, -1, 1.5, 2 ** 31, '1', null, Number.NaN],
  ],
  upperThreshold: [
    [10, 20],
    [-1, undefined],
  ],
  lowerThreshold: [
    [0, 5],
    [11, 21],
  ],
  tunnel: [
    [undefined, { type: 'ipip' }],
    [gre, { type: 'gue' }],
  ],
  scheduler: [['wlc', 'rr', undefined], ['']],
  persistence: [[undefined, null, persistence, { netmask: 24 }], [{ timeoutSeconds: 0 }]],
  onePacket: [[undefined, false, true], [1]],
};

/** Sets one part anew, to what is right by itself nearly always. */
const steps: fc.Arbitrary<Partial<Parts>> = fc
  .constantFrom(
    ...(Object.keys(values) as (keyof Parts)[]),
    'vip',
    'rip',
    'weight',
    'type',
    'given',
  )
  .chain((part) =>
    fc
      .oneof(
        { weight: 60, arbitrary: fc.constantFrom(...values[part as keyof Parts][0]) },
        { weight: 2, arbitrary: fc.constantFrom(...values[part as keyof Parts][1]) },
      )
      .map((value) => ({ [part]: value })),
  );

const defined = (object: object) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

function changeOf(parts: Parts): Change {
  const { type, protocol, vip, servicePort, firewallMark, rip, port } = parts;
  const service =
    firewallMark === undefined
      ? { protocol, address: vip, port: servicePort }
      : { firewallMark, family: String(vip).includes(':') ? 'ipv6' : 'ipv4' };
  const destination = defined({ address: rip, port });
  const { given, forwarding, weight, upperThreshold, lowerThreshold, tunnel } = parts;
  const { scheduler, persistence, onePacket } = parts;
  const settings = {
    all: { forwarding, weight, upperThreshold, lowerThreshold, tunnel },
    some: { forwarding, upperThreshold },
    weight: { weight },
  };
  const config = type.endsWith('service') ? { scheduler, persistence, onePacket } : settings[given];
  return { type, service, destination, config: defined(config) } as unknown as Change;
}

/** Lists in which each change differs little from the one before, of new objects and of old ones. */
const lists: fc.Arbitrary<Change[]> = fc
  .array(fc.tuple(fc.array(steps, { maxLength: 2 }), fc.boolean()), {
    minLength: 1,
    maxLength: 40,
  })
  .map((draws) => {
    let parts: Parts = first;
    let before = changeOf(parts) as Record<string, unknown>;
    return draws.map(([step, copied]) => {
      parts = Object.assign({}, parts, ...step);
      const next = changeOf(parts) as Record<string, unknown>;
      for (const part of copied ? [] : ['service', 'destination', 'config']) {
        if (isDeepStrictEqual(next[part], before[part])) next[part] = before[part];
      }
      before = next;
      return next as unknown as Change;
    });
  });

const members = ['10.0.0.1', '10.0.0.2', '2001:db8::1', '10.1.0.1'].map((address, index) => ({
  key: { address, port: 80 },
  config: {
    forwarding: index === 3 ? 'tun' : 'nat',
    weight: 7,
    upperThreshold: 10 * index,
    lowerThreshold: index,
  },
})) as PackedDestination[];

describe('changes that follow others', () => {
  it.each<[string, (change: Change) => boolean]>([
    ['and give all that they change', (change) => !isPartialEdit(change)],
    ['and leave something as it is', () => true],
  ])('%s have the records, or the faults, that each has alone', async (_which, taken) => {
    const reader = furnished(members);
    await fc.assert(
      fc.asyncProperty(lists, async (list) => {
        const some = list.filter(taken);
        expect(await outcome(pack(some, reader))).toBe(await outcome(inFull(some, reader)));
      }),
      { numRuns: 1000 },
    );
  });

  const edit = (address: string, config: DestinationConfig): Change => ({
    type: 'edit-destination',
    service: web,
    destination: { address },
    config,
  });

  it('edit weights alone by what every destination has for itself', async () => {
    const list = members
      .filter(({ key }) => !key.address.includes(':'))
      .map(({ key }, index) => edit(key.address, { weight: index }));
    const view = new RecordView(Uint8Array.from(await pack(list, furnished(members))).buffer);
    const settings = list.map((_, index) => {
      const at = index * requestRecord.size + requestRecord.destination;
      return [
        view.getU32(at + destinationRecord.forwarding),
        view.getU32(at + destinationRecord.weight),
        view.getU32(at + destinationRecord.upperThreshold),
      ];
    });
    expect(settings).toEqual([
      [0, 0, 0],
      [0, 1, 10],
      [2, 2, 30],
    ]);
  });

  it('edit nothing of a destination that is not there, nor of the one after it', async () => {
    const list = ['10.0.0.1', '2001:db8::9', '10.0.0.2'].map((to) => edit(to, { weight: 1 }));
    const reader = furnished(members);
    expect(await outcome(pack(list, reader))).toBe(await outcome(inFull(list, reader)));
  });

  it.each([
    ['lowerThreshold', 50, 'change 1: lowerThreshold 50 must not be above upperThreshold 10'],
    ['upperThreshold', 2 ** 31, 'change 1: upperThreshold must be a whole number'],
    ['forwarding', 9, 'change 1: forwarding must be one of'],
  ] as const)('are refused where another program has set %s to %d', async (field, value, says) => {
    const reader = furnished(members);
    const odd: EditReader = {
      ...reader,
      destinations: async (keys) => {
        const table = await reader.destinations(keys);
        const at = destinationRecord.size + destinationRecord[field];
        new RecordView(table.destinations).setU32(at, value);
        return table;
      },
    };
    const list = [edit('10.0.0.1', { weight: 1 }), edit('10.0.0.2', { weight: 1 })];
    await expect(pack(list, odd)).rejects.toThrow(says);
  });
});

describe('a run of changes', () => {
  /** Which of some changes were written as like an earlier one. */
  const alike = (list: readonly Change[]): boolean[] => {
    const run = new ChangeRun(undefined);
    const view = new RecordView(new ArrayBuffer(list.length * requestRecord.size));
    return list.map((change, index) => {
      const at = index * requestRecord.size;
      if (run.write(view, at, change)) return true;
      writeChange(view, at, change, {});
      run.begin(view, at, change);
      return false;
    });
  };

  it('takes a whole table after its first service and destination', () => {
    const list: Change[] = [];
    for (let service = 1; service <= 5; service++) {
      const key = { ...web, address: `192.0.2.${service}` };
      list.push({ type: 'add-service', service: key, config: { scheduler: 'rr' } });
      for (let host = 1; host <= 5; host++) {
        const destination = { address: `10.0.${service}.${host}`, port: 80 };
        // Rules that were read have a service of their own each.
        list.push({
          type: 'add-destination',
          service: { ...key },
          destination,
          config: { forwarding: 'dr', weight: host },
        });
      }
    }
    expect(alike(list)).toEqual([false, false, ...list.slice(2).map(() => true)]);
  });

  it.each<[string, Partial<Change>]>([
    ['another port', { service: { ...web, port: 443 } }],
    ['another protocol', { service: { ...web, protocol: 'udp' } }],
    ['a firewall mark', { service: { firewallMark: 1 } }],
    ['another way of forwarding', { config: { forwarding: 'nat' } }],
    ['no settings', { config: {} }],
  ])('does not take what differs in %s', (_what, different) => {
    const first: Change = {
      type: 'add-destination',
      service: web,
      destination: { address: '10.0.0.1' },
      config: { forwarding: 'dr' },
    };
    expect(alike([first, { ...first, ...different } as Change])).toEqual([false, false]);
  });
});
