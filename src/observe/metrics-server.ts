import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import type { MetricsSettings } from '../config/director-config.ts';
import { formatEndpoint } from '../net/ip.ts';
import { EventCounts } from './event-counts.ts';
import type { HistoryStatistics } from './history-writer.ts';
import { metricFamilies } from './metrics.ts';
import type { ProcessReadings } from './metrics-director.ts';
import type { Operations } from './operations.ts';

export interface MetricsOptions {
  readonly settings: MetricsSettings;
  readonly operations: Operations;
  readonly history?: (() => HistoryStatistics) | undefined;
  /** Told when metrics could not be made. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Metrics cannot be served where they should be. */
export class MetricsError extends Error {
  static {
    MetricsError.prototype.name = 'MetricsError';
  }

  readonly code = 'METRICS_UNUSABLE';
}

const mostClients = 64;
const requestMs = 5000;
const idleMs = 30_000;
const contentType = 'text/plain; version=0.0.4; charset=utf-8';

/** Serves metrics to Prometheus over HTTP. There is nothing to be changed by way of it. */
export class MetricsServer {
  readonly #options: MetricsOptions;
  readonly #server: Server;
  readonly #counts = new EventCounts();
  readonly #unsubscribe: () => void;
  readonly #lag: IntervalHistogram = monitorEventLoopDelay({ resolution: 20 });
  /** Those who ask at the same time get the same. */
  #rendering: Promise<readonly (string | Buffer)[]> | undefined;

  private constructor(options: MetricsOptions) {
    this.#options = options;
    this.#unsubscribe = options.operations.subscribe((event) => this.#counts.take(event));
    this.#lag.enable();
    this.#server = createServer(
      {
        headersTimeout: requestMs,
        requestTimeout: requestMs,
        keepAliveTimeout: idleMs,
        connectionsCheckingInterval: 1000,
        maxHeaderSize: 8192,
      },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.maxConnections = mostClients;
    this.#server.timeout = idleMs;
  }

  /** @throws MetricsError */
  static async open(options: MetricsOptions): Promise<MetricsServer> {
    const made = new MetricsServer(options);
    const { address, port } = options.settings;
    try {
      await new Promise<void>((resolve, reject) => {
        made.#server.once('error', reject);
        made.#server.listen({ host: address, port }, () => {
          made.#server.off('error', reject);
          resolve();
        });
      });
      return made;
    } catch (error) {
      await made.close();
      const reasons: Readonly<Record<string, string>> = {
        EADDRINUSE: 'somebody else listens there',
        EADDRNOTAVAIL: 'this host does not have the address',
        EACCES: 'permission denied',
      };
      const { code = '', message } = error as NodeJS.ErrnoException;
      const where = formatEndpoint(address, port);
      const text = `cannot serve metrics at ${where}: ${reasons[code] ?? message}`;
      throw new MetricsError(text, { cause: error });
    }
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    this.#lag.disable();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '' } = request;
    if (method !== 'GET' && method !== 'HEAD') {
      // What it may have sent with it is not read.
      response.writeHead(405, { Allow: 'GET, HEAD', Connection: 'close' }).end();
      return;
    }
    if (url.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('metrics are at /metrics\n');
      return;
    }
    if (method === 'HEAD') {
      response.writeHead(200, { 'Content-Type': contentType }).end();
      return;
    }
    try {
      this.#rendering ??= this.#render().finally(() => {
        this.#rendering = undefined;
      });
      const pieces = await this.#rendering;
      response.writeHead(200, { 'Content-Type': contentType });
      for (const piece of pieces) response.write(piece);
      response.end();
    } catch (error) {
      this.#options.onError?.(error);
      if (response.headersSent) response.destroy();
      else response.writeHead(503).end('the director cannot say how it stands\n');
    }
  }

  async #render(): Promise<readonly (string | Buffer)[]> {
    const { operations, history } = this.#options;
    const status = await operations.status();
    const sources = {
      status,
      counts: this.#counts,
      history: history?.(),
      process: this.#processReadings(),
    };
    const pieces: (string | Buffer)[] = [];
    for (const piece of metricFamilies(sources)) {
      pieces.push(piece);
      // Checks have their turn in between.
      if (piece.length > 10_000) await turn();
    }
    return pieces;
  }

  #processReadings(): ProcessReadings {
    const { user, system } = process.cpuUsage();
    const { max, mean } = this.#lag;
    this.#lag.reset();
    const seconds = (nanoseconds: number) => (Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0);
    return {
      nodeVersion: process.versions.node,
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      lagSeconds: { max: seconds(max), mean: seconds(mean) },
    };
  }
}
