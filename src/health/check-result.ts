import type { AgentReply } from './agent-words.ts';

/**
 * What came of a check, in the words of HAProxy's statistics.
 *
 * `L4…` is about the connection, `L6…` about TLS, `L7…` about what was answered, `PROC…` about a
 * program: `OK`; `CON` refused or unreachable; `TOUT` too late; `RSP` not what the protocol allows;
 * `STS` understood, and not what was expected. `SOCKERR` is this machine's own trouble.
 */
export type CheckCode =
  | 'L4OK'
  | 'L4CON'
  | 'L4TOUT'
  | 'L6OK'
  | 'L6RSP'
  | 'L6TOUT'
  | 'L7OK'
  | 'L7RSP'
  | 'L7STS'
  | 'L7TOUT'
  | 'PROCOK'
  | 'PROCERR'
  | 'PROCTOUT'
  | 'SOCKERR';

/** The outcome of one run of a check. */
export interface CheckResult {
  readonly passed: boolean;
  readonly code: CheckCode;
  /** In words, for people: `HTTP status 503, expected 200-299`. One line, no control characters. */
  readonly detail: string;
  readonly durationMs: number;
  /** Something that will be a failure one day, such as a certificate about to end. */
  readonly warning?: string | undefined;
  /** What an agent said; absent when it could not be asked. */
  readonly agent?: AgentReply | undefined;
}

/** What a check finds out when it passes. */
export interface Passed {
  readonly code: CheckCode;
  readonly detail: string;
  readonly warning?: string | undefined;
  readonly agent?: AgentReply | undefined;
}

/** Thrown by a check that does not pass. */
export class CheckFailure extends Error {
  static {
    CheckFailure.prototype.name = 'CheckFailure';
  }

  readonly code: CheckCode;

  constructor(code: CheckCode, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}

const longestDetail = 200;

/** Words of a stranger as part of a message: no control characters, and not too many. */
export function quote(text: string, longest = 80): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return JSON.stringify(cut).replaceAll(/[\p{Cc}\u2028\u2029]/gu, '?');
}

/** A detail as it may be logged. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
  return line.length > longestDetail ? `${line.slice(0, longestDetail)}…` : line;
}
