import { describe, expect, it } from 'vitest';
import { ratesBetween, tableRates } from '../../../src/ipvs/rates.ts';
import { indexTable } from '../../../src/ipvs/table-diff.ts';
import { counted, destinationState, serviceState } from '../../support/table-states.ts';

describe('the rates between two samples', () => {
  it('are what was counted meanwhile, by the second, with fractions', () => {
    expect(ratesBetween(counted(1n, 2n, 3n, 4n, 5n), counted(2n, 12n, 3n, 404n, 5005n), 2)).toEqual(
      {
        connectionsPerSecond: 0.5,
        packetsInPerSecond: 5,
        packetsOutPerSecond: 0,
        bytesInPerSecond: 200,
        bytesOutPerSecond: 2500,
      },
    );
  });

  it('are exact for counters beyond 2^53', () => {
    const big = 2n ** 63n;
    expect(ratesBetween(counted(big), counted(big + 3n), 1)?.connectionsPerSecond).toBe(3);
  });

  it('start from 0 where a counter went back', () => {
    expect(ratesBetween(counted(1000n, 7n), counted(4n, 9n), 2)).toMatchObject({
      connectionsPerSecond: 2,
      packetsInPerSecond: 1,
    });
  });

  it('belong to services and destinations by their keys, not by their places', () => {
    const before = [
      serviceState(1, {
        statistics: counted(10n),
        destinations: [
          destinationState(1, { statistics: counted(1n) }),
          destinationState(2, { statistics: counted(9n) }),
        ],
      }),
      serviceState(2, { statistics: counted(500n) }),
    ];
    const after = [
      serviceState(2, { statistics: counted(501n) }),
      serviceState(1, {
        statistics: counted(30n),
        destinations: [
          destinationState(2, { statistics: counted(14n) }),
          destinationState(1, { statistics: counted(16n) }),
        ],
      }),
    ];
    const rates = tableRates(indexTable(before), indexTable(after), 5);
    expect(
      rates.map(({ key, rates, destinations }) => [
        key,
        rates?.connectionsPerSecond,
        destinations.map((one) => [one.key, one.rates?.connectionsPerSecond]),
      ]),
    ).toEqual([
      [after[0]?.key, 0.2, []],
      [
        after[1]?.key,
        4,
        [
          [{ address: '10.0.0.2', port: 80 }, 1],
          [{ address: '10.0.0.1', port: 80 }, 3],
        ],
      ],
    ]);
  });

  it('are unknown for what was not there before, and without counters', () => {
    const fresh = serviceState(1, {
      statistics: counted(30n),
      destinations: [destinationState(1, { statistics: counted(30n) })],
    });
    expect(tableRates(indexTable([]), indexTable([fresh]), 1)).toEqual([
      {
        key: fresh.key,
        rates: undefined,
        destinations: [{ key: { address: '10.0.0.1', port: 80 }, rates: undefined }],
      },
    ]);
    expect(ratesBetween(undefined, counted(1n), 1)).toBeUndefined();
    expect(ratesBetween(counted(1n), undefined, 1)).toBeUndefined();
  });
});
