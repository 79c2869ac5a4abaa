import { describe, expect, it } from 'vitest';
import { formatServiceState, watchdogIntervalMs } from '../../../src/system/notify.ts';

describe('a state for the service manager', () => {
  it('is a line for each thing that there is to tell', () => {
    expect(formatServiceState({ ready: true })).toBe('READY=1');
    expect(formatServiceState({ ready: true, status: 'serving 3 services' })).toBe(
      'READY=1\nSTATUS=serving 3 services',
    );
    expect(formatServiceState({ stopping: true, extendTimeoutMs: 1500 })).toBe(
      'STOPPING=1\nEXTEND_TIMEOUT_USEC=1500000',
    );
    expect(formatServiceState({ watchdog: true })).toBe('WATCHDOG=1');
  });

  it('says when a reload began, by the clock that the manager reads', () => {
    const earlier = process.hrtime.bigint() / 1000n;
    const [reloading, time = ''] = formatServiceState({ reloading: true }).split('\n');
    expect(reloading).toBe('RELOADING=1');
    const usec = BigInt(/^MONOTONIC_USEC=(\d+)$/.exec(time)?.[1] ?? '0');
    expect(usec).toBeGreaterThanOrEqual(earlier);
    expect(usec).toBeLessThanOrEqual(process.hrtime.bigint() / 1000n);
  });

  it('cannot have another line put into it', () => {
    expect(formatServiceState({ status: 'a\nREADY=1\r\nb' })).toBe('STATUS=a READY=1 b');
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the time %d', (extendTimeoutMs) => {
    expect(() => formatServiceState({ extendTimeoutMs })).toThrow(/^extendTimeoutMs must be/);
  });
});

describe('the watchdog', () => {
  it.each([
    ['wants to hear from us', { WATCHDOG_USEC: '10000000', WATCHDOG_PID: '42' }, 10_000],
    ['does not say from whom', { WATCHDOG_USEC: '2500' }, 2.5],
    ['watches our parent', { WATCHDOG_USEC: '10000000', WATCHDOG_PID: '41' }, undefined],
    ['is off', {}, undefined],
    ['is off', { WATCHDOG_USEC: '0' }, undefined],
    ['is nonsense', { WATCHDOG_USEC: '1e6' }, undefined],
  ] as const)('%s with %o', (_, environment, expected) => {
    expect(watchdogIntervalMs(environment, 42)).toBe(expected);
  });
});
