import type { HistoryRecord } from './history-record.ts';
import { type Standing, Standings, serverStanding, serviceStanding } from './standings.ts';

/** How a service or server fared in a span of time that ends now. */
export interface Availability {
  readonly upMs: number;
  readonly downMs: number;
  /** Taken out on purpose. */
  readonly maintMs: number;
  /** Nobody looked: the director was away, or did not know of it yet. */
  readonly unknownMs: number;
  /** The share of the time up in the time up or down, 0 to 1; undefined when there was neither. */
  readonly availability: number | undefined;
  /** How often it went from up to down, and back. */
  readonly failures: number;
  readonly repairs: number;
  /** Mean time to failure: the time up for each failure. Undefined without a failure. */
  readonly mttfMs: number | undefined;
  /** Mean time to repair: the time down for each repair. Undefined without a repair. */
  readonly mttrMs: number | undefined;
}

/** In the order of the spans that were asked for. */
export interface ServiceAvailability {
  readonly service: string;
  readonly spans: readonly Availability[];
  readonly servers: readonly { readonly server: string; readonly spans: readonly Availability[] }[];
}

export const usualSpansMs: readonly number[] = [3_600_000, 86_400_000, 30 * 86_400_000];

/**
 * Reckons how services and servers fared, from records in the order in which they were written. Give
 * it each, and ask for the result.
 */
export class AvailabilityReckoner {
  readonly #now: number;
  readonly #spansMs: readonly number[];
  readonly #standings = new Standings();
  readonly #services = new Map<string, { own: Timeline; servers: Map<string, Timeline> }>();
  #latest = Number.NEGATIVE_INFINITY;

  constructor(now: number, spansMs: readonly number[] = usualSpansMs) {
    this.#now = now;
    this.#spansMs = spansMs;
  }

  take(record: HistoryRecord): void {
    const { time } = record;
    const changed = this.#standings.take(record);
    if (changed === 'all') {
      // Since when nobody looked: not before what somebody has written.
      const since = record.event === 'resumed' ? Math.max(record.lastSeen, this.#latest) : time;
      for (const name of this.#services.keys()) this.#settle(name, Math.min(since, time));
    } else if (changed !== undefined) {
      this.#settle(changed, time);
    }
    this.#latest = time;
  }

  result(): readonly ServiceAvailability[] {
    const result: ServiceAvailability[] = [];
    for (const [service, { own, servers }] of this.#services) {
      // What is gone from the configuration is nobody's concern any more.
      const known = this.#standings.services.get(service);
      if (known === undefined) continue;
      result.push({
        service,
        spans: own.result(),
        servers: Array.from(known.healthy.keys(), (server) => ({
          server,
          spans: servers.get(server)?.result() ?? [],
        })),
      });
    }
    return result;
  }

  #settle(name: string, time: number): void {
    const known = this.#standings.services.get(name);
    let lines = this.#services.get(name);
    if (lines === undefined) {
      if (known === undefined) return;
      lines = { own: this.#timeline(), servers: new Map() };
      this.#services.set(name, lines);
    }
    lines.own.turn(time, known && serviceStanding(known));
    for (const server of known?.healthy.keys() ?? []) {
      if (!lines.servers.has(server)) lines.servers.set(server, this.#timeline());
    }
    for (const [server, line] of lines.servers) {
      line.turn(time, known && serverStanding(known, server));
    }
  }

  #timeline(): Timeline {
    return new Timeline(
      this.#now,
      this.#spansMs.map((span) => this.#now - span),
    );
  }
}

interface Sums {
  up: number;
  down: number;
  maint: number;
  failures: number;
  repairs: number;
}

/** How one thing stood over time, summed up over spans that all end now. */
class Timeline {
  readonly #now: number;
  /** When each span begins. */
  readonly #starts: readonly number[];
  readonly #sums: readonly Sums[];
  #standing: Standing | undefined;
  #since = 0;

  constructor(now: number, starts: readonly number[]) {
    this.#now = now;
    this.#starts = starts;
    this.#sums = starts.map(() => ({ up: 0, down: 0, maint: 0, failures: 0, repairs: 0 }));
  }

  turn(time: number, standing: Standing | undefined): void {
    const before = this.#standing;
    if (standing === before) return;
    this.#add(this.#sums, time);
    for (const [index, sums] of this.#sums.entries()) {
      if (time < (this.#starts[index] ?? 0)) continue;
      if (before === 'up' && standing === 'down') sums.failures++;
      if (before === 'down' && standing === 'up') sums.repairs++;
    }
    this.#standing = standing;
    this.#since = time;
  }

  result(): readonly Availability[] {
    const now = this.#now;
    const all = this.#sums.map((sums) => ({ ...sums }));
    this.#add(all, now);
    return all.map((sums, index) => availabilityOf(sums, now - (this.#starts[index] ?? now)));
  }

  #add(all: readonly Sums[], until: number): void {
    const standing = this.#standing;
    if (standing === undefined) return;
    for (const [index, sums] of all.entries()) {
      // A clock that was set back makes no time, and what is to come is not yet.
      const from = Math.max(this.#since, this.#starts[index] ?? 0);
      sums[standing] += Math.max(0, Math.min(until, this.#now) - from);
    }
  }
}

function availabilityOf(sums: Sums, spanMs: number): Availability {
  const { up, down, maint, failures, repairs } = sums;
  return {
    upMs: up,
    downMs: down,
    maintMs: maint,
    unknownMs: Math.max(0, spanMs - up - down - maint),
    availability: up + down > 0 ? up / (up + down) : undefined,
    failures,
    repairs,
    mttfMs: failures > 0 ? up / failures : undefined,
    mttrMs: repairs > 0 ? down / repairs : undefined,
  };
}
