import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/index.ts';
import { badInput } from '../../support/bad-input.ts';
import { empty, pack } from '../../support/pack.ts';

async function failureOf(changes: readonly Change[]): Promise<Error> {
  try {
    await pack(changes, empty);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was taken');
}

describe('bad input', () => {
  it.each(badInput)('is refused by name: $what', async ({ change, kind, says }) => {
    const error = await failureOf([change]);
    expect(error.message.slice(0, says.length)).toBe(says);
    expect(error).toBeInstanceOf(kind);
    expect(error.message).not.toMatch(/^[A-Z]|\.$|\n/);
  });

  it.each(badInput)('is told apart from other changes by its place: $what', async (bad) => {
    const good: Change = { type: 'flush' };
    const error = await failureOf([good, good, bad.change, good]);
    expect(error.message.slice(0, bad.says.length + 10)).toBe(`change 2: ${bad.says}`);
    expect(error).toBeInstanceOf(bad.kind);
  });

  it.each(badInput.filter(({ change }) => change?.type === 'add-destination'))(
    'is refused in an edit like in an addition: $what',
    async ({ change, kind, says }) => {
      const edit = { config: {}, ...change, type: 'edit-destination' } as unknown as Change;
      const error = await failureOf([edit]);
      expect(error.message.slice(0, says.length)).toBe(says);
      expect(error).toBeInstanceOf(kind);
    },
  );

  it.each(badInput.filter(({ change }) => change?.type === 'add-service'))(
    'is refused in an edit like in an addition: $what',
    async ({ change, kind, says }) => {
      const error = await failureOf([{ ...change, type: 'edit-service' } as unknown as Change]);
      expect(error.message.slice(0, says.length)).toBe(says);
      expect(error).toBeInstanceOf(kind);
    },
  );
});
