import { constants } from 'node:os';

const errnoNames: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, number]) => [number, name]),
);

/** The symbolic name of an error number (`EEXIST`), or `errno N` for one this system does not name. */
export function errnoName(errno: number): string {
  return errnoNames.get(errno) ?? `errno ${errno}`;
}

/** The error number of a symbolic name on this system. */
export function errnoNumber(name: keyof typeof constants.errno): number {
  return constants.errno[name];
}

/** Thrown when this machine cannot run the native part: not Linux, or no binary for it. */
export class UnsupportedError extends Error {
  static {
    UnsupportedError.prototype.name = 'UnsupportedError';
  }

  readonly code = 'LVSKIT_UNSUPPORTED';
}
