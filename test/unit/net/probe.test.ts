import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { probeStage } from '../../../src/native/probe.ts';
import { ProbeResult } from '../../../src/net/probe.ts';

const { errno } = constants;
const outcome = (error: number, stage: keyof typeof probeStage) =>
  new ProbeResult(error, probeStage[stage], 1500).outcome;

describe('the outcome of a probe', () => {
  it.each([
    ['ECONNREFUSED', 'refused'],
    ['ECONNRESET', 'reset'],
    ['ETIMEDOUT', 'timed-out'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ENETUNREACH', 'unreachable'],
    ['EACCES', 'unreachable'],
    ['ECANCELED', 'cancelled'],
    // A rule of this machine's own firewall, or no port free.
    ['EPERM', 'not-sent'],
    ['EADDRNOTAVAIL', 'not-sent'],
  ] as const)('of %s is %s', (name, expected) => {
    expect(outcome(errno[name], 'answer')).toBe(expected);
    expect(outcome(errno[name], 'send')).toBe(expected);
  });

  it.each(['socket', 'device', 'mark', 'bind'] as const)(
    'is not-sent, whatever the error, when it failed at %s',
    (stage) => {
      for (const name of ['EMFILE', 'EACCES', 'EPERM', 'ENETUNREACH'] as const) {
        expect(outcome(errno[name], stage)).toBe('not-sent');
      }
    },
  );

  it('is answered without an error, and has its time', () => {
    const result = new ProbeResult(0, probeStage.answer, 1500);
    expect(result.outcome).toBe('answered');
    expect(result.latencyMs).toBe(1.5);
    expect(result.errnoName).toBeUndefined();
    expect(new ProbeResult(errno.EMFILE, probeStage.socket, 0).errnoName).toBe('EMFILE');
  });
});
