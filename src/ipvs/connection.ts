import type { Protocol } from './service.ts';

/** The protocol of a connection; `ip` is that of the template of a firewall mark service. */
export type ConnectionProtocol = Protocol | 'ip' | 'icmp' | 'icmpv6' | `ip-${number}`;

/** One end of a connection. */
export interface Endpoint {
  /** IPv4 or IPv6, in canonical text. */
  readonly address: string;
  /** 0 where any port will do, as for the client of a template. */
  readonly port: number;
}

/** What a connection sticks to its destination by, other than the client's address. */
export interface ConnectionEngine {
  /** Such as `sip`. */
  readonly name: string;
  /** Such as a Call-ID, as it came from the network; bytes outside ASCII are read as Latin-1. */
  readonly data: string;
}

/** One entry of the connection table (`ipvsadm -Lc`). */
export interface Connection {
  /** As the packets have it. */
  readonly protocol: ConnectionProtocol;
  /** Who connected; in a template, the client's address under the service's netmask, and port 0. */
  readonly client: Endpoint;
  /** What was connected to; undefined in the template of a firewall mark service. */
  readonly virtual: Endpoint | undefined;
  /** Of the service whose template this is; undefined in everything else. */
  readonly firewallMark: number | undefined;
  /** Where packets are sent on to. It alone may be of the other family, with forwarding `tun`. */
  readonly destination: Endpoint;
  /** In the kernel's words: `ESTABLISHED`, `TIME_WAIT`, `UDP`, …; of a template `NONE` or `ASSURED`. */
  readonly state: string;
  /** Whole seconds until the entry goes away, unless a packet comes first. */
  readonly expiresSeconds: number;
  /** Not a connection, but the memory of where a client of a persistent service goes. */
  readonly template: boolean;
  /** Undefined when read with `origin: true`, where the kernel does not print it. */
  readonly persistenceEngine: ConnectionEngine | undefined;
  /** Whether it was made here or came by synchronisation; undefined unless read with `origin: true`. */
  readonly origin: ConnectionOrigin | undefined;
}

/** Where a connection was first seen: by this director, or by the master of its sync daemon. */
export type ConnectionOrigin = 'local' | 'sync';
