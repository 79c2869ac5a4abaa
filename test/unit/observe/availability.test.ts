import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Availability, AvailabilityReckoner } from '../../../src/observe/availability.ts';
import type { HistoryRecord, StandingRecord } from '../../../src/observe/history-record.ts';

const standing = (time: number, own: Partial<StandingRecord> = {}): StandingRecord => ({
  time,
  event: 'standing',
  service: 'web',
  mode: 'serving',
  up: ['a'],
  down: [],
  maint: [],
  agentMaint: [],
  ...own,
});

const turn = (time: number, event: 'server-up' | 'server-down', server = 'a'): HistoryRecord => ({
  time,
  event,
  service: 'web',
  server,
  reason: '',
  afterMs: undefined,
});

const mode = (time: number, after: StandingRecord['mode']): HistoryRecord => ({
  time,
  event: 'service-mode',
  service: 'web',
  before: 'serving',
  after,
});

const wish = (time: number, after: 'ready' | 'drain' | 'maint'): HistoryRecord => ({
  time,
  event: 'override',
  service: 'web',
  server: 'a',
  before: { mode: 'ready' },
  after: { mode: after },
  by: 'alice',
});

function reckon(now: number, spans: readonly number[], records: readonly HistoryRecord[]) {
  const reckoner = new AvailabilityReckoner(now, spans);
  for (const record of records) reckoner.take(record);
  return reckoner.result();
}

/** How the server, or the service, fared in one span. */
function faredIn(now: number, span: number, records: readonly HistoryRecord[], server?: string) {
  const [service] = reckon(now, [span], records);
  const spans =
    server === undefined
      ? service?.spans
      : service?.servers.find((one) => one.server === server)?.spans;
  const [fared] = spans ?? [];
  if (fared === undefined) throw new Error('nothing is known of it');
  return fared;
}

describe('the availability of a server', () => {
  it('is the share of the time that it was up, with what it takes to fail and to be mended', () => {
    const records = [
      standing(0),
      turn(400, 'server-down'),
      turn(450, 'server-up'),
      turn(850, 'server-down'),
      turn(900, 'server-up'),
    ];
    expect(faredIn(1000, 1000, records, 'a')).toEqual<Availability>({
      upMs: 900,
      downMs: 100,
      maintMs: 0,
      unknownMs: 0,
      availability: 0.9,
      failures: 2,
      repairs: 2,
      mttfMs: 450,
      mttrMs: 50,
    });
  });

  it('counts the time when nobody looked as unknown, from when the director was last seen', () => {
    const records: HistoryRecord[] = [
      standing(0),
      { time: 600, event: 'resumed', lastSeen: 300 },
      standing(610),
    ];
    const fared = faredIn(1000, 1000, records, 'a');
    expect(fared).toMatchObject({ upMs: 690, downMs: 0, unknownMs: 310, availability: 1 });
  });

  it('does not take it for a failure when a server is down after an absence', () => {
    const records: HistoryRecord[] = [
      standing(0),
      { time: 500, event: 'stopped', reason: 'SIGTERM' },
      { time: 600, event: 'resumed', lastSeen: 500 },
      standing(600, { up: [], down: ['a'], mode: 'down' }),
    ];
    const fared = faredIn(1000, 1000, records, 'a');
    expect(fared).toMatchObject({ upMs: 500, downMs: 400, unknownMs: 100, failures: 0 });
    expect(fared.mttfMs).toBeUndefined();
    expect(fared.mttrMs).toBeUndefined();
  });

  it('does not believe a file that says the director lived before it last wrote', () => {
    const records: HistoryRecord[] = [
      standing(0),
      turn(400, 'server-down'),
      { time: 600, event: 'resumed', lastSeen: 100 },
    ];
    const all = [...records, standing(600)];
    expect(faredIn(1000, 1000, all, 'a')).toMatchObject({ upMs: 800, downMs: 0, unknownMs: 200 });
  });

  it('leaves out when an operator had it out, and not when it drained', () => {
    const records = [standing(0), wish(100, 'drain'), wish(200, 'maint'), wish(700, 'ready')];
    expect(faredIn(1000, 1000, records, 'a')).toMatchObject({ upMs: 500, maintMs: 500 });
  });

  it('is not known of a service that is gone, and begins when one comes', () => {
    expect(reckon(1000, [1000], [standing(0), standing(500, { up: [] })])).toEqual([]);
    const fared = faredIn(1000, 1000, [standing(900)], 'a');
    expect(fared).toMatchObject({ upMs: 100, unknownMs: 900 });
  });

  it('survives clocks that are set: what is to come is not yet, and going back makes no time', () => {
    const future = 1e12;
    const records = [
      standing(0),
      turn(future, 'server-down'),
      turn(500, 'server-up'),
      turn(600, 'server-down'),
    ];
    const fared = faredIn(1000, 1000, records, 'a');
    expect(fared.downMs).toBe(400);
    expect(fared.upMs).toBeLessThanOrEqual(1100);
    expect(fared.unknownMs).toBe(0);
  });
});

describe('the availability of a service', () => {
  it('is that of its real servers: a fallback, or servers that are only kept, are none', () => {
    const records = [
      standing(0, { up: ['a', 'b'] }),
      turn(100, 'server-down', 'a'),
      mode(150, 'panic'),
      turn(200, 'server-down', 'b'),
      mode(300, 'fallback'),
      turn(400, 'server-up', 'b'),
      mode(400, 'serving'),
      mode(800, 'idle'),
    ];
    expect(faredIn(1000, 1000, records)).toMatchObject({
      upMs: 600,
      downMs: 200,
      maintMs: 200,
      failures: 1,
      repairs: 1,
      mttfMs: 600,
      mttrMs: 200,
    });
  });
});

describe('availabilities', () => {
  type Step = readonly [wait: number, what: 'up' | 'down' | 'maint' | 'ready' | 'away' | 'back'];
  const steps = fc.array(
    fc.tuple(
      fc.nat(40),
      fc.constantFrom('up', 'down', 'maint', 'ready', 'away', 'back'),
    ) as fc.Arbitrary<Step>,
    { maxLength: 30 },
  );

  it('are what looking at every moment by itself comes to', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 500 }), fc.nat(50), (all, span, rest) => {
        const records: HistoryRecord[] = [standing(0)];
        // How it stands from each moment on, told without any of the code that is tested.
        const moments: string[] = [];
        let healthy = true;
        let out = false;
        let away: number | undefined;
        let time = 0;
        const state = () =>
          away !== undefined ? 'unknown' : out ? 'maint' : healthy ? 'up' : 'down';
        const live = (ms: number) => {
          for (let passed = 0; passed < ms; passed++) moments.push(state());
          time += ms;
        };
        for (const [wait, what] of all) {
          live(wait);
          if (what === 'away') away ??= time;
          if (what === 'back' && away !== undefined) {
            records.push({ time, event: 'resumed', lastSeen: away });
            records.push(
              standing(time, {
                up: healthy ? ['a'] : [],
                down: healthy ? [] : ['a'],
                maint: out ? ['a'] : [],
              }),
            );
            away = undefined;
          }
          if (away !== undefined) continue;
          if (what === 'up' || what === 'down') {
            healthy = what === 'up';
            records.push(turn(time, `server-${what}`));
          }
          if (what === 'maint' || what === 'ready') {
            out = what === 'maint';
            records.push(wish(time, what));
          }
        }
        if (away !== undefined) {
          live(1);
          records.push({ time, event: 'resumed', lastSeen: away }, standing(time));
          away = undefined;
          healthy = true;
          out = false;
        }
        live(rest);
        const now = time;
        const fared = faredIn(now, span, records, 'a');
        const looked = moments.slice(Math.max(0, now - span));
        const count = (what: string) => looked.filter((one) => one === what).length;
        expect(fared).toMatchObject({
          upMs: count('up'),
          downMs: count('down'),
          maintMs: count('maint'),
          unknownMs: count('unknown') + Math.max(0, span - now),
        });
        const judged = count('up') + count('down');
        expect(fared.availability).toBe(judged === 0 ? undefined : count('up') / judged);
        expect(fared.mttfMs).toBe(fared.failures > 0 ? fared.upMs / fared.failures : undefined);
      }),
    );
  });
});
