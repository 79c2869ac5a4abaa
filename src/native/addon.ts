import type { IpvsAddon } from './ipvs.ts';
import type { NamesAddon } from './names.ts';
import type { PacketAddon } from './packet.ts';
import type { ProbeAddon } from './probe.ts';
import type { RouteAddon } from './route.ts';
import type { SystemAddon } from './system.ts';
import type { TextAddon } from './text.ts';

/**
 * Everything the native addon exports. The addon knows the kernel and no policy; what its values
 * mean, and the sentences of its errors, are made above it.
 */
export interface Addon
  extends IpvsAddon,
    NamesAddon,
    RouteAddon,
    PacketAddon,
    ProbeAddon,
    SystemAddon,
    TextAddon {}

/** Which network namespace to work in: a path such as `/run/netns/x`, or an open descriptor. */
export type NativeNamespace = string | number;

/** What a failed native call rejects with when the kernel refused. */
export interface NativeError extends Error {
  /** The positive error number. */
  readonly errno: number;
  /** The system call that failed. */
  readonly syscall: string;
  /** The kernel's own words (extended acknowledgement), often empty. */
  readonly kernelMessage: string;
}

/** Tells a refusal by the kernel from any other failure. */
export function isNativeError(error: unknown): error is NativeError {
  return error instanceof Error && typeof (error as Partial<NativeError>).errno === 'number';
}
