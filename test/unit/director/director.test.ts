import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import type { DeclaredService, DirectorConfig } from '../../../src/config/director-config.ts';
import { Director } from '../../../src/director/director.ts';
import type { Attempt } from '../../../src/health/attempt.ts';
import { CheckFailure } from '../../../src/health/check-result.ts';
import type { Endpoint, Transport } from '../../../src/health/transport.ts';
import type { ComparedService } from '../../../src/ipvs/table-diff.ts';
import type { DirectorEvent } from '../../../src/observe/director-event.ts';
import { FakeClock, settled } from '../../support/fake-clock.ts';
import { FakeKernel } from '../../support/fake-kernel.ts';
import { FakeVips } from '../../support/fake-vips.ts';
import { serviceOf } from '../../support/health.ts';

const one = { address: '10.0.0.1', port: 80 } as const;
const two = { address: '10.0.0.2', port: 80 } as const;
const web = serviceOf('web', [{ address: one.address }, { address: two.address }]);
const key = web.service.key;
const heavy = { forwarding: 'nat', weight: 7 } as const;
const text = 'tcp 192.0.2.1:80';

function configOf(
  services: readonly DeclaredService[],
  own: Partial<DirectorConfig['director']> = {},
): DirectorConfig {
  return {
    director: {
      interface: undefined,
      vips: 'leave',
      onStop: 'leave',
      drift: 'correct',
      stateDirectory: '/var/lib/lvskit',
      historyBytes: 1 << 24,
      ...own,
    },
    services,
    control: { socket: '/run/lvskit/control.sock', group: undefined },
    metrics: undefined,
    hooks: [],
    warnings: [],
    files: ['/etc/lvskit/lvskit.yaml'],
    folders: [],
  };
}

/** A director of a kernel and servers that are made up. */
async function direct(
  config: DirectorConfig,
  table: readonly ComparedService[] = [],
  prepare: (kernel: FakeKernel) => void = () => {},
) {
  const clock = new FakeClock();
  const kernel = new FakeKernel(table);
  prepare(kernel);
  const dead = new Set<string>();
  const never = () => Promise.reject(new CheckFailure('SOCKERR', 'not in this network'));
  const transport: Transport = {
    probe: async ({ address }: Endpoint, _attempt: Attempt) => {
      if (dead.has(address)) throw new CheckFailure('L4CON', 'connection refused');
    },
    connect: never,
    udp: never,
    ping: never,
  };
  const kept = new Map<string, string>();
  const vips = new FakeVips();
  let next: DirectorConfig | Error = config;
  const events: DirectorEvent[] = [];
  const director = new Director({
    config,
    load: async () => {
      if (next instanceof Error) throw next;
      return next;
    },
    host: {
      reader: kernel,
      writer: kernel,
      transport,
      dataPath: { keep: async () => {}, sourceFor: async () => undefined, close: async () => {} },
      vips,
      watch: () => vips.changes(),
    },
    version: '1.2.3',
    overrides: {
      get: (service, server) => {
        const text = kept.get(`${service} ${server}`);
        return text === undefined ? undefined : JSON.parse(text);
      },
      set: async (service, server, override) => {
        kept.set(`${service} ${server}`, JSON.stringify(override));
      },
    },
    clock,
    random: () => 0.5,
  });
  director.subscribe((event) => events.push(event));
  const told = () => events.splice(0);
  const names = () => told().map(({ event }) => event);
  const load = (config: DirectorConfig | Error) => {
    next = config;
    return director.reload();
  };
  return { clock, kernel, dead, director, told, names, load, kept, vips };
}

async function running(...given: Parameters<typeof direct>) {
  const made = await direct(...given);
  await made.director.start();
  await settled();
  return made;
}

describe('a director that starts', () => {
  it('sends nothing for what is right already', async () => {
    const { kernel, names, clock, director } = await running(configOf([web]), [web.service]);
    expect(kernel.sent).toEqual([]);
    expect(names()).toEqual(['started']);
    await clock.advance(20_000, 100);
    expect(kernel.sent).toEqual([]);
    expect(kernel.readings).toBeGreaterThan(20);
    expect(names()).toEqual([]);
    await director.stop('test');
    expect(clock.timers).toBe(0);
    expect(kernel.services).toEqual([text]);
  });

  it('makes what is missing, and removes what the configuration does not have', async () => {
    const other = serviceOf('other:81', [{ address: '10.0.0.9' }]).service;
    const { kernel, director } = await running(configOf([web]), [other]);
    expect([...kernel.services].sort()).toEqual([text, 'tcp 192.0.2.1:81']);
    // It had no connection, but one could have come while it was looked at.
    expect(kernel.weights(other.key)).toEqual(['10.0.0.9:80=0']);
    await director.stop('test');
  });

  it('fails when the table cannot be read, and has changed nothing', async () => {
    const config = configOf([web], { onStop: 'flush' });
    const { director, kernel } = await direct(config, [web.service], (one) => {
      one.failure = new Error('no IPVS');
    });
    await expect(director.start()).rejects.toThrow('no IPVS');
    await director.stop('it could not start');
    expect([kernel.sent, kernel.services]).toEqual([[], [text]]);
  });
});

describe('a director that runs', () => {
  it('takes a dead server out of service and a live one back, in the same turn', async () => {
    const { kernel, dead, clock, director, names } = await running(configOf([web]), [web.service]);
    await clock.advance(3000, 100);
    dead.add(two.address);
    names();
    let readings = 0;
    while (kernel.sent.length === 0) {
      readings = kernel.readings;
      await clock.advance(10);
    }
    expect(kernel.readings - readings).toBeLessThanOrEqual(1);
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=1', '10.0.0.2:80=0']);
    expect(kernel.takeSent()).toEqual([`edit-destination ${text} 10.0.0.2:80`]);
    expect(names()).toEqual(['check-down', 'server-down', 'table-changed']);
    dead.clear();
    await clock.advance(20_000, 100);
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=1', '10.0.0.2:80=1']);
    await director.stop('test');
  });

  it('undoes what others do to the table within a second, and tells once', async () => {
    const { kernel, clock, director, told } = await running(configOf([web]), [web.service]);
    told();
    kernel.meddle(
      { type: 'edit-destination', service: key, destination: one, config: heavy },
      { type: 'remove-destination', service: key, destination: two },
    );
    await clock.advance(1000, 100);
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=1', '10.0.0.2:80=1']);
    const [drift, changed, ...more] = told();
    expect(drift).toMatchObject({
      event: 'drift',
      corrected: true,
      count: 2,
      changes: [
        `changed ${text} destination 10.0.0.1:80: weight 1 -> 7`,
        `removed ${text} destination 10.0.0.2:80`,
      ],
    });
    expect([changed?.event, more]).toEqual(['table-changed', []]);
    // Somebody who does it again and again is undone each time, and told of once a minute.
    for (let time = 0; time < 10; time++) {
      kernel.meddle({ type: 'remove-destination', service: key, destination: two });
      await clock.advance(1000, 100);
      expect(kernel.weights(key)?.length).toBe(2);
    }
    expect(told().filter(({ event }) => event === 'drift')).toEqual([]);
    const { loops } = await director.status();
    expect(loops).toMatchObject({ drifts: 11, changes: 12 });
    await director.stop('test');
  });

  it('brings back a table that was flushed', async () => {
    const { kernel, clock, director } = await running(configOf([web]), [web.service]);
    await kernel.flush();
    await clock.advance(1000, 100);
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=1', '10.0.0.2:80=1']);
    await director.stop('test');
  });

  it('leaves what others do when it is to report only, until it has a change of its own there', async () => {
    const config = configOf([web], { drift: 'report' });
    const { kernel, clock, director, told, dead } = await running(config, [web.service]);
    told();
    kernel.meddle(
      { type: 'edit-destination', service: key, destination: one, config: heavy },
      { type: 'add-destination', service: key, destination: { address: '10.0.0.7', port: 80 } },
    );
    await clock.advance(5000, 100);
    expect(told()).toMatchObject([{ event: 'drift', corrected: false, count: 2 }]);
    expect(kernel.takeSent()).toEqual([]);
    // Another server of the service dies.
    dead.add(two.address);
    await clock.advance(5000, 100);
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=7', '10.0.0.2:80=0', '10.0.0.7:80=1']);
    dead.add(one.address);
    dead.delete(two.address);
    await clock.advance(20_000, 100);
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=0', '10.0.0.2:80=1', '10.0.0.7:80=1']);
    await director.stop('test');
  });

  it('leaves a service that others removed when it is to report only', async () => {
    const config = configOf([web], { drift: 'report' });
    const { kernel, clock, director, told, load } = await running(config, [web.service]);
    told();
    kernel.meddle({ type: 'remove-service', service: key });
    await clock.advance(3000, 100);
    expect([kernel.services, told().length]).toEqual([[], 1]);
    // From then on it corrects.
    await load(configOf([web]));
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=1', '10.0.0.2:80=1']);
    await director.stop('test');
  });

  it('takes what changes while the table is read for its own doing', async () => {
    const { kernel, clock, director, names, dead } = await running(configOf([web]), [web.service]);
    await clock.advance(3000, 100);
    names();
    // Each reading takes so long that the death of a server falls into it.
    kernel.afterReading = () =>
      new Promise((resolve) => clock.schedule(clock.now() + 400, resolve));
    dead.add(two.address);
    await clock.advance(10_000, 50);
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=1', '10.0.0.2:80=0']);
    expect(names()).toEqual(['check-down', 'server-down', 'table-changed']);
    kernel.afterReading = undefined;
    await clock.advance(1000, 50);
    await director.stop('test');
  });

  it('goes on with the rest when the kernel refuses a server, and tries again less and less', async () => {
    const add = `add-destination ${text} 10.0.0.2:80`;
    const { kernel, clock, director, told, dead } = await running(configOf([web]), [], (kernel) => {
      kernel.refuses.set(add, 'IPVS_INVALID');
    });
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=0']);
    expect(told().filter(({ event }) => event.startsWith('service-'))).toMatchObject([
      { event: 'service-refused', service: text, reason: `cannot ${add}: IPVS_INVALID` },
    ]);
    expect((await director.status()).services[0]?.refusal).toContain('IPVS_INVALID');
    // The server that is there comes up all the same.
    await clock.advance(600, 100);
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=1']);
    kernel.takeSent();
    told();
    await clock.advance(120_000, 100);
    const tries = kernel.takeSent();
    expect(new Set(tries)).toEqual(new Set([add]));
    // After 1, 2, 4, 8, 16, and then every 30 seconds.
    expect(tries.length).toBe(7);
    expect(told()).toEqual([]);
    dead.add(one.address);
    await clock.advance(5000, 100);
    expect(kernel.takeSent()).toContain(`edit-destination ${text} 10.0.0.1:80`);
    kernel.refuses.clear();
    dead.clear();
    await clock.advance(60_000, 100);
    expect(told().map(({ event }) => event)).toContain('service-accepted');
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=1', '10.0.0.2:80=1']);
    expect((await director.status()).services[0]?.refusal).toBe(undefined);
    await director.stop('test');
  });

  it('leaves out a service that is refused, with its servers, and not the others', async () => {
    const other = serviceOf('other:81', [{ address: '10.0.0.9' }]);
    const { kernel, director } = await running(configOf([web, other]), [], (kernel) => {
      kernel.refuses.set(`add-service ${text}`, 'IPVS_SCHEDULER_NOT_FOUND');
    });
    expect(kernel.services).toEqual(['tcp 192.0.2.1:81']);
    expect(kernel.sent.filter((line) => line.includes(`${text} `))).toEqual([]);
    await director.stop('test');
  });

  it('tells once that the table cannot be read, and goes on when it can', async () => {
    const { kernel, clock, director, told } = await running(configOf([web]), [web.service]);
    told();
    for (let time = 0; time < 5; time++) {
      kernel.failure = new Error('out of memory');
      await clock.advance(600, 100);
    }
    expect(told()).toMatchObject([
      { event: 'trouble', reason: 'cannot compare the table: out of memory' },
    ]);
    kernel.meddle({ type: 'remove-service', service: key });
    await clock.advance(1000, 100);
    expect(kernel.services).toEqual([text]);
    expect(director.isAlive).toBe(true);
    await director.stop('test');
  });
});

describe('a configuration that is loaded again', () => {
  it('changes what differs, and nothing else', async () => {
    const more = serviceOf('web', [
      { address: one.address },
      { address: two.address },
      { address: '10.0.0.3' },
    ]);
    const { kernel, director, load, told } = await running(configOf([web]), [web.service]);
    told();
    expect(await load(configOf([more]))).toEqual({ services: 1, changes: 1 });
    expect(kernel.takeSent()).toEqual([`add-destination ${text} 10.0.0.3:80`]);
    expect(told()).toMatchObject([{ event: 'table-changed' }, { event: 'reloaded', changes: 1 }]);
    expect(await load(configOf([more]))).toEqual({ services: 1, changes: 0 });
    told();
    // A storm of reloads is the one under way and one more.
    await Promise.all(Array.from({ length: 50 }, () => director.reload()));
    expect(told().length).toBeLessThanOrEqual(2);
    await director.stop('test');
  });

  it('is refused with the reason when it is wrong, and the one before goes on', async () => {
    const { kernel, director, load, told, clock } = await running(configOf([web]), [web.service]);
    told();
    const wrong = new ConfigError('lvskit.yaml', [
      { file: 'lvskit.yaml', line: 3, column: 5, length: 1, message: 'no', source: 'x' },
    ]);
    await expect(load(wrong)).rejects.toThrow(wrong);
    expect(told()).toMatchObject([{ event: 'reload-failed', reason: wrong.message }]);
    expect((await director.status()).configuration).toMatchObject({
      problem: wrong.message,
      failedReloads: 1,
      reloads: 0,
    });
    expect(director.summary).toContain('refused');
    await clock.advance(3000, 100);
    expect(kernel.sent).toEqual([]);
    await load(configOf([web]));
    expect((await director.status()).configuration.problem).toBe(undefined);
    await director.stop('test');
  });

  it('lets the connections of a server end before it goes', async () => {
    const draining = serviceOf('web', [{ address: one.address }, { address: two.address }], {
      drainTimeoutMs: 60_000,
    });
    const less = serviceOf('web', [{ address: one.address }], { drainTimeoutMs: 60_000 });
    const { kernel, director, load, clock } = await running(configOf([draining]), [web.service]);
    kernel.setConnections(key, two, 3);
    await load(configOf([less]));
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=1', '10.0.0.2:80=0']);
    const [status] = (await director.status()).services;
    expect(status?.others).toMatchObject([{ server: '10.0.0.2:80', role: 'leaving' }]);
    await clock.advance(20_000, 100);
    expect(kernel.weights(key)?.length).toBe(2);
    kernel.setConnections(key, two, 0);
    await clock.advance(1000, 100);
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=1']);
    // And with connections that never end, once its time is over.
    await load(configOf([draining]));
    kernel.setConnections(key, two, 3);
    await load(configOf([less]));
    await clock.advance(59_000, 100);
    expect(kernel.weights(key)?.length).toBe(2);
    await clock.advance(2000, 100);
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=1']);
    await director.stop('test');
  });
});

describe('a director that owns the VIPs', () => {
  const own = { vips: 'own', interface: 'eth0' } as const;

  it('has them there once its services are, puts them back, and leaves them at its end', async () => {
    const { vips, clock, director, names } = await running(configOf([web], own));
    expect(names()).toEqual(['quorum-lost', 'table-changed', 'vip-added', 'started']);
    expect(vips.texts).toEqual(['192.0.2.1/32 eth0']);
    await clock.advance(20_000, 100);
    vips.take({ link: 'eth0', address: '192.0.2.1/32' });
    await clock.advance(200, 50);
    expect(vips.texts).toEqual(['192.0.2.1/32 eth0']);
    expect((await director.status()).vips).toEqual([
      { vip: '192.0.2.1', link: 'eth0', present: true },
    ]);
    await director.stop('SIGTERM');
    expect(vips.texts).toEqual(['192.0.2.1/32 eth0']);
  });

  it('takes them along when it is to flush', async () => {
    const { vips, director } = await running(configOf([web], { ...own, onStop: 'flush' }));
    await director.stop('SIGTERM');
    expect(vips.texts).toEqual([]);
  });
});

describe('an override', () => {
  it('is kept, then made, and told with who wanted it', async () => {
    const { kernel, director, told, kept, clock } = await running(configOf([web]), [web.service]);
    kernel.setConnections(key, two, 2);
    told();
    await director.override('web', '10.0.0.2:80', { mode: 'drain' }, 'alice');
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=1', '10.0.0.2:80=0']);
    expect(kept.get('web 10.0.0.2:80')).toBe('{"mode":"drain"}');
    expect(told()[0]).toMatchObject({ event: 'override', by: 'alice', before: { mode: 'ready' } });
    await clock.advance(5000, 100);
    expect(told()).toEqual([]);
    kernel.setConnections(key, two, 0);
    await clock.advance(1000, 100);
    expect(told()).toMatchObject([{ event: 'drained', service: 'web', server: '10.0.0.2:80' }]);
    await director.override('web', '10.0.0.2:80', { mode: 'ready' }, 'alice');
    expect(kernel.weights(key)).toEqual(['10.0.0.1:80=1', '10.0.0.2:80=1']);
    await expect(director.override('web', '10.0.0.3:80', { mode: 'drain' }, 'x')).rejects.toThrow(
      'service web has no server 10.0.0.3:80',
    );
    await director.stop('test');
  });
});

describe('a drain that another director began', () => {
  it('is told to have ended only when it ends now', async () => {
    const drained = serviceOf('web', [
      { address: one.address, weight: 0 },
      { address: two.address },
    ]);
    const prepare = (active: number) => (kernel: FakeKernel) => {
      kernel.setConnections(key, one, active);
    };
    const begin = async (active: number) => {
      const made = await direct(configOf([web]), [drained.service], prepare(active));
      made.kept.set('web 10.0.0.1:80', '{"mode":"drain"}');
      await made.director.start();
      await made.clock.advance(2000, 100);
      return made;
    };
    const over = await begin(0);
    expect([over.names(), over.kernel.sent]).toEqual([['started'], []]);
    await over.director.stop('test');
    const busy = await begin(2);
    expect(busy.names()).toEqual(['started']);
    busy.kernel.setConnections(key, one, 0);
    await busy.clock.advance(1000, 100);
    expect(busy.names()).toEqual(['drained']);
    await busy.director.stop('test');
  });
});

describe('a director that ends', () => {
  it('leaves the table, or flushes it when it is to', async () => {
    const { kernel, director, names } = await running(configOf([web]), [web.service]);
    names();
    await director.stop('SIGTERM');
    await director.stop('again');
    await expect(director.reload()).rejects.toThrow('the director is ending');
    await expect(director.override('web', '10.0.0.2:80', { mode: 'drain' }, 'x')).rejects.toThrow(
      'the director is ending',
    );
    expect([kernel.sent, names()]).toEqual([[], ['stopped']]);
    const flushing = await running(configOf([web], { onStop: 'flush' }), [web.service]);
    await flushing.director.stop('SIGTERM');
    expect(flushing.kernel.sent).toEqual(['flush']);
  });
});
