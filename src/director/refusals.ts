import { BackOff } from './back-off.ts';

interface Refused {
  readonly service: string;
  readonly backOff: BackOff;
  reason: string;
}

/** What has changed about what the kernel takes of a service. */
export type RefusalNews =
  | { readonly event: 'service-refused'; readonly service: string; readonly reason: string }
  | { readonly event: 'service-accepted'; readonly service: string };

/**
 * What the kernel did not take, by the text of a service, or of a service and one of its destinations.
 * It is left out for a while, and for longer each time, so that the rest goes on.
 */
export class Refusals {
  readonly #refused = new Map<string, Refused>();
  readonly #told = new Map<string, string>();

  /** What is not to be tried now. */
  held(now: number): ReadonlySet<string> {
    const held = new Set<string>();
    for (const [subject, { backOff }] of this.#refused) {
      if (backOff.until > now) held.add(subject);
    }
    return held;
  }

  /** Why the kernel does not take a service as it is desired, if so. */
  reasonOf(service: string): string | undefined {
    return this.#told.get(service);
  }

  refuse(service: string, subject: string, reason: string, now: number): void {
    const known = this.#refused.get(subject) ?? { service, backOff: new BackOff(), reason };
    known.reason = reason;
    known.backOff.fail(now);
    this.#refused.set(subject, known);
  }

  /** Forgets what is no longer desired, or has been taken. */
  keepOnly(isWanted: (subject: string, service: string) => boolean): void {
    for (const [subject, { service }] of this.#refused) {
      if (!isWanted(subject, service)) this.#refused.delete(subject);
    }
  }

  /** What has changed since this was asked the last time, service by service. */
  news(): readonly RefusalNews[] {
    const reasons = new Map<string, string>();
    for (const { service, reason } of this.#refused.values()) {
      if (!reasons.has(service)) reasons.set(service, reason);
    }
    const news: RefusalNews[] = [];
    for (const [service, reason] of reasons) {
      if (this.#told.get(service) === reason) continue;
      this.#told.set(service, reason);
      news.push({ event: 'service-refused', service, reason });
    }
    for (const service of [...this.#told.keys()].filter((one) => !reasons.has(one))) {
      this.#told.delete(service);
      news.push({ event: 'service-accepted', service });
    }
    return news;
  }
}
