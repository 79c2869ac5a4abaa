import { isDataPathService } from '../config/data-path-marks.ts';
import { formatDestinationKey } from '../ipvs/destination.ts';
import { formatServiceKey } from '../ipvs/service.ts';
import type { TableChange, TableIndex } from '../ipvs/table-diff.ts';
import { describePlan } from '../reconcile/describe.ts';
import { subjectOf } from '../reconcile/plan.ts';
import { destinationSettingsOf, serviceSettingsOf } from './settings-of.ts';

const linesTold = 10;
/** Somebody who makes the same change again and again is told of once in so long. */
const quietMs = 60_000;

/** What others have changed, and what is to be told of it. */
export interface DriftNews {
  readonly event: 'drift';
  readonly changes: readonly string[];
  readonly count: number;
  readonly corrected: boolean;
}

/** Says what others have done to the table, once. */
export class DriftLog {
  /** By what was changed, and how: when it was told last. */
  readonly #told = new Map<string, number>();

  /** @returns Undefined when it has been told a short while ago. */
  news(changes: readonly TableChange[], corrected: boolean, now: number): DriftNews | undefined {
    for (const [line, at] of this.#told) if (now - at >= quietMs) this.#told.delete(line);
    const lines = changes.map(lineOf);
    const fresh = lines.filter((line) => !this.#told.has(line));
    if (fresh.length === 0) return undefined;
    for (const line of fresh) this.#told.set(line, now);
    return {
      event: 'drift',
      changes: fresh.slice(0, linesTold),
      count: fresh.length,
      corrected,
    };
  }
}

/** The changes that others have made to what is theirs to see. */
export function withoutPrivate(changes: readonly TableChange[]): readonly TableChange[] {
  return changes.filter(({ service }) => !isDataPathService(service));
}

const verbs = { add: 'added', edit: 'changed', remove: 'removed' } as const;

function lineOf(change: TableChange): string {
  const lines = describePlan({ changes: [change] });
  const last = lines.at(-1);
  if (last === undefined) return change.type;
  const text = last.text.trim();
  const what = 'destination' in change ? `${formatServiceKey(change.service)} ${text}` : text;
  return `${verbs[last.kind]} ${what}`;
}

interface Subject {
  readonly service: string;
  readonly destination: string | undefined;
  /** What was desired of it when others changed it. */
  readonly desired: string;
}

/**
 * What others have made of the table and is left so, because the director only reports. It is left
 * until something else is desired of it than was at that time.
 */
export class Tolerated {
  readonly #subjects = new Map<string, Subject>();

  add(changes: readonly TableChange[], desired: TableIndex): void {
    for (const change of changes) {
      const service = formatServiceKey(change.service);
      const destination =
        'destination' in change ? formatDestinationKey(change.destination) : undefined;
      const text = desiredText(desired, service, destination);
      this.#subjects.set(subjectOf(change), { service, destination, desired: text });
    }
  }

  /** What is to be left alone; what is desired otherwise by now is no longer. */
  subjects(desired: TableIndex): ReadonlySet<string> {
    const released = new Set<string>();
    for (const { service, destination, desired: before } of this.#subjects.values()) {
      if (destination === undefined && desiredText(desired, service, undefined) !== before) {
        released.add(service);
      }
    }
    for (const [subject, { service, destination, desired: before }] of this.#subjects) {
      if (released.has(service) || desiredText(desired, service, destination) !== before) {
        this.#subjects.delete(subject);
      }
    }
    return new Set(this.#subjects.keys());
  }

  /** Forgets what is no longer different. */
  keepOnly(isDifferent: (subject: string) => boolean): void {
    for (const subject of this.#subjects.keys()) {
      if (!isDifferent(subject)) this.#subjects.delete(subject);
    }
  }

  get size(): number {
    return this.#subjects.size;
  }

  clear(): void {
    this.#subjects.clear();
  }
}

function desiredText(
  desired: TableIndex,
  service: string,
  destination: string | undefined,
): string {
  const indexed = desired.get(service);
  if (indexed === undefined) return '';
  if (destination === undefined) return JSON.stringify(serviceSettingsOf(indexed.service));
  const found = indexed.find(destination, 0);
  return found === undefined ? '' : JSON.stringify(destinationSettingsOf(found));
}
