import { describe, expect, it, vi } from 'vitest';
import { Ipvs, readPerCpuStatistics, readTotals } from '../../src/index.ts';
import { Sysctl } from '../../src/net/sysctl.ts';
import { asNobody } from '../support/as-nobody.ts';
import { kernelIs, needsKernel } from '../support/kernel.ts';
import { type LocalDirector, localDirector } from '../support/local-director.ts';

const web = { protocol: 'tcp', address: '10.9.0.1', port: 80 } as const;

/** Longer than the 2 seconds between two refreshes of the counters. */
const refreshed = { timeout: 6000, interval: 100 };

async function webDirector(): Promise<LocalDirector> {
  const director = await localDirector('10.9.0.1/32', '10.9.0.2/32');
  await director.ipvs.add(web, { scheduler: 'rr' });
  await director.ipvs.addDestination(
    web,
    { address: '10.9.0.2', port: 8080 },
    { forwarding: 'nat' },
  );
  await director.serve('10.9.0.2', 8080);
  return director;
}

async function makeConnections(director: LocalDirector, count: number): Promise<void> {
  for (let made = 0; made < count; made++)
    await director.connect({ address: web.address, port: 80 });
}

async function countedByCpus(ipvs: Ipvs): Promise<bigint> {
  const { cpus } = await ipvs.perCpuStatistics();
  return cpus.reduce((sum, { counters }) => sum + counters.connections, 0n);
}

describe('the total counters', () => {
  it('are those of the services of one namespace, and go to zero with them', async () => {
    const director = await webDirector();
    const { ipvs, netns } = director;
    expect((await ipvs.totals()).connections).toBe(0n);
    await makeConnections(director, 3);
    // Totals and services are refreshed at different moments.
    await vi.waitFor(async () => {
      const totals = await ipvs.totals();
      const [service] = await ipvs.list({ statistics: true });
      const { connections, packetsIn, packetsOut, bytesIn, bytesOut } = totals;
      expect(connections).toBe(3n);
      expect(packetsIn).toBeGreaterThanOrEqual(6n); // SYN and ACK of three connections
      expect(bytesIn).toBeGreaterThanOrEqual(6n * 40n);
      expect(totals.packetsInPerSecond).toBeGreaterThan(0n);
      expect(service?.statistics).toMatchObject({
        connections,
        packetsIn,
        packetsOut,
        bytesIn,
        bytesOut,
      });
    }, refreshed);
    expect((await readTotals({ netns })).connections).toBe(3n);

    const other = await localDirector();
    expect((await other.ipvs.totals()).connections).toBe(0n);

    await ipvs.zero();
    expect((await ipvs.totals()).connections).toBe(0n);
  });
});

describe('the counters by CPU', () => {
  it('are live, come one to a CPU, and are not set to zero', async () => {
    const director = await webDirector();
    const { ipvs, netns } = director;
    await makeConnections(director, 2);
    expect(await countedByCpus(ipvs)).toBe(2n);
    const { cpus } = await readPerCpuStatistics({ netns });
    expect(cpus.map(({ cpu }) => cpu)).toEqual(cpus.map((_, index) => index));
    expect(cpus.length).toBeGreaterThanOrEqual(1);

    await vi.waitFor(async () => {
      expect((await ipvs.perCpuStatistics()).total.connections).toBe(2n);
    }, refreshed);
    await ipvs.zero();
    expect((await ipvs.perCpuStatistics()).total.connections).toBe(0n);
    expect(await countedByCpus(ipvs)).toBe(2n);
  });
});

describe('statistics without privileges', () => {
  it('can be read in the own namespace', async () => {
    await (await Ipvs.open()).close();
    await asNobody(async () => {
      expect((await readTotals()).connections).toBeTypeOf('bigint');
      expect((await readPerCpuStatistics()).cpus[0]?.cpu).toBe(0);
    });
  });
});

describe('statistics that cannot be read', () => {
  it('are refused by namespace and by handle', async () => {
    await expect(readTotals({ netns: 'lvskit-nowhere' })).rejects.toMatchObject({
      code: 'IPVS_NAMESPACE_NOT_FOUND',
      message: 'cannot read the total counters: there is no such network namespace',
    });
    await expect(readPerCpuStatistics({ netns: '/proc/version' })).rejects.toMatchObject({
      code: 'IPVS_NAMESPACE_NOT_FOUND',
      message: 'cannot read the counters by CPU: that is not a network namespace',
    });
    const ipvs = await Ipvs.open();
    await ipvs.close();
    for (const read of [
      () => ipvs.totals(),
      () => ipvs.perCpuStatistics(),
      () => ipvs.tableStatus(),
    ]) {
      await expect(read()).rejects.toMatchObject({ code: 'IPVS_CLOSED' });
    }
  });
});

describe('the status of the table', () => {
  it('is known since Linux 7.1', async () => {
    const { ipvs } = await localDirector();
    expect((await ipvs.tableStatus()) !== undefined).toBe(kernelIs('7.1'));
  });

  it('counts connections, services and buckets', async (context) => {
    needsKernel(context, '7.1', 'ip_vs_status');
    const director = await webDirector();
    await makeConnections(director, 3);
    const status = await director.ipvs.tableStatus();
    expect(status).toMatchObject({ connections: 3, services: 1 });
    const { connectionTable, serviceTable } = status ?? {};
    for (const table of [connectionTable, serviceTable]) {
      expect(table?.buckets).toBe(2 ** (table?.bits ?? 0));
      expect(table?.bucketLengths.reduce((sum, buckets) => sum + buckets)).toBe(table?.buckets);
    }
    // By NAT, each connection has two entries.
    const entries = connectionTable?.bucketLengths.reduce(
      (sum, buckets, length) => sum + buckets * length,
      0,
    );
    expect(entries).toBe(6);
    const sysctl = new Sysctl({ netns: director.netns });
    expect(connectionTable?.loadFactor).toBe(await sysctl.readNumber('net.ipv4.vs.conn_lfactor'));
  });

  it('is for root alone', async (context) => {
    needsKernel(context, '7.1', 'ip_vs_status');
    await using ipvs = await Ipvs.open();
    await asNobody(async () => {
      await expect(ipvs.tableStatus()).rejects.toMatchObject({
        code: 'IPVS_NOT_PERMITTED',
        message: 'cannot read the status of the table: only root may read /proc/net/ip_vs_status',
      });
    });
  });
});
