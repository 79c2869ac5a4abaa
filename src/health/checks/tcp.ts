import type { Attempt } from '../attempt.ts';
import type { Passed } from '../check-result.ts';
import type { Endpoint, Transport } from '../transport.ts';

/** A connection comes to be. */
export async function checkTcp(
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<Passed> {
  await transport.probe(endpoint, attempt);
  return { code: 'L4OK', detail: 'connected' };
}
