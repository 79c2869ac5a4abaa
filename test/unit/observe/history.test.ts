import * as files from 'node:fs/promises';
import { appendFile, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { historyFiles, readHistory } from '../../../src/observe/history-files.ts';
import { type HistoryRecord, isAskedFor } from '../../../src/observe/history-record.ts';
import {
  type HistoryFileSystem,
  type HistoryHandle,
  type HistoryOptions,
  HistoryWriter,
} from '../../../src/observe/history-writer.ts';

let stateDirectory: string;
let now: number;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lvskit-history-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  stateDirectory = join(folder, 'state');
  now = 1_700_000_000_000;
});

const open = (own: Partial<HistoryOptions> = {}) =>
  HistoryWriter.open({ stateDirectory, bytes: 1 << 20, now: () => now, ...own });

const drained = (server: string): HistoryRecord => ({
  time: now,
  event: 'drained',
  service: 'web',
  server,
});

async function read(onDamage?: (line: string) => void): Promise<HistoryRecord[]> {
  const records: HistoryRecord[] = [];
  for await (const record of readHistory(stateDirectory, onDamage)) records.push(record);
  return records;
}

const events = async () => (await read()).map(({ event }) => event);

/** A file system that does as it is told, and can be told to fail. */
function troubled(): HistoryFileSystem & { fail: string | undefined; most: number } {
  const trouble = {
    fail: undefined as string | undefined,
    most: Number.POSITIVE_INFINITY,
    mkdir: (path: string, options: { recursive: true; mode: number }) => files.mkdir(path, options),
    rename: (from: string, to: string) => files.rename(from, to),
    open: async (path: string, flags: number, mode?: number): Promise<HistoryHandle> => {
      if (trouble.fail === 'EROFS') throw Object.assign(new Error(), { code: 'EROFS' });
      const handle = await files.open(path, flags, mode);
      return {
        stat: () => handle.stat(),
        read: (options) => handle.read(options),
        utimes: (accessed, modified) => handle.utimes(accessed, modified),
        sync: () => handle.sync(),
        close: () => handle.close(),
        write: async (buffer) => {
          const part = buffer.subarray(0, trouble.most);
          const written = await handle.write(part);
          trouble.most -= written.bytesWritten;
          if (trouble.most <= 0) {
            trouble.most = 0;
            if (trouble.fail !== undefined && buffer.length > part.length) {
              // What there was room for is there.
              throw Object.assign(new Error(), { code: trouble.fail });
            }
          }
          return written;
        },
      };
    },
  };
  return trouble;
}

describe('the history', () => {
  it('has what was appended, in order, after the director has gone and come again', async () => {
    const first = await open();
    first.append(drained('a'));
    first.append(drained('b'));
    await first.close();
    now += 5000;
    const second = await open();
    second.append(drained('c'));
    await second.close();
    expect(await read()).toEqual([
      { ...drained('a'), time: now - 5000 },
      { ...drained('b'), time: now - 5000 },
      { time: now, event: 'resumed', lastSeen: now - 5000 },
      drained('c'),
    ]);
    expect(second.statistics).toEqual({ written: 1, lost: 0, problem: undefined });
    const { mode } = await stat(historyFiles(stateDirectory).current);
    expect(mode & 0o007).toBe(0);
  });

  it('says when the director was last alive although nothing happened for long', async () => {
    const first = await open();
    first.append(drained('a'));
    await first.flush();
    now += 60_000;
    await first.beat();
    // It is killed here. Its file cannot be closed but by the end of the process.
    now += 3000;
    const second = await open();
    await second.close();
    await first.close();
    expect((await read())[1]).toEqual({
      time: now,
      event: 'resumed',
      lastSeen: now - 3000,
    });
  });

  it('does not believe that the director was alive in a time to come', async () => {
    const first = await open();
    first.append(drained('a'));
    await first.close();
    await utimes(historyFiles(stateDirectory).current, 2e9, 2e9);
    await (await open()).close();
    expect((await read())[1]).toEqual({ time: now, event: 'resumed', lastSeen: now });
  });

  it('passes over a line that was torn, and loses none besides', async () => {
    const first = await open();
    first.append(drained('a'));
    await first.close();
    await appendFile(historyFiles(stateDirectory).current, '{"time":17000000');
    const second = await open();
    second.append(drained('b'));
    await second.close();
    const damage: string[] = [];
    const records = await read((line) => damage.push(line));
    expect(records.map(({ event }) => event)).toEqual(['drained', 'resumed', 'drained']);
    expect(damage).toEqual(['{"time":17000000']);
  });

  it.each(['garbage\n', '\0\0\0', 'null\n[]\n{}\n{"time":"x","event":"y"}\n'])(
    'reads whatever is in the file: %j',
    async (text) => {
      await (await open()).close();
      await writeFile(historyFiles(stateDirectory).current, text);
      const writer = await open();
      writer.append(drained('a'));
      await writer.close();
      expect(await events()).toEqual(['resumed', 'drained']);
    },
  );

  it('takes no more of the disk than it may, keeps the newest, and tells how things stood', async () => {
    const bytes = 8192;
    const writer = await open({ bytes, standing: () => [drained('standing')] });
    for (let index = 0; index < 500; index++) {
      writer.append(drained(`server-${index}`));
      await writer.flush();
    }
    await writer.close();
    const { current, older } = historyFiles(stateDirectory);
    const sizes = (await Promise.all([stat(current), stat(older)])).map(({ size }) => size);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(bytes / 2);
    const servers = (await read()).map((record) => 'server' in record && record.server);
    expect(servers.at(-1)).toBe('server-499');
    const kept = servers.filter((server) => server !== 'standing');
    expect(kept).toEqual(Array.from(kept, (_, index) => `server-${500 - kept.length + index}`));
    expect(kept.length).toBeGreaterThan(40);
    expect((await readFile(current, 'utf8')).split('\n')[0]).toContain('"standing"');
  });

  it('leaves out how things stood where that would leave no room for what happens', async () => {
    const standing = () => Array.from({ length: 100 }, () => drained('standing'));
    const writer = await open({ bytes: 4096, standing });
    for (let index = 0; index < 100; index++) {
      writer.append(drained('a'));
      await writer.flush();
    }
    await writer.close();
    expect(await readFile(historyFiles(stateDirectory).current, 'utf8')).not.toContain('standing');
  });

  it('says so when the disk is full, counts what is lost, and goes on when there is room', async () => {
    const fs = troubled();
    const problems: (string | undefined)[] = [];
    const writer = await open({ fs, onProblem: (problem) => problems.push(problem) });
    writer.append(drained('a'));
    await writer.flush();
    fs.fail = 'ENOSPC';
    fs.most = 10;
    for (const server of ['b', 'c']) {
      writer.append(drained(server));
      await writer.flush();
    }
    const problem = `cannot write ${historyFiles(stateDirectory).current}: the disk is full`;
    expect(writer.statistics).toEqual({ written: 1, lost: 2, problem });
    fs.fail = undefined;
    fs.most = Number.POSITIVE_INFINITY;
    writer.append(drained('d'));
    await writer.close();
    expect(problems).toEqual([problem, undefined]);
    expect(await read()).toEqual([
      drained('a'),
      { time: now, event: 'lost', count: 2 },
      drained('d'),
    ]);
  });

  it('opens on a disk that cannot be written, and begins once it can', async () => {
    const fs = troubled();
    fs.fail = 'EROFS';
    const problems: (string | undefined)[] = [];
    const writer = await open({ fs, onProblem: (problem) => problems.push(problem) });
    writer.append(drained('a'));
    await writer.flush();
    expect(problems).toEqual([expect.stringContaining('the file system is read-only')]);
    fs.fail = undefined;
    writer.append(drained('b'));
    await writer.close();
    expect(await events()).toEqual(['lost', 'drained']);
  });

  it('waits for no disk: what comes faster than it writes is lost, and counted', async () => {
    const writer = await open({ bytes: 65_536 });
    for (let index = 0; index < 10_000; index++) writer.append(drained(`server-${index}`));
    await writer.flush();
    writer.append(drained('the last'));
    await writer.close();
    const { written, lost } = writer.statistics;
    expect(written + lost).toBe(10_001);
    expect(lost).toBeGreaterThan(9000);
    const told = (await read()).flatMap((one) => (one.event === 'lost' ? one.count : []));
    expect(told).toEqual([lost]);
  });

  it('is read by what is asked for', () => {
    const record = drained('a');
    expect(isAskedFor(record, {})).toBe(true);
    expect(isAskedFor(record, { since: now, until: now + 1 })).toBe(true);
    expect(isAskedFor(record, { since: now + 1 })).toBe(false);
    expect(isAskedFor(record, { until: now })).toBe(false);
    expect(isAskedFor(record, { service: 'web', server: 'a', events: ['drained'] })).toBe(true);
    expect(isAskedFor(record, { service: 'dns' })).toBe(false);
    expect(isAskedFor(record, { server: 'b' })).toBe(false);
    expect(isAskedFor(record, { events: ['started'] })).toBe(false);
    expect(
      isAskedFor({ time: now, event: 'started', version: '1', services: 1 }, { service: 'web' }),
    ).toBe(false);
  });
});
