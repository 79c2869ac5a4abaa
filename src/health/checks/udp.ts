import type { BytesExpectation, UdpProbe } from '../../config/checks.ts';
import type { Attempt } from '../attempt.ts';
import { CheckFailure, type Passed } from '../check-result.ts';
import type { Endpoint, Transport } from '../transport.ts';
import { matches } from './expectation.ts';
import { UdpConversation } from './udp-conversation.ts';

/**
 * A datagram is answered as expected. Where no answer is expected, silence is a pass: only an ICMP
 * error, which says that nobody is there, fails. Such errors are waited for until the time-out.
 */
export async function checkUdp(
  { send, expect }: UdpProbe,
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<Passed> {
  const conversation = new UdpConversation(await transport.udp(endpoint, attempt), attempt);
  attempt.phase = 'L7';
  conversation.send(send);
  if (expect === undefined) attempt.silence = { code: 'L4OK', detail: 'no ICMP error' };
  const answer = await conversation.read();
  if (expect === undefined || isAsExpected(expect, answer))
    return { code: 'L7OK', detail: `${answer.length} bytes` };
  throw new CheckFailure('L7STS', `${answer.length} bytes came, not those expected`);
}

function isAsExpected(expect: BytesExpectation, answer: Buffer): boolean {
  return expect.type === 'contains'
    ? answer.includes(Buffer.from(expect.bytes))
    : matches(expect.pattern, answer.toString());
}
