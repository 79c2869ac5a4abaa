export type StateErrorCode =
  /** Nothing was kept: the disk is full, the file system read-only, … */
  | 'STATE_NOT_KEPT'
  /** What is kept cannot be read. */
  | 'STATE_UNREADABLE';

/** What the director keeps over restarts could not be kept, or read. */
export class StateError extends Error {
  static {
    StateError.prototype.name = 'StateError';
  }

  readonly code: StateErrorCode;

  constructor(code: StateErrorCode, action: string, cause: unknown) {
    super(`${action}: ${reasonOf(cause)}`, { cause });
    this.code = code;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EROFS: 'the file system is read-only',
  EIO: 'the disk fails',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of its path is no folder',
  ELOOP: 'it is a symbolic link',
  EMFILE: 'too many files are open',
};

/** Why a file cannot be used, in words. */
export function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return reasons[code] ?? message ?? String(error);
}
