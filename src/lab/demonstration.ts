import { setTimeout as delay } from 'node:timers/promises';
import type { KnownScheduler } from '../ipvs/scheduler.ts';
import type { AddressServiceKey } from '../ipvs/service.ts';
import type { ServiceState } from '../ipvs/table.ts';
import type { LabConnection } from './client.ts';
import type { Lab } from './lab.ts';
import { judge, type SchedulerPromise, schedulerPromises, type Verdict } from './promise.ts';
import type { ServerAnswer } from './server.ts';
import { askWhoHasVip, type VipClaims } from './vip-claims.ts';

export interface DemonstrationOptions {
  /** The service, which has all real servers. */
  readonly service: AddressServiceKey;
  readonly scheduler: KnownScheduler;
  /** Those of the real servers. */
  readonly weights: readonly number[];
  /** How many connections to make, one after the other. */
  readonly requests: number;
  /** Ends the demonstration early. */
  readonly signal: AbortSignal;
}

/** Told what happens while it happens. */
export interface DemonstrationObserver {
  /** The requests begin. */
  readonly onRequests?: (promise: SchedulerPromise) => void;
  readonly onAnswer?: (answer: ServerAnswer) => void;
  /** All answers are there; the kernel's counters take up to two seconds to show them. */
  readonly onCounting?: () => void;
}

/** What was seen. */
export interface DemonstrationResult {
  readonly promise: SchedulerPromise;
  readonly answers: readonly ServerAnswer[];
  readonly verdict: Verdict;
  /** The service as the director's kernel had it at the end, with statistics. */
  readonly service: ServiceState;
  /** Whether the kernel counted for every server the connections that it answered. */
  readonly counted: boolean;
  readonly claims: VipClaims;
}

/** The estimator runs every 2 seconds. */
const countersDeadlineMs = 6_000;
const countersIntervalMs = 200;

/** Balances requests over all real servers of a lab and compares what happens with the promise. */
export async function demonstrate(
  lab: Lab,
  options: DemonstrationOptions,
  observer: DemonstrationObserver = {},
): Promise<DemonstrationResult> {
  const { service, scheduler, weights, requests, signal } = options;
  const promise = schedulerPromises[scheduler];
  observer.onRequests?.(promise);
  const answers: ServerAnswer[] = [];
  const held: LabConnection[] = [];
  try {
    for (let request = 0; request < requests; request++) {
      signal.throwIfAborted();
      const connection = await lab.connect({ port: service.port, signal });
      held.push(connection);
      answers.push(connection.answer);
      observer.onAnswer?.(connection.answer);
      if (!promise.countsOpenConnections) await connection.close();
    }
    observer.onCounting?.();
    const state = await countedService(lab, service, requests, signal);
    const counts = new Map(lab.realServers.map((server) => [server.name, 0]));
    for (const { server } of answers) counts.set(server, (counts.get(server) ?? 0) + 1);
    const tallies = lab.realServers.map(({ name }, index) => ({
      name,
      weight: weights[index] ?? 0,
      requests: counts.get(name) ?? 0,
    }));
    return {
      promise,
      answers,
      verdict: judge(promise, tallies),
      service: state,
      counted: lab.realServers.every((server) => {
        const seen = state.destinations.find(({ key }) => key.address === server.address);
        return seen?.statistics?.connections === BigInt(counts.get(server.name) ?? 0);
      }),
      claims: await askWhoHasVip(lab),
    };
  } finally {
    await Promise.all(held.map((connection) => connection.close()));
  }
}

/** The service once its counters have caught up, or as it is when they do not. */
async function countedService(
  lab: Lab,
  key: AddressServiceKey,
  requests: number,
  signal: AbortSignal,
): Promise<ServiceState> {
  const deadline = Date.now() + countersDeadlineMs;
  for (;;) {
    const service = await lab.ipvs.find(key, { statistics: true });
    if (service === undefined) throw new Error('the service is gone from the director');
    const counted = service.statistics?.connections ?? 0n;
    if (counted >= BigInt(requests) || Date.now() > deadline) return service;
    await delay(countersIntervalMs, undefined, { signal });
  }
}
