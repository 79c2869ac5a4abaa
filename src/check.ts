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

/** Demands true or false. @throws TypeError */
export function checkBoolean(value: unknown, what: string): void {
  if (typeof value !== 'boolean') {
    throw new TypeError(
      `${what} must be true or false, not ${value === null ? 'null' : typeof value}`,
    );
  }
}

/**
 * What a table of names has for one. Names that every object answers to, such as `constructor`, are
 * not in it.
 *
 * @throws TypeError when it is no string, RangeError, with the names that are, when it is another.
 */
export function checkName<Value>(
  table: Readonly<Record<string, Value>>,
  name: string,
  what: string,
): Value {
  if (typeof name !== 'string') {
    throw new TypeError(`${what} must be a string, not ${name === null ? 'null' : typeof name}`);
  }
  const value = Object.hasOwn(table, name) ? table[name] : undefined;
  if (value === undefined) {
    throw new RangeError(
      `${what} must be one of ${Object.keys(table).join(', ')}, not ${JSON.stringify(name)}`,
    );
  }
  return value;
}

/** Demands an object. @throws TypeError */
export function checkObject(value: unknown, what: string): void {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`${what} must be an object, not ${value === null ? 'null' : typeof value}`);
  }
}
