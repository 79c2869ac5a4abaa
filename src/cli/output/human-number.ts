const units = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/**
 * A count in three digits and a unit of a thousand, a million, …: `12.3k`, `4.56M`. Below ten
 * thousand it is whole.
 */
export function humanCount(count: bigint | number): string {
  let number = Number(count);
  if (number < 10_000) return `${Math.round(number)}`;
  let unit = 0;
  // What would be rounded up to four digits belongs to the next unit.
  while (number >= 999.5 && unit < units.length - 1) {
    number /= 1000;
    unit++;
  }
  return `${number.toPrecision(3)}${units[unit]}`;
}

/** A rate likewise; below ten with one decimal, since a few in ten seconds are not none. */
export function humanRate(rate: number): string {
  return rate > 0 && rate < 9.95 ? rate.toFixed(1) : humanCount(rate);
}
