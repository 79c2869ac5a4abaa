import { describe, expect, it } from 'vitest';
import { ServiceManager } from '../../../src/director/service-manager.ts';
import type { ServiceState } from '../../../src/system/notify.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function managed(watchdogMs: number | undefined) {
  const clock = new FakeClock();
  const told: ServiceState[] = [];
  const state = { isAlive: true, servers: 2 };
  const manager = new ServiceManager({
    notify: async (what) => told.push(what),
    clock,
    watchdogMs,
    isAlive: () => state.isAlive,
    status: () => `${state.servers} servers up`,
  });
  return { clock, manager, state, take: () => told.splice(0) };
}

describe('the service manager', () => {
  it('is told that the director is ready, how it stands, and that it ends', async () => {
    const { clock, manager, state, take } = managed(undefined);
    manager.ready();
    await clock.advance(5000, 100);
    expect(take()).toEqual([{ ready: true, status: '2 servers up' }]);
    state.servers = 1;
    const down = {
      event: 'server-down',
      server: 'x',
      service: 'web',
      reason: '',
      afterMs: 0,
    } as const;
    for (let time = 0; time < 100; time++) manager.tell({ ...down, time });
    await clock.advance(5000, 100);
    expect(take()).toEqual([{ status: '1 servers up' }]);
    manager.reloading();
    manager.tell({ event: 'reload-failed', reason: 'wrong', time: 0 });
    await clock.advance(100);
    expect(take()).toEqual([{ reloading: true }, { ready: true, status: '1 servers up' }]);
    await manager.stopping();
    expect(take()).toEqual([{ stopping: true, status: 'stopping' }]);
    manager.close();
    expect(clock.timers).toBe(0);
  });

  it('is given signs of life only while the loops go round', async () => {
    const { clock, manager, state, take } = managed(10_000);
    manager.ready();
    await clock.advance(19_900, 100);
    const signs = () => take().filter(({ watchdog }) => watchdog).length;
    expect(signs()).toBe(4);
    state.isAlive = false;
    await clock.advance(20_000, 100);
    expect(signs()).toBe(0);
    state.isAlive = true;
    await clock.advance(5000, 100);
    expect(signs()).toBe(1);
    manager.ready();
    manager.close();
    expect(clock.timers).toBe(0);
  });
});
