import type { RawRequest, RawService } from '../../ipvs/raw-request.ts';
import type { LayoutOptions } from './layouts.ts';

/** What `-L` lists. */
export interface ListCommand {
  readonly type: 'list';
  readonly what: 'table' | 'service' | 'connections' | 'timeouts' | 'daemons';
  /** The service asked for with `what: 'service'`. */
  readonly service: Readonly<RawService>;
  readonly layout: LayoutOptions;
  /** Addresses and ports as numbers. */
  readonly numeric: boolean;
  readonly sort: boolean;
}

/** A command line of ipvsadm that says what it has to. */
export type Command =
  | { readonly type: 'change'; readonly request: RawRequest }
  | ListCommand
  | { readonly type: 'save'; readonly numeric: boolean }
  | { readonly type: 'restore' }
  | { readonly type: 'help' }
  | { readonly type: 'version' };

/**
 * A command line that is refused before the kernel hears of it. `ends`: it also ends the restore
 * that it is a line of; otherwise that goes on.
 */
export interface Refusal {
  readonly type: 'refusal';
  readonly exitCode: number;
  /** With its line break. */
  readonly stderr: string;
  readonly ends: boolean;
}

/** Where names on a command line are looked up. Names are bytes, one character each. */
export interface NameLookup {
  /** The first IPv4 address of a host, as a number. */
  hostAddress(name: string): number | undefined;
  /** The port of a service of `tcp`, `udp` or `sctp`. */
  servicePort(name: string, protocol: string): number | undefined;
}
