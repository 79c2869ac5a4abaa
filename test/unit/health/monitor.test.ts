import { describe, expect, it } from 'vitest';
import type { DataPathTarget, SingleCheck } from '../../../src/config/checks.ts';
import type { DeclaredService } from '../../../src/config/director-config.ts';
import type { Attempt } from '../../../src/health/attempt.ts';
import { CheckFailure } from '../../../src/health/check-result.ts';
import type { HealthEvent } from '../../../src/health/health-event.ts';
import { HealthMonitor, type MonitorStart } from '../../../src/health/monitor.ts';
import type { Endpoint, Transport } from '../../../src/health/transport.ts';
import { FakeClock, settled } from '../../support/fake-clock.ts';
import { checkOf, kernelOf, pace, serviceOf } from '../../support/health.ts';

type Behaviour = 'up' | 'refuses' | 'hangs';

/** A network of servers that behave as they are told to. */
class FakeNetwork {
  readonly behaviour = new Map<string, Behaviour>();
  readonly asked: { readonly at: number; readonly endpoint: Endpoint }[] = [];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get transport(): Transport {
    const never = () => Promise.reject(new CheckFailure('SOCKERR', 'not in this network'));
    return {
      probe: async (endpoint, attempt) => await this.#probe(endpoint, attempt),
      connect: never,
      udp: never,
      ping: never,
    };
  }

  /** When a server was asked, since the beginning or since the last time. */
  times(address: string): readonly number[] {
    return this.asked.filter(({ endpoint }) => endpoint.address === address).map(({ at }) => at);
  }

  async #probe(endpoint: Endpoint, attempt: Attempt): Promise<void> {
    this.asked.push({ at: this.#clock.now() - 1000, endpoint });
    switch (this.behaviour.get(endpoint.address) ?? 'up') {
      case 'up':
        return;
      case 'refuses':
        throw new CheckFailure('L4CON', 'connection refused');
      case 'hangs':
        await attempt.cut;
    }
  }
}

function begin(services: readonly DeclaredService[], start: MonitorStart = {}, random = 0.5) {
  const clock = new FakeClock();
  const network = new FakeNetwork(clock);
  const events: HealthEvent[] = [];
  const changes: string[][] = [];
  const monitor = new HealthMonitor({
    transport: network.transport,
    clock,
    random: () => random,
    sourceFor: async ({ server }) =>
      server.address.includes(':') ? '2001:db8::100' : '10.0.0.100',
    onEvent: (event) => events.push(event),
    onChange: (names) => changes.push([...names]),
  });
  monitor.update(services, start);
  changes.length = 0;
  monitor.begin();
  const told = () => events.splice(0).map(({ event, service }) => `${event} ${service}`);
  const weights = (name: string) =>
    monitor.service(name).destinations.map(({ key, weight }) => `${key.address}=${weight}`);
  return { clock, network, monitor, events, changes, told, weights };
}

const one = '10.0.0.1';
const two = '10.0.0.2';
const web = serviceOf('web', [{ address: one }, { address: two }]);
const adopted = { found: [kernelOf(web, [1, 1])] };

describe('the monitor', () => {
  it('changes nothing about a table that is as it should be', async () => {
    const { clock, monitor, told, changes } = begin([web], adopted);
    expect(monitor.table()).toEqual([web.service]);
    await clock.advance(20_000, 50);
    expect(monitor.table()).toEqual([web.service]);
    expect([told(), changes]).toEqual([[], []]);
    await monitor.stop();
    expect(clock.timers).toBe(0);
  });

  it('looks first within the fast interval, spread by chance, then at the interval', async () => {
    for (const [random, first] of [
      [0.02, 10],
      [0.5, 250],
      [0.98, 490],
    ] as const) {
      const { clock, network, monitor } = begin([web], adopted, random);
      await clock.advance(6500, 10);
      expect(network.times(one)).toEqual([
        first,
        first + 2000,
        first + 4000,
        ...(first > 490 ? [] : [first + 6000]),
      ]);
      await monitor.stop();
    }
  });

  it('varies the interval by chance, and never beyond its share', async () => {
    const check = checkOf(one, { kind: 'tcp' }, { jitter: 0.1 });
    const service = serviceOf('web', [{ address: one, check }]);
    for (const [random, delay] of [
      [0, 1800],
      [0.5, 2000],
      [0.99, 2196],
    ] as const) {
      const { clock, network, monitor } = begin(
        [service],
        { found: [kernelOf(service, [1])] },
        random,
      );
      await clock.advance(3000, 4);
      const [first = 0, second = 0] = network.times(one);
      expect(Math.abs(second - first - delay)).toBeLessThanOrEqual(4);
      await monitor.stop();
    }
  });

  it('finds out that a server is gone in the time that was promised', async () => {
    for (const [behaviour, longest] of [
      ['refuses', 0],
      ['hangs', pace.timeoutMs],
    ] as const) {
      const { clock, network, monitor, weights, told } = begin([web], adopted);
      await clock.advance(3000, 10);
      network.behaviour.set(one, behaviour);
      const asked = network.times(one).length;
      while (network.times(one).length === asked) await clock.advance(10);
      const noticed = clock.now();
      while (weights('web')[0] !== `${one}=0`) await clock.advance(10);
      // Of three failures the first is noticed at once, the others follow at the fast interval.
      expect(clock.now() - noticed).toBeLessThanOrEqual(
        (pace.fall - 1) * pace.fastIntervalMs + longest + 10,
      );
      expect(told()).toEqual(['check-down web', 'server-down web']);
      expect(weights('web')).toEqual([`${one}=0`, `${two}=1`]);
      await monitor.stop();
    }
  });

  it('looks at who is down at the interval for that, and takes it back after enough passes', async () => {
    const { clock, network, monitor, weights, told } = begin([web], adopted);
    network.behaviour.set(one, 'refuses');
    await clock.advance(3000, 10);
    expect(network.times(one)).toEqual([250, 750, 1250]);
    told();
    network.behaviour.delete(one);
    await clock.advance(4000, 10);
    expect(network.times(one)).toEqual([250, 750, 1250, 6250, 6750]);
    expect(weights('web')[0]).toBe(`${one}=1`);
    expect(told()).toEqual(['check-up web', 'server-up web']);
    await monitor.stop();
  });

  it('asks once for all services that want to know the same', async () => {
    const other = serviceOf('web:443', [{ address: one }, { address: two }]);
    const slower = serviceOf('web:8080', [
      { address: one, check: checkOf(one, { kind: 'tcp' }, { fall: 4 }) },
    ]);
    const services = [web, other, slower];
    const { clock, network, monitor, weights } = begin(services, {
      found: [kernelOf(web, [1, 1]), kernelOf(other, [1, 1]), kernelOf(slower, [1])],
    });
    expect(monitor.statistics.tasks).toBe(2);
    network.behaviour.set(one, 'refuses');
    await clock.advance(1300, 10);
    expect(network.times(one)).toEqual([250, 750, 1250]);
    expect([weights('web')[0], weights('web:443')[0]]).toEqual([`${one}=0`, `${one}=0`]);
    // How many failures it takes is each one's own.
    expect(monitor.server('web:8080', `${one}:80`).checks).toMatchObject([
      { healthy: true, against: 3, needed: 4 },
    ]);
    await monitor.stop();
  });

  it('keeps what it knows when the configuration is loaded again, and starts only what is new', async () => {
    const { clock, network, monitor, weights, told, changes } = begin([web], adopted);
    network.behaviour.set(one, 'refuses');
    await clock.advance(3000, 10);
    told();
    changes.length = 0;
    const third = '10.0.0.3';
    const more = serviceOf('web', [{ address: one }, { address: two }, { address: third }]);
    monitor.update([more]);
    expect(changes).toEqual([['web']]);
    await clock.advance(1000, 10);
    expect(network.times(third)).toEqual([]);
    monitor.begin();
    await clock.advance(300, 10);
    expect(weights('web')).toEqual([`${one}=0`, `${two}=1`, `${third}=1`]);
    expect(told()).toEqual(['check-up web', 'server-up web']);
    monitor.update([serviceOf('web', [{ address: one }])]);
    const asked = network.times(two).length;
    await clock.advance(5000, 10);
    expect(network.times(two).length).toBe(asked);
    await monitor.stop();
  });

  it('does not check who is in maintenance, and checks again after it', async () => {
    const { clock, network, monitor, weights } = begin([web], adopted);
    await clock.advance(1000, 10);
    monitor.override('web', `${one}:80`, { mode: 'maint' });
    const asked = network.times(one).length;
    await clock.advance(10_000, 10);
    expect(network.times(one).length).toBe(asked);
    expect(weights('web')).toEqual([`${two}=1`]);
    monitor.override('web', `${one}:80`, { mode: 'ready' });
    await clock.advance(1000, 10);
    expect(network.times(one).length).toBeGreaterThan(asked);
    expect(weights('web')).toEqual([`${one}=1`, `${two}=1`]);
    monitor.override('web', `${one}:80`, { mode: 'drain' });
    await clock.advance(3000, 10);
    expect(weights('web')).toEqual([`${one}=0`, `${two}=1`]);
    expect(() => monitor.override('web', '10.9.9.9:80', { mode: 'drain' })).toThrow(
      'web has no server 10.9.9.9:80',
    );
    expect(() => monitor.desired('nothing')).toThrow('there is no service nothing');
    await monitor.stop();
  });

  it('tells of every step of a slow start', async () => {
    const slow = serviceOf(
      'web',
      [
        { address: one, weight: 100 },
        { address: two, weight: 100 },
      ],
      { slowStartMs: 10_000 },
    );
    const { clock, network, monitor, changes, weights } = begin([slow], {
      found: [kernelOf(slow, [100, 100])],
    });
    network.behaviour.set(one, 'refuses');
    await clock.advance(2000, 10);
    network.behaviour.delete(one);
    changes.length = 0;
    const seen = new Set<string>();
    for (let step = 0; step < 2000; step++) {
      await clock.advance(10);
      seen.add(weights('web')[0] ?? '');
    }
    expect([...seen]).toEqual(
      [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((weight) => `${one}=${weight}`),
    );
    expect(changes).toEqual(Array(10).fill(['web']));
    await monitor.stop();
    expect(clock.timers).toBe(0);
  });

  it('has the same of what a reload and time do not change, and another of what they do', async () => {
    const other = serviceOf('other:81', [{ address: two }]);
    const { clock, network, monitor } = begin([web, other], adopted);
    await clock.advance(3000, 10);
    const [before, otherBefore] = [monitor.service('web'), monitor.service('other:81')];
    monitor.update([structuredClone(web), serviceOf('other:81', [{ address: two, weight: 5 }])]);
    expect(monitor.service('web')).toBe(before);
    expect(monitor.service('other:81')).not.toBe(otherBefore);
    network.behaviour.set(one, 'refuses');
    await clock.advance(10_000, 10);
    expect(monitor.service('web')).not.toBe(before);
    await monitor.stop();
  });

  it('looks at once when somebody else has a suspicion', async () => {
    const { clock, network, monitor } = begin([web], adopted);
    await clock.advance(1000, 10);
    monitor.recheck('web', `${one}:80`);
    await clock.advance(10, 10);
    expect(network.times(one)).toEqual([250, 1000]);
    await monitor.stop();
  });

  it('stops at once, and says nothing any more, whatever is under way', async () => {
    const { clock, network, monitor, told, changes } = begin([web], adopted);
    network.behaviour.set(one, 'hangs');
    await clock.advance(400, 10);
    await monitor.stop();
    await clock.advance(10_000, 100);
    await settled();
    expect([told(), changes, monitor.statistics.tasks]).toEqual([[], [], 0]);
    expect(clock.timers).toBe(0);
  });

  it('watches over hundreds of servers', async () => {
    const servers = Array.from({ length: 800 }, (_, n) => ({
      address: `10.1.${n >> 8}.${n & 255}`,
    }));
    const service = serviceOf('web', servers);
    const { clock, network, monitor } = begin(
      [service],
      {
        found: [
          kernelOf(
            service,
            servers.map(() => 1),
          ),
        ],
      },
      0.3,
    );
    for (const { address } of servers.slice(0, 200)) network.behaviour.set(address, 'hangs');
    await clock.advance(4000, 50);
    const { servers: desired } = monitor.desired('web');
    expect(desired.filter(({ state }) => state === 'down').length).toBe(200);
    expect(desired.filter(({ state }) => state === 'up').length).toBe(600);
    await monitor.stop();
  });
});

describe('checks through the data path', () => {
  const target = (
    address: string,
    server: string,
    forwarding: 'dr' | 'tun' = 'dr',
  ): DataPathTarget => ({
    path: 'data-path',
    address,
    port: 80,
    server: {
      address: server,
      forwarding,
      tunnel: forwarding === 'tun' ? { type: 'ipip' } : undefined,
    },
  });
  const through = (own: DataPathTarget): SingleCheck => ({
    ...checkOf(own.server.address),
    target: own,
  });
  const service = (name: string, targets: readonly DataPathTarget[]) =>
    serviceOf(
      name,
      targets.map((own) => ({ address: own.server.address, check: through(own) })),
    );

  it('go to the VIP with a mark that leads to their server alone', async () => {
    const declared = service('web', [target('192.0.2.1', one), target('192.0.2.1', two)]);
    const other = service('web:443', [target('192.0.2.9', one), target('192.0.2.9', two, 'tun')]);
    const { clock, network, monitor } = begin([declared, other]);
    // One for each server and way, whatever the VIP.
    const first = 0x4c56_0000;
    expect(
      monitor.dataPathServices.map(({ key, scheduler, destinations }) => [
        key.firewallMark,
        scheduler,
        ...destinations.map((d) => [d.key.address, d.key.port, d.forwarding, d.weight]),
      ]),
    ).toEqual([
      [first, 'rr', [one, 0, 'dr', 1]],
      [first + 1, 'rr', [two, 0, 'dr', 1]],
      [first + 2, 'rr', [two, 0, 'tun', 1]],
    ]);
    expect(monitor.table().length).toBe(5);
    await clock.advance(300, 10);
    const source = '10.0.0.100';
    expect(
      network.asked.map(({ endpoint }) => endpoint).sort((x, y) => (x.mark ?? 0) - (y.mark ?? 0)),
    ).toEqual([
      { address: '192.0.2.1', port: 80, mark: first, source },
      { address: '192.0.2.9', port: 80, mark: first, source },
      { address: '192.0.2.1', port: 80, mark: first + 1, source },
      { address: '192.0.2.9', port: 80, mark: first + 2, source },
    ]);
    await monitor.stop();
  });

  it('keep their marks over a reload and over a start, and give back those that are not used', async () => {
    const three = '10.0.0.3';
    const all = service(
      'web',
      [one, two, three].map((server) => target('192.0.2.1', server)),
    );
    const { monitor } = begin([all]);
    const marks = () =>
      monitor.dataPathServices.map(({ key, destinations }) => [
        destinations[0]?.key.address,
        (key.firewallMark ?? 0) - 0x4c56_0000,
      ]);
    expect(marks()).toEqual([
      [one, 0],
      [two, 1],
      [three, 2],
    ]);
    const fewer = service('web', [target('192.0.2.1', two), target('192.0.2.1', '10.0.0.4')]);
    monitor.update([fewer]);
    expect(marks()).toEqual([
      [two, 1],
      ['10.0.0.4', 0],
    ]);
    const table = monitor.table();
    await monitor.stop();
    const next = begin([fewer], { found: table });
    expect(next.monitor.table()).toEqual(table);
    await next.monitor.stop();
  });
});
