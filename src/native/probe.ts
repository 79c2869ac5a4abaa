import type { NativeNamespace } from './addon.ts';
import type { NativeDescriptor } from './system.ts';

/** The packed records of `native/probe/records.h`: sizes and byte offsets, integers in host order. */
export const probeRequestRecord = {
  size: 68,
  id: 0,
  kind: 4,
  flags: 5,
  family: 6,
  port: 8,
  mark: 12,
  timeoutMs: 16,
  address: 20,
  source: 36,
  device: 52,
} as const;

/** How this machine orders the bytes of integers, as `DataView` wants to be told. */
export const littleEndian: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export const probeResultRecord = {
  size: 16,
  id: 0,
  error: 4,
  stage: 6,
  latencyUs: 8,
  socket: 12,
} as const;

export const probeKind = { connect: 0, echo: 1 } as const;

export const probeFlag = { keepSocket: 1, closeOrderly: 2, fromSource: 4 } as const;

/** Which call failed. Before `send` nothing had left this machine. */
export const probeStage = { socket: 0, device: 1, mark: 2, bind: 3, send: 4, answer: 5 } as const;

export interface NativeProbeBatch {
  /** Packed result records. */
  readonly results: ArrayBuffer;
  /** The sockets that were to be kept, which the records number from 1. */
  readonly sockets: readonly NativeDescriptor[];
}

/**
 * Connects and pings on a thread of its own. Collected, or left behind by a worker that was
 * terminated, it ends by itself, and what was under way with it.
 */
export interface NativeProber {
  /** Rejects with a `NativeError` when the namespace cannot be entered. */
  open(netns: NativeNamespace | undefined, maxInFlight: number): Promise<void>;
  /** Takes packed request records. Each ends in one result. Throws unless open. */
  submit(requests: Uint8Array): void;
  /** Makes a probe end with ECANCELED, unless it has ended. */
  cancel(id: number): void;
  /** What has come, once there is something; undefined once closed. One at a time. */
  next(): Promise<NativeProbeBatch | undefined>;
  close(): void;
}

/** The addon's face for this area. */
export interface ProbeAddon {
  readonly Prober: new () => NativeProber;
  /** Sizes and offsets as the compiler laid them out, for a test to compare. */
  readonly probeLayout: Readonly<Record<string, number>>;
}
