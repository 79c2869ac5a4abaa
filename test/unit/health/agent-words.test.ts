import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AgentState,
  afterReply,
  agentWeight,
  parseAgentReply,
  silentAgent,
} from '../../../src/health/agent-words.ts';

const said = (...replies: readonly string[]): AgentState =>
  replies.reduce((state, reply) => afterReply(state, parseAgentReply(reply)), silentAgent);

describe('what an agent says', () => {
  it('is read word by word, in any case, between blanks and commas', () => {
    expect(said('75%\n')).toEqual({ mode: 'ready', up: true, percent: 75, weight: undefined });
    expect(said('up ready 100%\r\n')).toMatchObject({ mode: 'ready', up: true, percent: 100 });
    expect(said('DRAIN,50%')).toMatchObject({ mode: 'drain', percent: 50 });
    expect(said('  maint\tmaxconn:30')).toMatchObject({ mode: 'maint', up: true });
    expect(said('weight:7')).toMatchObject({ weight: 7 });
    expect(said('weight:40%')).toMatchObject({ percent: 40 });
  });

  it('has a reason after the sign for it', () => {
    expect(said('down #disk is full, sorry\n')).toMatchObject({
      up: false,
      reason: 'disk is full, sorry',
    });
    expect(said('stopped')).toMatchObject({ up: false, reason: 'stopped' });
    expect(said('fail # ')).toMatchObject({ up: false, reason: '' });
  });

  it('is undone by itself alone', () => {
    expect(said('drain', '50%').mode).toBe('drain');
    expect(said('drain', 'ready').mode).toBe('ready');
    expect(said('down', '100%').up).toBe(false);
    expect(said('down', 'ready').up).toBe(false);
    expect(said('down #why', 'up')).toMatchObject({ up: true, reason: undefined });
  });

  it('ends with the line', () => {
    expect(said('50%\ndown\n')).toMatchObject({ percent: 50, up: true });
    expect(said('50%\0down')).toMatchObject({ percent: 50, up: true });
  });

  it('counts only as far as it has a meaning', () => {
    const { change, unknown } = parseAgentReply('50% frobnicate -3% weight:99999999999 12 1e3%');
    expect(change).toEqual({ percent: 50, weight: undefined });
    expect(unknown).toEqual(['frobnicate', '-3%', 'weight:99999999999', '12']);
    expect(parseAgentReply('')).toEqual({ change: {}, unknown: [] });
  });

  it('may be anything at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        const { change, unknown } = parseAgentReply(text);
        expect(unknown.length).toBeLessThanOrEqual(4);
        expect((change.reason ?? '').length).toBeLessThanOrEqual(256);
        const weight = agentWeight(10, afterReply(silentAgent, { change, unknown }));
        expect(Number.isInteger(weight) && weight >= 0 && weight <= 0x7fffffff).toBe(true);
      }),
    );
  });

  it('is a share of the weight that is configured, of which the least is 1', () => {
    expect(agentWeight(10, said('75%'))).toBe(8);
    expect(agentWeight(10, said('1%'))).toBe(1);
    expect(agentWeight(10, said('0%'))).toBe(0);
    expect(agentWeight(0, said('50%'))).toBe(0);
    expect(agentWeight(10, said('200%'))).toBe(20);
    expect(agentWeight(0x7fffffff, said('100000%'))).toBe(0x7fffffff);
    expect(agentWeight(10, said('weight:3'))).toBe(3);
    expect(agentWeight(10, said('weight:3', '50%'))).toBe(5);
    expect(agentWeight(10, silentAgent)).toBe(10);
  });
});
