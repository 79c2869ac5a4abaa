import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { HistoryRecord } from './history-record.ts';
import { StateError } from './state-error.ts';

/** Where the history is: the file that is written, and the one before it. */
export function historyFiles(stateDirectory: string): {
  readonly current: string;
  readonly older: string;
} {
  return {
    current: join(stateDirectory, 'history.jsonl'),
    older: join(stateDirectory, 'history.older.jsonl'),
  };
}

/** No record is as long; what is, is damage. */
const longestLine = 1024 * 1024;

/**
 * Reads the history, the oldest first. Lines that are none, as where the power went while one was
 * written, are passed over.
 *
 * @param onDamage Told of each of these.
 * @throws StateError `STATE_UNREADABLE`
 */
export async function* readHistory(
  stateDirectory: string,
  onDamage: (line: string) => void = () => undefined,
): AsyncGenerator<HistoryRecord> {
  const { older, current } = historyFiles(stateDirectory);
  // Both are opened before either is read, the newer one first: it can become the older one meanwhile.
  await using newest = await openFile(current);
  await using before = await openFile(older);
  const isSame = newest !== undefined && newest.inode === before?.inode;
  for (const file of isSame ? [newest] : [before, newest]) {
    if (file === undefined) continue;
    try {
      for await (const line of linesOf(file.handle)) {
        const record = recordOf(line);
        if (record !== undefined) yield record;
        else if (line !== '') onDamage(line);
      }
    } catch (error) {
      throw new StateError('STATE_UNREADABLE', `cannot read ${file.path}`, error);
    }
  }
}

async function openFile(path: string) {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    const { ino: inode } = await handle.stat();
    return { path, handle, inode, [Symbol.asyncDispose]: () => handle.close() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StateError('STATE_UNREADABLE', `cannot read ${path}`, error);
  }
}

async function* linesOf(handle: FileHandle): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of handle.createReadStream({ encoding: 'utf8', autoClose: false })) {
    const lines = `${rest}${piece}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) rest = rest.slice(0, longestLine);
    yield* lines;
  }
  yield rest;
}

function recordOf(line: string): HistoryRecord | undefined {
  try {
    const record = JSON.parse(line) as Partial<HistoryRecord> | null;
    const isRecord = Number.isFinite(record?.time) && typeof record?.event === 'string';
    return isRecord ? (record as HistoryRecord) : undefined;
  } catch {
    return undefined;
  }
}
