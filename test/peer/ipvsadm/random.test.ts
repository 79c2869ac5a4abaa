import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compareSequence } from './arena.ts';
import type { Comparison } from './compare.ts';
import { sequences } from './grammar.ts';
import { useOwnNames } from './name-files.ts';
import { RealIpvsadm } from './real.ts';
import { countingAs } from './results.ts';
import { type Sequence, stepText } from './sequence.ts';

/** How long random sequences are tried for, and where to begin to see the same ones again. */
const seconds = Number(process.env['LVSKIT_RANDOM_SECONDS'] ?? 30);
const seed = Number(process.env['LVSKIT_SEED'] ?? randomInt(2 ** 31));

let real: RealIpvsadm;
beforeAll(async () => {
  real = await RealIpvsadm.start();
});
afterAll(() => real.stop());
useOwnNames();

/** As it would be kept in a corpus. */
const sequenceText = ({ steps }: Sequence) => steps.map(stepText).join('\n');

let commands = 0;
const count = countingAs('random', () => ({ seed, seconds, commands }));

it(
  `random commands come to the same (LVSKIT_SEED=${seed} for the same again)`,
  async () => {
    const compared = new Map<string, Comparison>();
    const property = fc.asyncProperty(sequences, async (sequence) => {
      const comparison = await compareSequence(real, sequence);
      compared.set(sequenceText(sequence), comparison);
      expect(comparison.difference).toBe('');
    });
    const details = await fc.check(property, {
      seed,
      numRuns: 1_000_000,
      interruptAfterTimeLimit: seconds * 1000,
    });
    for (const [text, comparison] of compared) {
      count(text, comparison);
      commands += text.split('\n').length;
    }
    expect(compared.size).toBeGreaterThan(0);
    const [smallest] = details.counterexample ?? [];
    const shown = smallest === undefined ? '' : sequenceText(smallest);
    expect(`${shown}\n${compared.get(shown)?.difference ?? ''}`.trim()).toBe('');
  },
  // Shrinking takes a while.
  seconds * 1000 + 240_000,
);
