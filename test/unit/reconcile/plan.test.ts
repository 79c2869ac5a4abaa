import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { formatDestinationKey } from '../../../src/ipvs/destination.ts';
import { formatServiceKey } from '../../../src/ipvs/service.ts';
import {
  canonicalTable,
  type ServiceDefinition,
  tableDefinitionOf,
} from '../../../src/ipvs/table-definition.ts';
import type { ComparedService } from '../../../src/ipvs/table-diff.ts';
import { describePlan, summarisePlan } from '../../../src/reconcile/describe.ts';
import { type PlanStep, planChanges } from '../../../src/reconcile/plan.ts';
import { tablePairs, tables } from '../../support/table-arbitraries.ts';

// Many runs, on machines that may have other things to do.
vi.setConfig({ testTimeout: 60_000 });

const web: ServiceDefinition = {
  key: { protocol: 'tcp', address: '192.0.2.1', port: 80 },
  config: { scheduler: 'rr' },
  destinations: [
    { key: { address: '10.0.0.1' } },
    { key: { address: '10.0.0.2' }, config: { weight: 2 } },
  ],
};
const dns: ServiceDefinition = {
  key: { protocol: 'udp', address: '192.0.2.1', port: 53 },
  destinations: [{ key: { address: '10.0.0.1' } }, { key: { address: '10.0.0.3' } }],
};

/** The table that a kernel would have after these steps; throws where it would refuse one. */
function carriedOut(
  table: readonly ComparedService[],
  steps: readonly PlanStep[],
): readonly ComparedService[] {
  const services = new Map(
    tableDefinitionOf(table).map((one) => [
      formatServiceKey(one.key),
      {
        one,
        destinations: new Map(one.destinations?.map((d) => [formatDestinationKey(d.key), d])),
      },
    ]),
  );
  for (const { change } of steps) {
    const name = formatServiceKey(change.service);
    const known = services.get(name);
    const adds = change.type === 'add-service';
    if (adds === (known !== undefined)) throw new Error(`${change.type} ${name}`);
    switch (change.type) {
      case 'add-service':
        services.set(name, {
          one: { key: change.service, config: change.config ?? {} },
          destinations: new Map(),
        });
        break;
      case 'edit-service':
        if (known) known.one = { key: change.service, config: change.config };
        break;
      case 'remove-service':
        services.delete(name);
        break;
      default: {
        const destination = formatDestinationKey(change.destination);
        const isThere = known?.destinations.has(destination) === true;
        if (isThere === (change.type === 'add-destination')) throw new Error(change.type);
        if (change.type === 'remove-destination') known?.destinations.delete(destination);
        else {
          const config = change.config ?? {};
          known?.destinations.set(destination, { key: change.destination, config });
        }
      }
    }
  }
  return canonicalTable(
    [...services.values()].map(({ one, destinations }) => ({
      ...one,
      destinations: [...destinations.values()],
    })),
  );
}

const wordsOf = (...[from, to]: Parameters<typeof planChanges>) =>
  describePlan(planChanges(from, to)).map(({ kind, text }) => `${kind} ${text}`);

describe('a plan', () => {
  it('adds before it edits within its stage, and removes at the end', () => {
    const before = canonicalTable([web, dns]);
    const after = canonicalTable([
      {
        ...web,
        config: { scheduler: 'wrr' },
        destinations: [
          { key: { address: '10.0.0.2' }, config: { weight: 5 } },
          { key: { address: '10.0.0.9' } },
        ],
      },
      { key: { firewallMark: 1 }, destinations: [{ key: { address: '10.0.0.1' } }] },
    ]);
    const { steps } = planChanges(before, after);
    expect(steps.map(({ stage, change }) => `${stage} ${change.type}`)).toEqual([
      'services add-service',
      'services edit-service',
      'destinations add-destination',
      'destinations edit-destination',
      'destinations add-destination',
      'removals remove-destination',
      'removals remove-service',
    ]);
  });

  it('leads to the desired table and is then empty, whatever both are', () => {
    fc.assert(
      fc.property(fc.oneof(tablePairs(), fc.tuple(tables(), tables())), ([from, to]) => {
        const plan = planChanges(from, to);
        const reached = carriedOut(from, plan.steps);
        expect(planChanges(reached, to).changes).toEqual([]);
        expect(planChanges(to, to).steps).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('that removes nothing leaves all that was there, and adds what was not', () => {
    fc.assert(
      fc.property(tablePairs(), ([from, to]) => {
        const reached = carriedOut(from, planChanges(from, to, { remove: false }).steps);
        const names = (table: readonly ComparedService[]) =>
          table.flatMap(({ key, destinations }) => [
            formatServiceKey(key),
            ...destinations.map(
              (one) => `${formatServiceKey(key)} ${formatDestinationKey(one.key)}`,
            ),
          ]);
        expect(new Set(names(reached))).toEqual(new Set([...names(from), ...names(to)]));
        expect(planChanges(reached, to, { remove: false }).changes).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('of a service with more destinations than a call can have arguments is made all the same', () => {
    const count = 200_000;
    const destinations = Array.from({ length: count }, (_, index) => ({
      key: { address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` },
    }));
    const table = canonicalTable([{ key: { firewallMark: 1 }, destinations }]);
    expect(planChanges([], table).steps).toHaveLength(count + 1);
    expect(planChanges(table, table).steps).toHaveLength(0);
  });
});

describe('a plan in words', () => {
  it('tells by service what comes, what changes from what to what, and what goes', () => {
    const before = canonicalTable([web, dns, { key: { firewallMark: 5 } }]);
    const after = canonicalTable([
      {
        ...web,
        config: { scheduler: 'sh', schedulerFlags: ['sh-port'], persistence: { netmask: 24 } },
        destinations: [
          { key: { address: '10.0.0.2' }, config: { weight: 2, upperThreshold: 10 } },
          { key: { address: '10.0.0.1' } },
        ],
      },
      { ...dns, destinations: [{ key: { address: '10.0.0.3' } }] },
      {
        key: { firewallMark: 1, family: 'ipv6' },
        config: { onePacket: true },
        destinations: [
          {
            key: { address: '10.0.0.1' },
            config: { forwarding: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'full' } },
          },
        ],
      },
    ]);
    expect(wordsOf(before, after)).toEqual([
      'add service fwmark 1 ipv6: scheduler wlc, one packet at a time',
      'add   destination 10.0.0.1:0: tun, weight 1, tunnel gue port 6080 checksum full',
      'remove service fwmark 5',
      'edit service tcp 192.0.2.1:80: scheduler rr -> sh, flags none -> sh-port, persistence none -> 300s by netmask 24',
      'edit   destination 10.0.0.2:80: upper threshold 0 -> 10',
      'edit service udp 192.0.2.1:53',
      'remove   destination 10.0.0.1:53',
    ]);
    expect(summarisePlan(planChanges(before, after))).toBe(
      'add 1 service and 1 destination, edit 1 service and 1 destination, remove 1 service and 1 destination',
    );
  });

  it('counts the destinations that go with their service', () => {
    const before = canonicalTable([web, dns]);
    expect(wordsOf(before, [])).toEqual([
      'remove service tcp 192.0.2.1:80, with its 2 destinations',
      'remove service udp 192.0.2.1:53, with its 2 destinations',
    ]);
    expect(summarisePlan(planChanges(before, before))).toBe('nothing to change');
  });
});

describe('a declared table', () => {
  it('is refused when it declares something twice, however it is spelled', () => {
    const key = { protocol: 'tcp', address: '2001:DB8::0:1', port: 80 } as const;
    const same = { protocol: 'tcp', address: '2001:db8::1', port: 80 } as const;
    expect(() => canonicalTable([{ key }, { key: same }])).toThrow(
      'service tcp [2001:db8::1]:80 is declared twice',
    );
    const destinations = [
      { key: { address: '10.0.0.1' } },
      { key: { address: '10.0.0.1', port: 80 } },
    ];
    expect(() => canonicalTable([{ ...web, destinations }])).toThrow(
      'destination 10.0.0.1:80 of tcp 192.0.2.1:80 is declared twice',
    );
  });

  it('is the same again after it was turned into a definition', () => {
    fc.assert(
      fc.property(tables(), (table) => {
        expect(canonicalTable(tableDefinitionOf(table))).toEqual(table);
      }),
    );
  });
});
