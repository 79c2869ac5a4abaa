import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Comparison } from '../../../src/director/comparison.ts';
import type { ServiceState } from '../../../src/ipvs/table.ts';
import { diffTables } from '../../../src/ipvs/table-diff.ts';
import { destinationState, serviceState } from '../../support/table-states.ts';

const withWeights = (host: number, weights: readonly number[]): ServiceState =>
  serviceState(host, {
    destinations: weights.map((weight, index) => destinationState(index + 1, { weight })),
  });

/** What a table is made of: a service for each list of weights, undefined for none. */
const table = fc.array(
  fc.option(fc.array(fc.nat({ max: 2 }), { maxLength: 3 }), { nil: undefined }),
  {
    maxLength: 4,
  },
);

describe('comparing a table again and again', () => {
  it('finds what comparing everything finds, whatever changes on either side', () => {
    const step = fc.record({ kernel: table, desired: table, isAsBefore: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const comparison = new Comparison();
        const made = new Map<string, ServiceState>();
        let before = steps[0] as (typeof steps)[number];
        for (const step of steps) {
          // Most of the time nothing changes, or one side does.
          const now = step.isAsBefore ? { ...step, kernel: before.kernel } : step;
          before = now;
          const services = (weights: typeof now.kernel, make: typeof withWeights) =>
            weights.flatMap((list, host) => (list === undefined ? [] : make(host, list)));
          const kernel = services(now.kernel, withWeights);
          const desired = services(now.desired, (host, weights) => {
            const text = `${host} ${weights}`;
            const known = made.get(text) ?? withWeights(host, weights);
            made.set(text, known);
            return known;
          });
          const reading = comparison.read(kernel);
          const wanted = comparison.desire(desired);
          expect(comparison.differences(reading, reading, wanted)).toEqual(
            diffTables(kernel, desired),
          );
        }
      }),
    );
  });

  it('looks into nothing that has stayed as it is', () => {
    const comparison = new Comparison();
    let looks = 0;
    const desired = [withWeights(1, [1, 1]), withWeights(2, [1])].map((service) => ({
      ...service,
      get destinations() {
        looks++;
        return service.destinations;
      },
    }));
    const compare = (kernel: readonly ServiceState[]) => {
      looks = 0;
      const reading = comparison.read(kernel);
      return comparison.differences(reading, reading, comparison.desire(desired)).length;
    };
    expect(compare([withWeights(1, [1, 1]), withWeights(2, [1])])).toBe(0);
    expect(looks).toBeGreaterThan(1);
    expect(compare([withWeights(1, [1, 1]), withWeights(2, [1])])).toBe(0);
    expect(looks).toBe(0);
    expect(compare([withWeights(1, [1, 1]), withWeights(2, [5])])).toBe(1);
    expect(compare([withWeights(1, [1, 1]), withWeights(2, [5])])).toBe(1);
    expect(compare([withWeights(1, [1, 1]), withWeights(2, [1])])).toBe(0);
  });

  it('does not believe what was changed while the table was read', () => {
    const comparison = new Comparison();
    const desired = [withWeights(1, [7])];
    const old = [withWeights(1, [1])];
    const first = comparison.read(old);
    // It has been made 7 since, so all seems well.
    const since = comparison.desire(desired);
    expect(comparison.differences(first, since, since)).toEqual([]);
    // Somebody has made it 1 again: the same as was read before.
    const second = comparison.read(old);
    expect(comparison.differences(second, second, comparison.desire(desired))).toMatchObject([
      { type: 'destination-edited', changed: ['weight'] },
    ]);
  });

  it('finds what was changed while the service was not desired, or nobody compared', () => {
    const comparison = new Comparison();
    const desired = [withWeights(1, [1])];
    const compare = (kernel: readonly ServiceState[], wanted = desired) => {
      const reading = comparison.read(kernel);
      return comparison.differences(reading, reading, comparison.desire(wanted)).length;
    };
    expect(compare([withWeights(1, [1])])).toBe(0);
    expect(compare([withWeights(1, [5])], [])).toBe(2);
    expect(compare([withWeights(1, [5])])).toBe(1);
    expect(compare([withWeights(1, [1])])).toBe(0);
    comparison.read([withWeights(1, [5])]);
    expect(compare([withWeights(1, [5])])).toBe(1);
  });

  it("leaves out the services of the doctor's", () => {
    const comparison = new Comparison();
    const doctors = serviceState(1, { key: { firewallMark: 0x4c56ffff, family: 'ipv4' } });
    for (let time = 0; time < 2; time++) {
      expect([...comparison.read([doctors, withWeights(2, [1])]).keys()]).toEqual([
        'tcp 192.0.2.2:80',
      ]);
    }
  });
});
