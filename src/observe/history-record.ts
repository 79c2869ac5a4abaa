import type { ServiceMode } from '../health/health-event.ts';
import type { DirectorEvent } from './director-event.ts';

/** What the history has in it: what happened, and what it takes to make sense of that. */
export type HistoryRecord = DirectorEvent | HistoryMark;

/** `time` is in milliseconds since 1970. */
export type HistoryMark =
  /** The director writes again. What happened since `lastSeen` nobody knows. */
  | { readonly time: number; readonly event: 'resumed'; readonly lastSeen: number }
  /** So many records could not be written before this one. */
  | { readonly time: number; readonly event: 'lost'; readonly count: number }
  | StandingRecord;

/** How a service stood when its history begins, or goes on; without servers: it is gone. */
export interface StandingRecord {
  readonly time: number;
  readonly event: 'standing';
  readonly service: string;
  readonly mode: ServiceMode;
  /** Every server is in one of the two, by its health. */
  readonly up: readonly string[];
  readonly down: readonly string[];
  /** Those that an operator, or their agent, has taken out of the table: they are not checked. */
  readonly maint: readonly string[];
  readonly agentMaint: readonly string[];
}

/** Marks are for those who reckon; people are shown what happened. */
export function isMark(record: HistoryRecord): record is HistoryMark {
  return record.event === 'standing' || record.event === 'resumed' || record.event === 'lost';
}

/** Which records are asked for; all of what is given has to hold. */
export interface HistoryFilter {
  /** Milliseconds since 1970: from then on, and before then. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly service?: string | undefined;
  readonly server?: string | undefined;
  readonly events?: readonly string[] | undefined;
}

export function isAskedFor(record: HistoryRecord, filter: HistoryFilter): boolean {
  const { since, until, service, server, events } = filter;
  if (since !== undefined && record.time < since) return false;
  if (until !== undefined && record.time >= until) return false;
  if (events !== undefined && !events.includes(record.event)) return false;
  const about = record as { readonly service?: string; readonly server?: string };
  if (service !== undefined && about.service !== service) return false;
  return server === undefined || about.server === server;
}
