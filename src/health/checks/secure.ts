import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { TlsExpectation } from '../../config/checks.ts';
import type { Attempt } from '../attempt.ts';
import { CheckFailure, quote } from '../check-result.ts';
import type { Endpoint, Transport } from '../transport.ts';

/** A connection with TLS on it. */
export interface Secured {
  readonly socket: TLSSocket;
  /** Said of a certificate that ends soon. */
  readonly warning: string | undefined;
}

const dayMs = 86_400_000;

// Made once: each loads what this system trusts, which takes longer than a check.
let context: SecureContext | undefined;

/** Connects and shakes hands. @param protocols To be agreed on (ALPN), if any. */
export async function connectSecurely(
  expectation: TlsExpectation,
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
  protocols: readonly string[] = [],
): Promise<Secured> {
  const plain = await transport.connect(endpoint, attempt);
  attempt.phase = 'L6';
  context ??= createSecureContext();
  const socket = connect({
    socket: plain,
    secureContext: context,
    rejectUnauthorized: expectation.verify,
    ...(expectation.name !== undefined && { servername: expectation.name }),
    ...(protocols.length > 0 && { ALPNProtocols: [...protocols] }),
  });
  attempt.defer(() => socket.destroy());
  await Promise.race([secured(socket), attempt.cut]);
  const { expiryWarningMs } = expectation;
  return { socket, warning: expiryWarningMs > 0 ? expiry(socket, expiryWarningMs) : undefined };
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(handshakeFailure(error));
    // More than one may come; none may be left without a listener.
    socket.on('error', failed);
    socket.once('close', () => failed(new Error('the server closed the connection early')));
    socket.once('secureConnect', () => resolve());
  });
}

function handshakeFailure(error: NodeJS.ErrnoException & { reason?: string }): CheckFailure {
  const words =
    error.code === 'ECONNRESET'
      ? 'the server reset the connection'
      : (error.reason ?? error.message);
  return new CheckFailure('L6RSP', `TLS: ${words}`, { cause: error });
}

function expiry(socket: TLSSocket, warningMs: number): string | undefined {
  const end = socket.getPeerX509Certificate()?.validTo;
  const at = end === undefined ? Number.NaN : Date.parse(end);
  const left = at - Date.now();
  if (Number.isNaN(left) || left > warningMs) return undefined;
  if (left <= 0) return `the certificate ended on ${quote(String(end))}`;
  return `the certificate ends in ${Math.floor(left / dayMs)} days`;
}
