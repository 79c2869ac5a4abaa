import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change, Ipvs } from '../../src/index.ts';
import {
  canonicalTable,
  sortedTable,
  type TableDefinition,
  tableDefinitionOf,
} from '../../src/ipvs/table-definition.ts';
import type { ComparedService } from '../../src/ipvs/table-diff.ts';
import { packChanges } from '../../src/ipvs/transaction.ts';
import { destinationRecord, requestRecord } from '../../src/native/ipvs-records.ts';
import { applyPlan, type PlanTarget } from '../../src/reconcile/apply.ts';
import { type PlannedChange, planChanges } from '../../src/reconcile/plan.ts';
import { ReconcileError } from '../../src/reconcile/reconcile-error.ts';
import { secondary } from '../support/kernel.ts';
import { localDirector } from '../support/local-director.ts';
import { unreadable } from '../support/pack.ts';
import { removeScratchTables, scratchTable } from '../support/scratch-table.ts';
import { tablePairs } from '../support/table-arbitraries.ts';

removeScratchTables();

/** What every kernel here has, so that nothing but what a test plants is refused. */
const schedulers = ['rr', 'wrr', 'lc', 'wlc', 'sh', 'dh', 'sed', 'nq'];
const pairs = tablePairs({ schedulers });

async function make(ipvs: Ipvs, table: readonly ComparedService[]): Promise<void> {
  await applyPlan(ipvs, planChanges(await ipvs.list({ consistent: true }), table));
}

/** All that is of the configuration, in one order. */
const settingsOf = (table: readonly ComparedService[]): TableDefinition =>
  tableDefinitionOf(sortedTable(table));

const settingsIn = async (ipvs: Ipvs) => settingsOf(await ipvs.list({ consistent: true }));

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;

/** A service with a scheduler that has no module, or a destination that is many hosts. */
function impossible(where: 'service' | 'destination'): TableDefinition {
  const key = { firewallMark: 4_000_000_000 };
  return where === 'service'
    ? [{ key, config: { scheduler: 'no-such' } }]
    : [{ key, destinations: [{ key: { address: '224.0.0.1' } }] }];
}

/** The request for a destination by direct routing, with a port that the library would refuse. */
async function withPort(port: number): Promise<Uint8Array> {
  const change: Change = {
    type: 'add-destination',
    service: web,
    destination: { address: '10.0.0.1' },
  };
  const { chunks } = await packChanges([change], unreadable);
  const [request] = chunks;
  if (request === undefined) throw new Error('nothing was packed');
  const at = requestRecord.destination + destinationRecord.port;
  new Uint16Array(request.buffer, request.byteOffset + at, 1)[0] = port;
  return request;
}

async function refusalOf(work: Promise<unknown>): Promise<ReconcileError> {
  const error = await work.then(
    () => 'no refusal',
    (reason: unknown) => reason,
  );
  if (error instanceof ReconcileError) return error;
  throw new Error(`not refused as a plan: ${error}`);
}

describe('a plan on a real kernel', () => {
  it('is empty once it has been carried out, whatever the table was and is to be', async () => {
    const { ipvs } = await scratchTable();
    await fc.assert(
      fc.asyncProperty(pairs, async ([from, to]) => {
        await make(ipvs, from);
        expect(await settingsIn(ipvs)).toEqual(settingsOf(from));
        await make(ipvs, to);
        expect(await settingsIn(ipvs)).toEqual(settingsOf(to));
        expect(planChanges(await ipvs.list({ consistent: true }), to).steps).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('that is refused leaves the table as it was, whatever it had changed by then', async () => {
    const { ipvs } = await scratchTable();
    await fc.assert(
      fc.asyncProperty(pairs, async ([from, to]) => {
        await make(ipvs, from);
        const desired = [...to, ...canonicalTable(impossible('destination'))];
        const plan = planChanges(await ipvs.list({ consistent: true }), desired);
        const error = await refusalOf(applyPlan(ipvs, plan));
        expect(error.code).toBe('RECONCILE_REFUSED');
        expect(error.refusals).toHaveLength(1);
        expect(await settingsIn(ipvs)).toEqual(settingsOf(from));
      }),
      { numRuns: 40 },
    );
  });

  it('says what was refused and that everything was put back', async () => {
    const { ipvs } = await scratchTable();
    await ipvs.add(web, { scheduler: 'rr' });
    const desired = canonicalTable([
      { key: web, config: { scheduler: 'wrr' } },
      ...impossible('destination'),
    ]);
    const error = await refusalOf(applyPlan(ipvs, planChanges(await ipvs.list(), desired)));
    expect(error.message).toMatch(
      /^cannot add destination 224\.0\.0\.1:0 to fwmark 4000000000: .*\neverything was put back \(2 changes\): the table is as it was$/,
    );
    const first = await refusalOf(
      applyPlan(ipvs, planChanges(await ipvs.list(), canonicalTable(impossible('service')))),
    );
    expect(first.message).toContain('this kernel has no scheduler no-such');
    expect(first.message).toMatch(/\nnothing was changed: the table is as it was$/);
  });

  it.skipIf(secondary)('puts back 10,000 destinations that it was about to replace', async () => {
    const { ipvs } = await scratchTable();
    const many = (third: number): TableDefinition =>
      Array.from({ length: 100 }, (_, service) => ({
        key: { firewallMark: service + 1 },
        config: { scheduler: 'rr' },
        destinations: Array.from({ length: 100 }, (_, index) => ({
          key: { address: `10.${third}.${service}.${index}` },
        })),
      }));
    await make(ipvs, canonicalTable(many(1)));
    const desired = canonicalTable([...many(2), ...impossible('destination')]);
    const seen: number[] = [];
    const plan = planChanges(await ipvs.list(), desired);
    expect(plan.steps).toHaveLength(20_002);
    const error = await refusalOf(applyPlan(ipvs, plan, { onProgress: (done) => seen.push(done) }));
    expect(error.putBack).toEqual({ changes: 10_001, failures: [] });
    expect(seen).toEqual([1, 8193, 10_002]);
    expect(await settingsIn(ipvs)).toEqual(settingsOf(canonicalTable(many(1))));
  });

  it('is undone when it is told to end half way', async () => {
    const { ipvs } = await scratchTable();
    await ipvs.add(web, { scheduler: 'rr' });
    const ending = new AbortController();
    const desired = canonicalTable([
      { key: web, config: { scheduler: 'wrr' }, destinations: [{ key: { address: '10.0.0.1' } }] },
    ]);
    const onProgress = () => ending.abort('SIGINT');
    const applying = applyPlan(ipvs, planChanges(await ipvs.list(), desired), {
      signal: ending.signal,
      onProgress,
    });
    await expect(applying).rejects.toBe('SIGINT');
    expect(await settingsIn(ipvs)).toEqual(
      settingsOf(canonicalTable([{ key: web, config: { scheduler: 'rr' } }])),
    );
  });

  it('takes what is gone already for removed', async () => {
    const { ipvs, another } = await scratchTable();
    await make(
      ipvs,
      canonicalTable([
        { key: web, destinations: [{ key: { address: '10.0.0.1' } }] },
        { key: { firewallMark: 1 } },
      ]),
    );
    const plan = planChanges(await ipvs.list(), canonicalTable([{ key: web }]));
    const other = await another();
    await other.remove({ firewallMark: 1 });
    await other.removeDestination(web, { address: '10.0.0.1' });
    await applyPlan(ipvs, plan);
    expect(await settingsIn(ipvs)).toEqual(settingsOf(canonicalTable([{ key: web }])));
  });

  it('leaves to another program what that made meanwhile, and puts the rest back', async () => {
    const { ipvs, another } = await scratchTable();
    const desired = canonicalTable([{ key: web }, { key: { firewallMark: 1 } }]);
    const plan = planChanges(await ipvs.list(), desired);
    await (await another()).add({ firewallMark: 1 }, { scheduler: 'sed' });
    const error = await refusalOf(applyPlan(ipvs, plan));
    expect(error.message).toContain('cannot add service fwmark 1: it is already there');
    expect(await settingsIn(ipvs)).toEqual(
      settingsOf(canonicalTable([{ key: { firewallMark: 1 }, config: { scheduler: 'sed' } }])),
    );
  });

  it('puts back what was done although nobody heard that it was', async () => {
    const { ipvs } = await scratchTable();
    await ipvs.add(web, { scheduler: 'rr' });
    const before = await settingsIn(ipvs);
    const desired = canonicalTable([
      { key: web, config: { scheduler: 'wrr' } },
      { key: { firewallMark: 1 } },
    ]);
    let lost = false;
    const deaf: PlanTarget = {
      list: (options) => ipvs.list(options),
      transaction: async (changes: readonly Change[]) => {
        const results = await ipvs.transaction(changes);
        if (lost) return results;
        lost = true;
        throw new Error('the answers were lost');
      },
    };
    const error = await refusalOf(applyPlan(deaf, planChanges(await ipvs.list(), desired)));
    expect(error.message).toBe(
      'the answers were lost\neverything was put back (2 changes): the table is as it was',
    );
    expect(await settingsIn(ipvs)).toEqual(before);
  });

  it('says what it could not put back, since only others could have made it', async () => {
    const { ipvs, raw } = await scratchTable();
    // Direct routing with another port, which balances nothing and which the library does not send.
    await ipvs.add(web);
    await (await raw()).execute(await withPort(81));
    const [service] = await ipvs.list();
    expect(service?.destinations[0]).toMatchObject({
      key: { address: '10.0.0.1', port: 81 },
      forwarding: 'dr',
    });
    const plan = planChanges(await ipvs.list(), canonicalTable([{ key: web }]));
    // Refused once everything has been done.
    const lastRefused: PlanTarget = {
      list: (options) => ipvs.list(options),
      transaction: async (changes: readonly Change[]) => {
        const results = await ipvs.transaction(changes);
        if ((changes[0] as PlannedChange).type === 'remove-destination') throw new Error('cut');
        return results;
      },
    };
    const error = await refusalOf(applyPlan(lastRefused, plan));
    expect(error.code).toBe('RECONCILE_NOT_RESTORED');
    expect(error.message).toBe(`cut
NOT everything could be put back; the table is not as it was:
  cannot add destination 10.0.0.1:81 to tcp 192.0.2.1:80: destination port 81 must be the service's, 80: forwarding dr cannot change it`);
  });

  it('keeps the connections of what it edits and of what stays', async () => {
    const { ipvs, serve, connect } = await localDirector('10.9.0.1/32', '10.9.0.2/32');
    const service = { protocol: 'tcp', address: '10.9.0.1', port: 80 } as const;
    const destination = { address: '10.9.0.2', port: 8080 };
    await serve('10.9.0.2', 8080);
    await ipvs.add(service, { scheduler: 'rr', persistence: { timeoutSeconds: 60 } });
    await ipvs.addDestination(service, destination, { forwarding: 'nat' });
    const socket = await connect({ address: '10.9.0.1', port: 80 });
    const echo = async (text: string) => {
      socket.write(text);
      const [data] = await once(socket, 'data');
      expect(String(data)).toBe(text);
    };
    await echo('before');
    const desired = canonicalTable([
      {
        key: service,
        config: { scheduler: 'wlc' },
        destinations: [
          { key: destination, config: { forwarding: 'nat', weight: 7, upperThreshold: 10 } },
          { key: { address: '10.9.0.3', port: 80 }, config: { forwarding: 'nat' } },
        ],
      },
      { key: { firewallMark: 3 } },
    ]);
    await make(ipvs, desired);
    expect(await settingsIn(ipvs)).toEqual(settingsOf(desired));
    await echo('after');
    const [found] =
      (await ipvs.find(service))?.destinations.filter((one) => one.weight === 7) ?? [];
    expect(found?.activeConnections).toBe(1);
  });
});
