import type { ConfigProblem } from '../config/config-error.ts';
import type { RefusalCode } from './documents.ts';

export type ControlErrorCode =
  /** Nobody answers at the socket. */
  | 'CONTROL_NOT_RUNNING'
  /** The user may not operate this director. */
  | 'CONTROL_NOT_PERMITTED'
  /** The director refuses what was asked for; `refusal` says why. */
  | 'CONTROL_REFUSED'
  /** The director gave no answer that can be understood. */
  | 'CONTROL_FAILED'
  /** The socket cannot be made. */
  | 'CONTROL_UNUSABLE';

/** What went wrong between those who operate a director and the director. */
export class ControlError extends Error {
  static {
    ControlError.prototype.name = 'ControlError';
  }

  readonly code: ControlErrorCode;
  readonly refusal: RefusalCode | undefined;
  /** What is wrong with a configuration that was refused. */
  readonly problems: readonly ConfigProblem[] | undefined;
  /** Its main file. */
  readonly file: string | undefined;

  constructor(
    code: ControlErrorCode,
    message: string,
    details: {
      readonly refusal?: RefusalCode | undefined;
      readonly problems?: readonly ConfigProblem[] | undefined;
      readonly file?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
    this.code = code;
    this.refusal = details.refusal;
    this.problems = details.problems;
    this.file = details.file;
  }
}
