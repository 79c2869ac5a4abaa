import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createConnection, isIPv6, type Socket } from 'node:net';
import { errnoName } from '../errors.ts';
import type { Attempt } from './attempt.ts';
import { CheckFailure } from './check-result.ts';
import type { Endpoint, Transport } from './transport.ts';

/** The server's own doing, by the names of the system's errors. Others are this machine's. */
const refusals: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  EHOSTDOWN: 'host is down',
  ETIMEDOUT: 'connection timed out',
  EACCES: 'forbidden by a route or firewall rule',
  EPERM: 'forbidden by a firewall rule',
};

/** What a connection failed of. */
export function connectFailure(error: unknown): CheckFailure {
  if (error instanceof CheckFailure) return error;
  const name = nameOf(error);
  const words = name === undefined ? undefined : refusals[name];
  const options = { cause: error };
  if (words !== undefined) return new CheckFailure('L4CON', words, options);
  const message = error instanceof Error ? error.message : String(error);
  return new CheckFailure('SOCKERR', message, options);
}

/** The sockets of Node, which can be neither marked nor made for ICMP. */
export const systemTransport: Transport = {
  async probe(endpoint, attempt) {
    const socket = await connect(endpoint, attempt);
    socket.resetAndDestroy();
  },
  connect,
  udp,
  async ping() {
    throw new CheckFailure('SOCKERR', 'ICMP needs the native transport');
  },
};

async function connect(endpoint: Endpoint, attempt: Attempt): Promise<Socket> {
  refuseMark(endpoint);
  const { address, port, source } = endpoint;
  const socket = createConnection({
    host: address,
    port,
    ...(source !== undefined && { localAddress: source }),
  });
  // Whoever talks over it listens too; an error at another time must not end the director.
  socket.on('error', () => {});
  attempt.defer(() => socket.destroy());
  socket.setNoDelay(true);
  await Promise.race([happens(socket, 'connect'), attempt.cut]);
  return socket;
}

async function udp(endpoint: Endpoint, attempt: Attempt): Promise<UdpSocket> {
  refuseMark(endpoint);
  const socket = createSocket(isIPv6(endpoint.address) ? 'udp6' : 'udp4');
  socket.on('error', () => {});
  attempt.defer(() => socket.close());
  if (endpoint.source !== undefined) {
    socket.bind(0, endpoint.source);
    await Promise.race([happens(socket, 'listening'), attempt.cut]);
  }
  socket.connect(endpoint.port, endpoint.address);
  await Promise.race([happens(socket, 'connect'), attempt.cut]);
  return socket;
}

function happens(socket: Socket | UdpSocket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(connectFailure(error));
    socket.once('error', failed);
    socket.once(event, () => {
      socket.off('error', failed);
      resolve();
    });
  });
}

function refuseMark({ mark }: Endpoint): void {
  if (mark !== undefined) throw new CheckFailure('SOCKERR', 'marks need the native transport');
}

function nameOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errno } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  return typeof errno === 'number' ? errnoName(Math.abs(errno)) : undefined;
}
