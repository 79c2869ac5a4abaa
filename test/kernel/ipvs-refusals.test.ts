import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type Change, IpvsError, type IpvsErrorCode, type ServiceKey } from '../../src/index.ts';
import {
  daemonRecord,
  destinationRecord,
  requestRecord,
  serviceRecord,
} from '../../src/native/ipvs-records.ts';
import { badInput } from '../support/bad-input.ts';
import { kernelIs } from '../support/kernel.ts';
import { pack } from '../support/pack.ts';
import {
  plainTable,
  removeScratchTables,
  type ScratchTable,
  scratchTable,
} from '../support/scratch-table.ts';

// Everything that Linux is known to refuse about IPVS, and where it is provoked on a real kernel:
//
// EPERM            ipvs-access.test.ts: every call, without the capability and in a user namespace
// EOPNOTSUPP       ipvs-malformed.test.ts: a command or a way of asking that there is not
// ERANGE           here: weight, thresholds; ipvs-malformed.test.ts: attributes of a wrong length
// EINVAL           here: values; ipvs-malformed.test.ts: what is left out; ipvs-sync-daemons.test.ts
// EAFNOSUPPORT     here: families; test/scripts/odd-kernels.test.ts: a kernel without IPv6
// EEXIST, ESRCH    here; of sync daemons in ipvs-sync-daemons.test.ts
// ENOENT           here: scheduler, engine, destination; the family itself in ipvs-access.test.ts
// ENODEV           here: no such interface
// ENETUNREACH      ipvs-sync-daemons.test.ts: an interface that cannot send to the group
// ENOMEM           test/scripts/odd-kernels.test.ts: no piece of memory that is large enough
// no error at all  here and in ipvs-malformed.test.ts: destinations of a service that is not there
//
// Not provoked:
// ENOPROTOOPT      the module is being unloaded. Between the moment at which it can no longer be
//                  used and the end of its family, which turns the answer into ENOENT, the kernel
//                  does not sleep, so on one CPU no request gets in between.
// EADDRNOTAVAIL    of a sync daemon's interface without addresses: these kernels choose another
//                  address instead, and say ENETUNREACH where there is none.
// ENOMEM of more   services and destinations take pieces so small that the kernel rather kills a
//                  process than refuses one.

removeScratchTables();

const { errno } = constants;
type ErrnoName = keyof typeof errno;

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
const six = { protocol: 'tcp', address: '2001:db8::1', port: 80 } as const;
const missing = { ...web, port: 9999 };
const member = { address: '10.1.0.2' };
const absent = { address: '10.1.9.9' };

/**
 * A table with one service of each family, a destination, and a link that has a subnet with a
 * broadcast address.
 */
async function furnished(): Promise<ScratchTable> {
  const table = await scratchTable();
  const network = await table.network();
  await network.links.add({ kind: 'dummy', name: 'd0', up: true });
  await network.addresses.add({ link: 'd0', address: '10.1.0.1/16', broadcast: '10.1.255.255' });
  await table.ipvs.add(web, { scheduler: 'rr' });
  await table.ipvs.add(six, { scheduler: 'rr' });
  await table.ipvs.addDestination(web, member);
  return table;
}

const to = (address: string, service: ServiceKey = web): Change => ({
  type: 'add-destination',
  service,
  destination: { address },
});
const full = { forwarding: 'dr', weight: 1, upperThreshold: 0, lowerThreshold: 0 } as const;
const complete = {
  scheduler: 'rr',
  schedulerFlags: [],
  persistence: null,
  onePacket: false,
  persistenceEngine: null,
} as const;

describe('the kernel refuses', () => {
  it.each<[what: string, Change, ErrnoName, IpvsErrorCode]>([
    [
      'a service that is there',
      { type: 'add-service', service: web },
      'EEXIST',
      'IPVS_SERVICE_EXISTS',
    ],
    [
      'a scheduler that it has not',
      { type: 'add-service', service: missing, config: { scheduler: 'nosuch' } },
      'ENOENT',
      'IPVS_SCHEDULER_NOT_FOUND',
    ],
    [
      'such a scheduler in an edit',
      { type: 'edit-service', service: web, config: { scheduler: 'fifteen-letters' } },
      'ENOENT',
      'IPVS_SCHEDULER_NOT_FOUND',
    ],
    [
      'an engine that it has not',
      {
        type: 'add-service',
        service: missing,
        config: { scheduler: 'rr', persistence: {}, persistenceEngine: 'nosuch' },
      },
      'ENOENT',
      'IPVS_ENGINE_NOT_FOUND',
    ],
    [
      'such an engine in an edit',
      {
        type: 'edit-service',
        service: web,
        config: { persistence: {}, persistenceEngine: 'sixteen-letters-' },
      },
      'ENOENT',
      'IPVS_ENGINE_NOT_FOUND',
    ],
    [
      'to edit a service that is not there',
      { type: 'edit-service', service: missing, config: complete },
      'ESRCH',
      'IPVS_SERVICE_NOT_FOUND',
    ],
    [
      'to edit a part of a service that is not there',
      { type: 'edit-service', service: missing, config: { scheduler: 'rr' } },
      'ESRCH',
      'IPVS_SERVICE_NOT_FOUND',
    ],
    [
      'to remove a service that is not there',
      { type: 'remove-service', service: missing },
      'ESRCH',
      'IPVS_SERVICE_NOT_FOUND',
    ],
    [
      'to remove a service by mark that is there for the other family',
      { type: 'remove-service', service: { firewallMark: 7, family: 'ipv6' } },
      'ESRCH',
      'IPVS_SERVICE_NOT_FOUND',
    ],
    [
      'to zero a service that is not there',
      { type: 'zero', service: missing },
      'ESRCH',
      'IPVS_SERVICE_NOT_FOUND',
    ],
    ['a destination that is there', to('10.1.0.2'), 'EEXIST', 'IPVS_DESTINATION_EXISTS'],
    ['a destination of no service', to('10.1.0.2', missing), 'ESRCH', 'IPVS_SERVICE_NOT_FOUND'],
    [
      'to edit a destination of no service',
      { type: 'edit-destination', service: missing, destination: member, config: { weight: 2 } },
      'ESRCH',
      'IPVS_SERVICE_NOT_FOUND',
    ],
    [
      'to remove a destination of no service',
      { type: 'remove-destination', service: missing, destination: member },
      'ESRCH',
      'IPVS_SERVICE_NOT_FOUND',
    ],
    [
      'to edit a destination that is not there',
      { type: 'edit-destination', service: web, destination: absent, config: full },
      'ENOENT',
      'IPVS_DESTINATION_NOT_FOUND',
    ],
    [
      'to edit a part of a destination that is not there',
      { type: 'edit-destination', service: web, destination: absent, config: { weight: 2 } },
      'ENOENT',
      'IPVS_DESTINATION_NOT_FOUND',
    ],
    [
      'to edit a part of a destination that is not there, at a port that direct routing cannot reach',
      {
        type: 'edit-destination',
        service: web,
        destination: { ...absent, port: 8080 },
        config: { weight: 2 },
      },
      'ENOENT',
      'IPVS_DESTINATION_NOT_FOUND',
    ],
    [
      'to edit the flags of a service that is not there',
      { type: 'edit-service', service: missing, config: { schedulerFlags: ['sh-port'] } },
      'ESRCH',
      'IPVS_SERVICE_NOT_FOUND',
    ],
    [
      'to remove a destination that is not there',
      { type: 'remove-destination', service: web, destination: absent },
      'ENOENT',
      'IPVS_DESTINATION_NOT_FOUND',
    ],
    ['a multicast destination', to('224.0.0.5'), 'EINVAL', 'IPVS_INVALID'],
    ["a subnet's broadcast address", to('10.1.255.255'), 'EINVAL', 'IPVS_INVALID'],
    ['the broadcast address', to('255.255.255.255'), 'EINVAL', 'IPVS_INVALID'],
    ['the address of nobody', to('0.0.0.0'), 'EINVAL', 'IPVS_INVALID'],
    ['a multicast IPv6 destination', to('ff02::1', six), 'EINVAL', 'IPVS_INVALID'],
    ['a link-local IPv6 destination elsewhere', to('fe80::1', six), 'EINVAL', 'IPVS_INVALID'],
    ['the IPv6 address of nobody', to('::', six), 'EINVAL', 'IPVS_INVALID'],
    [
      'a sync daemon on no interface',
      { type: 'start-sync-daemon', daemon: { role: 'master', interface: 'nosuch' } },
      'ENODEV',
      'IPVS_INTERFACE_NOT_FOUND',
    ],
    [
      'to stop a sync daemon that does not run',
      { type: 'stop-sync-daemon', role: 'master' },
      'ESRCH',
      'IPVS_DAEMON_NOT_FOUND',
    ],
  ])('%s', async (_what, change, name, code) => {
    const { ipvs } = await furnished();
    const before = await plainTable(ipvs);
    const [result] = await ipvs.transaction([change]);
    const error = result?.ok === false ? result.error : undefined;
    expect(error).toBeInstanceOf(IpvsError);
    expect(error).toMatchObject({ code, errno: errno[name], errnoName: name });
    expect(error?.message).toMatch(/^cannot [^A-Z]*.*[^.]$/);
    expect(await plainTable(ipvs)).toEqual(before);
  });

  it('what a method was called for, which then throws what a transaction reports', async () => {
    const { ipvs } = await furnished();
    const failures = [
      [ipvs.add(web), 'IPVS_SERVICE_EXISTS'],
      [ipvs.edit(missing, { scheduler: 'rr' }), 'IPVS_SERVICE_NOT_FOUND'],
      [ipvs.remove(missing), 'IPVS_SERVICE_NOT_FOUND'],
      [ipvs.addDestination(web, member), 'IPVS_DESTINATION_EXISTS'],
      [ipvs.editDestination(web, absent, { weight: 1 }), 'IPVS_DESTINATION_NOT_FOUND'],
      [ipvs.removeDestination(web, absent), 'IPVS_DESTINATION_NOT_FOUND'],
      [ipvs.zero(missing), 'IPVS_SERVICE_NOT_FOUND'],
      [ipvs.startSyncDaemon({ role: 'backup', interface: 'nosuch' }), 'IPVS_INTERFACE_NOT_FOUND'],
      [ipvs.stopSyncDaemon('backup'), 'IPVS_DAEMON_NOT_FOUND'],
    ] as const;
    for (const [failure, code] of failures) await expect(failure).rejects.toMatchObject({ code });
    await expect(ipvs.addDestination(web, member)).rejects.toThrow(
      'cannot add destination 10.1.0.2:80 to tcp 192.0.2.1:80: it is already there',
    );
  });

  it('nothing of a unicast address without a route, nor of its own address', async () => {
    const { ipvs } = await furnished();
    for (const address of ['99.0.0.1', '10.1.0.1', '127.0.0.1']) {
      await ipvs.addDestination(web, { address });
    }
    expect((await ipvs.find(web))?.destinations).toHaveLength(4);
  });

  it('to find what is not there by saying so, not by failing', async () => {
    const { ipvs, raw } = await furnished();
    expect(await ipvs.find(missing)).toBeUndefined();
    expect(await ipvs.find(missing, { statistics: true })).toBeUndefined();
    const key = (await pack([{ type: 'remove-service', service: missing }])).subarray(
      requestRecord.service,
      requestRecord.service + serviceRecord.size,
    );
    const table = await (await raw()).readDestinations(key);
    expect(table.destinations.byteLength).toBe(0);
  });
});

/** A field of a request to be overwritten: where, how many bytes, with what. */
type Poke = readonly [at: number, width: 1 | 2 | 4, value: number];

async function poked(change: Change, ...pokes: readonly Poke[]): Promise<Uint8Array> {
  const bytes = await pack([change]);
  for (const [at, width, value] of pokes) {
    if (width === 1) bytes.writeUInt8(value, at);
    else if (width === 2) bytes.writeUInt16LE(value, at);
    else bytes.writeUInt32LE(value, at);
  }
  return bytes;
}

const inService = (field: number) => requestRecord.service + field;
const inDestination = (field: number) => requestRecord.destination + field;
const newService: Change = { type: 'add-service', service: missing, config: { scheduler: 'rr' } };
const newSix: Change = { ...newService, service: { ...six, port: 9999 } };
const newMember: Change = to('10.1.0.3');
const tunnelled: Change = { ...newMember, config: { forwarding: 'tun' } } as Change;
const master: Change = { type: 'start-sync-daemon', daemon: { role: 'master', interface: 'd0' } };
const timeouts: Change = { type: 'set-timeouts', timeouts: { tcp: 900 } };

/** Sixteen bytes of text where the kernel allows fifteen. */
const tooLong = (at: number): readonly Poke[] =>
  [0, 4, 8, 12].map((offset): Poke => [at + offset, 4, 0x61616161]);

describe('the kernel by itself refuses', () => {
  it.each<[what: string, Change, pokes: readonly Poke[], ErrnoName]>([
    [
      'a family of services 0',
      newService,
      [[inService(serviceRecord.family), 2, 0]],
      'EAFNOSUPPORT',
    ],
    [
      'a family of services 99',
      newService,
      [[inService(serviceRecord.family), 2, 99]],
      'EAFNOSUPPORT',
    ],
    ['a scheduler of 16 bytes', newService, tooLong(inService(serviceRecord.scheduler)), 'EINVAL'],
    ['an IPv6 netmask of 0', newSix, [[inService(serviceRecord.netmask), 4, 0]], 'EINVAL'],
    ['an IPv6 netmask of 129', newSix, [[inService(serviceRecord.netmask), 4, 129]], 'EINVAL'],
    [
      'a weight of -1',
      newMember,
      [[inDestination(destinationRecord.weight), 4, 0xffffffff]],
      'ERANGE',
    ],
    [
      'a lower threshold above the upper',
      newMember,
      [
        [inDestination(destinationRecord.upperThreshold), 4, 1],
        [inDestination(destinationRecord.lowerThreshold), 4, 2],
      ],
      'ERANGE',
    ],
    [
      'a family of destinations 99',
      newMember,
      [[inDestination(destinationRecord.family), 2, 99]],
      'EAFNOSUPPORT',
    ],
    [
      'direct routing to the other family',
      tunnelled,
      [
        [inDestination(destinationRecord.family), 2, 10],
        [inDestination(destinationRecord.address), 4, 0xb80d0120],
        [inDestination(destinationRecord.address) + 12, 4, 0x01000000],
        [inDestination(destinationRecord.forwarding), 4, 3],
      ],
      'EINVAL',
    ],
    ['GUE to port 0', tunnelled, [[inDestination(destinationRecord.tunnelType), 1, 1]], 'EINVAL'],
    ['a sync daemon in state 0', master, [[requestRecord.daemon, 4, 0]], 'EINVAL'],
    ['a sync daemon in state 3', master, [[requestRecord.daemon, 4, 3]], 'EINVAL'],
    [
      'a sync daemon with a unicast group',
      master,
      [
        [requestRecord.daemon + daemonRecord.groupFamily, 2, 2],
        [requestRecord.daemon + daemonRecord.group, 4, 0x04030201],
      ],
      'EINVAL',
    ],
    ['a timeout of 2^31', timeouts, [[requestRecord.timeouts, 4, 2 ** 31]], 'EINVAL'],
    ['a timeout of 2^31-1', timeouts, [[requestRecord.timeouts, 4, 2 ** 31 - 1]], 'EINVAL'],
  ])('%s', async (_what, change, pokes, name) => {
    const { ipvs, raw } = await furnished();
    const before = await plainTable(ipvs);
    const failures = await (await raw()).execute(await poked(change, ...pokes));
    expect(failures).toEqual([{ index: 0, errno: errno[name], kernelMessage: '' }]);
    expect(await plainTable(ipvs)).toEqual(before);
  });

  it('an interface of 16 bytes, and says why in its own words', async () => {
    const { raw } = await furnished();
    const name = requestRecord.daemon + daemonRecord.interface;
    const [failure] = await (await raw()).execute(await poked(master, ...tooLong(name)));
    expect(failure).toMatchObject({ kernelMessage: 'Attribute failed policy validation' });
  });

  it('an upper threshold above 2^31-1 in later kernels alone, so the library does', async () => {
    const { raw } = await furnished();
    const poke: Poke = [inDestination(destinationRecord.upperThreshold), 4, 2 ** 31];
    const failures = await (await raw()).execute(await poked(newMember, poke));
    const refusals = failures.map((failure) => failure.errno);
    // Updates of older kernels have it too, from some day on.
    const may = kernelIs('7.2') ? [[errno.EINVAL]] : [[], [errno.EINVAL]];
    expect(may).toContainEqual(refusals);
  });

  it.each<[what: string, Change, pokes: readonly Poke[], shows: object]>([
    [
      'forwarding 7',
      newMember,
      [[inDestination(destinationRecord.forwarding), 4, 7]],
      { forwarding: 'unknown-7' },
    ],
    [
      'tunnel type 9',
      tunnelled,
      [[inDestination(destinationRecord.tunnelType), 1, 9]],
      { tunnel: { type: 'unknown-9' } },
    ],
    [
      'another port by direct routing',
      newMember,
      [[inDestination(destinationRecord.port), 2, 8080]],
      { key: { address: '10.1.0.3', port: 8080 } },
    ],
  ])(
    'nothing of a destination with %s, so the library does',
    async (_what, change, pokes, shows) => {
      const { ipvs, raw } = await furnished();
      expect(await (await raw()).execute(await poked(change, ...pokes))).toEqual([]);
      const service = await ipvs.find(web);
      const found = service?.destinations.find(({ key }) => key.address === '10.1.0.3');
      expect(found).toMatchObject(shows);
    },
  );

  it.each<[what: string, Change, pokes: readonly Poke[], shows: object]>([
    [
      'protocol 255',
      newService,
      [[inService(serviceRecord.protocol), 2, 255]],
      { key: { protocol: 'ip-255', address: '192.0.2.1', port: 9999 } },
    ],
    [
      'port 0 and no persistence',
      newService,
      [[inService(serviceRecord.port), 2, 0]],
      { key: { protocol: 'tcp', address: '192.0.2.1', port: 0 }, persistence: undefined },
    ],
    [
      'persistence for 2^31 seconds, which it forgets',
      newService,
      [
        [inService(serviceRecord.flags), 4, 1],
        [inService(serviceRecord.timeout), 4, 2 ** 31],
      ],
      { persistence: { timeoutSeconds: 0, netmask: 32 } },
    ],
    [
      'one-packet scheduling of TCP',
      newService,
      [[inService(serviceRecord.flags), 4, 4]],
      { onePacket: true },
    ],
  ])('nothing of a service with %s, so the library does', async (_what, change, pokes, shows) => {
    const { ipvs, raw } = await furnished();
    expect(await (await raw()).execute(await poked(change, ...pokes))).toEqual([]);
    const others = ['192.0.2.1:80', '[2001:db8::1]:80'];
    const found = (await ipvs.list()).find(
      (one) => !others.some((key) => String(one).includes(key)),
    );
    expect(found).toMatchObject(shows);
  });
});

describe('bad input', () => {
  it('changes nothing, alone or behind a thousand good changes', async () => {
    const { ipvs } = await furnished();
    const before = await plainTable(ipvs);
    const good = Array.from({ length: 1000 }, (_, index) =>
      to(`10.2.${index >> 8}.${index & 255}`),
    );
    for (const { what, change, kind, says } of badInput) {
      const alone = await ipvs.transaction([change]).catch((error: unknown) => error);
      expect(alone, what).toBeInstanceOf(kind);
      expect((alone as Error).message.slice(0, says.length), what).toBe(says);
    }
    for (const { what, change, kind } of badInput.slice(0, 20)) {
      const behind = await ipvs.transaction([...good, change]).catch((error: unknown) => error);
      expect(behind, what).toBeInstanceOf(kind);
      expect((behind as Error).message, what).toMatch(/^change 1000: /);
    }
    expect(await plainTable(ipvs)).toEqual(before);
  });

  it('of a list of changes that is none is refused', async () => {
    const { ipvs } = await scratchTable();
    for (const changes of [undefined, null, {}, 'flush', 7, new Set([{ type: 'flush' }])]) {
      await expect(ipvs.transaction(changes as never)).rejects.toThrow(
        new TypeError('changes must be an array'),
      );
    }
  });

  it.each([[undefined], [null], ['tcp 192.0.2.1:80'], [{}]])(
    'for a service to find is refused: %j',
    async (key) => {
      const { ipvs } = await scratchTable();
      await expect(ipvs.find(key as never)).rejects.toThrow(TypeError);
    },
  );
});
