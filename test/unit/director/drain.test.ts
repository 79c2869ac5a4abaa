import { describe, expect, it } from 'vitest';
import { drainBeforeRemoval } from '../../../src/director/drain.ts';
import { canonicalService } from '../../../src/ipvs/table-definition.ts';
import { destinationState, serviceState } from '../../support/table-states.ts';

const key = { protocol: 'tcp', address: '192.0.2.10', port: 80 } as const;
const desired = (...hosts: readonly number[]) => [
  canonicalService({
    key,
    destinations: hosts.map((host) => ({ key: { address: `10.0.0.${host}`, port: 80 } })),
  }),
];
const actual = (weight: number, activeConnections: number) => [
  serviceState(10, {
    key,
    destinations: [destinationState(11, {}), destinationState(12, { weight, activeConnections })],
  }),
];
const rules = { timeoutMs: () => 5000, isDead: () => false };
const none = new Map<string, number>();
const weights = (table: ReturnType<typeof drainBeforeRemoval>['table']) =>
  table.map(({ destinations }) => destinations.map((one) => [one.key.address, one.weight]));

describe('what is to go from the table', () => {
  it('has weight 0 first, even with no connection on it', () => {
    const { table, drains } = drainBeforeRemoval(desired(11), actual(1, 0), none, rules, 100);
    expect(weights(table)).toEqual([
      [
        ['10.0.0.11', 1],
        ['10.0.0.12', 0],
      ],
    ]);
    expect([...drains.values()]).toEqual([5100]);
  });

  it('goes once no connection is established on it', () => {
    const { table, drains } = drainBeforeRemoval(desired(11), actual(0, 0), none, rules, 100);
    expect(weights(table)).toEqual([[['10.0.0.11', 1]]]);
    expect(drains.size).toBe(0);
  });

  it('keeps its connections until its time is over, counted from when it began to go', () => {
    const first = drainBeforeRemoval(desired(11), actual(1, 3), none, rules, 100);
    const later = drainBeforeRemoval(desired(11), actual(0, 3), first.drains, rules, 5099);
    expect(weights(later.table)).toEqual([
      [
        ['10.0.0.11', 1],
        ['10.0.0.12', 0],
      ],
    ]);
    const over = drainBeforeRemoval(desired(11), actual(0, 3), later.drains, rules, 5100);
    expect(weights(over.table)).toEqual([[['10.0.0.11', 1]]]);
  });

  it('goes at once when it is dead', () => {
    const dead = { ...rules, isDead: (_: string, one: string) => one === '10.0.0.12:80' };
    expect(drainBeforeRemoval(desired(11), actual(1, 3), none, dead, 0).table).toEqual(desired(11));
  });

  it('takes its service along only when the last of it has gone', () => {
    const { table } = drainBeforeRemoval([], actual(1, 3), none, rules, 0);
    expect(weights(table)).toEqual([
      [
        ['10.0.0.11', 0],
        ['10.0.0.12', 0],
      ],
    ]);
    const over = drainBeforeRemoval([], actual(1, 3), none, { ...rules, timeoutMs: () => 0 }, 0);
    expect(over.table).toEqual([]);
  });
});
