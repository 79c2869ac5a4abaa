import { setTimeout as delay } from 'node:timers/promises';
import { checkBoolean, checkInteger, checkObject } from '../check.ts';
import type { NativePacketSocket, NativeReceived } from '../native/packet.ts';

/** Sending the same frame several times: single frames get lost. */
export interface Repeat {
  /** How many frames in all. */
  readonly count: number;
  /** How long to wait between two, in milliseconds. */
  readonly intervalMs: number;
}

/** For how long to ask, and how often. */
export interface AskOptions {
  /** How long to listen for answers, in milliseconds from the start. Default: 1000. */
  readonly timeoutMs?: number | undefined;
  /** Default: ask once. */
  readonly repeat?: Repeat | undefined;
  /** Whether to stop at the first answer instead of waiting for a second. Default: false. */
  readonly first?: boolean | undefined;
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What every answer tells, whatever was asked. */
export interface Answer {
  /** The address that was asked for. */
  readonly ip: string;
  /** The Ethernet address that it is said to be at. */
  readonly mac: string;
  /** From sending the first question to this first answer, in milliseconds. */
  readonly afterMs: number;
  /** How many answers came from there. */
  readonly replies: number;
}

/** What an answering frame says, before it is known when the question went out. */
export type Said<AnyAnswer extends Answer> = Omit<AnyAnswer, 'afterMs' | 'replies'>;

const once: Repeat = { count: 1, intervalMs: 0 };

/** Demands a count and an interval. @throws TypeError or RangeError */
export function checkRepeat(repeat: Repeat, what = 'repeat'): void {
  checkObject(repeat, what);
  checkInteger(repeat.count, 1, 10_000, `${what} count`);
  checkInteger(repeat.intervalMs, 0, 3_600_000, `${what} intervalMs`);
}

/** Demands times that fit together. @throws TypeError or RangeError */
export function checkAskOptions(options: AskOptions): void {
  const { timeoutMs = 1000, repeat = once, first = false } = options;
  checkBoolean(first, 'first');
  checkInteger(timeoutMs, 1, 0x7fffffff, 'timeoutMs');
  checkRepeat(repeat);
  if ((repeat.count - 1) * repeat.intervalMs >= timeoutMs) {
    throw new RangeError(
      `repeat of ${repeat.count} every ${repeat.intervalMs} ms does not fit into timeoutMs ${timeoutMs}`,
    );
  }
}

/** Sends a frame as often as told. */
export async function sendRepeatedly(
  socket: NativePacketSocket<unknown>,
  frame: Uint8Array,
  repeat: Repeat,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  await socket.send(frame);
  await sendAgain(socket, frame, repeat, signal);
}

async function sendAgain(
  socket: NativePacketSocket<unknown>,
  frame: Uint8Array,
  { count, intervalMs }: Repeat,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let sent = 1; sent < count; sent++) {
    await delay(intervalMs, undefined, signal && { signal });
    await socket.send(frame);
  }
}

/**
 * Asks, and collects who answers until the time is over: one entry for each Ethernet address, in
 * the order in which they first answered. Closes the socket.
 */
export async function ask<Frame, AnyAnswer extends Answer>(
  socket: NativePacketSocket<Frame>,
  question: Uint8Array,
  understand: (frame: NativeReceived<Frame>) => Said<AnyAnswer> | undefined,
  { timeoutMs = 1000, repeat = once, first = false, signal }: AskOptions,
): Promise<readonly AnyAnswer[]> {
  const end = new AbortController();
  const giveUp = () => end.abort();
  // Closing ends the listening, and is what every way out comes to.
  end.signal.addEventListener('abort', () => socket.close(), { once: true });
  signal?.addEventListener('abort', giveUp, { once: true });
  const timer = setTimeout(giveUp, timeoutMs);
  try {
    signal?.throwIfAborted();
    const heard = new Map<string, Heard<AnyAnswer>>();
    const listening = listen(socket, understand, heard, () => first && giveUp());
    // It is waited for below; failing before that, it must not count as unhandled.
    listening.catch(() => undefined);
    const sentMs = await socket.send(question);
    const sending = sendAgain(socket, question, repeat, end.signal).catch((error: unknown) => {
      if (!end.signal.aborted) throw error;
    });
    await Promise.all([listening, sending]);
    signal?.throwIfAborted();
    return Array.from(heard.values(), ({ said, receivedMs, replies }) => {
      const afterMs = Math.max(0, receivedMs - sentMs);
      return { ...said, afterMs, replies } as AnyAnswer;
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
    giveUp();
  }
}

interface Heard<AnyAnswer extends Answer> {
  readonly said: Said<AnyAnswer>;
  readonly receivedMs: number;
  replies: number;
}

async function listen<Frame, AnyAnswer extends Answer>(
  socket: NativePacketSocket<Frame>,
  understand: (frame: NativeReceived<Frame>) => Said<AnyAnswer> | undefined,
  heard: Map<string, Heard<AnyAnswer>>,
  onAnswer: () => void,
): Promise<void> {
  for (;;) {
    const packets = await socket.receive();
    if (packets === null) return;
    for (const frame of packets.frames) {
      const said = understand(frame);
      if (said === undefined) continue;
      const earlier = heard.get(said.mac);
      if (earlier === undefined) {
        heard.set(said.mac, { said, receivedMs: frame.receivedMs, replies: 1 });
      } else {
        earlier.replies++;
      }
      onAnswer();
    }
  }
}
