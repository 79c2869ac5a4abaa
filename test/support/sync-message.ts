import { parseIp } from '../../src/net/ip.ts';

/** What a master sends of one IPv4 connection. */
export interface SyncedConnection {
  readonly client: string;
  readonly clientPort: number;
  readonly virtual: string;
  readonly virtualPort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** By number; TCP and established unless it is said. */
  readonly protocol?: number | undefined;
  readonly state?: number | undefined;
}

const headerSize = 8;
const connectionSize = 36;
const tcp = 6;
const established = 1;
const directRouting = 3;

/** As many connections as fit one datagram. */
export const connectionsPerMessage = 40;

/** A datagram of the connection synchronisation protocol, version 1, for established connections. */
export function syncMessage(connections: readonly SyncedConnection[]): Buffer {
  const message = Buffer.alloc(headerSize + connections.length * connectionSize);
  message.writeUInt16BE(message.length, 2);
  message.writeUInt8(connections.length, 4);
  message.writeInt8(1, 5);
  for (const [index, connection] of connections.entries()) {
    const at = headerSize + index * connectionSize;
    message.writeUInt8(connection.protocol ?? tcp, at + 1);
    message.writeUInt16BE(connectionSize, at + 2);
    message.writeUInt32BE(directRouting, at + 4);
    message.writeUInt16BE(connection.state ?? established, at + 8);
    message.writeUInt16BE(connection.clientPort, at + 10);
    message.writeUInt16BE(connection.virtualPort, at + 12);
    message.writeUInt16BE(connection.destinationPort, at + 14);
    message.writeUInt32BE(900, at + 20);
    message.set(parseIp(connection.client).bytes, at + 24);
    message.set(parseIp(connection.virtual).bytes, at + 28);
    message.set(parseIp(connection.destination).bytes, at + 32);
  }
  return message;
}
