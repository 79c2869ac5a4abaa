import { destinationRecord, serviceRecord } from '../native/ipvs-records.ts';
import type { RecordView } from './record-view.ts';

// Words of 32 bits, of which both records are made throughout.
const serviceWords = serviceRecord.size / 4;
const destinationWords = destinationRecord.size / 4;
const firstCounter = destinationRecord.activeConnections / 4;
const behindCounters = destinationRecord.persistentConnections / 4 + 1;

/** Whether the records of two services say the same; how many destinations they have is part of it. */
export function sameServiceRecord(
  { u32: one }: RecordView,
  oneAt: number,
  { u32: other }: RecordView,
  otherAt: number,
): boolean {
  return sameWords(one, oneAt >> 2, other, otherAt >> 2, 0, serviceWords);
}

/** Whether the records of two destinations say the same but for the numbers of connections. */
export function sameDestinationRecord(
  { u32: one }: RecordView,
  oneAt: number,
  { u32: other }: RecordView,
  otherAt: number,
): boolean {
  const oneFrom = oneAt >> 2;
  const otherFrom = otherAt >> 2;
  return (
    sameWords(one, oneFrom, other, otherFrom, 0, firstCounter) &&
    sameWords(one, oneFrom, other, otherFrom, behindCounters, destinationWords)
  );
}

function sameWords(
  one: Uint32Array,
  oneFrom: number,
  other: Uint32Array,
  otherFrom: number,
  from: number,
  to: number,
): boolean {
  for (let word = from; word < to; word++) {
    if (one[oneFrom + word] !== other[otherFrom + word]) return false;
  }
  return true;
}
