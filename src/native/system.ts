import type { NativeNamespace } from './addon.ts';

/** An open file or socket. Collected or left behind unclosed, it closes itself. */
export interface NativeDescriptor {
  /** Its number, which stays the descriptor's to close. */
  number(): number;
  /** Fills the buffer; resolves to the count of bytes, less than it holds at the end of the file. */
  read(buffer: Uint8Array): Promise<number>;
  /** Its number, once, which is the caller's to close from then on. */
  take(): number;
  /** Closes it, unless it was taken, once no call is under way. */
  close(): void;
}

/** A sysctl by its path below /proc/sys; without a value when it can only be written. */
export interface NativeSysctl {
  readonly name: string;
  readonly value: string | undefined;
}

export interface NativeSocketOptions {
  readonly mark?: number | undefined;
  readonly device?: string | undefined;
  readonly ipv6Only?: boolean | undefined;
  readonly freeBind?: boolean | undefined;
}

export interface NativeListenOptions extends NativeSocketOptions {
  readonly backlog?: number | undefined;
}

export interface NativeConnectOptions extends NativeSocketOptions {
  readonly sourceAddress?: Uint8Array | undefined;
  /** Required with `sourceAddress`; 0 lets the kernel choose. */
  readonly sourcePort?: number | undefined;
  readonly timeoutMs: number;
}

/** A connect under way. `cancel()` makes `socket` reject with ECANCELED, unless it has settled. */
export interface NativeConnecting {
  readonly socket: Promise<NativeDescriptor>;
  cancel(): void;
}

/** The process at the other end of a unix socket, as it was when they connected. */
export interface NativePeer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

type Netns = NativeNamespace | undefined;

/** The addon's face for this area. Everything rejects with a `NativeError`. */
export interface SystemAddon {
  readSysctl(name: string, netns: Netns): Promise<string>;
  /** Resolves to the value before, undefined when it cannot be read. */
  writeSysctl(name: string, value: string, netns: Netns): Promise<string | undefined>;
  listSysctls(prefix: string, netns: Netns): Promise<readonly NativeSysctl[]>;

  /** Makes /run/netns/NAME as `ip netns add` does. */
  createNamespace(name: string, loopbackUp: boolean): Promise<void>;
  removeNamespace(name: string): Promise<void>;

  /**
   * Opens a file for reading inside a namespace. One of /proc/net has to be named through
   * /proc/thread-self/net.
   */
  openFile(path: string, netns: Netns): Promise<NativeDescriptor>;

  /**
   * Takes the lock (flock) that goes with a file, which is made if it is not there; undefined when
   * others have it. Closing the descriptor gives it back.
   */
  lockFile(path: string): Promise<NativeDescriptor | undefined>;

  listenTcp(
    address: Uint8Array,
    port: number,
    options: NativeListenOptions,
    netns: Netns,
  ): Promise<NativeDescriptor>;
  bindUdp(
    address: Uint8Array,
    port: number,
    options: NativeSocketOptions,
    netns: Netns,
  ): Promise<NativeDescriptor>;
  connectTcp(
    address: Uint8Array,
    port: number,
    options: NativeConnectOptions,
    netns: Netns,
  ): NativeConnecting;

  /** Sends a datagram to a unix socket, of a path or, after an `@`, of the abstract namespace. */
  notifyManager(socket: string, state: string): Promise<void>;
  /** Throws a `NativeError` for what is no connected unix socket. */
  peerOf(socket: number): NativePeer;
}
