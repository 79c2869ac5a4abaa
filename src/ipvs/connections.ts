import { checkBoolean, checkObject } from '../check.ts';
import { type NamespaceReference, namespaceArgument } from '../net/namespace-reference.ts';
import type { Connection } from './connection.ts';
import { ConnectionLineReader } from './connection-line.ts';
import { type NamespaceSource, ProcFile, procError } from './proc-file.ts';

const pieceSize = 65_536;

/** How to read the connection table. */
export interface ConnectionsOptions {
  /**
   * Tell which connections came by synchronisation. The kernel then leaves the persistence engine
   * out. Default false.
   */
  readonly origin?: boolean;
}

/** Whose connection table to read, and how. */
export interface ReadConnectionsOptions extends ConnectionsOptions {
  /** Whose table to read. Default: that of the network namespace of this process. */
  readonly netns?: NamespaceReference;
}

/**
 * Streams the connection table (`ipvsadm -Lnc`) without opening {@link Ipvs}: it needs no capability
 * in the namespace of this process, and CAP_SYS_ADMIN to enter another.
 *
 * Connections come in the kernel's order, which means nothing, and are made as they are asked for:
 * a table of a million takes no more memory than one of a thousand. Leaving the loop closes the file.
 * Connections that come and go meanwhile may be missing, or be there twice.
 *
 * Up to Linux 7.0 the kernel starts anew at the first entry for every page that is read, so that the
 * time grows with the square of the table: beyond about 100,000 connections use the counts of
 * `list()`. From 7.1 on it is proportional, but the kernel ends the table early when it resizes it
 * just then; the counts of `list()` tell.
 *
 * @throws IpvsError `IPVS_NOT_AVAILABLE` while the module `ip_vs` is not loaded,
 * `IPVS_NAMESPACE_NOT_FOUND`, `IPVS_NOT_PERMITTED`, `IPVS_UNKNOWN_FORMAT`; these when the first
 * connection is asked for.
 * @throws TypeError, RangeError at once for options that cannot be right.
 */
export function readConnections(
  options: ReadConnectionsOptions = {},
): AsyncIterableIterator<Connection> {
  checkObject(options, 'options');
  const netns = namespaceArgument(options.netns);
  return connectionsIn(() => netns, options);
}

/** The same for a namespace that is given when reading begins. */
export function connectionsIn(
  netns: NamespaceSource,
  options: ConnectionsOptions,
): AsyncIterableIterator<Connection> {
  checkObject(options, 'options');
  const { origin = false } = options;
  checkBoolean(origin, 'origin');
  return stream(netns, origin);
}

async function* stream(netns: NamespaceSource, origin: boolean): AsyncGenerator<Connection> {
  const name = origin ? 'ip_vs_conn_sync' : 'ip_vs_conn';
  try {
    const file = await ProcFile.open(name, netns);
    try {
      const lines = new ConnectionLineReader(origin);
      // One piece is read while the other is used.
      let piece = Buffer.allocUnsafe(pieceSize);
      let other = Buffer.allocUnsafe(pieceSize);
      let reading = file.read(piece);
      for (let size = await reading; size > 0; size = await reading) {
        reading = file.read(other);
        for (const connection of lines.read(piece.subarray(0, size))) yield connection;
        [piece, other] = [other, piece];
      }
      lines.finish();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw procError(error, 'read the connection table', name);
  }
}
