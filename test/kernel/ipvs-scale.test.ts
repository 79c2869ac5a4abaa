import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Change, formatServiceKey, type Ipvs, IpvsError } from '../../src/index.ts';
import { removeScratchTables, scratchTable, serviceTexts } from '../support/scratch-table.ts';

removeScratchTables();

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;

const memberAt = (number: number) => ({
  address: `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`,
});

/** Services spread over the last byte of the address, by which kernels before 7.1 hash. */
const serviceAt = (number: number) =>
  ({ protocol: 'tcp', address: `10.1.${number >> 8}.${number & 255}`, port: 80 }) as const;

async function allDone(ipvs: Ipvs, changes: readonly Change[]): Promise<void> {
  const results = await ipvs.transaction(changes);
  expect(results.find(({ ok }) => !ok)).toBeUndefined();
  expect(results).toHaveLength(changes.length);
}

const numbers = (count: number) => Array.from({ length: count }, (_, number) => number);

describe('a large table', () => {
  it('of 5,000 destinations in one service is written, edited and read', async () => {
    const { ipvs } = await scratchTable();
    const count = 5000;
    await ipvs.add(web, { scheduler: 'rr' });
    await allDone(
      ipvs,
      numbers(count).map((number) => ({
        type: 'add-destination',
        service: web,
        destination: memberAt(number),
        config: { weight: number },
      })),
    );
    const read = async () => {
      const service = await ipvs.find(web, { statistics: true });
      return new Map(service?.destinations.map((member) => [member.key.address, member.weight]));
    };
    const expected = (weight: (number: number) => number) =>
      new Map(numbers(count).map((number) => [memberAt(number).address, weight(number)]));
    expect(await read()).toEqual(expected((number) => number));
    await allDone(
      ipvs,
      numbers(count).map((number) => ({
        type: 'edit-destination',
        service: web,
        destination: memberAt(number),
        config: { weight: count - number },
      })),
    );
    expect(await read()).toEqual(expected((number) => count - number));
    await allDone(
      ipvs,
      numbers(count)
        .filter((number) => number % 2 === 0)
        .map((number) => ({
          type: 'remove-destination',
          service: web,
          destination: memberAt(number),
        })),
    );
    expect((await read()).size).toBe(count / 2);
  }, 30_000);

  it('of 20,000 services is written, read and flushed', async () => {
    const { ipvs } = await scratchTable();
    const count = 20_000;
    await allDone(
      ipvs,
      numbers(count).map((number) => ({
        type: 'add-service',
        service: serviceAt(number),
        config: { scheduler: 'rr' },
      })),
    );
    const listed = await serviceTexts(ipvs);
    expect(listed).toHaveLength(count);
    expect(listed).toEqual(
      numbers(count)
        .map((number) => formatServiceKey(serviceAt(number)))
        .sort(),
    );
    await ipvs.flush();
    expect(await ipvs.list()).toEqual([]);
  }, 40_000);
});

describe('a table that another program changes while it is read', () => {
  const kept = 1200;
  const moved = 600;

  /** Has another client remove and add services, in turns, until told to stop. */
  async function churn(other: Ipvs): Promise<() => Promise<number>> {
    const services = numbers(moved).map((number) => serviceAt(kept + number));
    let rounds = 0;
    let going = true;
    const work = (async () => {
      while (going) {
        await allDone(
          other,
          services.map((service) => ({ type: 'remove-service', service })),
        );
        await allDone(
          other,
          services.map((service) => ({
            type: 'add-service',
            service,
            config: { scheduler: 'rr' },
          })),
        );
        rounds++;
        await setImmediate();
      }
    })();
    return async () => {
      going = false;
      await work;
      return rounds;
    };
  }

  it('is read without missing what stayed, or the read says that it could not', async () => {
    const { ipvs, another } = await scratchTable();
    await allDone(
      ipvs,
      numbers(kept + moved).map((number) => ({
        type: 'add-service',
        service: serviceAt(number),
        config: { scheduler: 'rr' },
      })),
    );
    const stayed = numbers(kept).map((number) => formatServiceKey(serviceAt(number)));
    const stop = await churn(await another());
    let exact = 0;
    let interrupted = 0;
    for (let attempt = 0; attempt < 12; attempt++) {
      try {
        const services = await ipvs.list({ consistent: true });
        const texts = services.map(({ key }) => formatServiceKey(key));
        const found = new Set(texts);
        expect(stayed.filter((text) => !found.has(text))).toEqual([]);
        expect(found.size).toBe(texts.length);
        exact++;
      } catch (error) {
        if (!(error instanceof IpvsError)) throw error;
        expect(error.code).toBe('IPVS_DUMP_INTERRUPTED');
        interrupted++;
      }
    }
    const rounds = await stop();
    expect(exact + interrupted).toBe(12);
    expect(rounds).toBeGreaterThan(0);
    const after = await ipvs.list({ consistent: true });
    expect(after).toHaveLength(kept + moved);
  }, 40_000);

  it('is read to its end, whatever is missing, without asking for consistency', async () => {
    const { ipvs, another } = await scratchTable();
    await allDone(
      ipvs,
      numbers(kept + moved).map((number) => ({
        type: 'add-service',
        service: serviceAt(number),
        config: { scheduler: 'rr' },
      })),
    );
    const stop = await churn(await another());
    for (let attempt = 0; attempt < 5; attempt++) {
      const services = await ipvs.list();
      expect(services.length).toBeGreaterThan(0);
      for (const { key, scheduler } of services) {
        expect(scheduler, formatServiceKey(key)).toBe('rr');
      }
    }
    expect(await stop()).toBeGreaterThan(0);
  }, 40_000);
});
