import { randomInt } from 'node:crypto';
import type { DnsProbe } from '../../config/checks.ts';
import type { Attempt } from '../attempt.ts';
import { CheckFailure, type Passed } from '../check-result.ts';
import { Conversation } from '../conversation.ts';
import type { Endpoint, Transport } from '../transport.ts';
import { type DnsAnswer, dnsQuestion, readDnsAnswer } from './dns-message.ts';
import { UdpConversation } from './udp-conversation.ts';

/** A question is answered with one of the codes that are expected. */
export async function checkDns(
  probe: DnsProbe,
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<Passed> {
  const question = dnsQuestion(randomInt(0x10000), probe.name, probe.record);
  const ask = probe.transport === 'udp' ? askOverUdp : askOverTcp;
  const { code, answers } = await ask(question, endpoint, attempt, transport);
  const said = typeof code === 'number' ? `response code ${code}` : code;
  if (!(probe.responseCodes as readonly unknown[]).includes(code)) {
    throw new CheckFailure('L7STS', `${said}, expected ${probe.responseCodes.join(', ')}`);
  }
  return { code: 'L7OK', detail: `${said}, ${answers} answers` };
}

async function askOverUdp(
  question: Buffer,
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<DnsAnswer> {
  const conversation = new UdpConversation(await transport.udp(endpoint, attempt), attempt);
  attempt.phase = 'L7';
  conversation.send(question);
  for (;;) {
    // Others may send as well: what is no answer to this question is passed over.
    const answer = readDnsAnswer(await conversation.read(), question);
    if (answer !== undefined) return answer;
  }
}

async function askOverTcp(
  question: Buffer,
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<DnsAnswer> {
  const conversation = new Conversation(await transport.connect(endpoint, attempt), attempt);
  attempt.phase = 'L7';
  const length = Buffer.alloc(2);
  length.writeUInt16BE(question.length);
  conversation.send(Buffer.concat([length, question]));
  const size = (await conversation.readBytes(2)).readUInt16BE(0);
  const answer = readDnsAnswer(await conversation.readBytes(size), question);
  if (answer === undefined)
    throw new CheckFailure('L7RSP', 'what came is no answer to the question');
  return answer;
}
