import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DestinationConfig,
  type DestinationKey,
  formatDestinationKey,
  type ServiceKey,
} from '../../src/index.ts';
import { type DestinationEntry, destinations, serviceKeys } from '../support/arbitraries.ts';
import { plainTable, removeScratchTables, scratchTable } from '../support/scratch-table.ts';

removeScratchTables();

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
const six = { protocol: 'tcp', address: '2001:db8::1', port: 80 } as const;
const sctp = { protocol: 'sctp', address: '192.0.2.1', port: 80 } as const;
const mark = { firewallMark: 7 } as const;
const markSix = { firewallMark: 7, family: 'ipv6' } as const;

const asAdded = {
  forwarding: 'dr',
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
  tunnel: undefined,
};
const idle = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 };

describe('a destination', () => {
  it.each<[ServiceKey, DestinationKey, DestinationConfig | undefined, object]>([
    [web, { address: '10.0.0.1' }, undefined, { key: { address: '10.0.0.1', port: 80 } }],
    [web, { address: '10.0.0.1', port: 80 }, { weight: 0 }, { weight: 0 }],
    [web, { address: '10.0.0.1' }, { weight: 0x7fffffff }, { weight: 0x7fffffff }],
    [
      web,
      { address: '10.0.0.1' },
      { upperThreshold: 0x7fffffff, lowerThreshold: 0x7fffffff },
      { upperThreshold: 0x7fffffff, lowerThreshold: 0x7fffffff },
    ],
    [
      web,
      { address: '10.0.0.1', port: 8080 },
      { forwarding: 'nat' },
      { key: { address: '10.0.0.1', port: 8080 }, forwarding: 'nat' },
    ],
    [web, { address: '127.0.0.1' }, { forwarding: 'local' }, { forwarding: 'local' }],
    [web, { address: '10.0.0.1' }, { forwarding: 'bypass' }, { forwarding: 'bypass' }],
    [
      web,
      { address: '10.0.0.1' },
      { forwarding: 'tun' },
      { forwarding: 'tun', tunnel: { type: 'ipip' } },
    ],
    [
      web,
      { address: '10.0.0.1' },
      { forwarding: 'tun', tunnel: { type: 'gue', port: 6080 } },
      { forwarding: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'none' } },
    ],
    [
      web,
      { address: '10.0.0.1' },
      { forwarding: 'tun', tunnel: { type: 'gue', port: 65535, checksum: 'full' } },
      { forwarding: 'tun', tunnel: { type: 'gue', port: 65535, checksum: 'full' } },
    ],
    [
      web,
      { address: '10.0.0.1' },
      { forwarding: 'tun', tunnel: { type: 'gue', port: 1, checksum: 'remote' } },
      { forwarding: 'tun', tunnel: { type: 'gue', port: 1, checksum: 'remote' } },
    ],
    [
      web,
      { address: '10.0.0.1' },
      { forwarding: 'tun', tunnel: { type: 'gre' } },
      { forwarding: 'tun', tunnel: { type: 'gre', checksum: 'none' } },
    ],
    [
      web,
      { address: '10.0.0.1' },
      { forwarding: 'tun', tunnel: { type: 'gre', checksum: 'full' } },
      { forwarding: 'tun', tunnel: { type: 'gre', checksum: 'full' } },
    ],
    [
      web,
      { address: '2001:db8::b' },
      { forwarding: 'tun' },
      { key: { address: '2001:db8::b', port: 80 }, forwarding: 'tun', tunnel: { type: 'ipip' } },
    ],
    [six, { address: '2001:db8::b' }, {}, { key: { address: '2001:db8::b', port: 80 } }],
    [
      six,
      { address: '2001:db8::b', port: 8080 },
      { forwarding: 'nat' },
      { key: { address: '2001:db8::b', port: 8080 }, forwarding: 'nat' },
    ],
    [
      six,
      { address: '10.0.0.1' },
      { forwarding: 'tun', tunnel: { type: 'gue', port: 6080 } },
      {
        key: { address: '10.0.0.1', port: 80 },
        forwarding: 'tun',
        tunnel: { type: 'gue', port: 6080, checksum: 'none' },
      },
    ],
    [sctp, { address: '10.0.0.1' }, { forwarding: 'nat' }, { forwarding: 'nat' }],
    [mark, { address: '10.0.0.1' }, {}, { key: { address: '10.0.0.1', port: 0 } }],
    [mark, { address: '10.0.0.1', port: 8080 }, {}, { key: { address: '10.0.0.1', port: 8080 } }],
    [markSix, { address: '2001:db8::b' }, {}, { key: { address: '2001:db8::b', port: 0 } }],
  ])('of %j is %j %j', async (service, key, config, expected) => {
    const { ipvs } = await scratchTable();
    await ipvs.add(service);
    await ipvs.addDestination(service, key, config);
    const [found] = await plainTable(ipvs);
    const port = service.firewallMark === undefined ? service.port : 0;
    expect(found?.destinations).toEqual([
      { key: { port, ...key }, ...asAdded, ...idle, ...expected },
    ]);
    await ipvs.removeDestination(service, key);
    expect((await ipvs.find(service))?.destinations).toEqual([]);
  });

  it('is another one at another port or of another service', async () => {
    const { ipvs } = await scratchTable();
    const nat = { forwarding: 'nat' } as const;
    for (const service of [web, { ...web, port: 81 }]) {
      await ipvs.add(service);
      await ipvs.addDestination(service, { address: '10.0.0.1', port: 80 }, nat);
      await ipvs.addDestination(service, { address: '10.0.0.1', port: 81 }, nat);
      await ipvs.addDestination(service, { address: '10.0.0.2', port: 80 }, nat);
    }
    await ipvs.removeDestination(web, { address: '10.0.0.1', port: 81 });
    const table = await plainTable(ipvs);
    expect(
      table.map(({ destinations: members }) => members.map(({ key }) => formatDestinationKey(key))),
    ).toEqual([
      ['10.0.0.1:80', '10.0.0.2:80'],
      ['10.0.0.1:80', '10.0.0.1:81', '10.0.0.2:80'],
    ]);
  });

  it('that was edited keeps what the edit leaves out', async () => {
    const { ipvs } = await scratchTable();
    const key = { address: '10.0.0.1', port: 80 };
    await ipvs.add(web);
    const gue = { type: 'gue', port: 6080, checksum: 'full' } as const;
    await ipvs.addDestination(web, key, {
      forwarding: 'tun',
      weight: 5,
      upperThreshold: 100,
      lowerThreshold: 50,
      tunnel: gue,
    });
    const edited = async (config: DestinationConfig) => {
      await ipvs.editDestination(web, { address: '10.0.0.1' }, config);
      const [service] = await plainTable(ipvs);
      return service?.destinations;
    };
    const before = {
      key,
      ...idle,
      forwarding: 'tun',
      weight: 5,
      upperThreshold: 100,
      lowerThreshold: 50,
      tunnel: gue,
    };
    expect(await edited({})).toEqual([before]);
    expect(await edited({ weight: 0 })).toEqual([{ ...before, weight: 0 }]);
    expect(await edited({ upperThreshold: 60 })).toEqual([
      { ...before, weight: 0, upperThreshold: 60 },
    ]);
    expect(await edited({ lowerThreshold: 0, weight: 9 })).toEqual([
      { ...before, weight: 9, upperThreshold: 60, lowerThreshold: 0 },
    ]);
    expect(await edited({ tunnel: { type: 'gre', checksum: 'none' } })).toEqual([
      {
        ...before,
        weight: 9,
        upperThreshold: 60,
        lowerThreshold: 0,
        tunnel: { type: 'gre', checksum: 'none' },
      },
    ]);
    expect(await edited({ forwarding: 'nat' })).toEqual([
      {
        ...before,
        forwarding: 'nat',
        weight: 9,
        upperThreshold: 60,
        lowerThreshold: 0,
        tunnel: undefined,
      },
    ]);
    expect(await edited({ forwarding: 'tun' })).toEqual([
      {
        ...before,
        weight: 9,
        upperThreshold: 60,
        lowerThreshold: 0,
        tunnel: { type: 'ipip' },
      },
    ]);
  });

  it('reads back as it was written, edited and removed, whatever it is', async () => {
    const { ipvs } = await scratchTable();
    const cases = serviceKeys.chain((service) =>
      fc.record({
        service: fc.constant(service),
        members: fc.uniqueArray(destinations(service), {
          selector: ({ key }) => formatDestinationKey(key),
          minLength: 1,
          maxLength: 6,
        }),
        weight: fc.nat(0x7fffffff),
      }),
    );
    const shown = (entries: readonly DestinationEntry[], changed: object = {}) =>
      [...entries]
        .sort((left, right) =>
          formatDestinationKey(left.key) < formatDestinationKey(right.key) ? -1 : 1,
        )
        .map(({ key, config }) => ({ key, tunnel: undefined, ...idle, ...config, ...changed }));
    await fc.assert(
      fc.asyncProperty(cases, async ({ service, members, weight }) => {
        const membersNow = async () => (await plainTable(ipvs))[0]?.destinations;
        await ipvs.add(service, { scheduler: 'rr' });
        try {
          for (const { key, config } of members) await ipvs.addDestination(service, key, config);
          expect(await membersNow()).toEqual(shown(members));
          for (const { key } of members) await ipvs.editDestination(service, key, { weight });
          expect(await membersNow()).toEqual(shown(members, { weight }));
          for (const { key } of members) await ipvs.removeDestination(service, key);
          expect(await membersNow()).toEqual([]);
        } finally {
          await ipvs.remove(service);
        }
        expect(await ipvs.list()).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
