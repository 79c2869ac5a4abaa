import type { HealthEvent } from '../health/health-event.ts';
import type { Override } from '../health/server-health.ts';

/** Something that happened to the director or to what it watches. `event` is stable, for programs. */
export type DirectorEvent = HealthEvent | (DirectorEventBase & DirectorEventDetails);

export interface DirectorEventBase {
  /** Milliseconds since 1970. */
  readonly time: number;
}

export type DirectorEventDetails =
  | { readonly event: 'started'; readonly version: string; readonly services: number }
  | { readonly event: 'stopped'; readonly reason: string }
  | { readonly event: 'reloaded'; readonly services: number; readonly changes: number }
  /** The configuration that was there before goes on. */
  | { readonly event: 'reload-failed'; readonly reason: string }
  /** The kernel was made to have what is desired. */
  | { readonly event: 'table-changed'; readonly changes: number }
  /** Somebody else has changed the table. */
  | {
      readonly event: 'drift';
      /** What differs, a line each, the first few. */
      readonly changes: readonly string[];
      readonly count: number;
      readonly corrected: boolean;
    }
  /** The kernel does not take what is desired of a service; tried again later. */
  | { readonly event: 'service-refused'; readonly service: string; readonly reason: string }
  | { readonly event: 'service-accepted'; readonly service: string }
  | {
      readonly event: 'override';
      readonly service: string;
      readonly server: string;
      readonly before: Override;
      readonly after: Override;
      /** Who wanted it: a user's name or number. */
      readonly by: string;
    }
  /** What an operator has drained has no connection left. */
  | { readonly event: 'drained'; readonly service: string; readonly server: string }
  | { readonly event: 'vip-added' | 'vip-removed'; readonly vip: string; readonly link: string }
  /** Something that the director needs cannot be done; it goes on, and goes on trying. */
  | { readonly event: 'trouble'; readonly reason: string };
