import type { SmtpProbe } from '../../config/checks.ts';
import type { Attempt } from '../attempt.ts';
import { CheckFailure, type Passed, quote } from '../check-result.ts';
import { Conversation } from '../conversation.ts';
import type { Endpoint, Transport } from '../transport.ts';

const longestLine = 1024;
const mostLines = 64;

/** The server greets with 220, and answers EHLO with 250. */
export async function checkSmtp(
  probe: SmtpProbe,
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<Passed> {
  const conversation = new Conversation(await transport.connect(endpoint, attempt), attempt);
  attempt.phase = 'L7';
  const greeting = await readReply(conversation);
  demandCode(greeting, '220', 'the greeting');
  conversation.send(`EHLO ${probe.helo}\r\n`);
  demandCode(await readReply(conversation), '250', 'the answer to EHLO');
  // Said for politeness: servers log clients that leave without it.
  conversation.send('QUIT\r\n');
  await conversation.readLine(longestLine).catch(() => {});
  return { code: 'L7OK', detail: greeting };
}

/** The last line of a reply, whose lines before it have a hyphen after the code. */
async function readReply(conversation: Conversation): Promise<string> {
  for (let count = 0; count < mostLines; count++) {
    const line = await conversation.readLine(longestLine);
    if (!/^[2-5]\d\d(?:[ -]|$)/.test(line)) {
      throw new CheckFailure('L7RSP', `${quote(line, 40)} is no SMTP reply`);
    }
    if (line[3] !== '-') return line;
  }
  throw new CheckFailure('L7RSP', `a reply of more than ${mostLines} lines`);
}

function demandCode(line: string, code: string, what: string): void {
  if (line.startsWith(code)) return;
  throw new CheckFailure('L7STS', `${what} is ${quote(line)}, expected ${code}`);
}
