import type { Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { checkInteger, checkObject } from '../check.ts';
import { isNativeError } from '../native/addon.ts';
import { loadAddon } from '../native/load.ts';
import type { NativeDescriptor, NativeSocketOptions } from '../native/system.ts';
import { formatEndpoint, parseIp } from './ip.ts';
import { checkLinkName } from './link-reference.ts';
import {
  type NamespaceReference,
  namespaceArgument,
  namespaceError,
} from './namespace-reference.ts';
import type { Refusals } from './network-error.ts';

// Loaded on use: importing them costs a program that has no sockets a good part of its start.
const netModule = () => process.getBuiltinModule('node:net');
const dgramModule = () => process.getBuiltinModule('node:dgram');

/** What all sockets in a namespace have in common. */
export interface TransportOptions {
  /** The network namespace the socket is made in, and stays in. Default: that of this process. */
  readonly netns?: NamespaceReference | undefined;
  /** An IPv4 or IPv6 address; `0.0.0.0` and `::` are all of the namespace's own. */
  readonly address: string;
  /** 0 to 65535; 0, for a socket that is bound, lets the kernel choose. */
  readonly port: number;
  /**
   * Only through this link (SO_BINDTODEVICE). Link-local IPv6 addresses need it; Node cannot tell
   * such an address of another namespace (`server.address()` throws), so choose the port for them.
   */
  readonly device?: string | undefined;
  /** What the socket's packets are marked with (SO_MARK). Needs CAP_NET_ADMIN. Default: 0. */
  readonly mark?: number | undefined;
}

/** Where to bind a socket. */
export interface BindOptions extends TransportOptions {
  /** With the address `::`, leave IPv4 to others. Default: false. */
  readonly ipv6Only?: boolean | undefined;
  /** Allow an address that the namespace does not have, or not yet. Default: false. */
  readonly freeBind?: boolean | undefined;
}

/** Where to listen for connections. */
export interface ListenOptions extends BindOptions {
  /** How many connections may wait to be accepted. Default: 511. */
  readonly backlog?: number | undefined;
}

/** Whereto and from where to connect. */
export interface ConnectOptions extends TransportOptions {
  /** The address to connect from. Default: the one the kernel chooses by its routes. */
  readonly sourceAddress?: string | undefined;
  /** The port to connect from; 0 lets the kernel choose. Default: 0. */
  readonly sourcePort?: number | undefined;
  /** How long to wait for the connection, in milliseconds. Default: 10 000. */
  readonly timeoutMs?: number | undefined;
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** As for `net.Socket`: leave our side open when the other side ends. Default: false. */
  readonly allowHalfOpen?: boolean | undefined;
}

/**
 * Makes a server (of `node:net`, `node:http` and whatever is made of them) listen inside a network
 * namespace, and resolves to it once it does. Close it as any other.
 *
 * @throws TypeError or RangeError naming the option that is wrong.
 * @throws {@link NetworkError} `NETWORK_BUSY` when the port is taken, `NETWORK_NOT_FOUND` when the
 * namespace has no such address, `NETWORK_NO_DEVICE`, `NETWORK_NOT_PERMITTED`,
 * `NETWORK_NAMESPACE_NOT_FOUND`.
 */
export async function listen<AnyServer extends Server>(
  server: AnyServer,
  options: ListenOptions,
): Promise<AnyServer> {
  if (!(server instanceof netModule().Server)) throw new TypeError('server must be a net.Server');
  checkObject(options, 'options');
  const { backlog = 511, netns } = options;
  checkInteger(backlog, 1, 65_535, 'backlog');
  const { bytes } = checkCommon(options);
  const socket = await refused(`cannot listen on tcp ${nameOf(options)}`, netns, () =>
    loadAddon().listenTcp(
      bytes,
      options.port,
      { ...socketOptions(options), backlog },
      namespaceArgument(netns),
    ),
  );
  return await adopt(socket, (fd) => {
    // Exclusive: in a worker of node:cluster the primary would look for the number among its own.
    server.listen({ fd, backlog, exclusive: true });
    return once(server, 'listening').then(() => server);
  });
}

/**
 * Opens a TCP connection from inside a network namespace. The socket is that of `node:net`, and is
 * connected already: there is no `connect` event to come. No thread of Node's pool waits meanwhile.
 *
 * @throws TypeError or RangeError naming the option that is wrong.
 * @throws {@link NetworkError} `NETWORK_REFUSED` when nobody listens there, `NETWORK_TIMEOUT`,
 * `NETWORK_UNREACHABLE`, `NETWORK_NOT_FOUND` when the namespace does not have `sourceAddress`,
 * `NETWORK_BUSY` when `sourcePort` is taken, `NETWORK_NO_DEVICE`, `NETWORK_NOT_PERMITTED`,
 * `NETWORK_NAMESPACE_NOT_FOUND`.
 */
export async function connect(options: ConnectOptions): Promise<Socket> {
  checkObject(options, 'options');
  const { netns, signal, timeoutMs = 10_000, allowHalfOpen = false } = options;
  checkInteger(timeoutMs, 0, 0x7fffffff, 'timeoutMs');
  const { bytes, family } = checkCommon(options, 1);
  const source = checkSource(options, family);
  signal?.throwIfAborted();
  const descriptor = await refused(`cannot connect to tcp ${nameOf(options)}`, netns, async () => {
    const attempt = loadAddon().connectTcp(
      bytes,
      options.port,
      { ...socketOptions(options), ...source, timeoutMs },
      namespaceArgument(netns),
    );
    signal?.addEventListener('abort', attempt.cancel, { once: true });
    try {
      return await attempt.socket;
    } finally {
      signal?.removeEventListener('abort', attempt.cancel);
    }
  }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
  if (signal?.aborted) {
    descriptor.close();
    throw signal.reason;
  }
  return await adopt(
    descriptor,
    (fd) => new (netModule().Socket)({ fd, readable: true, writable: true, allowHalfOpen }),
  );
}

/**
 * Opens a UDP socket inside a network namespace. It is that of `node:dgram`, and is bound already:
 * there is no `listening` event to come. Close it as any other.
 *
 * @throws As {@link listen}.
 */
export async function bindUdp(options: BindOptions): Promise<UdpSocket> {
  checkObject(options, 'options');
  const { netns } = options;
  const { bytes, family } = checkCommon(options);
  const descriptor = await refused(`cannot bind udp ${nameOf(options)}`, netns, () =>
    loadAddon().bindUdp(bytes, options.port, socketOptions(options), namespaceArgument(netns)),
  );
  return await adopt(descriptor, (fd) => {
    const socket = dgramModule().createSocket(family === 'ipv6' ? 'udp6' : 'udp4');
    socket.bind({ fd, exclusive: true });
    return socket;
  });
}

/** Hands a socket to Node, whose it is from then on, or closes it when Node does not take it. */
async function adopt<Result>(
  descriptor: NativeDescriptor,
  use: (fd: number) => Result | Promise<Result>,
): Promise<Result> {
  try {
    const adopted = use(descriptor.number());
    descriptor.take();
    return await adopted;
  } finally {
    descriptor.close();
  }
}

function nameOf(options: TransportOptions): string {
  return formatEndpoint(options.address, options.port);
}

function checkCommon(options: TransportOptions, lowestPort = 0) {
  const address = parseIp(options.address);
  checkInteger(options.port, lowestPort, 65_535, 'port');
  if (options.mark !== undefined) checkInteger(options.mark, 0, 0xffffffff, 'mark');
  if (options.device !== undefined) checkLinkName(options.device, 'device');
  return address;
}

function checkSource(options: ConnectOptions, family: 'ipv4' | 'ipv6') {
  const { sourceAddress, sourcePort = 0 } = options;
  checkInteger(sourcePort, 0, 65_535, 'sourcePort');
  if (sourceAddress === undefined && sourcePort === 0) return {};
  const any = family === 'ipv6' ? '::' : '0.0.0.0';
  const source = parseIp(sourceAddress ?? any, 'sourceAddress');
  if (source.family !== family) {
    throw new RangeError(
      `sourceAddress ${sourceAddress} is not of the family of ${options.address}`,
    );
  }
  return { sourceAddress: source.bytes, sourcePort };
}

function socketOptions({ mark, device, ipv6Only, freeBind }: BindOptions): NativeSocketOptions {
  return { mark, device, ipv6Only, freeBind };
}

/** What error numbers mean to the call that was refused. */
const meanings: Readonly<Record<string, Refusals>> = {
  bind: {
    EADDRINUSE: { code: 'NETWORK_BUSY', reason: 'the address and port are in use' },
    EADDRNOTAVAIL: { code: 'NETWORK_NOT_FOUND', reason: 'no link has that address' },
    EACCES: {
      code: 'NETWORK_NOT_PERMITTED',
      reason: 'ports this low need the capability CAP_NET_BIND_SERVICE',
    },
    EINVAL: { code: 'NETWORK_INVALID', reason: 'a link-local address needs a device' },
  },
  listen: {
    EADDRINUSE: { code: 'NETWORK_BUSY', reason: 'the address and port are in use' },
  },
  connect: {
    ECONNREFUSED: { code: 'NETWORK_REFUSED', reason: 'nobody listens there' },
    EADDRNOTAVAIL: { code: 'NETWORK_BUSY', reason: 'no source port is free' },
    EADDRINUSE: { code: 'NETWORK_BUSY', reason: 'no source port is free' },
    EACCES: { code: 'NETWORK_NOT_PERMITTED', reason: 'a route or firewall rule forbids it' },
    EPERM: { code: 'NETWORK_NOT_PERMITTED', reason: 'a firewall rule forbids it' },
    EINVAL: { code: 'NETWORK_INVALID', reason: 'a link-local address needs a device' },
  },
  'setsockopt:SO_BINDTODEVICE': {
    EPERM: {
      code: 'NETWORK_NOT_PERMITTED',
      reason: 'choosing the device needs the capability CAP_NET_RAW',
    },
  },
};

async function refused(
  action: string,
  netns: NamespaceReference | undefined,
  work: () => Promise<NativeDescriptor>,
): Promise<NativeDescriptor> {
  try {
    return await work();
  } catch (failure) {
    const call = isNativeError(failure) ? failure.syscall : '';
    throw namespaceError(action, netns, failure, meanings[call]);
  }
}
