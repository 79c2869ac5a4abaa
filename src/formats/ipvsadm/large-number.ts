const million = 1e6;
const milliard = 1e9;
const billion = 1e12;

/**
 * A counter as a column of `--stats` and `--rate` has it: 9 characters, cut to a unit above eight
 * digits; with `exact` all digits, after a blank at least.
 */
export function largeNumber(value: bigint, exact: boolean): string {
  const number = Number(value);
  if (number < 100 * million) return `${number}`.padStart(9);
  if (exact) return ` ${value}`;
  if (number < milliard) return `${quotient(value, 1000n)}K`;
  if (number < 100 * milliard) return `${quotient(value, 1_000_000n)}M`;
  if (number < 100 * billion) return `${quotient(value, 1_000_000_000n)}G`;
  return `${quotient(value, 1_000_000_000_000n)}T`;
}

function quotient(value: bigint, unit: bigint): string {
  return `${value / unit}`.padStart(8);
}
