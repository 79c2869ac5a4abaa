import { checkInteger } from '../check.ts';
import type { NativePacketSocket, NativeReceived } from '../native/packet.ts';
import {
  checkPacketOptions,
  type OpenPackets,
  openPackets,
  type PacketOptions,
  packetError,
} from './packet-channel.ts';

/** Where, and for how long, to listen. */
export interface ListenPacketsOptions extends PacketOptions {
  /** How long to listen, in milliseconds. Default: until it is closed or aborted. */
  readonly timeoutMs?: number | undefined;
  /** Ends the listening; what waits for a frame then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Frames as they pass on a link. It listens from the start, not from the first `next()`: what comes
 * in between waits, up to 4096 frames. Leaving a `for await` loop closes it.
 *
 * `ready` and `next()` reject with the {@link NetworkError} of opening the socket;
 * `next()` with `NETWORK_UNREACHABLE` when the link goes down or away.
 */
export class PacketListener<Frame> implements AsyncIterableIterator<Frame>, AsyncDisposable {
  /** Fulfilled once it listens: what is sent after that is heard. */
  readonly ready: Promise<void>;

  readonly #source: Promise<FrameSource<Frame>>;
  readonly #signal: AbortSignal | undefined;
  readonly #close = () => this.close();
  readonly #timer: NodeJS.Timeout | undefined;
  #waiting: Frame[] = [];
  #dropped = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** Use `arp.listen()` or `ndp.listen()`. */
  constructor(source: Promise<FrameSource<Frame>>, options: ListenPacketsOptions) {
    this.#source = source;
    this.#signal = options.signal;
    this.ready = source.then(() => undefined);
    // Who does not ask whether it is ready hears of it from next().
    this.ready.catch(() => undefined);
    if (options.timeoutMs !== undefined) this.#timer = setTimeout(this.#close, options.timeoutMs);
    options.signal?.addEventListener('abort', this.#close, { once: true });
    if (options.signal?.aborted) this.close();
  }

  /** How many frames nobody fetched in time; they were left out. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The next frame, once there is one. Calls may overlap: each gets a frame of its own. */
  next(): Promise<IteratorResult<Frame, undefined>> {
    const result = this.#turn.then(() => this.#advance());
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Stops listening, and drops what has been heard. */
  async return(): Promise<IteratorResult<Frame, undefined>> {
    this.#waiting = [];
    this.close();
    return { done: true, value: undefined };
  }

  /** Stops listening. What has been heard by then can still be fetched. */
  close(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#close);
    this.#source.then(
      (source) => source.close(),
      () => undefined,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #advance(): Promise<IteratorResult<Frame, undefined>> {
    for (;;) {
      this.#signal?.throwIfAborted();
      const value = this.#waiting.shift();
      if (value !== undefined) return { done: false, value };
      const source = await this.#source;
      const packets = await source.receive().catch((error: unknown) => {
        this.close();
        throw error;
      });
      if (packets === null) {
        this.#signal?.throwIfAborted();
        return { done: true, value: undefined };
      }
      this.#dropped += packets.dropped;
      this.#waiting.push(...packets.frames);
    }
  }
}

/** Where a listener has its frames from. */
export interface FrameSource<Frame> {
  receive(): Promise<{ readonly frames: readonly Frame[]; readonly dropped: number } | null>;
  close(): void;
}

/**
 * Starts to listen for the frames of `protocol`.
 *
 * @throws TypeError or RangeError naming the option that is wrong.
 */
export function listenPackets<Native, Frame>(
  open: OpenPackets<Native>,
  protocol: string,
  options: ListenPacketsOptions,
  convert: (frame: NativeReceived<Native>) => Frame,
): PacketListener<Frame> {
  checkPacketOptions(options);
  if (options.timeoutMs !== undefined) checkInteger(options.timeoutMs, 1, 0x7fffffff, 'timeoutMs');
  const source = openPackets(open, protocol, options).then((socket) =>
    converting(socket, convert, (failure) => packetError(protocol, options, failure)),
  );
  return new PacketListener(source, options);
}

function converting<Native, Frame>(
  socket: NativePacketSocket<Native>,
  convert: (frame: NativeReceived<Native>) => Frame,
  toError: (failure: unknown) => unknown,
): FrameSource<Frame> {
  return {
    async receive() {
      try {
        const packets = await socket.receive();
        return packets && { frames: packets.frames.map(convert), dropped: packets.dropped };
      } catch (failure) {
        throw toError(failure);
      }
    },
    close: () => socket.close(),
  };
}
