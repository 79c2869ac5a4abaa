import type { Attempt } from '../attempt.ts';
import type { Passed } from '../check-result.ts';
import type { Endpoint, Transport } from '../transport.ts';

/** An echo request is answered. */
export async function checkIcmp(
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<Passed> {
  await transport.ping(endpoint, attempt);
  return { code: 'L4OK', detail: 'echo answered' };
}
