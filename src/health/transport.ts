import type { Socket as UdpSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import type { Attempt } from './attempt.ts';

/** Where packets go to, and how they leave. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** The address to send from. Default: the one that the routes choose. */
  readonly source?: string | undefined;
  /** What packets are marked with (SO_MARK). */
  readonly mark?: number | undefined;
}

/**
 * How checks reach servers.
 *
 * All of it fails with a CheckFailure: `L4CON` when the server refuses or cannot be reached,
 * `SOCKERR` when this machine is in the way. What is opened is closed when the attempt is over.
 */
export interface Transport {
  /** Makes a TCP connection, and closes it. */
  probe(endpoint: Endpoint, attempt: Attempt): Promise<void>;
  /** Makes a TCP connection. The socket is connected: there is no `connect` event to come. */
  connect(endpoint: Endpoint, attempt: Attempt): Promise<Socket>;
  /** A UDP socket that sends to one endpoint and hears of it alone, ICMP errors included. */
  udp(endpoint: Endpoint, attempt: Attempt): Promise<UdpSocket>;
  /** Sends an ICMP echo request, and waits for its answer. */
  ping(endpoint: Endpoint, attempt: Attempt): Promise<void>;
}
