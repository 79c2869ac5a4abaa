import { unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ControlSettings } from '../config/director-config.ts';
import { toJson } from '../observe/json.ts';
import { type PeerCredentials, peerCredentials } from '../system/peer.ts';
import { type Access, groupNumber, mayOperate, userName } from './access.ts';
import { claimSocket } from './claim-socket.ts';
import { ControlError } from './control-error.ts';
import { Refusal } from './documents.ts';
import { readBody } from './read-body.ts';
import { errorDocument } from './refuse.ts';
import { type Operated, type Route, routes } from './routes.ts';

export interface ControlLimits {
  /** Connections at a time. */
  readonly clients: number;
  /** How long a request may take to come. */
  readonly requestMs: number;
  /** How long a client may take nothing of an answer. */
  readonly idleMs: number;
}

const usualLimits: ControlLimits = { clients: 128, requestMs: 5000, idleMs: 60_000 };

export interface ControlOptions extends Operated {
  readonly settings: ControlSettings;
  readonly limits?: Partial<ControlLimits> | undefined;
  /** Who is at the other end. Default: as the kernel knows it. */
  readonly peerOf?: ((socket: Socket) => PeerCredentials) | undefined;
  /** Told of what is no fault of the client's. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

interface Client {
  readonly isAllowed: boolean;
  readonly by: Promise<string>;
  /** Requests that are being answered. */
  busy: number;
}

/** By what a director is operated: HTTP and JSON over a unix socket, for those who may. */
export class ControlServer {
  readonly #options: ControlOptions;
  readonly #limits: ControlLimits;
  readonly #access: Access;
  readonly #server: Server;
  /** In the order in which they came. */
  readonly #clients = new Map<Socket, Client>();
  /** Ends what is being answered. */
  readonly #closing = new AbortController();

  private constructor(options: ControlOptions, access: Access) {
    this.#options = options;
    this.#limits = { ...usualLimits, ...options.limits };
    this.#access = access;
    const { requestMs, idleMs } = this.#limits;
    this.#server = createServer({
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      keepAliveTimeout: requestMs,
      connectionsCheckingInterval: Math.min(1000, requestMs),
      maxHeaderSize: 8192,
    });
    this.#server.timeout = idleMs;
    this.#server.on('connection', (socket) => this.#meet(socket));
    this.#server.on('request', (request, response) => void this.#serve(request, response));
  }

  /** @throws ControlError `CONTROL_UNUSABLE` */
  static async open(options: ControlOptions): Promise<ControlServer> {
    const { socket, group } = options.settings;
    const number = group === undefined ? undefined : await groupNumber(group);
    if (group !== undefined && number === undefined) {
      const message = `cannot listen at ${socket}: there is no group ${group}`;
      throw new ControlError('CONTROL_UNUSABLE', message);
    }
    const ownUser = process.geteuid?.() ?? 0;
    const server = new ControlServer(options, { ownUser, group: number });
    await claimSocket(server.#server, socket, number);
    return server;
  }

  /** How many are connected. */
  get clients(): number {
    return this.#clients.size;
  }

  /** Ends all connections, and takes the socket away. */
  async close(): Promise<void> {
    this.#closing.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#clients.keys()) socket.destroy();
    await closed;
    // Node takes it away as well, but for one that it was not given the name of.
    await unlink(this.#options.settings.socket).catch(() => undefined);
  }

  #meet(socket: Socket): void {
    if (this.#clients.size >= this.#limits.clients && !this.#evict()) {
      socket.destroy();
      return;
    }
    const client = this.#clientOf(socket);
    this.#clients.set(socket, client);
    // Nobody waits for ever for a client that says nothing at all.
    socket.setTimeout(this.#limits.requestMs);
    socket.once('close', () => this.#clients.delete(socket));
    // A connection that breaks is the client's business.
    socket.on('error', () => undefined);
  }

  #clientOf(socket: Socket): Client {
    try {
      const { peerOf = peerCredentials } = this.#options;
      const peer = peerOf(socket);
      return { isAllowed: mayOperate(peer, this.#access), by: userName(peer.uid), busy: 0 };
    } catch {
      // It has closed the connection already.
      return { isAllowed: false, by: Promise.resolve('nobody'), busy: 0 };
    }
  }

  /** Makes room for one more by ending who has waited longest without asking anything. */
  #evict(): boolean {
    for (const [socket, { busy }] of this.#clients) {
      if (busy > 0) continue;
      this.#clients.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    const client = this.#clients.get(socket);
    if (client === undefined) return;
    client.busy++;
    socket.setTimeout(this.#limits.idleMs);
    const gone = new AbortController();
    response.once('close', () => {
      client.busy--;
      gone.abort();
      // Who has asked last is the last to go when there are too many.
      if (this.#clients.delete(socket)) this.#clients.set(socket, client);
    });
    const signal = AbortSignal.any([gone.signal, this.#closing.signal]);
    try {
      await this.#answer(request, response, client, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (response.headersSent) {
        // What was begun as a success can only be broken off.
        socket.destroy();
        return;
      }
      const { status, document } = errorDocument(error);
      if (status === 500) this.#options.onError?.(error);
      // What is left of the request is not waited for.
      response.setHeader('Connection', 'close');
      writeJson(response, status, document);
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    client: Client,
    signal: AbortSignal,
  ): Promise<void> {
    if (!client.isAllowed) {
      throw new Refusal('NOT_PERMITTED', 'this user may not operate the director');
    }
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://director');
    const route = routeOf(request.method ?? '', pathname, response);
    for (const key of query.keys()) {
      if (route.query.includes(key)) continue;
      throw new Refusal('INVALID', `${pathname} knows no parameter ${JSON.stringify(key)}`);
    }
    const body = await readBody(request);
    const call = { query, body, by: await client.by, signal };
    if (route.answer !== undefined) {
      writeJson(response, 200, await route.answer(call, this.#options));
    } else if (route.stream !== undefined) {
      await writeLines(response, route.stream(call, this.#options), signal);
    }
  }
}

function routeOf(method: string, path: string, response: ServerResponse): Route {
  const there = routes.filter((route) => route.path === path);
  const route = there.find((one) => one.method === method);
  if (route !== undefined) return route;
  if (there.length === 0) throw new Refusal('NO_SUCH_ROUTE', `there is nothing at ${path}`);
  const methods = there.map((one) => one.method).join(', ');
  response.setHeader('Allow', methods);
  throw new Refusal('METHOD_NOT_ALLOWED', `${path} is for ${methods}`);
}

function writeJson(response: ServerResponse, status: number, document: unknown): void {
  const text = `${toJson(document)}\n`;
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Writes documents, a line each, no faster than they are taken; an empty line for undefined. */
async function writeLines(
  response: ServerResponse,
  documents: AsyncIterable<unknown>,
  signal: AbortSignal,
): Promise<void> {
  let isBegun = false;
  for await (const document of documents) {
    if (signal.aborted) return;
    if (!isBegun) begin(response);
    isBegun = true;
    const line = document === undefined ? '\n' : `${toJson(document)}\n`;
    if (response.write(line)) continue;
    await drained(response, signal);
  }
  if (!isBegun) begin(response);
  response.end();
}

function begin(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  response.flushHeaders();
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.on('drain', done);
    signal.addEventListener('abort', done);
  });
}
