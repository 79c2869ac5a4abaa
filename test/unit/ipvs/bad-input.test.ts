import { describe, expect, it } from 'vitest';
import type { Change, DestinationKey } from '../../../src/index.ts';
import type { EditReader } from '../../../src/ipvs/known-table.ts';
import { RecordView } from '../../../src/ipvs/record-view.ts';
import { readServiceKey } from '../../../src/ipvs/service.ts';
import { badInput } from '../../support/bad-input.ts';
import { pack } from '../../support/pack.ts';
import { packedTable } from '../../support/packed-table.ts';

async function failureOf(changes: readonly Change[], reader: EditReader): Promise<Error> {
  try {
    await pack(changes, reader);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was taken');
}

/** A table in which every service is there as added by default, with the destination of a change. */
function furnishedFor(change: Change): EditReader {
  const { destination } = (change ?? {}) as { destination?: DestinationKey };
  const furnished = (record: Uint8Array) => {
    const key = readServiceKey(new RecordView(Uint8Array.from(record).buffer), 0);
    try {
      return packedTable([{ key, destinations: destination ? [{ key: destination }] : [] }]);
    } catch {
      // No table has such a destination, which is what is wrong with the change.
      return packedTable([{ key }]);
    }
  };
  return { service: async (key) => furnished(key), destinations: async (key) => furnished(key) };
}

describe('bad input', () => {
  it.each(badInput)('is refused by name: $what', async ({ change, kind, says }) => {
    const error = await failureOf([change], furnishedFor(change));
    expect(error.message.slice(0, says.length)).toBe(says);
    expect(error).toBeInstanceOf(kind);
    expect(error.message).not.toMatch(/^[A-Z]|\.$|\n/);
  });

  it.each(badInput)('is told apart from other changes by its place: $what', async (bad) => {
    const good: Change = { type: 'flush' };
    const error = await failureOf([good, good, bad.change, good], furnishedFor(bad.change));
    expect(error.message.slice(0, bad.says.length + 10)).toBe(`change 2: ${bad.says}`);
    expect(error).toBeInstanceOf(bad.kind);
  });

  it.each(badInput.filter(({ change }) => change?.type === 'add-destination'))(
    'is refused in an edit like in an addition: $what',
    async ({ change, kind, says }) => {
      const edit = { config: {}, ...change, type: 'edit-destination' } as unknown as Change;
      const error = await failureOf([edit], furnishedFor(edit));
      expect(error.message.slice(0, says.length)).toBe(says);
      expect(error).toBeInstanceOf(kind);
    },
  );

  it.each(badInput.filter(({ change }) => change?.type === 'add-service'))(
    'is refused in an edit like in an addition: $what',
    async ({ change, kind, says }) => {
      const edit = { ...change, type: 'edit-service' } as unknown as Change;
      const error = await failureOf([edit], furnishedFor(edit));
      expect(error.message.slice(0, says.length)).toBe(says);
      expect(error).toBeInstanceOf(kind);
    },
  );
});
