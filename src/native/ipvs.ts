import type { NativeNamespace } from './addon.ts';

/** Services and their destinations as packed records; see `ipvs-records.ts` for the layout. */
export interface NativeTable {
  readonly serviceStride: number;
  readonly destinationStride: number;
  readonly services: ArrayBuffer;
  readonly destinations: ArrayBuffer;
}

export interface NativeTableOptions {
  readonly statistics: boolean;
  readonly destinations: boolean;
  readonly consistent: boolean;
}

/** A request that did not simply succeed. */
export interface NativeFailure {
  readonly index: number;
  /** The positive error number, or -1 when the kernel never answered. */
  readonly errno: number;
  readonly kernelMessage: string;
}

/** One generic netlink socket. Its calls run on the pool; `close()` lets those in flight finish. */
export interface IpvsSocket {
  open(netns: NativeNamespace | undefined): Promise<void>;
  /** Runs packed requests in order; resolves to those that failed. */
  execute(requests: Uint8Array): Promise<readonly NativeFailure[]>;
  readTable(options: NativeTableOptions): Promise<NativeTable>;
  readService(key: Uint8Array, options: NativeTableOptions): Promise<NativeTable>;
  readDestinations(keys: Uint8Array): Promise<NativeTable>;
  readDaemons(): Promise<ArrayBuffer>;
  readTimeouts(): Promise<{ readonly tcp: number; readonly tcpFin: number; readonly udp: number }>;
  readInfo(): Promise<{ readonly version: number; readonly connectionTableSize: number }>;
  close(): void;
}

export interface IpvsAddon {
  readonly IpvsSocket: new () => IpvsSocket;
  /** Byte offsets of the record fields and sizes of the records, as the compiler laid them out. */
  readonly ipvsLayout: Readonly<Record<string, number>>;
  /** Numbers of `<linux/ip_vs.h>`. */
  readonly ipvsConstants: Readonly<Record<string, number>>;
}
