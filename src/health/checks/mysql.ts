import type { Attempt } from '../attempt.ts';
import { CheckFailure, type Passed, quote } from '../check-result.ts';
import { Conversation } from '../conversation.ts';
import type { Endpoint, Transport } from '../transport.ts';

const longestPacket = 4096;
const protocolVersion = 10;
const errorPacket = 0xff;

/** The server greets with its handshake, version 10: MySQL since 3.21, MariaDB, and those alike. */
export async function checkMysql(
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<Passed> {
  const conversation = new Conversation(await transport.connect(endpoint, attempt), attempt);
  attempt.phase = 'L7';
  const header = await conversation.readBytes(4);
  const length = header.readUIntLE(0, 3);
  if (length === 0 || length > longestPacket || header[3] !== 0) {
    throw new CheckFailure(
      'L7RSP',
      `${quote(header.toString('latin1'))} begins no MySQL handshake`,
    );
  }
  const packet = await conversation.readBytes(length);
  if (packet[0] === errorPacket && packet.length >= 3) {
    const message = packet.toString('latin1', 3);
    throw new CheckFailure('L7STS', `MySQL error ${packet.readUInt16LE(1)}: ${quote(message)}`);
  }
  const end = packet.indexOf(0, 1);
  if (packet[0] !== protocolVersion || end < 0) {
    throw new CheckFailure('L7RSP', `MySQL protocol ${packet[0]}, expected ${protocolVersion}`);
  }
  return { code: 'L7OK', detail: `version ${quote(packet.toString('latin1', 1, end), 40)}` };
}
