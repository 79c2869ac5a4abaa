import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { formatServiceKey, Ipvs, type TableSample } from '../../src/index.ts';
import { socketCount } from '../support/descriptors.ts';
import { secondary } from '../support/kernel.ts';
import { type LocalDirector, localDirector } from '../support/local-director.ts';

const web = { protocol: 'tcp', address: '10.9.0.1', port: 80 } as const;
const rs1 = { address: '10.9.0.2', port: 8080 } as const;
const rs2 = { address: '10.9.0.3', port: 8080 } as const;

async function webDirector(): Promise<LocalDirector> {
  const director = await localDirector('10.9.0.1/32', '10.9.0.2/32', '10.9.0.3/32');
  await director.ipvs.add(web, { scheduler: 'rr' });
  await director.ipvs.addDestination(web, rs1, { forwarding: 'nat' });
  return director;
}

async function next(samples: AsyncIterator<TableSample>): Promise<TableSample> {
  const { done, value } = await samples.next();
  if (done) throw new Error('there are no more samples');
  return value;
}

describe('watching a table', () => {
  it('shows what another program changes, and the table after it', async () => {
    const { ipvs, netns } = await webDirector();
    await using other = await Ipvs.open({ netns });
    const samples = ipvs.watch({ intervalMs: 20, statistics: false });
    const first = await next(samples);
    expect(first.changes).toEqual([]);
    expect(first.services.map((service) => service.destinations.map(({ key }) => key))).toEqual([
      [rs1],
    ]);

    const dns = { protocol: 'udp', address: '10.9.0.1', port: 53 } as const;
    await other.transaction([
      { type: 'add-service', service: dns, config: { scheduler: 'wlc', onePacket: true } },
      { type: 'edit-service', service: web, config: { persistence: { timeoutSeconds: 60 } } },
      { type: 'edit-destination', service: web, destination: rs1, config: { weight: 0 } },
      {
        type: 'add-destination',
        service: web,
        destination: rs2,
        config: { forwarding: 'nat', weight: 3 },
      },
    ]);
    const second = await next(samples);
    expect(second.at.getTime()).toBeGreaterThan(first.at.getTime());
    expect(second.rates).toBeUndefined();
    const settings = { forwarding: 'nat', upperThreshold: 0, lowerThreshold: 0, tunnel: undefined };
    expect(second.changes).toMatchObject([
      {
        type: 'service-edited',
        service: web,
        before: { scheduler: 'rr', persistence: undefined },
        after: { scheduler: 'rr', persistence: { timeoutSeconds: 60, netmask: 32 } },
        changed: ['persistence'],
      },
      {
        type: 'destination-edited',
        destination: rs1,
        before: { ...settings, weight: 1 },
        after: { ...settings, weight: 0 },
        changed: ['weight'],
      },
      { type: 'destination-added', destination: rs2, after: { ...settings, weight: 3 } },
      { type: 'service-added', service: dns, after: { scheduler: 'wlc', onePacket: true } },
    ]);
    expect(second.services).toHaveLength(2);

    expect((await next(samples)).changes).toEqual([]);

    await other.remove(web);
    const removed = (await next(samples)).changes;
    expect(removed.map((change) => change.type)).toEqual([
      'destination-removed',
      'destination-removed',
      'service-removed',
    ]);
    await samples.return?.();
  });

  it('has the rates of the traffic between two samples', async () => {
    const director = await webDirector();
    await director.serve(rs1.address, rs1.port);
    const samples = director.ipvs.watch({ intervalMs: 1 });
    const first = await next(samples);
    expect(first.rates).toBeUndefined();
    for (let made = 0; made < 6; made++) {
      await director.connect({ address: web.address, port: web.port });
    }
    await vi.waitFor(
      async () => {
        const [service] = await director.ipvs.list({ statistics: true });
        const [destination] = service?.destinations ?? [];
        expect(service?.statistics?.connections).toBe(6n);
        expect(destination?.statistics?.connections).toBe(6n);
      },
      { timeout: 6000, interval: 100 },
    );
    const second = await next(samples);
    const seconds = (second.at.getTime() - first.at.getTime()) / 1000;
    const [service] = second.rates ?? [];
    expect(service?.key).toEqual(web);
    expect(service?.destinations.map(({ key }) => key)).toEqual([rs1]);
    for (const rates of [service?.rates, service?.destinations[0]?.rates]) {
      expect((rates?.connectionsPerSecond ?? 0) * seconds).toBeCloseTo(6, 0);
      expect((rates?.packetsInPerSecond ?? 0) * seconds).toBeGreaterThanOrEqual(11);
      expect(rates?.bytesInPerSecond).toBeGreaterThan(rates?.packetsInPerSecond ?? 0);
    }
    await samples.return?.();
  });

  it('does not take a change of the order for a change of the table', async () => {
    const { ipvs } = await webDirector();
    const samples = ipvs.watch({ intervalMs: 1 });
    await next(samples);
    // Added again, it comes before the one that was last.
    await ipvs.addDestination(web, rs2, { forwarding: 'nat' });
    await next(samples);
    await ipvs.removeDestination(web, rs1);
    await ipvs.addDestination(web, rs1, { forwarding: 'nat' });
    const { changes, services } = await next(samples);
    expect(services[0]?.destinations.map(({ key }) => key)).toEqual([rs1, rs2]);
    expect(changes).toEqual([]);
    await samples.return?.();
  });
});

/**
 * Adds a service and removes it again, always another one so that the table is never the same twice,
 * without any pause, until told to stop; resolves to how often.
 */
function changeWithoutPause(ipvs: Ipvs): () => Promise<number> {
  let round = 0;
  let going = true;
  const passing = (number: number) =>
    ({
      protocol: 'udp',
      address: '10.2.0.1',
      port: 1 + (number % 65535),
    }) as const;
  const work = (async () => {
    await ipvs.add(passing(0));
    while (going) {
      const results = await ipvs.transaction([
        { type: 'add-service', service: passing(round + 1) },
        { type: 'remove-service', service: passing(round) },
      ]);
      expect(results.find(({ ok }) => !ok)).toBeUndefined();
      round++;
    }
    await ipvs.remove(passing(round));
  })();
  return async () => {
    going = false;
    await work;
    return round;
  };
}

describe.skipIf(secondary)('watching a table that another program never stops changing', () => {
  const staying = Array.from(
    { length: 600 },
    (_, number) =>
      ({ protocol: 'tcp', address: `10.1.${number >> 8}.${number & 255}`, port: 80 }) as const,
  );
  const texts = (services: readonly { toString(): string }[]) => services.map(String).sort();

  it('goes on, and never takes for removed what was only not read', async () => {
    const { ipvs, netns } = await localDirector();
    await using other = await Ipvs.open({ netns });
    await ipvs.transaction(staying.map((service) => ({ type: 'add-service', service })));
    const stayed = staying.map(formatServiceKey).sort();
    const samples = ipvs.watch({ intervalMs: 50 });
    const first = await next(samples);
    expect(first).toMatchObject({ consistent: true, changes: [] });
    expect(texts(first.services)).toEqual(stayed);

    const stop = changeWithoutPause(other);
    let inconsistent = 0;
    try {
      while (inconsistent < 3) {
        const { consistent, services, rates, changes } = await next(samples);
        expect(services.length).toBeGreaterThan(staying.length / 2);
        expect(rates?.length).toBeGreaterThan(staying.length / 2);
        if (!consistent) {
          expect(changes).toEqual([]);
          inconsistent++;
        }
        expect(changes.filter(({ service }) => stayed.includes(formatServiceKey(service)))).toEqual(
          [],
        );
      }
    } finally {
      expect(await stop()).toBeGreaterThan(0);
    }

    const { consistent, services, changes } = await next(samples);
    expect(consistent).toBe(true);
    expect(texts(services)).toEqual(stayed);
    expect(changes.filter(({ type }) => type !== 'service-removed')).toEqual([]);
    const [gone = web] = staying;
    await other.remove(gone);
    expect((await next(samples)).changes.map(({ type, service }) => [type, service])).toEqual([
      ['service-removed', gone],
    ]);
    await samples.return?.();
  });
});

describe('the end of watching', () => {
  it('comes by the signal within a moment, and leaves the client as it was', async () => {
    const { ipvs } = await webDirector();
    const sockets = socketCount();
    const samples = ipvs.watch({ intervalMs: 60_000, signal: AbortSignal.timeout(50) });
    let seen = 0;
    const start = performance.now();
    for await (const { services } of samples) {
      expect(services).toHaveLength(1);
      seen++;
    }
    expect(seen).toBe(1);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(socketCount()).toBe(sockets);
    expect(await ipvs.list()).toHaveLength(1);
  });

  it('comes with an error when the client is closed', async () => {
    const { netns } = await webDirector();
    const ipvs = await Ipvs.open({ netns });
    const samples = ipvs.watch({ intervalMs: 20 });
    await next(samples);
    await ipvs.close();
    await sleep(20);
    await expect(samples.next()).rejects.toMatchObject({ code: 'IPVS_CLOSED' });
    expect(await samples.next()).toEqual({ done: true, value: undefined });
  });
});
