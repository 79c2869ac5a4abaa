import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  type Change,
  type DestinationKey,
  formatServiceKey,
  type Ipvs,
  IpvsError,
  type ServiceKey,
  type ServiceState,
} from '../../src/index.ts';
import { secondary } from '../support/kernel.ts';
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

  it('of thousands of services is written, read and flushed', async () => {
    const { ipvs } = await scratchTable();
    const count = secondary ? 5000 : 20_000;
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

/** Has changes made over and over, with pauses, until told to stop; resolves to how often. */
function churn(ipvs: Ipvs, changes: readonly Change[], pauseMs: () => number) {
  let rounds = 0;
  let going = true;
  const work = (async () => {
    while (going) {
      await allDone(ipvs, changes);
      rounds++;
      await setTimeout(pauseMs());
    }
  })();
  return async () => {
    going = false;
    await work;
    return rounds;
  };
}

describe('a table that another program changes while it is read', () => {
  const kept = secondary ? 400 : 1500;
  const moved = 100;
  const services = numbers(kept + moved).map(serviceAt);
  const addService = (service: ServiceKey): Change => ({
    type: 'add-service',
    service,
    config: { scheduler: 'rr' },
  });
  const members = numbers(kept + moved).map(memberAt);
  const addMember = (destination: DestinationKey): Change => ({
    type: 'add-destination',
    service: web,
    destination,
  });

  /** What a read must show that is exact, and what it may. */
  interface Expected {
    readonly stayed: readonly string[];
    readonly texts: (services: readonly ServiceState[]) => readonly string[];
  }

  async function expectExactOrInterrupted(
    ipvs: Ipvs,
    { stayed, texts }: Expected,
  ): Promise<'exact' | 'interrupted'> {
    let found: readonly string[];
    try {
      found = texts(await ipvs.list({ consistent: true }));
    } catch (error) {
      expect(error).toBeInstanceOf(IpvsError);
      expect(error).toMatchObject({ code: 'IPVS_DUMP_INTERRUPTED' });
      return 'interrupted';
    }
    const unique = new Set(found);
    expect(stayed.filter((text) => !unique.has(text))).toEqual([]);
    expect(unique.size).toBe(found.length);
    return 'exact';
  }

  it.each<[what: string, first: readonly Change[], then: readonly Change[], Expected]>([
    [
      'services',
      services.map(addService),
      services
        .slice(kept)
        .flatMap((service): Change[] => [{ type: 'remove-service', service }, addService(service)]),
      {
        stayed: services.slice(0, kept).map(formatServiceKey),
        texts: (list) => list.map(({ key }) => formatServiceKey(key)),
      },
    ],
    [
      'destinations',
      [addService(web), ...members.map(addMember)],
      members
        .slice(kept)
        .flatMap((destination): Change[] => [
          { type: 'remove-destination', service: web, destination },
          addMember(destination),
        ]),
      {
        stayed: members.slice(0, kept).map(({ address }) => address),
        texts: ([service]) => service?.destinations.map(({ key }) => key.address) ?? [],
      },
    ],
  ])(
    'is read with all %s that stayed, or not at all',
    async (_what, first, then, expected) => {
      const { ipvs, another } = await scratchTable();
      await allDone(ipvs, first);
      // All are removed before the first is added again, so that the gap is wide.
      const halves = [
        ...then.filter((_, index) => index % 2 === 0),
        ...then.filter((_, index) => index % 2 === 1),
      ];
      let pauseMs = 0;
      const stop = churn(await another(), halves, () => pauseMs);
      let rounds = 0;
      try {
        for (let attempt = 0; attempt < 5; attempt++)
          await expectExactOrInterrupted(ipvs, expected);
        pauseMs = 300;
        const deadline = Date.now() + 150_000;
        let exact = 0;
        while (exact < 3 && Date.now() < deadline) {
          if ((await expectExactOrInterrupted(ipvs, expected)) === 'exact') exact++;
          // On a slow machine a read takes longer than the pauses.
          else pauseMs *= 2;
        }
        expect(exact).toBe(3);
      } finally {
        rounds = await stop();
      }
      expect(rounds).toBeGreaterThan(1);
      const all = expected.texts(await ipvs.list({ consistent: true }));
      expect(all).toHaveLength(kept + moved);
    },
    240_000,
  );

  it('is read to its end, whatever is missing, without asking for consistency', async () => {
    const { ipvs, another } = await scratchTable();
    await allDone(ipvs, services.map(addService));
    const moving = services.slice(kept);
    const stop = churn(
      await another(),
      [
        ...moving.map((service): Change => ({ type: 'remove-service', service })),
        ...moving.map(addService),
      ],
      () => 0,
    );
    try {
      for (let attempt = 0; attempt < 5; attempt++) {
        const list = await ipvs.list();
        expect(list.length).toBeGreaterThan(kept / 2);
        expect(list.filter(({ scheduler }) => scheduler !== 'rr')).toEqual([]);
      }
    } finally {
      expect(await stop()).toBeGreaterThan(0);
    }
  });
});
