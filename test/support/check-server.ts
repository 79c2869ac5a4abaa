import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Probe } from '../../src/config/checks.ts';
import type { CheckResult } from '../../src/health/check-result.ts';
import { systemClock } from '../../src/health/clock.ts';
import { type RunningCheck, runCheck } from '../../src/health/run-check.ts';
import { systemTransport } from '../../src/health/system-transport.ts';
import { FakeClock } from './fake-clock.ts';

const cleanups: (() => Promise<void>)[] = [];

/** Closes every server, with all its connections: for `afterEach`. */
export async function closeServers(): Promise<void> {
  for (const cleanup of cleanups.splice(0)) await cleanup();
}

/** Listens on the loopback with any server made of TCP; resolves to its port. */
export async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

/** A server that does with each connection what it is told to. */
export async function serve(talk: (socket: Socket) => void): Promise<number> {
  return await listening(createServer(talk));
}

/** A server that says something to whoever connects, or answers what is sent first. */
export async function saying(answer: string | Buffer, after: 'connect' | 'data' = 'connect') {
  return await serve((socket) => {
    if (after === 'connect') socket.write(answer);
    else socket.once('data', () => socket.write(answer));
  });
}

/** A UDP socket that answers each datagram; without an answer, a port that takes them silently. */
export async function servingUdp(answer?: (message: Buffer) => readonly Uint8Array[]) {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (message, { port, address }) => {
    for (const part of answer?.(message) ?? []) socket.send(part, port, address);
  });
  cleanups.push(async () => {
    socket.close();
  });
  return socket.address().port;
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** What a check comes to on a port of the loopback, with more time than it should need. */
export async function ask(probe: Probe, port: number, timeoutMs = 10_000): Promise<CheckResult> {
  const context = { clock: systemClock, transport: systemTransport };
  return await runCheck(probe, { address: '127.0.0.1', port }, timeoutMs, context).result;
}

/** A check whose time is up when the clock says so. */
export function askByClock(
  probe: Probe,
  port: number,
): { clock: FakeClock; running: RunningCheck } {
  const clock = new FakeClock();
  const context = { clock, transport: systemTransport };
  return { clock, running: runCheck(probe, { address: '127.0.0.1', port }, 1000, context) };
}

/** A promise that others resolve. */
export function deferred<Value = void>() {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
