import { open } from 'node:fs/promises';
import { release } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatServiceKey,
  Ipvs,
  type ServiceConfig,
  type ServiceKey,
  schedulers,
} from '../../src/index.ts';
import { serviceConfigs, serviceKeys } from '../support/arbitraries.ts';
import {
  plainService,
  plainTable,
  removeScratchTables,
  scratchTable,
  serviceTexts,
} from '../support/scratch-table.ts';

removeScratchTables();

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;

/** What a service is that was added without settings. */
const asAdded = {
  scheduler: 'wlc',
  schedulerFlags: [],
  persistence: undefined,
  onePacket: false,
  persistenceEngine: undefined,
  destinations: [],
};

const keys: readonly ServiceKey[] = [
  web,
  { protocol: 'udp', address: '192.0.2.1', port: 80 },
  { protocol: 'sctp', address: '192.0.2.1', port: 80 },
  { protocol: 'tcp', address: '192.0.2.1', port: 65535 },
  { protocol: 'tcp', address: '2001:db8::1', port: 80 },
  { protocol: 'udp', address: '2001:db8::1', port: 80 },
  { protocol: 'sctp', address: '2001:db8::1', port: 1 },
  { protocol: 'tcp', address: '::ffff:192.0.2.1', port: 80 },
  { firewallMark: 1 },
  { firewallMark: 1, family: 'ipv6' },
  { firewallMark: 0xffffffff },
];

/** Distributions leave this one out. */
const rare = 'twos';

describe('a service', () => {
  it.each(keys.map((key) => [formatServiceKey(key), key] as const))(
    'is added, read, edited, zeroed and removed: %s',
    async (_text, key) => {
      const { ipvs } = await scratchTable();
      await ipvs.add(key);
      expect(await plainTable(ipvs)).toEqual([{ key, ...asAdded }]);
      await ipvs.edit(key, { scheduler: 'rr' });
      await ipvs.zero(key);
      const found = await ipvs.find(key);
      expect(found && plainService(found)).toEqual({ key, ...asAdded, scheduler: 'rr' });
      await ipvs.remove(key);
      expect(await ipvs.find(key)).toBeUndefined();
      expect(await ipvs.list()).toEqual([]);
    },
  );

  it('is not any other that shares a part of its key', async () => {
    const { ipvs } = await scratchTable();
    const results = await ipvs.transaction(
      keys.map((service) => ({ type: 'add-service', service })),
    );
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(await serviceTexts(ipvs)).toEqual(keys.map(formatServiceKey).sort());
    await ipvs.remove(web);
    expect(await serviceTexts(ipvs)).toEqual(
      keys
        .filter((key) => key !== web)
        .map(formatServiceKey)
        .sort(),
    );
  });

  it.each([...schedulers.filter((name) => name !== rare), 'none'])(
    'has scheduler %s, which the kernel loads',
    async (scheduler) => {
      const { ipvs } = await scratchTable();
      await ipvs.add(web, { scheduler });
      expect((await ipvs.find(web))?.scheduler).toBe(scheduler);
    },
  );

  it(`has scheduler ${rare} on a kernel that was built with it`, async ({ skip }) => {
    const { ipvs } = await scratchTable();
    const [added] = await ipvs.transaction([
      { type: 'add-service', service: web, config: { scheduler: rare } },
    ]);
    const missing = added?.ok === false && added.error.code === 'IPVS_SCHEDULER_NOT_FOUND';
    skip(missing, `Linux ${release()} was built without the scheduler ${rare}`);
    expect((await ipvs.find(web))?.scheduler).toBe(rare);
  });

  it.each<[ServiceKey, ServiceConfig, object]>([
    [
      web,
      { scheduler: 'sh', schedulerFlags: ['sh-port', 'sh-fallback'] },
      {
        scheduler: 'sh',
        schedulerFlags: ['sh-fallback', 'sh-port'],
      },
    ],
    [
      web,
      { scheduler: 'mh', schedulerFlags: ['mh-port'] },
      {
        scheduler: 'mh',
        schedulerFlags: ['mh-port'],
      },
    ],
    [web, { schedulerFlags: ['flag-3'] }, { schedulerFlags: ['flag-3'] }],
    [web, { persistence: {} }, { persistence: { timeoutSeconds: 300, netmask: 32 } }],
    [
      web,
      { persistence: { timeoutSeconds: 1, netmask: 0 } },
      {
        persistence: { timeoutSeconds: 1, netmask: 0 },
      },
    ],
    [
      web,
      { persistence: { timeoutSeconds: 4_294_967, netmask: 24 } },
      {
        persistence: { timeoutSeconds: 4_294_967, netmask: 24 },
      },
    ],
    [
      web,
      { persistence: { netmask: '255.0.255.0' } },
      {
        persistence: { timeoutSeconds: 300, netmask: '255.0.255.0' },
      },
    ],
    [
      { ...web, port: 0 },
      { persistence: {} },
      {
        persistence: { timeoutSeconds: 300, netmask: 32 },
      },
    ],
    [
      { ...web, address: '::1' },
      { persistence: { netmask: 64 } },
      {
        persistence: { timeoutSeconds: 300, netmask: 64 },
      },
    ],
    [
      { ...web, address: '::1' },
      { persistence: { netmask: 1 } },
      {
        persistence: { timeoutSeconds: 300, netmask: 1 },
      },
    ],
    [
      { ...web, address: '::1' },
      { persistence: {} },
      {
        persistence: { timeoutSeconds: 300, netmask: 128 },
      },
    ],
    [
      { firewallMark: 7, family: 'ipv6' },
      { persistence: { netmask: 48 } },
      {
        persistence: { timeoutSeconds: 300, netmask: 48 },
      },
    ],
    [{ ...web, protocol: 'udp' }, { onePacket: true }, { onePacket: true }],
    [{ firewallMark: 7 }, { onePacket: true }, { onePacket: true }],
    [
      { ...web, protocol: 'udp', port: 5060 },
      { persistence: {}, persistenceEngine: 'sip', onePacket: true },
      {
        persistence: { timeoutSeconds: 300, netmask: 32 },
        persistenceEngine: 'sip',
        onePacket: true,
      },
    ],
  ])('has the settings it was given: %j %j', async (key, config, expected) => {
    const { ipvs } = await scratchTable();
    await ipvs.add(key, config);
    expect(await plainTable(ipvs)).toEqual([{ key, ...asAdded, ...expected }]);
  });

  it('that was edited keeps what the edit leaves out', async () => {
    const { ipvs } = await scratchTable();
    const sip = { protocol: 'udp', address: '192.0.2.1', port: 5060 } as const;
    await ipvs.add(sip, {
      scheduler: 'mh',
      schedulerFlags: ['mh-fallback'],
      persistence: { timeoutSeconds: 60, netmask: 24 },
      onePacket: true,
      persistenceEngine: 'sip',
    });
    const edited = async (config: ServiceConfig) => {
      await ipvs.edit(sip, config);
      const [service] = await plainTable(ipvs);
      return service;
    };
    const settings = {
      key: sip,
      destinations: [],
      scheduler: 'mh',
      schedulerFlags: ['mh-fallback'],
      persistence: { timeoutSeconds: 60, netmask: 24 },
      onePacket: true,
      persistenceEngine: 'sip',
    };
    expect(await edited({})).toEqual(settings);
    expect(await edited({ persistenceEngine: null })).toEqual({
      ...settings,
      persistenceEngine: undefined,
    });
    expect(await edited({ schedulerFlags: [] })).toMatchObject({
      schedulerFlags: [],
      onePacket: true,
      persistence: settings.persistence,
    });
    expect(await edited({ onePacket: false })).toMatchObject({
      onePacket: false,
      persistence: settings.persistence,
    });
    expect(await edited({ persistence: null })).toEqual({
      ...asAdded,
      key: sip,
      scheduler: 'mh',
    });
    expect(await edited({ scheduler: 'rr' })).toEqual({ ...asAdded, key: sip, scheduler: 'rr' });
  });

  it('that was edited keeps its destinations', async () => {
    const { ipvs } = await scratchTable();
    await ipvs.add(web, { scheduler: 'rr' });
    await ipvs.addDestination(web, { address: '10.0.0.1' }, { weight: 7 });
    await ipvs.edit(web, { scheduler: 'wrr', persistence: {} });
    const service = await ipvs.find(web);
    expect(service?.destinations.map((member) => [String(member), member.weight])).toEqual([
      ['10.0.0.1:80', 7],
    ]);
  });

  it('reads back as it was written, edited and removed, whatever it is', async () => {
    const { ipvs } = await scratchTable();
    const cases = serviceKeys.chain((key) =>
      fc.record({
        key: fc.constant(key),
        first: serviceConfigs(key, ['rr', 'sh', 'mh', 'none']),
        second: serviceConfigs(key, ['rr', 'sh', 'mh', 'none']),
      }),
    );
    const shown = (config: Required<ServiceConfig>) => ({
      ...config,
      destinations: [],
      persistence: config.persistence ?? undefined,
      persistenceEngine: config.persistenceEngine ?? undefined,
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ key, first, second }) => {
        await ipvs.add(key, first);
        try {
          expect(await plainTable(ipvs)).toEqual([{ key, ...shown(first) }]);
          await ipvs.edit(key, second);
          expect(await plainTable(ipvs)).toEqual([{ key, ...shown(second) }]);
        } finally {
          await ipvs.remove(key);
        }
        expect(await ipvs.list()).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('is what /proc/net/ip_vs says of it', async () => {
    const { ipvs, proc } = await scratchTable();
    await ipvs.add(web, { scheduler: 'sh', persistence: { timeoutSeconds: 60, netmask: 24 } });
    // A second has 100 jiffies in a guest, 250 or 1000 elsewhere.
    expect(await proc('ip_vs')).toMatch(/^TCP {2}C0000201:0050 sh {2}persistent \d+000 FFFFFF00$/m);
  });
});

describe('the table', () => {
  it('of a fresh namespace is empty', async () => {
    const { ipvs } = await scratchTable();
    expect(await ipvs.list()).toEqual([]);
    expect(await ipvs.list({ statistics: true, consistent: true })).toEqual([]);
  });

  it('is empty after a flush, which may find nothing to do', async () => {
    const { ipvs } = await scratchTable();
    await ipvs.flush();
    await ipvs.transaction(keys.map((service) => ({ type: 'add-service', service })));
    await ipvs.addDestination(web, { address: '10.0.0.1' });
    await ipvs.flush();
    expect(await ipvs.list()).toEqual([]);
  });

  it('of one namespace is not that of another', async () => {
    const [one, other] = [await scratchTable(), await scratchTable()];
    await one.ipvs.add(web);
    expect(await other.ipvs.list()).toEqual([]);
    await other.ipvs.add(web, { scheduler: 'rr' });
    await one.ipvs.flush();
    expect(await serviceTexts(other.ipvs)).toEqual(['tcp 192.0.2.1:80']);
  });

  it('is zeroed, all counters at once or those of one service', async () => {
    const { ipvs } = await scratchTable();
    await ipvs.zero();
    await ipvs.add(web);
    await ipvs.addDestination(web, { address: '10.0.0.1' });
    await ipvs.zero(web);
    await ipvs.zero();
    const [service] = await ipvs.list({ statistics: true });
    for (const one of [service, service?.destinations[0]]) {
      expect(one?.statistics?.connections).toBe(0n);
      expect(one?.statistics?.bytesOutPerSecond).toBe(0n);
    }
  });

  it('is that of the namespace which a path or an open descriptor stands for', async () => {
    const { ipvs, name } = await scratchTable();
    await ipvs.add(web);
    const file = await open(`/run/netns/${name}`);
    await using byDescriptor = await Ipvs.open({ netns: file.fd });
    await file.close();
    expect(await serviceTexts(byDescriptor)).toEqual(['tcp 192.0.2.1:80']);
    await using byPath = await Ipvs.open({ netns: `/run/netns/${name}` });
    expect(await serviceTexts(byPath)).toEqual(['tcp 192.0.2.1:80']);
  });
});
