import type { Change } from '../../src/ipvs/change.ts';
import type { EditReader } from '../../src/ipvs/known-table.ts';
import { packChanges } from '../../src/ipvs/transaction.ts';

/** For changes that must be packed without looking at the kernel's table. */
export const unreadable: EditReader = {
  service: () => Promise.reject(new Error('the table was read')),
  destinations: () => Promise.reject(new Error('the table was read')),
};

/** The request records of some changes, in one piece. */
export async function pack(
  changes: readonly Change[],
  reader: EditReader = unreadable,
): Promise<Buffer> {
  const { chunks } = await packChanges(changes, reader);
  return Buffer.concat(chunks);
}
