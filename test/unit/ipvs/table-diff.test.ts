import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ComparedDestination,
  type ComparedService,
  diffTables,
  formatDestinationKey,
  formatServiceKey,
  type TableChange,
} from '../../../src/index.ts';
import { destinations, serviceConfigs, serviceKeys } from '../../support/arbitraries.ts';

function destinationsOf(key: ComparedService['key']): fc.Arbitrary<ComparedDestination[]> {
  const one = destinations(key).map(
    ({ key, config }): ComparedDestination => ({
      key,
      forwarding: config.forwarding ?? 'dr',
      weight: config.weight ?? 1,
      upperThreshold: config.upperThreshold ?? 0,
      lowerThreshold: config.lowerThreshold ?? 0,
      tunnel: config.tunnel,
    }),
  );
  return fc.uniqueArray(one, { maxLength: 5, selector: ({ key }) => formatDestinationKey(key) });
}

function serviceOf(key: ComparedService['key']): fc.Arbitrary<ComparedService> {
  return fc.tuple(serviceConfigs(key), destinationsOf(key)).map(
    ([config, found]): ComparedService => ({
      key,
      scheduler: config.scheduler,
      schedulerFlags: config.schedulerFlags,
      persistence: (config.persistence ?? undefined) as ComparedService['persistence'],
      onePacket: config.onePacket,
      persistenceEngine: config.persistenceEngine ?? undefined,
      destinations: found,
    }),
  );
}

const tables: fc.Arbitrary<ComparedService[]> = fc
  .uniqueArray(serviceKeys, { maxLength: 6, selector: formatServiceKey })
  .chain((keys) => fc.tuple(...keys.map(serviceOf)));

/** Another state of the same table: some of it as before, some edited, some gone, some new. */
function laterThan(before: readonly ComparedService[]): fc.Arbitrary<ComparedService[]> {
  const later = before.map((service) =>
    fc.oneof(
      fc.constant([service]),
      fc.constant([]),
      serviceOf(service.key).map((other) => [other]),
      serviceOf(service.key).map((other) => [{ ...other, destinations: service.destinations }]),
      fc
        .tuple(fc.subarray([...service.destinations]), destinationsOf(service.key))
        .map(([kept, fresh]) => {
          const names = new Set(kept.map(({ key }) => formatDestinationKey(key)));
          const added = fresh.filter(({ key }) => !names.has(formatDestinationKey(key)));
          return [{ ...service, destinations: [...kept, ...added] }];
        }),
    ),
  );
  return fc.tuple(fc.tuple(...later), tables).map(([kept, fresh]) => {
    const table = new Map<string, ComparedService>();
    for (const service of [...fresh, ...kept.flat()]) {
      table.set(formatServiceKey(service.key), service);
    }
    return [...table.values()];
  });
}

const twoTables = tables.chain((before) => fc.tuple(fc.constant(before), laterThan(before)));

/** A table by its keys, to be compared whatever its order. */
type Table = Map<string, { settings: object; destinations: Map<string, object> }>;

function tableOf(services: readonly ComparedService[]): Table {
  return new Map(
    services.map(({ key, destinations: found, ...settings }) => [
      formatServiceKey(key),
      {
        settings,
        destinations: new Map(
          found.map(({ key, ...rest }) => [formatDestinationKey(key), rest] as const),
        ),
      },
    ]),
  );
}

/** Does what the changes say, and fails where one does not fit what is there. */
function apply(changes: readonly TableChange[], table: Table): Table {
  for (const change of changes) {
    const name = formatServiceKey(change.service);
    const service = table.get(name);
    if (change.type === 'service-added') {
      expect(service).toBeUndefined();
      table.set(name, { settings: change.after, destinations: new Map() });
      continue;
    }
    if ('changed' in change) expect(change.before).not.toEqual(change.after);
    if (service === undefined) throw new Error(`${change.type}: there is no ${name}`);
    if (change.type === 'service-edited') {
      expect(service.settings).toEqual(change.before);
      service.settings = change.after;
    } else if (change.type === 'service-removed') {
      expect(service).toEqual({ settings: change.before, destinations: new Map() });
      table.delete(name);
    } else {
      const destination = formatDestinationKey(change.destination);
      const before = 'before' in change ? change.before : undefined;
      expect(service.destinations.get(destination)).toEqual(before);
      if ('after' in change) service.destinations.set(destination, change.after);
      else service.destinations.delete(destination);
    }
  }
  return table;
}

const web: ComparedService = {
  key: { protocol: 'tcp', address: '192.0.2.1', port: 80 },
  scheduler: 'wlc',
  schedulerFlags: [],
  persistence: undefined,
  onePacket: false,
  persistenceEngine: undefined,
  destinations: [],
};
const rs1: ComparedDestination = {
  key: { address: '10.0.0.11', port: 80 },
  forwarding: 'dr',
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
  tunnel: undefined,
};
const rs2: ComparedDestination = { ...rs1, key: { address: '10.0.0.12', port: 80 } };

function settingsOf<State extends { readonly key: unknown }>(state: State) {
  const {
    key: _key,
    destinations: _destinations,
    ...settings
  } = {
    destinations: undefined,
    ...state,
  };
  return settings;
}

describe('the difference of two tables', () => {
  it('leads from one to the other when it is applied', () => {
    fc.assert(
      fc.property(twoTables, ([before, after]) => {
        expect(apply(diffTables(before, after), tableOf(before))).toEqual(tableOf(after));
      }),
      { numRuns: 300 },
    );
  });

  it('is nothing between equal tables, whatever the order of services, destinations and flags', () => {
    const shuffled = <Item>(items: readonly Item[]) =>
      fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });
    const pairs = tables.chain((before) =>
      shuffled(before)
        .chain((services) =>
          fc.tuple(
            ...services.map((service) =>
              fc
                .tuple(shuffled(service.destinations), shuffled(service.schedulerFlags))
                .map(([found, schedulerFlags]) => ({
                  ...structuredClone(service),
                  schedulerFlags,
                  destinations: found.map((one) => structuredClone(one)),
                })),
            ),
          ),
        )
        .map((after) => [before, after] as const),
    );
    fc.assert(
      fc.property(pairs, ([before, after]) => {
        expect(diffTables(before, after)).toEqual([]);
      }),
    );
  });

  it('is the same whatever the order of what is compared', () => {
    fc.assert(
      fc.property(twoTables, ([before, after]) => {
        expect(diffTables(before.toReversed(), after.toReversed())).toEqual(
          diffTables(before, after),
        );
      }),
    );
  });

  it('names every setting that differs, and none that does not', () => {
    const edited = { ...rs1, weight: 5, tunnel: { type: 'ipip' }, forwarding: 'tun' } as const;
    const persistence = { timeoutSeconds: 300, netmask: 32 };
    expect(
      diffTables(
        [{ ...web, destinations: [rs1, rs2] }],
        [{ ...web, scheduler: 'rr', persistence, destinations: [rs2, edited] }],
      ),
    ).toEqual([
      {
        type: 'service-edited',
        service: web.key,
        before: settingsOf(web),
        after: { ...settingsOf(web), scheduler: 'rr', persistence },
        changed: ['scheduler', 'persistence'],
      },
      {
        type: 'destination-edited',
        service: web.key,
        destination: rs1.key,
        before: settingsOf(rs1),
        after: settingsOf(edited),
        changed: ['forwarding', 'weight', 'tunnel'],
      },
    ]);
  });

  it('adds a service before its destinations, and removes it after them', () => {
    const table = [{ ...web, destinations: [rs2, rs1] }];
    const steps = (changes: readonly TableChange[]) =>
      changes.map((change) => [
        change.type,
        'destination' in change ? change.destination.address : '',
      ]);
    expect(steps(diffTables([], table))).toEqual([
      ['service-added', ''],
      ['destination-added', '10.0.0.11'],
      ['destination-added', '10.0.0.12'],
    ]);
    expect(steps(diffTables(table, []))).toEqual([
      ['destination-removed', '10.0.0.11'],
      ['destination-removed', '10.0.0.12'],
      ['service-removed', ''],
    ]);
  });

  it('takes one firewall mark for two services, one of each family', () => {
    const ipv4 = { ...web, key: { firewallMark: 7 } };
    const ipv6 = { ...web, key: { firewallMark: 7, family: 'ipv6' } } as const;
    expect(diffTables([ipv4], [ipv6]).map(({ type, service }) => [type, service])).toEqual([
      ['service-removed', { firewallMark: 7 }],
      ['service-added', { firewallMark: 7, family: 'ipv6' }],
    ]);
    const spelledOut = { ...web, key: { firewallMark: 7, family: 'ipv4' } } as const;
    expect(diffTables([ipv4], [spelledOut])).toEqual([]);
  });

  it('takes what a growing table showed twice for one', () => {
    const twice = [{ ...web, destinations: [rs2, rs1, rs2] }];
    expect(diffTables([{ ...web, destinations: [rs1] }], twice)).toMatchObject([
      { type: 'destination-added', destination: rs2.key },
    ]);
    expect(diffTables(twice, [{ ...web, destinations: [rs1, rs2] }])).toEqual([]);
  });

  it('does not count the counters', () => {
    const counted = (activeConnections: number) => [
      { ...web, destinations: [{ ...rs1, activeConnections, statistics: undefined }] },
    ];
    expect(diffTables(counted(1), counted(2))).toEqual([]);
  });
});
