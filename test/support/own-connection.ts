import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { Ipvs, type ServiceConfig } from '../../src/index.ts';
import { connect, listen } from '../../src/net/transport.ts';

/** The service of {@link ownConnection}, whose one destination is 127.9.0.2:8080 by NAT. */
export const ownService = { protocol: 'tcp', address: '127.9.0.1', port: 80 } as const;

/**
 * Makes a service in this process's own network namespace, the only one whose /proc anybody may
 * read, and a connection to it; both go when the test does. Resolves to the client's end.
 */
export async function ownConnection(config: ServiceConfig = {}): Promise<Socket> {
  await using ipvs = await Ipvs.open();
  await ipvs.add(ownService, { scheduler: 'rr', ...config });
  onTestFinished(async () => {
    await using own = await Ipvs.open();
    await own.remove(ownService);
  });
  const [address, port] = ['127.9.0.2', 8080];
  await ipvs.addDestination(ownService, { address, port }, { forwarding: 'nat' });
  const server = await listen(createServer(), { address, port });
  onTestFinished(() => {
    server.close();
  });
  const socket = await connect(ownService);
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}
