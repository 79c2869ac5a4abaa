import type { Socket as UdpSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { Ipvs } from '../../src/index.ts';
import { NetworkNamespace } from '../../src/net/namespace.ts';
import { Network } from '../../src/net/network.ts';
import { bindUdp, type ConnectOptions, connect, listen } from '../../src/net/transport.ts';

/** A namespace that is client, director and real server in one, with all their addresses on `lo`. */
export interface LocalDirector {
  readonly netns: string;
  readonly network: Network;
  readonly ipvs: Ipvs;
  /** Accepts TCP connections and answers what it is sent with the same. */
  serve(address: string, port: number): Promise<void>;
  /** A connection that lasts as long as the test. */
  connect(options: Omit<ConnectOptions, 'netns'>): Promise<Socket>;
  /** A UDP socket that lasts as long as the test. */
  bindUdp(address: string, port: number): Promise<UdpSocket>;
}

let made = 0;

/** Makes one for the test that is running; it goes at its end. */
export async function localDirector(...addresses: readonly string[]): Promise<LocalDirector> {
  const netns = `lvskit-director-${process.pid}-${++made}`;
  const namespace = await NetworkNamespace.create(netns);
  onTestFinished(() => namespace.remove());
  const network = await Network.open({ netns });
  onTestFinished(() => network.close());
  for (const address of addresses) await network.addresses.add({ link: 'lo', address });
  const ipvs = await Ipvs.open({ netns });
  // The name alone would not end the namespace, whose connections take minutes to time out.
  onTestFinished(async () => {
    await ipvs.flush();
    await ipvs.close();
  });
  return {
    netns,
    network,
    ipvs,
    serve: async (address, port) => {
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.pipe(socket);
      });
      await listen(server, { netns, address, port });
      onTestFinished(() => {
        for (const socket of sockets) socket.destroy();
        server.close();
      });
    },
    connect: async (options) => {
      const socket = await connect({ netns, timeoutMs: 5000, ...options });
      onTestFinished(() => {
        socket.destroy();
      });
      return socket;
    },
    bindUdp: async (address, port) => {
      const socket = await bindUdp({ netns, address, port });
      onTestFinished(() => {
        socket.close();
      });
      return socket;
    },
  };
}
