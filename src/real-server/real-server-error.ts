/**
 * Why a real server was not set up, to be matched by programs.
 *
 * - `REAL_SERVER_INVALID`: the settings cannot be right on any machine.
 * - `REAL_SERVER_CONFLICT`: they cannot be right on this machine, as it is now.
 * - `REAL_SERVER_UNSUPPORTED`: this kernel lacks what they need.
 * - `REAL_SERVER_NOT_PERMITTED`: a right is missing; the message says which.
 * - `REAL_SERVER_STATE`: the record of what was changed cannot be read or kept.
 * - `REAL_SERVER_FAILED`: something failed half way; the message says what was taken back.
 */
export type RealServerErrorCode =
  | 'REAL_SERVER_INVALID'
  | 'REAL_SERVER_CONFLICT'
  | 'REAL_SERVER_UNSUPPORTED'
  | 'REAL_SERVER_NOT_PERMITTED'
  | 'REAL_SERVER_STATE'
  | 'REAL_SERVER_FAILED';

/** Thrown when a machine cannot be made, or unmade, a real server. */
export class RealServerError extends Error {
  static {
    RealServerError.prototype.name = 'RealServerError';
  }

  readonly code: RealServerErrorCode;
  /** Everything that is wrong, each a sentence of its own. */
  readonly problems: readonly string[];

  constructor(
    code: RealServerErrorCode,
    action: string,
    problems: readonly string[],
    options?: ErrorOptions,
  ) {
    const [only, ...more] = problems;
    const list = problems.map((problem) => `\n  - ${problem}`).join('');
    super(more.length === 0 ? `${action}: ${only}` : `${action}:${list}`, options);
    this.code = code;
    this.problems = problems;
  }
}

/** The words of any failure. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
