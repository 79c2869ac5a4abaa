import type { ConfigProblem } from '../config/config-error.ts';
import type { Override } from '../health/server-health.ts';
import type { ServiceAvailability } from '../observe/availability.ts';
import type { DirectorStatus } from '../observe/director-status.ts';
import type { HistoryStatistics } from '../observe/history-writer.ts';
import type { Json } from '../observe/json.ts';

// What the control socket says. Fields may be added; a change of meaning raises `version`. Times are
// milliseconds since 1970; counters are decimal strings.

/** `GET /v1/status` */
export interface StatusDocument
  extends Json<Omit<DirectorStatus, 'version' | 'pid' | 'startedAt' | 'state'>> {
  readonly version: 1;
  readonly time: number;
  readonly director: DirectorDocument;
  /** How the history is written; absent where there is none. */
  readonly history?: HistoryStatistics | undefined;
}

export interface DirectorDocument extends Pick<DirectorStatus, 'pid' | 'startedAt' | 'state'> {
  /** Of lvskit. */
  readonly version: string;
}

export type ServiceDocument = StatusDocument['services'][number];
export type ServerDocument = ServiceDocument['servers'][number];

/** `GET /v1/availability` */
export interface AvailabilityDocument {
  readonly version: 1;
  readonly time: number;
  /** How long each span is; all end at `time`. */
  readonly spansMs: readonly number[];
  readonly services: readonly ServiceAvailability[];
}

/** The body of `POST /v1/override`. What is absent is left as it is. */
export interface OverrideRequest {
  readonly service: string;
  readonly server: string;
  readonly mode?: Override['mode'] | undefined;
  /** null: the one that is configured. */
  readonly weight?: number | null | undefined;
}

/** The answer to it. */
export interface OverrideDocument {
  readonly version: 1;
  readonly service: string;
  readonly server: string;
  readonly before: Override;
  readonly after: Override;
}

/** The answer to `POST /v1/reload`. */
export interface ReloadDocument {
  readonly version: 1;
  readonly services: number;
  readonly changes: number;
}

/** What every refusal says. */
export interface ErrorDocument {
  readonly error: {
    readonly code: RefusalCode;
    readonly message: string;
    /** Of `CONFIG_INVALID`: everything that is wrong, and in which file. */
    readonly file?: string | undefined;
    readonly problems?: readonly ConfigProblem[] | undefined;
  };
}

export const refusalStatus = {
  /** The request is not as it has to be. */
  INVALID: 400,
  NOT_PERMITTED: 403,
  NO_SUCH_SERVICE: 404,
  NO_SUCH_SERVER: 404,
  NO_SUCH_ROUTE: 404,
  METHOD_NOT_ALLOWED: 405,
  AMBIGUOUS_SERVER: 409,
  TOO_LARGE: 413,
  /** The configuration is wrong; the one before is in force. */
  CONFIG_INVALID: 422,
  CONFIG_UNREADABLE: 422,
  FAILED: 500,
  /** Nothing could be kept on the disk, and so nothing was changed. */
  STATE_NOT_KEPT: 507,
} as const;

export type RefusalCode = keyof typeof refusalStatus;

/** Thrown where a request is refused. */
export class Refusal extends Error {
  static {
    Refusal.prototype.name = 'Refusal';
  }

  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}
