/** The names that the system gives to error numbers; asked for when there is an error. */
type ErrorNumbers = typeof import('node:os').constants.errno;
const errorNumbers = (): ErrorNumbers => process.getBuiltinModule('node:os').constants.errno;

let names: ReadonlyMap<number, string> | undefined;

/** The symbolic name of an error number (`EEXIST`), or `errno N` for one this system does not name. */
export function errnoName(errno: number): string {
  names ??= new Map(Object.entries(errorNumbers()).map(([name, number]) => [number, name]));
  return names.get(errno) ?? `errno ${errno}`;
}

/** The error number of a symbolic name on this system. */
export function errnoNumber(name: keyof ErrorNumbers): number {
  return errorNumbers()[name];
}

/** Thrown when this machine cannot run the native part: not Linux, or no binary for it. */
export class UnsupportedError extends Error {
  static {
    UnsupportedError.prototype.name = 'UnsupportedError';
  }

  readonly code = 'LVSKIT_UNSUPPORTED';
}
