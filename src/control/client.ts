import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { DirectorEvent } from '../observe/director-event.ts';
import { ControlError, type ControlErrorCode } from './control-error.ts';
import type {
  AvailabilityDocument,
  ErrorDocument,
  OverrideDocument,
  OverrideRequest,
  ReloadDocument,
  StatusDocument,
} from './documents.ts';

export interface ControlClientOptions {
  /** The path of the director's socket. */
  readonly socket: string;
  /** How long an answer may take to begin. Default: 10 seconds, but a minute for a reload. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Which events are asked for. Times are milliseconds since 1970. */
export interface EventQuery {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly service?: string | undefined;
  readonly server?: string | undefined;
  readonly events?: readonly string[] | undefined;
  /** No more than the last so many. */
  readonly last?: number | undefined;
}

const usualTimeoutMs = 10_000;
const reloadTimeoutMs = 60_000;
/** Longer than a director is silent: an empty line comes every 15 seconds. */
const silenceMs = 45_000;

/** Operates a director by way of its control socket. Every call throws ControlError. */
export class ControlClient {
  readonly #options: ControlClientOptions;

  constructor(options: ControlClientOptions) {
    this.#options = options;
  }

  async status(): Promise<StatusDocument> {
    return (await this.#ask('GET', '/v1/status')) as StatusDocument;
  }

  async availability(service?: string): Promise<AvailabilityDocument> {
    const query = new URLSearchParams(service === undefined ? {} : { service });
    return (await this.#ask('GET', `/v1/availability?${query}`)) as AvailabilityDocument;
  }

  async override(request: OverrideRequest): Promise<OverrideDocument> {
    return (await this.#ask('POST', '/v1/override', request)) as OverrideDocument;
  }

  async reload(): Promise<ReloadDocument> {
    const { timeoutMs = reloadTimeoutMs } = this.#options;
    return (await this.#ask('POST', '/v1/reload', undefined, timeoutMs)) as ReloadDocument;
  }

  /** What has happened, the oldest first. */
  history(query: EventQuery = {}): AsyncGenerator<DirectorEvent> {
    return this.#lines(`/v1/history?${parametersOf(query)}`);
  }

  /** What happens from now on, after the last few events if `last` says so; until the signal aborts. */
  events(query: Omit<EventQuery, 'since' | 'until'> = {}): AsyncGenerator<DirectorEvent> {
    return this.#lines(`/v1/events?${parametersOf(query)}`);
  }

  async #ask(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    timeoutMs = this.#options.timeoutMs ?? usualTimeoutMs,
  ): Promise<unknown> {
    const { socket, signal } = this.#options;
    const response = await this.#request(method, path, timeoutMs, body);
    try {
      return parse(await textOf(response), socket);
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof ControlError ? error : brokenOff(socket, error);
    }
  }

  async *#lines(path: string): AsyncGenerator<DirectorEvent> {
    const { socket, signal, timeoutMs = usualTimeoutMs } = this.#options;
    const response = await this.#request('GET', path, timeoutMs);
    response.socket.setTimeout(silenceMs, () => response.destroy(new Error('it is silent')));
    response.setEncoding('utf8');
    let rest = '';
    try {
      for await (const piece of response as AsyncIterable<string>) {
        const lines = `${rest}${piece}`.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line !== '') yield parse(line, socket) as DirectorEvent;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ControlError) throw error;
      throw brokenOff(socket, error);
    } finally {
      response.destroy();
    }
  }

  /** Asks, and waits for the answer to begin. */
  #request(
    method: 'GET' | 'POST',
    path: string,
    timeoutMs: number,
    body?: unknown,
  ): Promise<IncomingMessage> {
    const { socket, signal } = this.#options;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const request = httpRequest({
        socketPath: socket,
        method,
        path,
        agent: false,
        ...(signal && { signal }),
        headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      });
      const timer = setTimeout(() => {
        const seconds = timeoutMs / 1000;
        const message = `the director at ${socket} does not answer within ${seconds} seconds`;
        request.destroy(new ControlError('CONTROL_FAILED', message));
      }, timeoutMs);
      request.once('error', (error) => {
        clearTimeout(timer);
        if (signal?.aborted) reject(signal.reason);
        else reject(errorOf(error, socket));
      });
      request.once('response', (response) => {
        clearTimeout(timer);
        if (response.statusCode === 200) resolve(response);
        else textOf(response).then((text) => reject(refusalOf(text, socket)), reject);
      });
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function parametersOf({ events, ...rest }: EventQuery): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined) parameters.set(key, String(value));
  }
  for (const event of events ?? []) parameters.append('event', event);
  return parameters;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

function parse(text: string, socket: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notUnderstood(socket, error);
  }
}

function refusalOf(text: string, socket: string): ControlError {
  let error: Partial<ErrorDocument['error']> | undefined;
  try {
    ({ error } = JSON.parse(text) as Partial<ErrorDocument>);
  } catch (cause) {
    return notUnderstood(socket, cause);
  }
  const { code: refusal, message = 'it does not say why', problems, file } = error ?? {};
  const code: ControlErrorCode =
    refusal === 'NOT_PERMITTED' ? 'CONTROL_NOT_PERMITTED' : 'CONTROL_REFUSED';
  const advice = refusal === 'NOT_PERMITTED' ? ` (${permissionAdvice})` : '';
  return new ControlError(code, `${message}${advice}`, { refusal, problems, file });
}

const permissionAdvice =
  "be root, the director's user, or a member of the group that control: group names in lvskit.yaml";

function errorOf(error: NodeJS.ErrnoException, socket: string): Error {
  if (error instanceof ControlError) return error;
  const { code } = error;
  const cause = { cause: error };
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    const message = `no director answers at ${socket}: start one with "systemctl start lvskit" or "lvskit run", or name its socket with --socket`;
    return new ControlError('CONTROL_NOT_RUNNING', message, cause);
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const message = `not permitted to operate the director at ${socket} (${permissionAdvice})`;
    return new ControlError('CONTROL_NOT_PERMITTED', message, cause);
  }
  if (code === 'EAGAIN') {
    const message = `the director at ${socket} is busy: too many wait to be answered`;
    return new ControlError('CONTROL_FAILED', message, cause);
  }
  return brokenOff(socket, error);
}

function brokenOff(socket: string, error: unknown): ControlError {
  const { message } = error as Error;
  const text = `the director at ${socket} has broken off: ${message}`;
  return new ControlError('CONTROL_FAILED', text, { cause: error });
}

function notUnderstood(socket: string, cause: unknown): ControlError {
  const text = `cannot understand the answer of the director at ${socket}`;
  return new ControlError('CONTROL_FAILED', text, { cause });
}
