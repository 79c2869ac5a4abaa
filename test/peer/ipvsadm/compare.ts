import type { Outcome } from './outcome.ts';

/** Lines that are the same, of all lines that either has. */
export interface Tally {
  readonly same: number;
  readonly all: number;
}

export interface Comparison extends Tally {
  /** What only the real one has begins with `-`, what only ours has with `+`; empty when equal. */
  readonly difference: string;
}

/** Each line with what cannot be seen made visible, so that blanks at an end and CR count. */
function linesOf(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  return last === '' ? lines : [...lines, `${last}\\`];
}

/** The lengths of the longest common parts of all pairs of beginnings. */
function commonLengths(left: readonly string[], right: readonly string[]): Uint32Array[] {
  const lengths = [new Uint32Array(right.length + 1)];
  for (const line of left) {
    const above = lengths.at(-1) ?? new Uint32Array();
    const row = new Uint32Array(right.length + 1);
    for (const [index, other] of right.entries()) {
      row[index + 1] =
        line === other ? (above[index] ?? 0) + 1 : Math.max(above[index + 1] ?? 0, row[index] ?? 0);
    }
    lengths.push(row);
  }
  return lengths;
}

const visible = (line: string) => JSON.stringify(line).slice(1, -1).replaceAll('\\"', '"');

/** Compares two texts line by line. */
export function compareLines(real: readonly string[], ours: readonly string[]): Comparison {
  if (real.length === ours.length && real.every((line, index) => line === ours[index])) {
    return { same: real.length, all: real.length, difference: '' };
  }
  const lengths = commonLengths(real, ours);
  const same = lengths[real.length]?.[ours.length] ?? 0;
  const shown: string[] = [];
  let [row, column] = [real.length, ours.length];
  while (row > 0 || column > 0) {
    const line = real[row - 1];
    const other = ours[column - 1];
    if (line !== undefined && line === other) {
      shown.push(`  ${visible(line)}`);
      row -= 1;
      column -= 1;
    } else if (
      other !== undefined &&
      (line === undefined || (lengths[row]?.[column - 1] ?? 0) >= (lengths[row - 1]?.[column] ?? 0))
    ) {
      shown.push(`+ ${visible(other)}`);
      column -= 1;
    } else {
      shown.push(`- ${visible(line ?? '')}`);
      row -= 1;
    }
  }
  const all = real.length + ours.length - same;
  return { same, all, difference: shown.reverse().join('\n') };
}

/** The exit status, the output and the errors as lines. */
export function outcomeLines({ status, stdout, stderr }: Outcome): string[] {
  return [
    `exit status ${status}`,
    ...linesOf(stdout).map((line) => `stdout: ${line}`),
    ...linesOf(stderr).map((line) => `stderr: ${line}`),
  ];
}

/** The sum of comparisons; `difference` has the parts that differ, under their headings. */
export function together(parts: Iterable<readonly [heading: string, Comparison]>): Comparison {
  let [same, all] = [0, 0];
  const differences = [];
  for (const [heading, part] of parts) {
    same += part.same;
    all += part.all;
    if (part.difference !== '') differences.push(`${heading}\n${part.difference}`);
  }
  return { same, all, difference: differences.join('\n') };
}
