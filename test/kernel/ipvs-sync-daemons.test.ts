import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SyncDaemonConfig, SyncDaemonState } from '../../src/index.ts';
import { syncDaemons } from '../support/arbitraries.ts';
import { removeScratchTables, type ScratchTable, scratchTable } from '../support/scratch-table.ts';

removeScratchTables();

const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;

/** A table with a link to synchronise over, of addresses of both families. */
async function withLink(): Promise<ScratchTable> {
  const table = await scratchTable();
  const network = await table.network();
  await network.links.add({ kind: 'dummy', name: 'sync0', up: true });
  await network.addresses.add({ link: 'sync0', address: '10.1.0.1/16' });
  await network.addresses.add({ link: 'sync0', address: '2001:db8:1::1/64', flags: ['nodad'] });
  return table;
}

const byRole = (daemons: readonly SyncDaemonState[]) =>
  [...daemons].sort((left, right) => (left.role < right.role ? -1 : 1));

describe('a sync daemon', () => {
  it.each(['master', 'backup'] as const)(
    'is started as %s with the defaults, and stopped',
    async (role) => {
      const { ipvs } = await withLink();
      expect(await ipvs.syncDaemons()).toEqual([]);
      await ipvs.startSyncDaemon({ role, interface: 'sync0' });
      expect(await ipvs.syncDaemons()).toEqual([
        {
          role,
          interface: 'sync0',
          syncId: 0,
          // The MTU of 1500 without the headers of IP and UDP.
          maxLength: 1472,
          group: '224.0.0.81',
          port: 8848,
          ttl: 1,
        },
      ]);
      await ipvs.stopSyncDaemon(role);
      expect(await ipvs.syncDaemons()).toEqual([]);
    },
  );

  it('may run in both roles, each with its own settings', async () => {
    const { ipvs } = await withLink();
    const master: SyncDaemonState = {
      role: 'master',
      interface: 'sync0',
      syncId: 255,
      maxLength: 1100,
      group: '239.1.2.3',
      port: 1,
      ttl: 255,
    };
    const backup: SyncDaemonState = {
      role: 'backup',
      interface: 'sync0',
      syncId: 1,
      maxLength: 1400,
      group: 'ff02::8848',
      port: 65535,
      ttl: 7,
    };
    await ipvs.startSyncDaemon(master);
    await ipvs.startSyncDaemon(backup);
    expect(byRole(await ipvs.syncDaemons())).toEqual([backup, master]);
    await ipvs.stopSyncDaemon('master');
    expect(await ipvs.syncDaemons()).toEqual([backup]);
    await ipvs.startSyncDaemon(master);
    await ipvs.stopSyncDaemon('backup');
    expect(await ipvs.syncDaemons()).toEqual([master]);
    await ipvs.stopSyncDaemon('master');
  });

  it('reads back as it was started, whatever its settings', async () => {
    const { ipvs } = await withLink();
    await fc.assert(
      fc.asyncProperty(syncDaemons('sync0'), async (config) => {
        await ipvs.startSyncDaemon(config);
        expect(await ipvs.syncDaemons()).toEqual([config]);
        await ipvs.stopSyncDaemon(config.role);
        expect(await ipvs.syncDaemons()).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('takes a message length as far as the kernel allows', async () => {
    const { ipvs } = await withLink();
    await ipvs.startSyncDaemon({ role: 'master', interface: 'sync0', maxLength: 65_507 });
    await ipvs.startSyncDaemon({ role: 'backup', interface: 'sync0', maxLength: 1 });
    const [backup, master] = byRole(await ipvs.syncDaemons());
    expect(master?.maxLength).toBe(65_507);
    // A backup that took less would not understand masters that send more.
    expect(backup?.maxLength).toBe(1024);
    await ipvs.stopSyncDaemon('master');
    await ipvs.stopSyncDaemon('backup');
  });

  it('has by default the message length of its role and link', async () => {
    const { ipvs, network } = await withLink();
    await (await network()).links.set('sync0', { mtu: 9000 });
    await ipvs.startSyncDaemon({ role: 'master', interface: 'sync0' });
    await ipvs.startSyncDaemon({ role: 'backup', interface: 'sync0' });
    const [backup, master] = byRole(await ipvs.syncDaemons());
    expect([backup?.maxLength, master?.maxLength]).toEqual([8972, 1472]);
    await ipvs.stopSyncDaemon('master');
    await ipvs.stopSyncDaemon('backup');
  });

  it('is in one namespace and not in another', async () => {
    const [one, other] = [await withLink(), await withLink()];
    await one.ipvs.startSyncDaemon({ role: 'master', interface: 'sync0' });
    expect(await other.ipvs.syncDaemons()).toEqual([]);
    await other.ipvs.startSyncDaemon({ role: 'master', interface: 'sync0', syncId: 2 });
    await one.ipvs.stopSyncDaemon('master');
    expect(await other.ipvs.syncDaemons()).toMatchObject([{ syncId: 2 }]);
    await other.ipvs.stopSyncDaemon('master');
  });

  it('that is stopped at once after its start is stopped, though the kernel may not answer', async () => {
    const { ipvs } = await withLink();
    for (let round = 0; round < 15; round++) {
      for (const role of ['master', 'backup'] as const) {
        const daemon: SyncDaemonConfig = { role, interface: 'sync0' };
        await ipvs.startSyncDaemon(daemon);
        await ipvs.stopSyncDaemon(role);
        const results = await ipvs.transaction([
          { type: 'start-sync-daemon', daemon },
          { type: 'stop-sync-daemon', role },
          { type: 'start-sync-daemon', daemon },
          { type: 'stop-sync-daemon', role },
        ]);
        expect(results).toEqual([{ ok: true }, { ok: true }, { ok: true }, { ok: true }]);
      }
      expect(await ipvs.syncDaemons()).toEqual([]);
    }
  });

  it('of a role that runs is refused a second time', async () => {
    const { ipvs } = await withLink();
    await ipvs.startSyncDaemon({ role: 'master', interface: 'sync0', syncId: 1 });
    await expect(
      ipvs.startSyncDaemon({ role: 'master', interface: 'sync0', syncId: 2 }),
    ).rejects.toMatchObject({ code: 'IPVS_DAEMON_EXISTS', errnoName: 'EEXIST' });
    expect(await ipvs.syncDaemons()).toMatchObject([{ syncId: 1 }]);
    await ipvs.stopSyncDaemon('master');
    await expect(ipvs.stopSyncDaemon('master')).rejects.toMatchObject({
      code: 'IPVS_DAEMON_NOT_FOUND',
    });
  });

  it('and a destination of the other family exclude each other', async () => {
    const { ipvs } = await withLink();
    const mixed = { address: '2001:db8:1::2' };
    await ipvs.add(web, { scheduler: 'rr' });
    await ipvs.startSyncDaemon({ role: 'master', interface: 'sync0' });
    await expect(ipvs.addDestination(web, mixed, { forwarding: 'tun' })).rejects.toMatchObject({
      code: 'IPVS_INVALID',
      message: expect.stringContaining('no sync daemon runs'),
    });
    await ipvs.stopSyncDaemon('master');
    await ipvs.addDestination(web, mixed, { forwarding: 'tun' });
    await expect(
      ipvs.startSyncDaemon({ role: 'master', interface: 'sync0' }),
    ).rejects.toMatchObject({
      code: 'IPVS_INVALID',
      message: expect.stringContaining('exclude each other'),
    });
    expect(await ipvs.syncDaemons()).toEqual([]);
  });

  it.each([
    ['that is down', { mtu: 1500 }, undefined],
    ['that is down, to an IPv6 group', { mtu: 1500 }, 'ff02::8848'],
    ['too small for IPv6, to an IPv6 group', { up: true, mtu: 1000 }, 'ff02::8848'],
  ])('cannot send over a link %s, and is told why', async (_what, settings, group) => {
    const { ipvs, network } = await scratchTable();
    const link = { kind: 'dummy', name: 'sync0', ...settings } as const;
    await (await network()).links.add(link);
    const daemon = { interface: 'sync0', ...(group === undefined ? {} : { group }) };
    await expect(ipvs.startSyncDaemon({ role: 'master', ...daemon })).rejects.toMatchObject({
      code: 'IPVS_INVALID',
      errnoName: 'ENETUNREACH',
      message:
        'cannot start the master sync daemon on sync0: the group cannot be reached over the interface (is it up, and has it addresses of that family?)',
    });
    expect(await ipvs.syncDaemons()).toEqual([]);
  });

  it('cannot listen to an IPv6 group on a link that has no IPv6', async () => {
    const { ipvs, network } = await scratchTable();
    await (await network()).links.add({ kind: 'dummy', name: 'sync0', up: true, mtu: 1000 });
    await expect(
      ipvs.startSyncDaemon({ role: 'backup', interface: 'sync0', group: 'ff02::8848' }),
    ).rejects.toMatchObject({
      code: 'IPVS_INVALID',
      errnoName: 'EINVAL',
      message: expect.stringContaining('an IPv6 group takes an interface with IPv6'),
    });
  });
});
