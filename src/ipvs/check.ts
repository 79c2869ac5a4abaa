/**
 * Demands a whole number in a range.
 *
 * @throws TypeError when it is no number, RangeError when it is fractional or out of range.
 */
export function checkInteger(value: number, lowest: number, highest: number, what: string): void {
  if (typeof value !== 'number') {
    throw new TypeError(`${what} must be a number, not ${value === null ? 'null' : typeof value}`);
  }
  if (!Number.isInteger(value) || value < lowest || value > highest) {
    throw new RangeError(
      `${what} must be a whole number from ${lowest} to ${highest}, not ${value}`,
    );
  }
}

/** Demands an object. @throws TypeError */
export function checkObject(value: unknown, what: string): void {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`${what} must be an object, not ${value === null ? 'null' : typeof value}`);
  }
}
