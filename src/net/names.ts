import { checkInteger, checkName } from '../check.ts';

/** A name for one of the kernel's numbers, or the number itself where it has no name here. */
export type Named<Name extends string> = Name | number;

type NameTable<Name extends string> = Readonly<Record<Name, number>>;

/** The name of a number, or the number. */
export function nameOf<Name extends string>(
  table: Partial<NameTable<Name>>,
  number: number,
): Named<Name> {
  for (const name of Object.keys(table) as Name[]) if (table[name] === number) return name;
  return number;
}

/** The number that a name stands for. @throws RangeError or TypeError, naming `what`. */
export function numberOf<Name extends string>(
  table: NameTable<Name>,
  value: Named<Name>,
  what: string,
  highest = 255,
): number {
  if (typeof value === 'string') return checkName<number>(table, value, what);
  checkInteger(value, 0, highest, what);
  return value;
}

/** The names of the bits that are set; bits without a name are left out. */
export function flagNames<Name extends string>(
  table: NameTable<Name>,
  bits: number,
): readonly Name[] {
  return (Object.keys(table) as Name[]).filter((name) => (bits & table[name]) !== 0);
}

/** The bits of flags by name. @throws RangeError or TypeError, naming `what`. */
export function flagBits<Name extends string>(
  table: NameTable<Name>,
  flags: readonly Name[] | undefined,
  what: string,
): number {
  if (flags === undefined) return 0;
  if (!Array.isArray(flags)) throw new TypeError(`${what} must be an array of names`);
  let bits = 0;
  for (const flag of flags as readonly Name[]) bits |= checkName<number>(table, flag, what);
  return bits >>> 0;
}
