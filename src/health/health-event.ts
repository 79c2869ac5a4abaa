import type { AgentState } from './agent-words.ts';
import type { CheckCode } from './check-result.ts';

/** What a service lives on. */
export type ServiceMode =
  /** Its servers. */
  | 'serving'
  /** The fallback: there is no quorum, every server is down, or none is to serve. */
  | 'fallback'
  /** Its servers as they were before: so many look dead that the checks are not believed. */
  | 'panic'
  /** Nothing: every server is down. */
  | 'down'
  /** Nothing: no server is to serve, by what its operator, its agent or its weight says. */
  | 'idle';

/** Something that has changed. The values of `event` are stable, to be matched by programs. */
export type HealthEvent = HealthEventBase & HealthEventDetails;

export interface HealthEventBase {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The name of the service. */
  readonly service: string;
}

/** `server` is the text of its key, such as `10.0.0.11:80`. */
export type HealthEventDetails =
  | {
      readonly event: 'check-up' | 'check-down';
      readonly server: string;
      /** Which check: its kind, and where it goes. */
      readonly check: string;
      readonly code: CheckCode;
      readonly detail: string;
    }
  | {
      readonly event: 'server-up' | 'server-down';
      readonly server: string;
      readonly reason: string;
      /** How long it was the opposite; undefined for what was found so at the start. */
      readonly afterMs: number | undefined;
    }
  | {
      readonly event: 'agent-changed';
      readonly server: string;
      readonly before: AgentState;
      readonly after: AgentState;
    }
  | { readonly event: 'check-warning'; readonly server: string; readonly warning: string }
  | {
      readonly event: 'quorum-lost' | 'quorum-gained';
      /** The sum of the weights that are up, and that the quorum asks for. */
      readonly weight: number;
      readonly quorum: number;
    }
  | {
      readonly event: 'service-mode';
      readonly before: ServiceMode;
      readonly after: ServiceMode;
    };
