import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AvailabilityReckoner } from '../../../src/observe/availability.ts';
import { readHistory } from '../../../src/observe/history-files.ts';
import type { HistoryRecord, StandingRecord } from '../../../src/observe/history-record.ts';
import { Recorder } from '../../../src/observe/recorder.ts';
import { FakeDirector, webAndDns } from '../../support/fake-director.ts';

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'lvskit-recorder-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

async function recorderOf(director: FakeDirector, stateDirectory: string, bytes = 1 << 20) {
  const errors: unknown[] = [];
  const now = () => director.clock.wallTime();
  const onError = (error: unknown) => errors.push(error);
  const recorder = await Recorder.open({ stateDirectory, bytes, now, onError });
  recorder.attach(director);
  await recorder.flush();
  return { recorder, errors };
}

async function recordsIn(stateDirectory: string): Promise<HistoryRecord[]> {
  const records: HistoryRecord[] = [];
  for await (const record of readHistory(stateDirectory)) records.push(record);
  return records;
}

const standings = (records: readonly HistoryRecord[]) =>
  records.filter((record): record is StandingRecord => record.event === 'standing');

describe('the recorder', () => {
  it('writes how services stand at first, and then what happens', async () => {
    const state = await folder();
    const director = new FakeDirector();
    const { recorder } = await recorderOf(director, state);
    await director.override('web', '10.0.0.11:80', { mode: 'maint' }, 'alice');
    await recorder.close();
    const records = await recordsIn(state);
    expect(records.map(({ event }) => event)).toEqual(['standing', 'standing', 'override']);
    expect(records[0]).toMatchObject({
      service: 'web',
      mode: 'serving',
      up: ['10.0.0.11:80', '10.0.0.12:80'],
      down: [],
      maint: [],
    });
    expect(director.listeners).toBe(0);
  });

  it('writes again what a reload has changed, and nothing else', async () => {
    const state = await folder();
    const director = new FakeDirector();
    const { recorder } = await recorderOf(director, state);
    await director.reload();
    await recorder.flush();
    expect(standings(await recordsIn(state))).toHaveLength(2);
    director.services = webAndDns.slice(0, 1);
    await director.reload();
    await recorder.flush();
    const all = standings(await recordsIn(state));
    expect(all).toHaveLength(3);
    expect(all[2]).toMatchObject({ service: 'api:8080', up: [], down: [] });
    await recorder.close();
  });

  it('lets the availability be told over a rotation, and over an absence with servers out', async () => {
    const state = await folder();
    const director = new FakeDirector();
    const { recorder } = await recorderOf(director, state, 16_384);
    await director.override('web', '10.0.0.12:80', { mode: 'maint' }, 'alice');
    for (let index = 0; index < 300; index++) {
      director.emit({ event: 'trouble', reason: `number ${index}` });
      await recorder.flush();
    }
    director.clock.tick(1000);
    await recorder.close();
    director.clock.tick(500);
    const again = await recorderOf(director, state, 16_384);
    director.clock.tick(250);
    await again.recorder.close();
    const reckoner = new AvailabilityReckoner(director.clock.wallTime(), [1750]);
    for (const record of await recordsIn(state)) reckoner.take(record);
    const web = reckoner.result().find(({ service }) => service === 'web');
    expect(web?.spans[0]).toMatchObject({ upMs: 1250, unknownMs: 500, availability: 1 });
    const [first, second] = web?.servers ?? [];
    expect(first?.spans[0]).toMatchObject({ upMs: 1250, maintMs: 0, unknownMs: 500 });
    expect(second?.spans[0]).toMatchObject({ upMs: 0, maintMs: 1250, unknownMs: 500 });
  });

  it('does not take a server for down that has not been checked yet', async () => {
    const state = await folder();
    const director = new FakeDirector(webAndDns, false);
    const { recorder } = await recorderOf(director, state);
    expect(standings(await recordsIn(state))).toEqual([]);
    director.refusing.add('10.0.0.12');
    await director.check(1000);
    await recorder.close();
    const reckoner = new AvailabilityReckoner(director.clock.wallTime(), [1000]);
    for (const record of await recordsIn(state)) reckoner.take(record);
    const [web] = reckoner.result();
    expect(web?.service).toBe('web');
    expect(web?.spans[0]).toMatchObject({ availability: 1, repairs: 0 });
    expect(web?.spans[0]?.upMs).toBeGreaterThan(400);
    expect(web?.servers.map(({ server }) => server)).toContain('10.0.0.11:80');
  });

  it('goes on when the director cannot say how it stands', async () => {
    const state = await folder();
    const director = new FakeDirector();
    director.failure = new Error('no kernel');
    const { recorder, errors } = await recorderOf(director, state);
    expect(errors).toEqual([expect.objectContaining({ message: 'no kernel' })]);
    director.emit({ event: 'started', version: '1', services: 2 });
    await recorder.close();
    expect(standings(await recordsIn(state))).toHaveLength(2);
  });
});
