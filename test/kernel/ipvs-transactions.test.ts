import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Change,
  type ChangeResult,
  formatServiceKey,
  type IpvsErrorCode,
} from '../../src/index.ts';
import {
  plainTable,
  removeScratchTables,
  scratchTable,
  serviceTexts,
} from '../support/scratch-table.ts';

removeScratchTables();

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;

type Outcome = 'ok' | IpvsErrorCode;

function outcomes(results: readonly ChangeResult[]): Outcome[] {
  return results.map((result) => (result.ok ? 'ok' : result.error.code));
}

const serviceAt = (number: number) =>
  ({ protocol: 'tcp', address: `192.0.2.${number & 255}`, port: 1000 + (number >> 8) }) as const;

describe('a transaction', () => {
  it('of nothing does nothing', async () => {
    const { ipvs } = await scratchTable();
    expect(await ipvs.transaction([])).toEqual([]);
  });

  it('says of each of thousands of changes, in their order, what became of it', async () => {
    const { ipvs } = await scratchTable();
    await ipvs.add(web, { scheduler: 'rr' });
    const changes: Change[] = [];
    const expected: Outcome[] = [];
    for (let number = 0; number < 1200; number++) {
      const service = serviceAt(number);
      const config = { scheduler: 'rr' };
      changes.push({ type: 'add-service', service, config });
      expected.push('ok');
      if (number % 3 === 0) {
        changes.push({ type: 'add-service', service, config });
        expected.push('IPVS_SERVICE_EXISTS');
      }
      if (number % 5 === 0) {
        changes.push({ type: 'remove-service', service });
        expected.push('ok');
        changes.push({ type: 'edit-service', service, config: { scheduler: 'wrr' } });
        expected.push('IPVS_SERVICE_NOT_FOUND');
      }
      if (number % 7 === 0) {
        const destination = { address: '10.0.0.1' };
        changes.push({
          type: 'edit-destination',
          service: web,
          destination,
          config: { weight: 3 },
        });
        expected.push('IPVS_DESTINATION_NOT_FOUND');
        changes.push({
          type: 'add-destination',
          service: web,
          destination: { address: '224.0.0.1' },
        });
        expected.push('IPVS_INVALID');
      }
    }
    const results = await ipvs.transaction(changes);
    expect(outcomes(results)).toEqual(expected);
    expect(results.length).toBeGreaterThan(2000);
    const kept = Array.from({ length: 1200 }, (_, number) => number).filter((n) => n % 5 !== 0);
    expect(await serviceTexts(ipvs)).toEqual(
      [web, ...kept.map(serviceAt)].map(formatServiceKey).sort(),
    );
  });

  it('of more refusals than a socket has room for tells of each', async () => {
    const { ipvs } = await scratchTable();
    const changes: Change[] = Array.from({ length: 3000 }, (_, number) => ({
      type: 'remove-service',
      service: serviceAt(number),
    }));
    const results = await ipvs.transaction(changes);
    expect(outcomes(results)).toEqual(changes.map(() => 'IPVS_SERVICE_NOT_FOUND'));
    for (const number of [0, 127, 128, 1023, 1024, 2999]) {
      const result = results[number];
      const error = result?.ok === false ? result.error : undefined;
      expect(error?.message).toBe(
        `cannot remove service ${formatServiceKey(serviceAt(number))}: there is no such service`,
      );
    }
  });

  it('has the results that a table kept by hand predicts, whatever it holds', async () => {
    const { ipvs } = await scratchTable();
    const number = fc.nat(3);
    const step = fc.oneof(
      fc.record({ type: fc.constant('add-service' as const), service: number }),
      fc.record({ type: fc.constant('remove-service' as const), service: number }),
      fc.record({
        type: fc.constant('edit-service' as const),
        service: number,
        seconds: fc.integer({ min: 1, max: 9 }),
      }),
      fc.record({
        type: fc.constant('add-destination' as const),
        service: number,
        member: number,
        weight: fc.nat(9),
      }),
      fc.record({
        type: fc.constant('edit-destination' as const),
        service: number,
        member: number,
        weight: fc.nat(9),
      }),
      fc.record({
        type: fc.constant('remove-destination' as const),
        service: number,
        member: number,
      }),
      fc.record({ type: fc.constant('zero' as const), service: number }),
      fc.record({ type: fc.constant('flush' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
        await ipvs.flush();
        const model = new Map<number, { seconds: number; members: Map<number, number> }>();
        const expected: Outcome[] = [];
        const changes: Change[] = [];
        for (const one of steps) {
          if (one.type === 'flush') {
            model.clear();
            expected.push('ok');
            changes.push(one);
            continue;
          }
          const service = serviceAt(one.service);
          const known = model.get(one.service);
          switch (one.type) {
            case 'add-service':
              expected.push(known === undefined ? 'ok' : 'IPVS_SERVICE_EXISTS');
              if (known === undefined) model.set(one.service, { seconds: 1, members: new Map() });
              changes.push({
                type: one.type,
                service,
                config: { scheduler: 'rr', persistence: { timeoutSeconds: 1 } },
              });
              break;
            case 'remove-service':
            case 'zero':
              expected.push(known === undefined ? 'IPVS_SERVICE_NOT_FOUND' : 'ok');
              if (one.type === 'remove-service') model.delete(one.service);
              changes.push({ type: one.type, service });
              break;
            case 'edit-service':
              expected.push(known === undefined ? 'IPVS_SERVICE_NOT_FOUND' : 'ok');
              if (known !== undefined) known.seconds = one.seconds;
              changes.push({
                type: one.type,
                service,
                config: { persistence: { timeoutSeconds: one.seconds } },
              });
              break;
            default: {
              const destination = { address: `10.0.0.${one.member}` };
              const there = known?.members.has(one.member) ?? false;
              if (one.type === 'add-destination') {
                changes.push({
                  type: one.type,
                  service,
                  destination,
                  config: { weight: one.weight, forwarding: 'tun' },
                });
                if (known !== undefined && !there) known.members.set(one.member, one.weight);
              } else if (one.type === 'edit-destination') {
                changes.push({
                  type: one.type,
                  service,
                  destination,
                  config: { weight: one.weight },
                });
                if (there) known?.members.set(one.member, one.weight);
              } else {
                changes.push({ type: one.type, service, destination });
                known?.members.delete(one.member);
              }
              if (known === undefined) expected.push('IPVS_SERVICE_NOT_FOUND');
              else if (there === (one.type !== 'add-destination')) expected.push('ok');
              else expected.push(there ? 'IPVS_DESTINATION_EXISTS' : 'IPVS_DESTINATION_NOT_FOUND');
            }
          }
        }
        expect(outcomes(await ipvs.transaction(changes))).toEqual(expected);
        const table = await plainTable(ipvs);
        expect(
          table.map((service) => [
            formatServiceKey(service.key),
            service.persistence?.timeoutSeconds,
            service.destinations.map(({ key, weight, forwarding }) => [
              key.address,
              weight,
              forwarding,
            ]),
          ]),
        ).toEqual(
          [...model]
            .sort(([left], [right]) => left - right)
            .map(([service, { seconds, members }]) => [
              formatServiceKey(serviceAt(service)),
              seconds,
              [...members]
                .sort(([left], [right]) => left - right)
                .map(([member, weight]) => [`10.0.0.${member}`, weight, 'tun']),
            ]),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('is what its changes were when it was called, whatever becomes of the list', async () => {
    const { ipvs } = await scratchTable();
    const changes: Change[] = [
      { type: 'add-service', service: serviceAt(1) },
      { type: 'add-service', service: serviceAt(2) },
    ];
    const results = ipvs.transaction(changes);
    changes.length = 0;
    changes.push({ type: 'flush' });
    expect(outcomes(await results)).toEqual(['ok', 'ok']);
    expect(await ipvs.list()).toHaveLength(2);
  });

  it('waits for those called before it', async () => {
    const { ipvs } = await scratchTable();
    const calls = Array.from({ length: 20 }, (_, number) => [
      ipvs.transaction([{ type: 'add-service', service: serviceAt(number) }]),
      ipvs.find(serviceAt(number)),
      ipvs.list({ consistent: true }),
    ]).flat();
    const answers = await Promise.all(calls);
    for (let number = 0; number < 20; number++) {
      expect(answers[3 * number]).toEqual([{ ok: true }]);
      expect(answers[3 * number + 1]).toBeDefined();
      expect(answers[3 * number + 2]).toHaveLength(number + 1);
    }
  });
});
