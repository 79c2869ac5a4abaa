import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareSequence } from './arena.ts';
import { useOwnNames } from './name-files.ts';
import { RealIpvsadm } from './real.ts';
import { countingAs } from './results.ts';
import { corpus } from './sequence.ts';

let real: RealIpvsadm;
beforeAll(async () => {
  real = await RealIpvsadm.start();
});
afterAll(() => real.stop());
useOwnNames();

const count = countingAs('corpus');

describe.each(corpus())('$name', ({ name, sequences }) => {
  it.each(sequences)('$title', async (sequence) => {
    const comparison = await compareSequence(real, sequence);
    count(`${name}: ${sequence.title}`, comparison);
    expect(comparison.difference).toBe('');
  });
});
