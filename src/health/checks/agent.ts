import { parseAgentReply } from '../agent-words.ts';
import type { Attempt } from '../attempt.ts';
import { type Passed, quote } from '../check-result.ts';
import { Conversation } from '../conversation.ts';
import type { Endpoint, Transport } from '../transport.ts';

const longestLine = 1024;

/** Asks an agent on the server, which speaks as soon as it is connected to. */
export async function checkAgent(
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<Passed> {
  const conversation = new Conversation(await transport.connect(endpoint, attempt), attempt);
  attempt.phase = 'L7';
  const line = await conversation.readLine(longestLine, true);
  const agent = parseAgentReply(line);
  const [unknown] = agent.unknown;
  return {
    code: 'L7OK',
    detail: line,
    agent,
    warning:
      unknown === undefined ? undefined : `the agent says ${quote(unknown)}, which means nothing`,
  };
}
