import type { DirectorEvent } from './director-event.ts';

/** How often a server has gone up and down, and for how long it was down. */
export interface Transitions {
  ups: number;
  downs: number;
  downMs: number;
  /** Since when it is down, if so. */
  downSince: number | undefined;
}

/** Counts what happens to a director from its start on. */
export class EventCounts {
  readonly #now: () => number;
  readonly #events = new Map<string, number>();
  readonly #transitions = new Map<string, Transitions>();

  /** @param now Milliseconds that only grow. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** By the names of events. */
  get events(): ReadonlyMap<string, number> {
    return this.#events;
  }

  take(event: DirectorEvent): void {
    this.#events.set(event.event, (this.#events.get(event.event) ?? 0) + 1);
    if (event.event !== 'server-up' && event.event !== 'server-down') return;
    const key = keyOf(event.service, event.server);
    let counted = this.#transitions.get(key);
    if (counted === undefined) {
      counted = { ups: 0, downs: 0, downMs: 0, downSince: undefined };
      this.#transitions.set(key, counted);
    }
    if (event.event === 'server-down') {
      counted.downs++;
      counted.downSince ??= this.#now();
    } else {
      counted.ups++;
      counted.downMs = this.downMs(counted);
      counted.downSince = undefined;
    }
  }

  get hasTransitions(): boolean {
    return this.#transitions.size > 0;
  }

  /** Undefined for a server that has always stood as it does. */
  transitionsOf(service: string, server: string): Transitions | undefined {
    return this.#transitions.get(keyOf(service, server));
  }

  /** How long it was down, up to now. */
  downMs({ downMs, downSince }: Transitions): number {
    return downMs + (downSince === undefined ? 0 : this.#now() - downSince);
  }
}

function keyOf(service: string, server: string): string {
  return `${service}\n${server}`;
}
