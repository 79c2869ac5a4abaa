import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import type { Comparison } from './compare.ts';

const folder = fileURLToPath(new URL('../../../test-results', import.meta.url));

interface Part {
  /** Sequences, listings or whatever was compared. */
  compared: number;
  differing: string[];
  sameLines: number;
  allLines: number;
}

/** `6.1` of 6.1.176. */
const kernel = /^\d+\.\d+/.exec(release())?.[0] ?? release();
const file = `${folder}/ipvsadm-${kernel}.json`;

function readResults(): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

/**
 * Sums up what a test file compares, and writes it to test-results/ipvsadm-KERNEL.json at its end.
 *
 * @param name What the part is called there.
 */
export function countingAs(
  name: string,
  more: () => object = () => ({}),
): (what: string, comparison: Comparison) => void {
  const part: Part = { compared: 0, differing: [], sameLines: 0, allLines: 0 };
  afterAll(() => {
    mkdirSync(folder, { recursive: true });
    const all = { ...readResults(), kernel: release(), [name]: { ...part, ...more() } };
    writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
  });
  return (what, { same, all, difference }) => {
    part.compared += 1;
    part.sameLines += same;
    part.allLines += all;
    if (difference !== '') part.differing.push(what);
  };
}
