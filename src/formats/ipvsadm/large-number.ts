import type { ByteLines } from './byte-lines.ts';

/**
 * A counter as a column of `--stats` and `--rate` has it: 9 characters, cut to a unit above eight
 * digits; with `exact` all digits, after a blank at least.
 */
export function writeLargeNumber(lines: ByteLines, value: bigint, exact: boolean): void {
  const number = Number(value);
  if (number < 1e8) lines.number(number, 9);
  else if (exact) lines.text(` ${value}`);
  else if (number < 1e9) quotient(lines, value, 1000n, 'K');
  else if (number < 1e11) quotient(lines, value, 1_000_000n, 'M');
  else if (number < 1e14) quotient(lines, value, 1_000_000_000n, 'G');
  else quotient(lines, value, 1_000_000_000_000n, 'T');
}

function quotient(lines: ByteLines, value: bigint, divisor: bigint, unit: string): void {
  lines.number(Number(value / divisor), 8);
  lines.text(unit);
}

/** A counter of which nothing is cut: 8 characters or more, after a blank. */
export function writeUncut(lines: ByteLines, value: bigint): void {
  const number = Number(value);
  if (number < 1e8) lines.number(number, 9);
  else lines.text(` ${`${value}`.padStart(8)}`);
}
