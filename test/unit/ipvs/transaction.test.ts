import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change, DestinationConfig, ServiceConfig, ServiceKey } from '../../../src/index.ts';
import { formatServiceKey } from '../../../src/index.ts';
import {
  type DestinationSettings,
  readDestinationKey,
  readDestinationSettings,
} from '../../../src/ipvs/destination.ts';
import type { EditReader } from '../../../src/ipvs/known-table.ts';
import { RecordView } from '../../../src/ipvs/record-view.ts';
import {
  readServiceKey,
  readServiceSettings,
  type ServiceSettings,
} from '../../../src/ipvs/service.ts';
import { packChanges } from '../../../src/ipvs/transaction.ts';
import type { NativeTable } from '../../../src/native/ipvs.ts';
import { command, requestRecord, serviceRecord } from '../../../src/native/ipvs-records.ts';
import { destinations, serviceConfigs, serviceKeys } from '../../support/arbitraries.ts';
import { pack, unreadable } from '../../support/pack.ts';
import { type PackedService, packedTable } from '../../support/packed-table.ts';

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
const six = { protocol: 'tcp', address: '2001:db8::1', port: 80 } as const;
const member = { address: '10.0.0.11', port: 80 } as const;

const asAdded: ServiceSettings = {
  scheduler: 'wlc',
  schedulerFlags: [],
  persistence: undefined,
  onePacket: false,
  persistenceEngine: undefined,
};

/** A kernel's table that can be read, and that counts how often it is. */
class FakeTable implements EditReader {
  readonly #services: ReadonlyMap<string, PackedService>;
  readonly read: string[] = [];

  constructor(services: readonly PackedService[]) {
    this.#services = new Map(services.map((service) => [formatServiceKey(service.key), service]));
  }

  async service(key: Uint8Array): Promise<NativeTable> {
    const wanted = formatServiceKey(keyIn(key));
    this.read.push(wanted);
    const found = this.#services.get(wanted);
    return packedTable(found === undefined ? [] : [found]);
  }

  async destinations(keys: Uint8Array): Promise<NativeTable> {
    const found: PackedService[] = [];
    for (let at = 0; at < keys.length; at += serviceRecord.size) {
      const key = keyIn(keys.subarray(at, at + serviceRecord.size));
      const wanted = formatServiceKey(key);
      this.read.push(`destinations of ${wanted}`);
      found.push(this.#services.get(wanted) ?? { key });
    }
    return packedTable(found);
  }
}

function keyIn(record: Uint8Array): ServiceKey {
  return readServiceKey(new RecordView(Uint8Array.from(record).buffer), 0);
}

/** What the last of some changes would make of its service. */
async function serviceAfter(
  changes: readonly Change[],
  reader: EditReader,
): Promise<ServiceSettings> {
  const view = new RecordView(Uint8Array.from(await pack(changes, reader)).buffer);
  const at = (changes.length - 1) * requestRecord.size;
  return readServiceSettings(view, at + requestRecord.service);
}

/** What the last of some changes would make of its destination. */
async function destinationAfter(
  changes: readonly Change[],
  reader: EditReader,
): Promise<DestinationSettings> {
  const view = new RecordView(Uint8Array.from(await pack(changes, reader)).buffer);
  const at = (changes.length - 1) * requestRecord.size;
  return readDestinationSettings(view, at + requestRecord.destination);
}

describe('an edit of a service', () => {
  const persistent = {
    scheduler: 'mh',
    schedulerFlags: ['mh-port'],
    persistence: { timeoutSeconds: 60, netmask: 24 },
    persistenceEngine: 'sip',
  } as const;
  const edited = { ...asAdded, ...persistent };

  it.each<[string, ServiceConfig, ServiceSettings]>([
    ['nothing', {}, edited],
    ['the scheduler', { scheduler: 'rr' }, { ...edited, scheduler: 'rr', schedulerFlags: [] }],
    [
      'its flags',
      { schedulerFlags: ['mh-fallback'] },
      { ...edited, schedulerFlags: ['mh-fallback'] },
    ],
    ['no flags', { schedulerFlags: [] }, { ...edited, schedulerFlags: [] }],
    [
      'another persistence as a whole',
      { persistence: { netmask: 16 } },
      { ...edited, persistence: { timeoutSeconds: 300, netmask: 16 } },
    ],
    [
      'no persistence and no engine',
      { persistence: null, persistenceEngine: null },
      { ...edited, persistence: undefined, persistenceEngine: undefined },
    ],
    ['no engine', { persistenceEngine: null }, { ...edited, persistenceEngine: undefined }],
  ])('that gives it %s keeps the rest', async (_what, config, expected) => {
    const table = new FakeTable([{ key: web, config: persistent }]);
    const edit: Change = { type: 'edit-service', service: web, config };
    expect(await serviceAfter([edit], table)).toEqual(expected);
    expect(table.read).toEqual(['tcp 192.0.2.1:80']);
  });

  it('that takes away the persistence an engine needs is refused', async () => {
    const table = new FakeTable([{ key: web, config: persistent }]);
    const edit: Change = { type: 'edit-service', service: web, config: { persistence: null } };
    await expect(pack([edit], table)).rejects.toThrow(
      new RangeError('persistence engine sip needs persistence'),
    );
  });

  it('that gives everything reads nothing', async () => {
    const cases = serviceKeys.chain((key) => fc.tuple(fc.constant(key), serviceConfigs(key)));
    await fc.assert(
      fc.asyncProperty(cases, async ([service, config]) => {
        const edit: Change = { type: 'edit-service', service, config };
        const settings = await serviceAfter([edit], unreadable);
        expect(settings.scheduler).toBe(config.scheduler);
        expect(settings.persistence ?? null).toEqual(config.persistence);
      }),
    );
  });

  it('finds its service whatever way the address is written', async () => {
    const table = new FakeTable([{ key: six, config: { scheduler: 'sed' } }]);
    const service = { ...six, address: '2001:DB8:0:0:0:0:0:1' };
    const edit: Change = { type: 'edit-service', service, config: { onePacket: false } };
    expect((await serviceAfter([edit], table)).scheduler).toBe('sed');
  });

  it('builds on the additions and edits before it', async () => {
    const table = new FakeTable([]);
    const changes: Change[] = [
      { type: 'add-service', service: web, config: { scheduler: 'mh' } },
      { type: 'edit-service', service: web, config: { schedulerFlags: ['mh-port'] } },
      { type: 'edit-service', service: web, config: { persistence: {} } },
    ];
    expect(await serviceAfter(changes, table)).toEqual({
      ...asAdded,
      scheduler: 'mh',
      schedulerFlags: ['mh-port'],
      persistence: { timeoutSeconds: 300, netmask: 32 },
    });
  });

  it('does not build on an addition of what is there, which the kernel refuses', async () => {
    const table = new FakeTable([
      { key: web, config: { scheduler: 'sh', schedulerFlags: ['sh-port'] } },
    ]);
    const changes: Change[] = [
      { type: 'add-service', service: web, config: { scheduler: 'rr' } },
      { type: 'edit-service', service: web, config: { persistence: {} } },
    ];
    expect(await serviceAfter(changes, table)).toMatchObject({
      scheduler: 'sh',
      schedulerFlags: ['sh-port'],
    });
  });

  it.each<[string, Change]>([
    ['removed', { type: 'remove-service', service: web }],
    ['flushed', { type: 'flush' }],
  ])('does not build on what was %s before it', async (_what, removal) => {
    const table = new FakeTable([{ key: web, config: { scheduler: 'sh' } }]);
    const changes: Change[] = [
      removal,
      { type: 'add-service', service: web, config: { scheduler: 'rr' } },
      { type: 'edit-service', service: web, config: { persistence: {} } },
    ];
    expect((await serviceAfter(changes, table)).scheduler).toBe('rr');
  });
});

describe('an edit of a destination', () => {
  const kept: DestinationConfig = {
    forwarding: 'tun',
    weight: 5,
    upperThreshold: 100,
    lowerThreshold: 50,
    tunnel: { type: 'gue', port: 6080, checksum: 'full' },
  };
  const withMember = [{ key: web, destinations: [{ key: member, config: kept }] }];

  it.each<[string, DestinationConfig, object]>([
    ['nothing', {}, kept],
    ['a weight', { weight: 0 }, { ...kept, weight: 0 }],
    [
      'an upper threshold',
      { upperThreshold: 60 },
      { ...kept, upperThreshold: 60, lowerThreshold: 50 },
    ],
    ['a tunnel', { tunnel: { type: 'ipip' } }, { ...kept, tunnel: { type: 'ipip' } }],
    [
      'another way of forwarding, which has no tunnel',
      { forwarding: 'dr' },
      { ...kept, forwarding: 'dr', tunnel: undefined },
    ],
    ['the way of forwarding that it has', { forwarding: 'tun' }, kept],
  ])('that gives it %s keeps the rest', async (_what, config, expected) => {
    const table = new FakeTable(withMember);
    const edit: Change = { type: 'edit-destination', service: web, destination: member, config };
    expect(await destinationAfter([edit], table)).toEqual(expected);
    expect(table.read).toEqual(['destinations of tcp 192.0.2.1:80']);
  });

  it('that puts its thresholds the wrong way round together with what is kept is refused', async () => {
    const edit: Change = {
      type: 'edit-destination',
      service: web,
      destination: member,
      config: { upperThreshold: 10 },
    };
    await expect(pack([edit], new FakeTable(withMember))).rejects.toThrow(
      'lowerThreshold 50 must not be above upperThreshold 10',
    );
  });

  it('that gives everything reads nothing', async () => {
    const cases = serviceKeys.chain((key) => fc.tuple(fc.constant(key), destinations(key)));
    await fc.assert(
      fc.asyncProperty(cases, async ([service, { key, config }]) => {
        const edit: Change = { type: 'edit-destination', service, destination: key, config };
        const settings = await destinationAfter([edit], unreadable);
        expect(settings).toEqual({ tunnel: undefined, ...config });
      }),
    );
  });

  it('finds a destination that is named without its port', async () => {
    const edit: Change = {
      type: 'edit-destination',
      service: web,
      destination: { address: '10.0.0.11' },
      config: { weight: 9 },
    };
    expect(await destinationAfter([edit], new FakeTable(withMember))).toEqual({
      ...kept,
      weight: 9,
    });
  });

  it('reads each service once, however many of its destinations are edited', async () => {
    const other = { ...web, port: 443 };
    const table = new FakeTable(withMember);
    const changes = Array.from(
      { length: 50 },
      (_, index): Change => ({
        type: 'edit-destination',
        service: index % 2 === 0 ? web : other,
        destination: { address: `10.0.0.${index}` },
        config: { weight: index },
      }),
    );
    await pack(changes, table);
    expect(table.read).toEqual([
      'destinations of tcp 192.0.2.1:80',
      'destinations of tcp 192.0.2.1:443',
    ]);
  });

  it('builds on additions and edits before it, as far as the kernel will do them', async () => {
    const table = new FakeTable(withMember);
    const fresh = { address: '10.0.0.12' };
    const at = (destination: { address: string }) => ({ service: web, destination });
    const changes: Change[] = [
      { type: 'add-destination', ...at(fresh), config: { forwarding: 'nat', weight: 3 } },
      { type: 'edit-destination', ...at(fresh), config: { upperThreshold: 7 } },
      { type: 'add-destination', ...at(member), config: { forwarding: 'dr', weight: 1 } },
      { type: 'edit-destination', ...at(fresh), config: { lowerThreshold: 2 } },
    ];
    expect(await destinationAfter(changes, table)).toEqual({
      forwarding: 'nat',
      weight: 3,
      upperThreshold: 7,
      lowerThreshold: 2,
      tunnel: undefined,
    });
    const afterRefusal: Change = { type: 'edit-destination', ...at(member), config: { weight: 6 } };
    expect(await destinationAfter([...changes, afterRefusal], table)).toEqual({
      ...kept,
      weight: 6,
    });
  });

  it.each<[string, Change[]]>([
    ['it was removed', [{ type: 'remove-destination', service: web, destination: member }]],
    [
      'its service was removed',
      [
        { type: 'remove-service', service: web },
        { type: 'add-service', service: web },
      ],
    ],
    ['the table was flushed', [{ type: 'flush' }, { type: 'add-service', service: web }]],
  ])('builds on the new addition after %s', async (_what, removal) => {
    const changes: Change[] = [
      ...removal,
      { type: 'add-destination', service: web, destination: member, config: { weight: 2 } },
      {
        type: 'edit-destination',
        service: web,
        destination: member,
        config: { upperThreshold: 4 },
      },
    ];
    expect(await destinationAfter(changes, new FakeTable(withMember))).toEqual({
      forwarding: 'dr',
      weight: 2,
      upperThreshold: 4,
      lowerThreshold: 0,
      tunnel: undefined,
    });
  });
});

describe('an edit of what is not there', () => {
  /** The commands of the records, and the services they name. */
  const commandsOf = async (changes: readonly Change[], reader: EditReader) => {
    const { chunks, absent } = await packChanges(changes, reader);
    const view = new RecordView(Uint8Array.from(Buffer.concat(chunks)).buffer);
    const commands = changes.map((_, index) => {
      const at = index * requestRecord.size;
      const key = readServiceKey(view, at + requestRecord.service);
      return [view.getU32(at + requestRecord.command), formatServiceKey(key)];
    });
    return { commands, absent: [...absent] };
  };

  it('asks for the service in its place when it leaves something out', async () => {
    const table = new FakeTable([{ key: web, destinations: [{ key: member }] }]);
    const other = { address: '10.0.0.12' };
    const changes: Change[] = [
      { type: 'edit-service', service: web, config: { scheduler: 'rr' } },
      { type: 'edit-service', service: six, config: { scheduler: 'rr' } },
      { type: 'edit-destination', service: web, destination: other, config: { weight: 2 } },
      { type: 'edit-destination', service: web, destination: member, config: { weight: 2 } },
      { type: 'edit-destination', service: six, destination: { address: '::2' }, config: {} },
    ];
    expect(await commandsOf(changes, table)).toEqual({
      commands: [
        [command.setService, 'tcp 192.0.2.1:80'],
        [command.getService, 'tcp [2001:db8::1]:80'],
        [command.getService, 'tcp 192.0.2.1:80'],
        [command.setDest, 'tcp 192.0.2.1:80'],
        [command.getService, 'tcp [2001:db8::1]:80'],
      ],
      absent: [1, 2, 4],
    });
  });

  it('asks for it too after it was removed in the same list', async () => {
    const table = new FakeTable([{ key: web, destinations: [{ key: member }] }]);
    const edit: Change = {
      type: 'edit-destination',
      service: web,
      destination: member,
      config: { weight: 2 },
    };
    const changes: Change[] = [
      edit,
      { type: 'remove-destination', service: web, destination: member },
      edit,
      { type: 'flush' },
      { type: 'edit-service', service: web, config: {} },
    ];
    expect((await commandsOf(changes, table)).absent).toEqual([2, 4]);
  });

  it.each<[string, DestinationConfig, { address: string; port?: number }]>([
    ['a port that only NAT reaches', { weight: 2 }, { address: '10.0.0.9', port: 8080 }],
    ['an address that only a tunnel reaches', { weight: 2 }, { address: '2001:db8::9' }],
    ['a tunnel', { tunnel: { type: 'gre' } }, { address: '10.0.0.9' }],
    ['a lower threshold', { lowerThreshold: 9 }, { address: '10.0.0.9' }],
  ])(
    'is not blamed for what the missing destination may have had: %s',
    async (_what, config, destination) => {
      const edit: Change = { type: 'edit-destination', service: web, destination, config };
      expect((await commandsOf([edit], new FakeTable([]))).absent).toEqual([0]);
    },
  );

  it.each<[string, ServiceConfig, ServiceKey]>([
    ['the flags of a scheduler', { schedulerFlags: ['sh-port'] }, web],
    ['an engine', { persistenceEngine: 'sip' }, web],
    ['every port', { scheduler: 'rr' }, { ...web, port: 0 }],
  ])(
    'is not blamed for what the missing service may have had: %s',
    async (_what, config, service) => {
      const edit: Change = { type: 'edit-service', service, config };
      expect((await commandsOf([edit], new FakeTable([]))).absent).toEqual([0]);
    },
  );

  it.each<[Change, string]>([
    [
      { type: 'edit-destination', service: web, destination: member, config: { weight: -1 } },
      'weight must be',
    ],
    [
      {
        type: 'edit-destination',
        service: web,
        destination: member,
        config: { upperThreshold: 1, lowerThreshold: 2 },
      },
      'lowerThreshold 2 must not be above upperThreshold 1',
    ],
    [
      {
        type: 'edit-destination',
        service: web,
        destination: { ...member, port: 8080 },
        config: { forwarding: 'dr' },
      },
      'destination port 8080 must be',
    ],
    [{ type: 'edit-service', service: web, config: { scheduler: '' } }, 'scheduler must not be'],
    [
      {
        type: 'edit-service',
        service: web,
        config: { persistence: null, persistenceEngine: 'sip' },
      },
      'persistence engine sip needs persistence',
    ],
    [{ type: 'edit-service', service: web, config: { onePacket: true } }, 'onePacket is for udp'],
  ])('is refused all the same for what could never be right: %j', async (change, says) => {
    await expect(packChanges([change], new FakeTable([]))).rejects.toThrow(says);
  });
});

describe('many changes', () => {
  const many = (count: number): Change[] =>
    Array.from({ length: count }, (_, index) => ({
      type: 'add-destination',
      service: web,
      destination: { address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` },
      config: { weight: index },
    }));

  it('are packed in order, in chunks of whole records', async () => {
    const { chunks } = await packChanges(many(2500), unreadable);
    expect(chunks.map((chunk) => chunk.length / requestRecord.size)).toEqual([
      512, 512, 512, 512, 452,
    ]);
    const view = new RecordView(Uint8Array.from(Buffer.concat(chunks)).buffer);
    for (const index of [0, 1, 1023, 1024, 2047, 2048, 2499]) {
      const at = index * requestRecord.size;
      expect(readServiceKey(view, at + requestRecord.service)).toEqual(web);
      expect(readDestinationKey(view, at + requestRecord.destination)).toEqual({
        address: `10.0.${index >> 8}.${index & 255}`,
        port: 80,
      });
      expect(readDestinationSettings(view, at + requestRecord.destination).weight).toBe(index);
    }
  });

  it('are none of them packed when the last is wrong, and the error says which', async () => {
    const changes = many(2500);
    changes.push({ type: 'remove-service', service: { ...web, port: 99_999 } });
    await expect(packChanges(changes, unreadable)).rejects.toThrow(
      new RangeError('change 2500: service port must be a whole number from 0 to 65535, not 99999'),
    );
  });

  it('are found wrong while looking up what is to be edited, and the error says which', async () => {
    const wrong = { ...web, address: 'localhost' };
    const changes: Change[] = [
      { type: 'edit-service', service: web, config: { scheduler: 'rr' } },
      { type: 'edit-service', service: wrong, config: { scheduler: 'rr' } },
    ];
    await expect(packChanges(changes, new FakeTable([]))).rejects.toThrow(
      new RangeError('change 1: service address "localhost" is not an IP address'),
    );
  });

  it('of services that differ keep their own identity each', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(serviceKeys, { minLength: 1, maxLength: 20 }), async (keys) => {
        const changes: Change[] = keys.flatMap((service) => [
          { type: 'zero', service },
          { type: 'remove-service', service },
        ]);
        const view = new RecordView(Uint8Array.from(await pack(changes)).buffer);
        for (const [index, change] of changes.entries()) {
          const at = index * requestRecord.size + requestRecord.service;
          expect(readServiceKey(view, at)).toEqual('service' in change && change.service);
        }
      }),
    );
  });

  it('may be none', async () => {
    expect(await packChanges([], unreadable)).toEqual({ chunks: [], absent: new Set() });
  });
});
