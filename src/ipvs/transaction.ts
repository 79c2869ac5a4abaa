import { requestRecord } from '../native/ipvs-records.ts';
import { writeAbsentEdit } from './absent-edit.ts';
import { type Change, type EditBase, isPartialEdit, located, writeChange } from './change.ts';
import { ChangeRun } from './change-run.ts';
import { type EditReader, KnownTable } from './known-table.ts';
import { RecordView } from './record-view.ts';

/**
 * Requests that cross to the addon in one call: few enough for their memory to come off the heap,
 * which has it at hand, and not from the kernel page by page.
 */
const requestsPerChunk = 512;

/** Changes ready to be sent. */
export interface PackedChanges {
  /** Runs of request records, one for each change. */
  readonly chunks: readonly Uint8Array[];
  /**
   * The places of edits that leave something out and find nothing to be edited. Their records ask
   * for the service and change nothing; whatever the answer, the edit has failed.
   */
  readonly absent: ReadonlySet<number>;
}

/**
 * Packs changes into request records, in chunks. Everything is checked before the first chunk is
 * returned, so that a mistake in the last change leaves the table as it was.
 *
 * The kernel replaces all settings in an edit, so what an edit leaves open is read first, or taken
 * from an earlier change of the same list.
 *
 * @throws TypeError, RangeError, with the place in the list for more than one change.
 */
export async function packChanges(
  changes: readonly Change[],
  reader: EditReader,
): Promise<PackedChanges> {
  const known = changes.some(isPartialEdit) ? await KnownTable.read(changes, reader) : undefined;
  const run = new ChangeRun(known);
  const absent = new Set<number>();
  const chunks: Uint8Array[] = [];
  for (let from = 0; from < changes.length; from += requestsPerChunk) {
    const count = Math.min(requestsPerChunk, changes.length - from);
    const view = new RecordView(new ArrayBuffer(count * requestRecord.size));
    packChunk(view, changes, from, run, known, absent);
    chunks.push(view.u8);
  }
  return { chunks, absent };
}

/** Fills a chunk with the changes from index `from` on. */
function packChunk(
  view: RecordView,
  changes: readonly Change[],
  from: number,
  run: ChangeRun,
  known: KnownTable | undefined,
  absent: Set<number>,
): void {
  let index = from;
  try {
    for (let at = 0; at < view.u8.length; at += requestRecord.size) {
      const change = changes[index] as Change;
      if (!run.write(view, at, change)) {
        if (writeInFull(view, at, change, known)) run.begin(view, at, change);
        else absent.add(index);
      }
      index++;
    }
  } catch (error) {
    throw located(error, index, changes.length);
  }
}

const noBase: EditBase = {};

/** Writes a change with all checks; false when it edits what is known not to be there. */
function writeInFull(
  view: RecordView,
  at: number,
  change: Change,
  known: KnownTable | undefined,
): boolean {
  if (known === undefined) {
    writeChange(view, at, change, noBase);
    return true;
  }
  if (!isPartialEdit(change)) {
    writeChange(view, at, change, noBase);
  } else {
    const base = known.baseOf(change);
    if (base === undefined) {
      writeAbsentEdit(view, at, change);
      return false;
    }
    writeChange(view, at, change, base);
  }
  known.note(view, at, change);
  return true;
}
