import type { TlsProbe } from '../../config/checks.ts';
import type { Attempt } from '../attempt.ts';
import type { Passed } from '../check-result.ts';
import type { Endpoint, Transport } from '../transport.ts';
import { connectSecurely } from './secure.ts';

/** A handshake succeeds, and the certificate is as demanded. */
export async function checkTls(
  probe: TlsProbe,
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<Passed> {
  const { socket, warning } = await connectSecurely(probe.tls, endpoint, attempt, transport);
  return { code: 'L6OK', detail: socket.getProtocol() ?? 'TLS', warning };
}
