import type { Socket } from 'node:net';
import { checkInteger, checkObject } from '../check.ts';
import { loadAddon } from '../native/load.ts';
import {
  littleEndian,
  type NativeProbeBatch,
  type NativeProber,
  probeKind,
  probeRequestRecord,
  probeResultRecord,
} from '../native/probe.ts';
import type { NativeDescriptor } from '../native/system.ts';
import {
  type NamespaceReference,
  namespaceArgument,
  namespaceError,
} from './namespace-reference.ts';
import { NetworkError } from './network-error.ts';
import {
  type ConnectProbeOptions,
  cancelledResult,
  type ProbeOptions,
  type ProbeResult,
  readResult,
  writeConnect,
  writeRequest,
} from './probe.ts';

/** Where a prober works, and how hard. */
export interface ProberOptions {
  /** The network namespace to ask from. Default: that of this process. */
  readonly netns?: NamespaceReference | undefined;
  /**
   * How many probes may be under way at a time, 1 to 60 000; each takes a descriptor. Others wait
   * for one to end, and their time begins when they begin. Default: 4096.
   */
  readonly maxInFlight?: number | undefined;
}

/** What became of opening a connection, and the connection if there is one. */
export interface ProbeConnection {
  readonly result: ProbeResult;
  /**
   * With the outcome `answered`: the connection, whose end is the caller's to see to. There is no
   * `connect` event to come.
   */
  readonly socket: Socket | undefined;
}

type Settle = (result: ProbeResult, socket: NativeDescriptor | undefined) => void;

const { size: stride } = probeRequestRecord;
const leastCapacity = 64;

/**
 * Asks any number of hosts whether they are there: opens TCP connections, sends ICMP echo requests,
 * thousands a second, on one thread of its own that costs nothing while nothing is asked.
 *
 * What is asked in one turn of the event loop travels together, and so do results that come close
 * together. A prober that nothing was asked of does not keep the process from ending.
 */
export class Prober implements AsyncDisposable {
  readonly #native: NativeProber;
  readonly #pending = new Map<number, Settle>();
  #nextId = 0;
  #requests = new Uint8Array(leastCapacity * stride);
  #view = new DataView(this.#requests.buffer);
  #count = 0;
  #receiving = false;
  #closed = false;

  private constructor(native: NativeProber) {
    this.#native = native;
  }

  /**
   * Starts a prober. Sending echo requests needs CAP_NET_RAW, which only those notice.
   *
   * @throws TypeError or RangeError naming the option that is wrong.
   * @throws {@link NetworkError} `NETWORK_NAMESPACE_NOT_FOUND`, `NETWORK_NOT_PERMITTED` without
   * CAP_SYS_ADMIN for another namespace, `NETWORK_FAILED` when no thread or descriptor is free.
   */
  static async open(options: ProberOptions = {}): Promise<Prober> {
    checkObject(options, 'options');
    const { netns, maxInFlight = 4096 } = options;
    checkInteger(maxInFlight, 1, 60_000, 'maxInFlight');
    const namespace = namespaceArgument(netns);
    const native = new (loadAddon().Prober)();
    try {
      await native.open(namespace, maxInFlight);
    } catch (failure) {
      throw namespaceError('cannot start a prober', netns, failure);
    }
    return new Prober(native);
  }

  /**
   * Opens a TCP connection, and ends it at once.
   *
   * Resolves to what became of it, whatever that is.
   *
   * @throws TypeError or RangeError naming the option that is wrong.
   * @throws {@link NetworkError} `NETWORK_CLOSED` after `close()`.
   */
  async connect(options: ConnectProbeOptions): Promise<ProbeResult> {
    this.#write(probeKind.connect, options, (at) => writeConnect(this.#view, at, options, false));
    return await new Promise((resolve) => this.#submit(options.signal, resolve));
  }

  /**
   * Opens a TCP connection and hands it over, as a socket of `node:net`.
   *
   * @throws As {@link connect}.
   */
  async openConnection(options: Omit<ConnectProbeOptions, 'ending'>): Promise<ProbeConnection> {
    this.#write(probeKind.connect, options, (at) => writeConnect(this.#view, at, options, true));
    return await new Promise((resolve, reject) => {
      this.#submit(options.signal, (result, descriptor) => {
        try {
          resolve({ result, socket: descriptor && socketOf(descriptor) });
        } catch (error) {
          reject(error);
        } finally {
          descriptor?.close();
        }
      });
    });
  }

  /**
   * Sends an ICMP echo request and waits for its reply.
   *
   * @throws As {@link connect}.
   */
  async echo(options: ProbeOptions): Promise<ProbeResult> {
    this.#write(probeKind.echo, options, () => undefined);
    return await new Promise((resolve) => this.#submit(options.signal, resolve));
  }

  /** Ends the prober; what is under way ends with the outcome `cancelled`. Closing twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#native.close();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const settle of pending) settle(cancelledResult(), undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Writes a request behind those of this turn; it counts only once it was submitted. */
  #write(kind: number, options: ProbeOptions, more: (at: number) => void): void {
    if (this.#closed) throw new NetworkError('NETWORK_CLOSED', 'the prober is closed');
    if ((this.#count + 1) * stride > this.#requests.length) this.#grow();
    const at = this.#count * stride;
    this.#requests.fill(0, at, at + stride);
    writeRequest(this.#requests, this.#view, at, kind, options);
    more(at);
  }

  #grow(): void {
    const larger = new Uint8Array(this.#requests.length * 2);
    larger.set(this.#requests);
    this.#requests = larger;
    this.#view = new DataView(larger.buffer);
  }

  #submit(signal: AbortSignal | undefined, settle: Settle): void {
    if (signal?.aborted) {
      settle(cancelledResult(), undefined);
      return;
    }
    const id = this.#freeId();
    this.#view.setUint32(this.#count * stride + probeRequestRecord.id, id, littleEndian);
    this.#pending.set(id, signal === undefined ? settle : this.#abortable(id, signal, settle));
    // Behind the timers that are due in this turn and the answers that came in it.
    if (this.#count++ === 0) setImmediate(() => this.#flush());
  }

  #freeId(): number {
    do {
      this.#nextId = (this.#nextId + 1) >>> 0;
    } while (this.#pending.has(this.#nextId));
    return this.#nextId;
  }

  #abortable(id: number, signal: AbortSignal, settle: Settle): Settle {
    const abort = () => {
      if (this.#closed) return;
      // It has to be known there before it can be cancelled.
      this.#flush();
      this.#native.cancel(id);
    };
    signal.addEventListener('abort', abort, { once: true });
    return (result, socket) => {
      signal.removeEventListener('abort', abort);
      settle(result, socket);
    };
  }

  #flush(): void {
    if (this.#count === 0 || this.#closed) return;
    this.#native.submit(this.#requests.subarray(0, this.#count * stride));
    this.#count = 0;
    if (!this.#receiving) void this.#receive();
  }

  /** While anything is under way, which is also how long the process is kept from ending. */
  async #receive(): Promise<void> {
    this.#receiving = true;
    while (this.#pending.size > 0) {
      const batch = await this.#native.next();
      if (batch === undefined) break;
      this.#settle(batch);
    }
    this.#receiving = false;
  }

  #settle({ results, sockets }: NativeProbeBatch): void {
    const view = new DataView(results);
    for (let at = 0; at < results.byteLength; at += probeResultRecord.size) {
      const id = view.getUint32(at + probeResultRecord.id, littleEndian);
      const socket = sockets[view.getUint32(at + probeResultRecord.socket, littleEndian) - 1];
      const settle = this.#pending.get(id);
      this.#pending.delete(id);
      if (settle === undefined) socket?.close();
      else settle(readResult(view, at), socket);
    }
  }
}

function socketOf(descriptor: NativeDescriptor): Socket {
  const { Socket: NetSocket } = process.getBuiltinModule('node:net');
  const socket = new NetSocket({ fd: descriptor.number(), readable: true, writable: true });
  descriptor.take();
  return socket;
}
