import type { ServiceMode } from '../health/health-event.ts';
import type { DirectorStatus, ServiceStatus } from './director-status.ts';
import type { HistoryRecord, StandingRecord } from './history-record.ts';

/** How a server counts: out on purpose (`maint`) is neither up nor down. */
export type Standing = 'up' | 'down' | 'maint';

/** What is known of the servers of a service. */
export interface ServiceStanding {
  mode: ServiceMode;
  /** Whether each server works, whatever is wanted of it. */
  readonly healthy: Map<string, boolean>;
  /** Those that are not checked, since somebody wants them out: an operator, or their agent. */
  readonly outByOperator: Set<string>;
  readonly outByAgent: Set<string>;
}

/** How every service stands by what the history tells, record after record. */
export class Standings {
  readonly services: Map<string, ServiceStanding> = new Map();

  /** @returns The service that may stand otherwise now; `all` when none is known any more. */
  take(record: HistoryRecord): string | 'all' | undefined {
    switch (record.event) {
      case 'resumed':
      case 'stopped':
        this.services.clear();
        return 'all';
      case 'standing':
        this.#restate(record);
        return record.service;
      case 'server-up':
      case 'server-down':
        this.services.get(record.service)?.healthy.set(record.server, record.event === 'server-up');
        return record.service;
      case 'override':
      case 'agent-changed': {
        const service = this.services.get(record.service);
        const out = record.event === 'override' ? service?.outByOperator : service?.outByAgent;
        if (record.after.mode === 'maint') out?.add(record.server);
        else out?.delete(record.server);
        return record.service;
      }
      case 'service-mode': {
        const service = this.services.get(record.service);
        if (service !== undefined) service.mode = record.after;
        return record.service;
      }
      default:
        return undefined;
    }
  }

  /** What tells all of it again. */
  records(time: number): readonly StandingRecord[] {
    return Array.from(this.services, ([name, service]) => recordOf(time, name, service));
  }

  /** What it takes to tell how a director stands to somebody who knows this; nothing when nothing. */
  differencesTo({ services }: Pick<DirectorStatus, 'services'>, time: number): StandingRecord[] {
    const records: StandingRecord[] = [];
    const names = new Set<string>();
    for (const status of services) {
      names.add(status.name);
      const record = recordOf(time, status.name, standingOf(status));
      const known = this.services.get(status.name);
      // Of one that nothing is known of there is nothing to tell.
      if (known === undefined && record.up.length + record.down.length === 0) continue;
      const before = known === undefined ? undefined : recordOf(time, status.name, known);
      if (JSON.stringify(before) !== JSON.stringify(record)) records.push(record);
    }
    for (const service of this.services.keys()) {
      if (names.has(service)) continue;
      records.push(goneRecord(time, service));
    }
    return records;
  }

  #restate({ service, mode, up, down, maint, agentMaint }: StandingRecord): void {
    if (up.length + down.length === 0) {
      this.services.delete(service);
      return;
    }
    const healthy = new Map<string, boolean>();
    for (const server of up) healthy.set(server, true);
    for (const server of down) healthy.set(server, false);
    const outByOperator = new Set(maint);
    this.services.set(service, { mode, healthy, outByOperator, outByAgent: new Set(agentMaint) });
  }
}

/** How one server of a service stands; undefined when nothing is known of it. */
export function serverStanding(service: ServiceStanding, server: string): Standing | undefined {
  if (service.outByOperator.has(server) || service.outByAgent.has(server)) return 'maint';
  const healthy = service.healthy.get(server);
  if (healthy === undefined) return undefined;
  return healthy ? 'up' : 'down';
}

/**
 * How a service stands: whether clients are served by a real server. A fallback is none, and neither
 * is one that is down and only kept since everything looks dead.
 */
export function serviceStanding(service: ServiceStanding): Standing {
  switch (service.mode) {
    case 'serving':
      return 'up';
    case 'idle':
      return 'maint';
    case 'fallback':
    case 'down':
      return 'down';
    case 'panic':
      for (const server of service.healthy.keys()) {
        if (serverStanding(service, server) === 'up') return 'up';
      }
      return 'down';
  }
}

function standingOf({ mode, servers }: ServiceStatus): ServiceStanding {
  const standing: ServiceStanding = {
    mode,
    healthy: new Map(),
    outByOperator: new Set(),
    outByAgent: new Set(),
  };
  for (const { server, standing: own, override } of servers) {
    // One that is to come into service with its first check is not down before that.
    const isKnown = own.healthy || own.checks.some(({ last }) => last !== undefined);
    if (!isKnown) continue;
    standing.healthy.set(server, own.healthy);
    if (override.mode === 'maint') standing.outByOperator.add(server);
    if (own.agent.mode === 'maint') standing.outByAgent.add(server);
  }
  return standing;
}

function recordOf(time: number, service: string, standing: ServiceStanding): StandingRecord {
  const { mode, healthy, outByOperator, outByAgent } = standing;
  const up: string[] = [];
  const down: string[] = [];
  for (const [server, isHealthy] of healthy) (isHealthy ? up : down).push(server);
  const maint = [...outByOperator];
  const agentMaint = [...outByAgent];
  return { time, event: 'standing', service, mode, up, down, maint, agentMaint };
}

function goneRecord(time: number, service: string): StandingRecord {
  const none = { up: [], down: [], maint: [], agentMaint: [] };
  return { time, event: 'standing', service, mode: 'idle', ...none };
}
