import type { Socket } from 'node:net';
import { loadAddon } from '../native/load.ts';
import { networkError } from '../net/network-error.ts';

/** A process, as the kernel vouches for it. */
export interface PeerCredentials {
  readonly uid: number;
  readonly gid: number;
  /** Its further groups (SO_PEERGROUPS). */
  readonly groups: readonly number[];
  /** It may have ended since, and the number be another's: for logs, not for decisions. */
  readonly pid: number;
}

/**
 * Who is at the other end of a connection over a unix socket: the process that connected, as it was
 * when it did (SO_PEERCRED).
 *
 * @param connection A connection that a `net.Server` on a unix socket accepted, or its descriptor.
 * @throws {@link NetworkError} `NETWORK_INVALID` when it is no connection over a unix socket, or is
 * closed already.
 */
export function peerCredentials(connection: Socket | number): PeerCredentials {
  const descriptor = typeof connection === 'number' ? connection : descriptorOf(connection);
  try {
    return loadAddon().peerOf(descriptor);
  } catch (failure) {
    const reason = 'it is no connection over a unix socket';
    const invalid = { code: 'NETWORK_INVALID', reason } as const;
    throw networkError('cannot tell the peer of the socket', failure, {
      ENOTCONN: invalid,
      ENOTSOCK: invalid,
      EBADF: invalid,
      ENOPROTOOPT: invalid,
    });
  }
}

/** Node tells it in no documented way, but has for all its life. */
function descriptorOf(socket: Socket): number {
  const { _handle } = socket as { readonly _handle?: { readonly fd?: unknown } | null };
  const descriptor = _handle?.fd;
  // A number that no descriptor has makes the kernel say what is wrong.
  return typeof descriptor === 'number' && descriptor >= 0 ? descriptor : 0x7fffffff;
}
