import { z } from 'zod';
import { AvailabilityReckoner, usualSpansMs } from '../observe/availability.ts';
import type { DirectorEvent } from '../observe/director-event.ts';
import { findServer, findService } from '../observe/find-server.ts';
import { readHistory } from '../observe/history-files.ts';
import { type HistoryFilter, isAskedFor, isMark } from '../observe/history-record.ts';
import type { HistoryStatistics } from '../observe/history-writer.ts';
import type { Operations } from '../observe/operations.ts';
import {
  type AvailabilityDocument,
  type OverrideDocument,
  type OverrideRequest,
  Refusal,
  type ReloadDocument,
  type StatusDocument,
} from './documents.ts';
import { EventQueue } from './event-queue.ts';

/** What is operated by way of the control socket. */
export interface Operated {
  readonly operations: Operations;
  readonly history?: OperatedHistory | undefined;
}

export interface OperatedHistory {
  readonly stateDirectory: string;
  readonly statistics: HistoryStatistics;
  /** Resolves once what has happened is there to be read. */
  flush(): Promise<void>;
}

/** One request. */
export interface Call {
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** Who asks: a user's name or number. */
  readonly by: string;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** The keys that its query may have. */
  readonly query: readonly string[];
  /** Answers with a document. */
  readonly answer?: (call: Call, operated: Operated) => Promise<unknown>;
  /** Answers with documents, a line each; undefined in between keeps the connection alive. */
  readonly stream?: (call: Call, operated: Operated) => AsyncIterable<unknown>;
}

/** The last change that was asked of each director. */
const lastChanges = new WeakMap<Operations, Promise<unknown>>();

const filterKeys = ['since', 'until', 'service', 'server', 'event', 'last'] as const;

/** Everything that can be asked. */
export const routes: readonly Route[] = [
  { method: 'GET', path: '/v1/status', query: [], answer: status },
  {
    method: 'GET',
    path: '/v1/events',
    query: ['service', 'server', 'event', 'last'],
    stream: events,
  },
  { method: 'GET', path: '/v1/history', query: filterKeys, stream: history },
  { method: 'GET', path: '/v1/availability', query: ['service'], answer: availability },
  { method: 'POST', path: '/v1/override', query: [], answer: inTurn(override) },
  { method: 'POST', path: '/v1/reload', query: [], answer: inTurn(reload) },
];

async function status(_call: Call, { operations, history }: Operated): Promise<StatusDocument> {
  const { version, pid, startedAt, state, ...rest } = await operations.status();
  return {
    version: 1,
    time: Date.now(),
    director: { version, pid, startedAt, state },
    // Counters become text when it is written.
    ...(rest as unknown as Omit<StatusDocument, 'version' | 'time' | 'director' | 'history'>),
    history: history?.statistics,
  };
}

async function* events({ query, signal }: Call, operated: Operated): AsyncGenerator<unknown> {
  const filter = filterOf(query);
  // Listened to first, so that nothing is missed between what was and what is.
  using queue = new EventQueue(operated.operations, signal);
  const last = countOf(query, 'last') ?? 0;
  // The answer begins, although there may be nothing to tell for long.
  yield undefined;
  let told: DirectorEvent | undefined;
  if (last > 0) {
    for (const event of await lastOf(operated, filter, last)) {
      yield event;
      told = event;
    }
  }
  const already = told === undefined ? undefined : JSON.stringify(told);
  // What came while the history was read is in both.
  let rest = queue.take();
  const overlap = rest.findIndex((event) => JSON.stringify(event) === already);
  if (overlap >= 0) rest = rest.slice(overlap + 1);
  while (!signal.aborted) {
    for (const event of rest) if (isAskedFor(event, filter)) yield event;
    rest = await queue.next();
    if (rest.length === 0) yield undefined;
  }
}

async function* history({ query }: Call, operated: Operated): AsyncGenerator<unknown> {
  const filter = filterOf(query);
  const last = countOf(query, 'last');
  if (last !== undefined) {
    yield* await lastOf(operated, filter, last);
    return;
  }
  for await (const record of recordsOf(operated)) {
    if (!isMark(record) && isAskedFor(record, filter)) yield record;
  }
}

async function lastOf(
  operated: Operated,
  filter: HistoryFilter,
  count: number,
): Promise<readonly DirectorEvent[]> {
  let found: DirectorEvent[] = [];
  for await (const record of recordsOf(operated)) {
    if (isMark(record) || !isAskedFor(record, filter)) continue;
    found.push(record);
    // Now and then, so that it costs little.
    if (found.length > 2 * count + 100) found = found.slice(-count);
  }
  return count === 0 ? [] : found.slice(-count);
}

async function* recordsOf({ history: kept }: Operated) {
  if (kept === undefined) return;
  await kept.flush();
  yield* readHistory(kept.stateDirectory);
}

async function availability({ query }: Call, operated: Operated): Promise<AvailabilityDocument> {
  const time = Date.now();
  const reckoner = new AvailabilityReckoner(time);
  for await (const record of recordsOf(operated)) reckoner.take(record);
  const name = query.get('service');
  const all = reckoner.result();
  const services = name === null ? all : all.filter(({ service }) => service === name);
  if (name !== null && services.length === 0) {
    throw new Refusal('NO_SUCH_SERVICE', `nothing is known of a service ${name}`);
  }
  return { version: 1, time, spansMs: usualSpansMs, services };
}

const largestWeight = 0x7fffffff;

const overrideRequest: z.ZodType<OverrideRequest> = z.strictObject({
  service: z.string(),
  server: z.string(),
  mode: z.enum(['ready', 'drain', 'maint']).optional(),
  weight: z.int().min(0).max(largestWeight).nullable().optional(),
});

async function override({ body, by }: Call, { operations }: Operated): Promise<OverrideDocument> {
  const request = overrideRequest.safeParse(body);
  if (!request.success) {
    const [issue] = request.error.issues;
    const place = issue?.path.join('.') ?? '';
    throw new Refusal('INVALID', `${place === '' ? 'the body' : place}: ${issue?.message}`);
  }
  const { mode, weight } = request.data;
  if (mode === undefined && weight === undefined) {
    throw new Refusal('INVALID', 'neither mode nor weight is given');
  }
  const { services } = await operations.status();
  const service = findService(services, request.data.service);
  const { server, override: before } = findServer(service, request.data.server);
  const wanted = weight === undefined ? before.weight : (weight ?? undefined);
  const after = {
    mode: mode ?? before.mode,
    ...(wanted !== undefined && { weight: wanted }),
  };
  await operations.override(service.name, server, after, by);
  return { version: 1, service: service.name, server, before, after };
}

async function reload(_call: Call, { operations }: Operated): Promise<ReloadDocument> {
  return { version: 1, ...(await operations.reload()) };
}

/** Changes come one after the other: each begins with what the one before has left. */
function inTurn(answer: NonNullable<Route['answer']>): NonNullable<Route['answer']> {
  return (call, operated) => {
    const { operations } = operated;
    const before = lastChanges.get(operations) ?? Promise.resolve();
    const answered = before.then(() => answer(call, operated));
    lastChanges.set(
      operations,
      answered.catch(() => undefined),
    );
    return answered;
  };
}

function filterOf(query: URLSearchParams): HistoryFilter {
  const all = query.getAll('event');
  return {
    since: countOf(query, 'since'),
    until: countOf(query, 'until'),
    service: query.get('service') ?? undefined,
    server: query.get('server') ?? undefined,
    events: all.length === 0 ? undefined : all,
  };
}

function countOf(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key);
  if (text === null) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Refusal('INVALID', `${key} must be a whole number, not ${JSON.stringify(text)}`);
}
