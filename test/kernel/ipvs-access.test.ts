import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { Ipvs, IpvsError } from '../../src/index.ts';
import { loadAddon } from '../../src/native/load.ts';
import { NetworkNamespace } from '../../src/net/namespace.ts';
import { removeScratchTables, scratchTable, serviceTexts } from '../support/scratch-table.ts';
import { describeLifetime } from '../support/socket-lifetime.ts';

removeScratchTables();

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
const member = { address: '10.0.0.1' };

/** Every call of a client that speaks to the kernel. */
function everyCall(ipvs: Ipvs): readonly (readonly [name: string, call: () => Promise<unknown>])[] {
  return [
    ['list', () => ipvs.list()],
    ['find', () => ipvs.find(web)],
    ['add', () => ipvs.add(web, { scheduler: 'rr' })],
    ['edit', () => ipvs.edit(web, { scheduler: 'rr' })],
    ['remove', () => ipvs.remove(web)],
    ['addDestination', () => ipvs.addDestination(web, member)],
    ['editDestination', () => ipvs.editDestination(web, member, { weight: 1 })],
    ['removeDestination', () => ipvs.removeDestination(web, member)],
    ['flush', () => ipvs.flush()],
    ['zero', () => ipvs.zero()],
    ['timeouts', () => ipvs.timeouts()],
    ['setTimeouts', () => ipvs.setTimeouts({ tcp: 1 })],
    ['info', () => ipvs.info()],
    ['syncDaemons', () => ipvs.syncDaemons()],
    ['startSyncDaemon', () => ipvs.startSyncDaemon({ role: 'master', interface: 'lo' })],
    ['stopSyncDaemon', () => ipvs.stopSyncDaemon('master')],
  ];
}

describe('a closed client', () => {
  it('refuses every call, and says so', async () => {
    const { ipvs, another } = await scratchTable();
    await ipvs.add(web);
    await ipvs.close();
    for (const [name, call] of [
      ...everyCall(ipvs),
      ['transaction', () => ipvs.transaction([])] as const,
    ]) {
      const failure = await call().catch((error: unknown) => error);
      expect(failure, name).toBeInstanceOf(IpvsError);
      expect(failure, name).toMatchObject({
        code: 'IPVS_CLOSED',
        message: 'the IPVS client is closed',
      });
    }
    expect(await serviceTexts(await another())).toEqual(['tcp 192.0.2.1:80']);
  });

  it('may be closed again, also by leaving the block it was opened in', async () => {
    const { name } = await scratchTable();
    let left: Ipvs;
    {
      await using ipvs = await Ipvs.open({ netns: name });
      left = ipvs;
      await ipvs.close();
      await ipvs.close();
    }
    await expect(left.list()).rejects.toMatchObject({ code: 'IPVS_CLOSED' });
  });

  it('has answered the calls that were made before it was closed', async () => {
    const { name } = await scratchTable();
    const ipvs = await Ipvs.open({ netns: name });
    const calls = [ipvs.add(web), ipvs.addDestination(web, member), ipvs.list()] as const;
    const closing = ipvs.close();
    await expect(ipvs.list()).rejects.toMatchObject({ code: 'IPVS_CLOSED' });
    const [, , services] = await Promise.all(calls);
    await closing;
    expect(services[0]?.destinations).toHaveLength(1);
  });
});

describe('a namespace', () => {
  it('that is not there, or is none, cannot be opened', async () => {
    await expect(Ipvs.open({ netns: 'lvskit-no-such' })).rejects.toMatchObject({
      code: 'IPVS_NAMESPACE_NOT_FOUND',
      errnoName: 'ENOENT',
    });
    await expect(Ipvs.open({ netns: '/proc/self/status' })).rejects.toMatchObject({
      code: 'IPVS_NAMESPACE_NOT_FOUND',
      errnoName: 'EINVAL',
    });
  });

  it('that lost its name stays with the client, table and all', async () => {
    const namespace = await NetworkNamespace.create(`lvskit-access-${process.pid}`);
    await using ipvs = await Ipvs.open({ netns: namespace.name });
    await ipvs.add(web);
    await namespace.remove();
    await ipvs.addDestination(web, member);
    expect(String((await ipvs.list())[0])).toBe('tcp 192.0.2.1:80');
  });
});

describe('without permission', () => {
  const nobody = 65_534;
  afterEach(() => process.seteuid?.(0));

  it('every call is refused with what it takes, and the table is unchanged', async () => {
    const { ipvs, another } = await scratchTable();
    const witness = await another();
    await ipvs.add(web, { scheduler: 'wrr' });
    await ipvs.addDestination(web, member, { weight: 5 });
    for (const [name, call] of everyCall(ipvs)) {
      process.seteuid?.(nobody);
      const failure = await call().catch((error: unknown) => error);
      process.seteuid?.(0);
      expect(failure, name).toBeInstanceOf(IpvsError);
      expect(failure, name).toMatchObject({ code: 'IPVS_NOT_PERMITTED', errnoName: 'EPERM' });
      expect((failure as Error).message, name).toContain('CAP_NET_ADMIN');
    }
    const [service] = await witness.list();
    expect(service).toMatchObject({ scheduler: 'wrr' });
    expect(service?.destinations).toMatchObject([{ weight: 5 }]);
    expect(await witness.timeouts()).toMatchObject({ tcp: 900 });
    expect(await witness.syncDaemons()).toEqual([]);
  });

  it('every change of a transaction is refused by itself', async () => {
    const { ipvs } = await scratchTable();
    process.seteuid?.(nobody);
    const results = await ipvs.transaction([
      { type: 'add-service', service: web },
      { type: 'flush' },
      { type: 'zero' },
    ]);
    process.seteuid?.(0);
    const codes = results.map((result) => (result.ok ? 'ok' : result.error.code));
    expect(codes).toEqual(['IPVS_NOT_PERMITTED', 'IPVS_NOT_PERMITTED', 'IPVS_NOT_PERMITTED']);
  });

  it('another namespace cannot be entered, and the message says what that takes', async () => {
    const { name } = await scratchTable();
    process.seteuid?.(nobody);
    const failure = await Ipvs.open({ netns: name }).catch((error: unknown) => error);
    process.seteuid?.(0);
    expect(failure).toMatchObject({ code: 'IPVS_NOT_PERMITTED', errnoName: 'EPERM' });
    expect((failure as Error).message).toContain('CAP_SYS_ADMIN');
  });

  it('root of a user namespace is refused too', async () => {
    const program = fileURLToPath(new URL('programs/read-table.mjs', import.meta.url));
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const { stdout } = await execa('unshare', ['-Urn', process.execPath, program, root]);
    const { EPERM } = constants.errno;
    expect(JSON.parse(stdout)).toEqual({ open: 0, read: EPERM, change: EPERM });
  });
});

const { IpvsSocket } = loadAddon();

describeLifetime(
  'IpvsSocket',
  () => new IpvsSocket(),
  (socket) => socket.readTable({ statistics: true, destinations: true, consistent: true }),
);
