import type { DeclaredService } from '../config/director-config.ts';
import type { ComparedDestination, ComparedService } from '../ipvs/table-diff.ts';
import type { ServiceMode } from './health-event.ts';
import type { ServerHealth } from './server-health.ts';

/** How a server stands in its service, for people. */
export type ServerState =
  | 'up'
  /** Up, with a weight that still grows. */
  | 'starting'
  | 'down'
  /** Down, but its last weight stays: the checks are not believed. */
  | 'kept'
  | 'drain'
  | 'maint'
  /** Up, but the fallback serves. */
  | 'standby';

/** What the kernel is to have of a destination. */
export interface DesiredServer {
  readonly server: string;
  readonly state: ServerState;
  /** Undefined: it is not to be in the table. */
  readonly destination: ComparedDestination | undefined;
}

/** What the kernel is to have of a service, by the health of its servers. */
export interface DesiredService {
  readonly name: string;
  readonly mode: ServiceMode;
  readonly hasQuorum: boolean;
  /** In the order of the configuration. */
  readonly servers: readonly DesiredServer[];
  /** Undefined: it is not to be in the table. */
  readonly fallback: ComparedDestination | undefined;
}

/** What becomes of a server in a service that lives on `mode`. */
export function desiredServer(
  server: ServerHealth,
  mode: ServiceMode,
  onFailure: 'inhibit' | 'remove',
  now: number,
): DesiredServer {
  const state = stateOf(server, mode, now);
  const isAbsent = state === 'maint' || (state === 'down' && onFailure === 'remove');
  const weight = weightIn(state, server, now);
  const destination = isAbsent ? undefined : withWeight(server.destination, weight);
  return { server: server.name, state, destination };
}

/** The same destination with another weight. */
export function withWeight(destination: ComparedDestination, weight: number): ComparedDestination {
  return destination.weight === weight ? destination : { ...destination, weight };
}

/** A service as the configuration has it, with what the health of its servers makes of it. */
export function serviceByHealth(
  declared: DeclaredService,
  { servers, fallback }: DesiredService,
): ComparedService {
  const destinations = servers.flatMap(({ destination }) => destination ?? []);
  return {
    ...declared.service,
    destinations: fallback === undefined ? destinations : [...destinations, fallback],
  };
}

function stateOf(server: ServerHealth, mode: ServiceMode, now: number): ServerState {
  if (server.mode !== 'ready') return server.mode;
  if (!server.healthy) return server.kept ? 'kept' : 'down';
  if (mode === 'fallback') return 'standby';
  return server.nextChangeAt(now) === undefined ? 'up' : 'starting';
}

function weightIn(state: ServerState, server: ServerHealth, now: number): number {
  if (state === 'kept') return server.lastWeight;
  return state === 'up' || state === 'starting' ? server.weight(now) : 0;
}
