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
  const detail = socket.getProtocol() ?? 'TLS';
  // Our last words of the handshake are on their way: a server would log that we broke it off.
  const ended = new Promise<void>((resolve) => socket.end(resolve));
  await Promise.race([ended, attempt.cut]);
  return { code: 'L6OK', detail, warning };
}
