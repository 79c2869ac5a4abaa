import type { Attempt } from '../attempt.ts';
import { CheckFailure, type Passed, quote } from '../check-result.ts';
import { Conversation } from '../conversation.ts';
import type { Endpoint, Transport } from '../transport.ts';

const longestLine = 512;

/** The server answers PING. One that wants a password first is alive as well. */
export async function checkRedis(
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<Passed> {
  const conversation = new Conversation(await transport.connect(endpoint, attempt), attempt);
  attempt.phase = 'L7';
  conversation.send('*1\r\n$4\r\nPING\r\n');
  const line = await conversation.readLine(longestLine);
  if (line === '+PONG') return { code: 'L7OK', detail: 'PONG' };
  if (line.startsWith('-NOAUTH')) return { code: 'L7OK', detail: 'it wants a password' };
  const code = line.startsWith('-') ? 'L7STS' : 'L7RSP';
  throw new CheckFailure(code, `the answer to PING is ${quote(line)}`);
}
