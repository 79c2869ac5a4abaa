import { describe, expect, it } from 'vitest';
import type { DeclaredService } from '../../../src/config/director-config.ts';
import { parseAgentReply } from '../../../src/health/agent-words.ts';
import type { CheckResult } from '../../../src/health/check-result.ts';
import type { HealthEventDetails } from '../../../src/health/health-event.ts';
import type { Override } from '../../../src/health/server-health.ts';
import { ServiceHealth, type ServiceStart } from '../../../src/health/service-health.ts';
import { checkOf, fallbackOf, kernelOf, serviceOf } from '../../support/health.ts';

const a = '10.0.0.1';
const b = '10.0.0.2';
const c = '10.0.0.3';
const three = [a, b, c].map((address) => ({ address, weight: 10 }));

/** Drives a service, and keeps the events that it tells. */
class Driver {
  now = 0;
  health: ServiceHealth;
  events: HealthEventDetails[] = [];

  constructor(declared: DeclaredService, start: Partial<ServiceStart> = {}) {
    this.health = new ServiceHealth(declared, { now: this.now, ...start });
    this.events.push(...this.health.settle(this.now));
  }

  result(address: string, passed: boolean, times = 1, leaf = 0): this {
    const server = this.server(address);
    for (let time = 0; time < times; time++) {
      const result: CheckResult = passed
        ? { passed, code: 'L4OK', detail: 'connected', durationMs: 1 }
        : { passed, code: 'L4CON', detail: 'connection refused', durationMs: 1 };
      this.#record(server, leaf, result);
    }
    return this;
  }

  agent(address: string, reply: string | undefined, leaf = 0): this {
    const agent = reply === undefined ? undefined : parseAgentReply(reply);
    this.#record(this.server(address), leaf, {
      passed: agent !== undefined,
      code: agent === undefined ? 'L4CON' : 'L7OK',
      detail: '',
      durationMs: 1,
      ...(agent !== undefined && { agent }),
    });
    return this;
  }

  override(address: string, override: Override): this {
    this.events.push(...this.health.override(this.server(address), override, this.now));
    return this;
  }

  wait(ms: number): this {
    this.now += ms;
    this.events.push(...this.health.settle(this.now));
    return this;
  }

  reload(declared: DeclaredService): this {
    this.health = new ServiceHealth(declared, { now: this.now, before: this.health });
    this.events.push(...this.health.settle(this.now));
    return this;
  }

  server(address: string) {
    const server = this.health.servers.get(`${address}:80`);
    if (server === undefined) throw new Error(`no server ${address}`);
    return server;
  }

  /** The weights, undefined for who is not in the table; the fallback's last if it is. */
  get weights(): readonly (number | undefined)[] {
    const { servers, fallback } = this.health.desired(this.now);
    const weights = servers.map(({ destination }) => destination?.weight);
    return fallback === undefined ? weights : [...weights, fallback.weight];
  }

  get mode(): string {
    return this.health.desired(this.now).mode;
  }

  get states(): readonly string[] {
    return this.health.desired(this.now).servers.map(({ state }) => state);
  }

  /** The events since the last time, in short. */
  told(): readonly string[] {
    return this.events.splice(0).map((event) => {
      const server = 'server' in event ? ` ${event.server.replace(':80', '')}` : '';
      return event.event === 'service-mode'
        ? `${event.before}>${event.after}`
        : event.event + server;
    });
  }

  #record(server: ReturnType<Driver['server']>, leaf: number, result: CheckResult): void {
    const state = server.leaves[leaf];
    if (state === undefined) throw new Error(`no check ${leaf}`);
    this.events.push(...(this.health.record(server, state, result, this.now) ?? []));
  }
}

const everyoneUp = (declared: DeclaredService): Partial<ServiceStart> => ({
  found: kernelOf(
    declared,
    declared.servers.map(({ destination }) => destination.weight),
  ),
});

describe('at the start', () => {
  it('a service is as the kernel has it, without an event', () => {
    const declared = serviceOf('web', three);
    const driver = new Driver(declared, { found: kernelOf(declared, [10, 0, undefined]) });
    expect(driver.weights).toEqual([10, 0, 0]);
    driver.result(a, true).result(b, true).result(c, true);
    // Who was down has to rise as at any time; who was not there has passed once, which is enough.
    expect(driver.weights).toEqual([10, 0, 10]);
    driver.result(b, true);
    expect(driver.weights).toEqual([10, 10, 10]);
    expect(driver.told()).toEqual([
      'check-up 10.0.0.3',
      'server-up 10.0.0.3',
      'check-up 10.0.0.2',
      'server-up 10.0.0.2',
    ]);
  });

  it('a server that the kernel has goes on until it has failed as often as at any time', () => {
    const declared = serviceOf('web', three);
    const driver = new Driver(declared, everyoneUp(declared)).result(a, false, 2);
    expect(driver.weights).toEqual([10, 10, 10]);
    expect(driver.result(a, false).weights).toEqual([0, 10, 10]);
    expect(driver.told()).toEqual(['check-down 10.0.0.1', 'server-down 10.0.0.1']);
  });

  it('when every check fails, what the kernel has stays: it may be our own trouble', () => {
    const declared = serviceOf('web', three);
    const driver = new Driver(declared, everyoneUp(declared));
    for (const address of [a, b, c]) driver.result(address, false, 3);
    expect(driver.weights).toEqual([10, 10, 10]);
    expect(driver.mode).toBe('panic');
  });

  it('a server without a check is up', () => {
    const driver = new Driver(serviceOf('web', [{ address: a, check: undefined }]));
    expect(driver.weights).toEqual([1]);
  });

  it('the weight that an agent gave stays until the agent has been asked', () => {
    const check = checkOf(a, { kind: 'agent' });
    const declared = serviceOf('web', [{ address: a, weight: 10, check }]);
    const driver = new Driver(declared, { found: kernelOf(declared, [4]) });
    expect(driver.weights).toEqual([4]);
    expect(driver.agent(a, '50%').weights).toEqual([5]);
    const other = new Driver(declared, { found: kernelOf(declared, [4]) });
    expect(other.agent(a, undefined).weights).toEqual([10]);
  });

  it('who was drained by an operator is not taken for one who has failed', () => {
    const declared = serviceOf('web', three);
    const driver = new Driver(declared, {
      found: kernelOf(declared, [10, 10, 0]),
      overrideOf: (server) => (server === `${c}:80` ? { mode: 'drain' } : undefined),
    });
    expect(driver.states).toEqual(['up', 'up', 'drain']);
    expect(driver.override(c, { mode: 'ready' }).weights).toEqual([10, 10, 10]);
  });
});

describe('a server that fails', () => {
  it('has weight 0, or is taken out', () => {
    const inhibit = serviceOf('web', three);
    expect(new Driver(inhibit, everyoneUp(inhibit)).result(b, false, 3).weights).toEqual([
      10, 0, 10,
    ]);
    const remove = serviceOf('web', three, { onFailure: 'remove' });
    expect(new Driver(remove, everyoneUp(remove)).result(b, false, 3).weights).toEqual([
      10,
      undefined,
      10,
    ]);
  });

  it('that has no weight in the kernel is told to be down when its first check fails, once', () => {
    const declared = serviceOf('web', three);
    const driver = new Driver(declared, { found: kernelOf(declared, [10, 0, 0]) });
    expect(driver.told()).toEqual([]);
    driver.result(b, false).wait(1000).result(b, false, 3);
    expect(driver.events[1]).toMatchObject({
      event: 'server-down',
      server: `${b}:80`,
      reason: expect.stringContaining('connection refused'),
      afterMs: undefined,
    });
    expect(driver.told()).toEqual(['check-down 10.0.0.2', 'server-down 10.0.0.2']);
    // The same file again, and what was told of it holds.
    driver.reload(declared).result(b, false);
    expect(driver.told()).toEqual([]);
    driver.result(b, true, 3).result(c, true, 3).result(c, false, 3);
    expect(driver.told().filter((event) => event.startsWith('server-'))).toEqual([
      'server-up 10.0.0.2',
      'server-up 10.0.0.3',
      'server-down 10.0.0.3',
    ]);
  });

  it('says why, and for how long it was up', () => {
    const declared = serviceOf('web', three);
    const driver = new Driver(declared, everyoneUp(declared)).result(b, false, 3);
    expect(driver.events).toEqual([
      {
        event: 'check-down',
        server: `${b}:80`,
        check: 'tcp 10.0.0.2:80',
        code: 'L4CON',
        detail: 'connection refused',
      },
      {
        event: 'server-down',
        server: `${b}:80`,
        reason: 'tcp 10.0.0.2:80: connection refused',
        afterMs: undefined,
      },
    ]);
    driver.told();
    driver.wait(5000).result(b, true, 2);
    expect(driver.events.at(-1)).toMatchObject({ event: 'server-up', afterMs: 5000 });
  });

  it('is judged by all of its checks, or by any, and they may be nested', () => {
    const [tcp, http, other] = [80, 81, 82].map((port) =>
      checkOf(a, { kind: 'tcp' }, {}, port),
    ) as [ReturnType<typeof checkOf>, ReturnType<typeof checkOf>, ReturnType<typeof checkOf>];
    const check = {
      combine: 'all',
      checks: [tcp, { combine: 'any', checks: [http, other] }],
    } as const;
    const declared = serviceOf('web', [{ address: a, check }, { address: b }]);
    const driver = new Driver(declared, everyoneUp(declared));
    expect(driver.result(a, false, 3, 1).weights).toEqual([1, 1]);
    expect(driver.result(a, false, 3, 2).weights).toEqual([0, 1]);
    expect(driver.result(a, true, 2, 1).weights).toEqual([1, 1]);
    expect(driver.result(a, false, 3, 0).weights).toEqual([0, 1]);
  });
});

describe('an agent', () => {
  const check = {
    combine: 'all',
    checks: [checkOf(a), checkOf(a, { kind: 'agent' }, {}, 9999)],
  } as const;
  const declared = serviceOf('web', [
    { address: a, weight: 10, check },
    { address: b, weight: 10 },
  ]);
  const start = () => new Driver(declared, everyoneUp(declared));

  it('sets the share of its server, drains it and takes it down; silence changes nothing', () => {
    const driver = start();
    expect(driver.agent(a, '50%', 1).weights).toEqual([5, 10]);
    expect(driver.agent(a, undefined, 1).weights).toEqual([5, 10]);
    expect(driver.agent(a, 'drain', 1).weights).toEqual([0, 10]);
    expect(driver.states).toEqual(['drain', 'up']);
    expect(driver.agent(a, 'ready', 1).weights).toEqual([5, 10]);
    expect(driver.agent(a, 'maint', 1).weights).toEqual([undefined, 10]);
    expect(driver.agent(a, 'ready down #tired', 1).weights).toEqual([0, 10]);
    expect(driver.told()).toEqual([
      ...Array(4).fill('agent-changed 10.0.0.1'),
      'agent-changed 10.0.0.1',
      'server-down 10.0.0.1',
    ]);
    expect(driver.health.reasonOf(driver.server(a))).toBe('agent: tired');
  });

  it('alone undoes that it is down; other checks have to pass as well', () => {
    const driver = start().agent(a, 'down', 1).result(a, true, 5);
    expect(driver.weights).toEqual([0, 10]);
    driver.result(a, false, 3).agent(a, 'up', 1);
    expect(driver.weights).toEqual([0, 10]);
    expect(driver.result(a, true, 2).weights).toEqual([10, 10]);
  });

  it('is believed when it says down, even if nobody else is up', () => {
    const driver = start().agent(a, 'down', 1).result(b, false, 3);
    expect(driver.states).toEqual(['down', 'kept']);
  });
});

describe('slow start', () => {
  const declared = serviceOf('web', three, { slowStartMs: 10_000 });

  it('gives back the weight in ten steps after a failure', () => {
    const driver = new Driver(declared, everyoneUp(declared))
      .result(a, false, 3)
      .result(a, true, 2);
    const seen: (number | undefined)[] = [];
    for (let at = driver.now; ; ) {
      seen.push(driver.weights[0]);
      expect(driver.states[0]).toBe(seen.at(-1) === 10 ? 'up' : 'starting');
      const next = driver.health.nextChangeAt(driver.now);
      if (next === undefined) break;
      expect(next - at).toBe(1000);
      driver.wait(next - driver.now);
      at = next;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('is not for who is new, and none at the start', () => {
    const driver = new Driver(declared, { found: kernelOf(declared, [10, 10, undefined]) });
    expect(driver.result(c, true).weights).toEqual([10, 10, 10]);
    expect(driver.health.nextChangeAt(0)).toBeUndefined();
  });

  it('is for who was found down', () => {
    const driver = new Driver(declared, { found: kernelOf(declared, [10, 10, 0]) });
    expect(driver.result(c, true, 2).weights).toEqual([10, 10, 1]);
  });

  it('goes on where a director before has left it', () => {
    const driver = new Driver(declared, { found: kernelOf(declared, [10, 10, 4]) });
    expect(driver.weights).toEqual([10, 10, 4]);
    expect(driver.wait(1000).weights).toEqual([10, 10, 5]);
    expect(driver.wait(5000).weights).toEqual([10, 10, 10]);
  });

  it('is broken off by a failure, and begins anew', () => {
    const driver = new Driver(declared, everyoneUp(declared))
      .result(a, false, 3)
      .result(a, true, 2);
    expect(driver.wait(5000).weights[0]).toBe(6);
    expect(driver.result(a, false, 3).weights[0]).toBe(0);
    expect(driver.health.nextChangeAt(driver.now)).toBeUndefined();
    expect(driver.result(a, true, 2).weights[0]).toBe(1);
  });
});

describe('a quorum', () => {
  const fallback = fallbackOf();

  it('is lost below, and regained from the hysteresis above; the fallback serves meanwhile', () => {
    const declared = serviceOf('web', three, { quorum: { weight: 20, hysteresis: 10 }, fallback });
    const driver = new Driver(declared, everyoneUp(declared))
      .result(a, false, 3)
      .result(b, false, 3);
    expect(driver.weights).toEqual([0, 0, 10]);
    expect(driver.told().filter((event) => event.includes('quorum'))).toEqual([]);
    const two = serviceOf('web', three, { quorum: { weight: 20, hysteresis: 0 }, fallback });
    const strict = new Driver(two, everyoneUp(two)).result(a, false, 3).result(b, false, 3);
    expect(strict.weights).toEqual([0, 0, 0, 1]);
    expect(strict.states).toEqual(['down', 'down', 'standby']);
    expect(strict.told().slice(-2)).toEqual(['quorum-lost', 'serving>fallback']);
    expect(strict.result(a, true, 2).weights).toEqual([10, 0, 10]);
    expect(strict.told().slice(-2)).toEqual(['quorum-gained', 'fallback>serving']);
  });

  it('is not asked to be more than there is', () => {
    const declared = serviceOf('web', three, {
      quorum: { weight: 20, hysteresis: 15 },
      fallback,
      onAllDown: 'fallback',
    });
    const driver = new Driver(declared, everyoneUp(declared));
    for (const address of [a, b, c]) driver.result(address, false, 3);
    expect(driver.mode).toBe('fallback');
    driver.result(a, true, 2).result(b, true, 2);
    expect(driver.mode).toBe('fallback');
    expect(driver.result(c, true, 2).mode).toBe('serving');
  });

  it('without a fallback only says so: who is up goes on', () => {
    const declared = serviceOf('web', three, { quorum: { weight: 30, hysteresis: 0 } });
    const driver = new Driver(declared, everyoneUp(declared)).result(a, false, 3);
    expect(driver.weights).toEqual([0, 10, 10]);
    expect(driver.told()).toEqual(['check-down 10.0.0.1', 'server-down 10.0.0.1', 'quorum-lost']);
    expect(driver.health.desired(0).hasQuorum).toBe(false);
  });

  it('was not there when the fallback is found serving', () => {
    const declared = serviceOf('web', three, {
      quorum: { weight: 20, hysteresis: 10 },
      fallback,
      onAllDown: 'fallback',
    });
    const kernel = kernelOf(declared, [0, 0, 0]);
    const found = { ...kernel, destinations: [...kernel.destinations, fallback] };
    const driver = new Driver(declared, { found });
    expect(driver.weights).toEqual([0, 0, 0, 1]);
    driver.result(a, true, 2).result(b, true, 2);
    expect(driver.mode).toBe('fallback');
    expect(driver.result(c, true, 2).mode).toBe('serving');
  });
});

describe('when every server is down', () => {
  const allDown = (driver: Driver, eachAfterMs = 0) => {
    for (const address of [a, b, c]) driver.wait(eachAfterMs).result(address, false, 3);
    return driver;
  };

  it('those of the same trouble keep the weights they had; those long dead do not come back', () => {
    const declared = serviceOf('web', three);
    const driver = new Driver(declared, everyoneUp(declared)).result(a, false, 3).wait(3_600_000);
    driver.result(b, false, 3).wait(10_000);
    expect(driver.weights).toEqual([0, 0, 10]);
    expect(driver.result(c, false, 3).weights).toEqual([0, 10, 10]);
    expect(driver.states).toEqual(['down', 'kept', 'kept']);
    expect(driver.told().at(-1)).toBe('serving>panic');
    // The first that is seen alive again ends it.
    expect(driver.result(a, true, 2).weights).toEqual([10, 0, 0]);
    expect(driver.told().at(-1)).toBe('panic>serving');
  });

  it('the fallback serves, or nobody does, if that is wanted', () => {
    const fallback = fallbackOf();
    const first = serviceOf('web', three, { fallback, onAllDown: 'fallback' });
    expect(allDown(new Driver(first, everyoneUp(first))).weights).toEqual([0, 0, 0, 1]);
    const second = serviceOf('web', three, { onAllDown: 'down', onFailure: 'remove' });
    const driver = allDown(new Driver(second, everyoneUp(second)));
    expect(driver.weights).toEqual([undefined, undefined, undefined]);
    expect(driver.mode).toBe('down');
  });

  it('who recovers from a panic has its whole weight: it never lost it', () => {
    const declared = serviceOf('web', three, { slowStartMs: 10_000 });
    const driver = allDown(new Driver(declared, everyoneUp(declared)), 1000);
    expect(driver.states).toEqual(['kept', 'kept', 'kept']);
    expect(driver.result(a, true, 2).weights).toEqual([10, 0, 0]);
  });

  it('servers that were never seen alive are nothing to keep', () => {
    const driver = allDown(new Driver(serviceOf('web', three)));
    expect(driver.weights).toEqual([0, 0, 0]);
    expect(driver.mode).toBe('down');
  });

  it('checks are not believed below a share of servers, if that is wanted', () => {
    const declared = serviceOf('web', three, { panicBelow: 0.5 });
    const driver = new Driver(declared, everyoneUp(declared)).result(a, false, 3);
    expect(driver.weights).toEqual([0, 10, 10]);
    expect(driver.result(b, false, 3).weights).toEqual([10, 10, 10]);
    expect(driver.mode).toBe('panic');
    expect(driver.result(b, true, 2).weights).toEqual([0, 10, 10]);
  });
});

describe('an operator', () => {
  const declared = serviceOf('web', three);

  it('drains, takes out and sets weights, above checks and agents', () => {
    const driver = new Driver(declared, everyoneUp(declared));
    expect(driver.override(a, { mode: 'drain' }).weights).toEqual([0, 10, 10]);
    expect(driver.override(b, { mode: 'maint' }).weights).toEqual([0, undefined, 10]);
    expect(driver.override(c, { mode: 'ready', weight: 3 }).weights).toEqual([0, undefined, 3]);
    expect(driver.override(a, { mode: 'ready' }).weights).toEqual([10, undefined, 3]);
    expect(driver.told()).toEqual([]);
  });

  it('who drains everybody gets the fallback, and no panic', () => {
    const fallback = fallbackOf();
    const both = serviceOf('web', three, { fallback });
    const driver = new Driver(both, everyoneUp(both));
    for (const address of [a, b, c]) driver.override(address, { mode: 'drain' });
    expect(driver.weights).toEqual([0, 0, 0, 1]);
    const alone = new Driver(declared, everyoneUp(declared));
    for (const address of [a, b, c]) alone.override(address, { mode: 'drain' });
    expect(alone.mode).toBe('idle');
  });
});

describe('a configuration that is loaded again', () => {
  it('keeps what is known of servers and checks that stay', () => {
    const declared = serviceOf('web', three);
    const driver = new Driver(declared, everyoneUp(declared))
      .result(a, false, 3)
      .result(b, false, 2);
    driver.override(c, { mode: 'drain' });
    driver.told();
    driver.reload(serviceOf('web', [...three, { address: '10.0.0.4', weight: 10 }]));
    expect(driver.weights).toEqual([0, 10, 0, 0]);
    expect(driver.told()).toEqual([]);
    expect(driver.result(b, false).states).toEqual(['kept', 'kept', 'drain', 'down']);
  });

  it('lets a server go on whose check has changed, until that one has failed', () => {
    const declared = serviceOf('web', three);
    const driver = new Driver(declared, everyoneUp(declared)).result(b, false, 3);
    const other = [a, b, c].map((address) => ({
      address,
      weight: 10,
      check: checkOf(address, { kind: 'tcp' }, {}, 8080),
    }));
    driver.reload(serviceOf('web', other));
    expect(driver.weights).toEqual([10, 0, 10]);
    expect(driver.result(a, false, 2).weights).toEqual([10, 0, 10]);
    expect(driver.result(a, false).result(b, true).weights).toEqual([0, 10, 10]);
  });
});
