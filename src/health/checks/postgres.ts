import type { Attempt } from '../attempt.ts';
import { CheckFailure, type Passed, quote } from '../check-result.ts';
import { Conversation } from '../conversation.ts';
import type { Endpoint, Transport } from '../transport.ts';

const longestMessage = 8192;
const protocolVersion = 3 << 16;
const user = 'lvskit';

/**
 * Errors of a server that takes no clients now: it starts or stops, or is full. With any other it
 * speaks its protocol, and has just never heard of us.
 */
const notNow: readonly string[] = ['57P03', '57P01', '57P02', '53300', '53400'];

/** The server answers a request to start: by asking who we are, or by an error that shows it is up. */
export async function checkPostgres(
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<Passed> {
  const conversation = new Conversation(await transport.connect(endpoint, attempt), attempt);
  attempt.phase = 'L7';
  conversation.send(startupMessage());
  const header = await conversation.readBytes(5);
  const type = String.fromCharCode(header[0] ?? 0);
  const length = header.readUInt32BE(1);
  if (!'RE'.includes(type) || length < 8 || length > longestMessage) {
    throw new CheckFailure(
      'L7RSP',
      `${quote(header.toString('latin1'))} begins no PostgreSQL answer`,
    );
  }
  const body = await conversation.readBytes(length - 4);
  if (type === 'R') return { code: 'L7OK', detail: `authentication ${body.readUInt32BE(0)}` };
  const fields = new Map(
    body
      .toString('latin1')
      .split('\0')
      .map((field) => [field.slice(0, 1), field.slice(1)]),
  );
  const state = fields.get('C') ?? '';
  const words = `SQLSTATE ${quote(state, 10)}: ${quote(fields.get('M') ?? '')}`;
  if (!/^[0-9A-Z]{5}$/.test(state)) throw new CheckFailure('L7RSP', words);
  if (notNow.includes(state)) throw new CheckFailure('L7STS', words);
  return { code: 'L7OK', detail: words };
}

function startupMessage(): Buffer {
  const parameters = Buffer.from(`user\0${user}\0application_name\0${user}\0\0`);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(header.length + parameters.length, 0);
  header.writeUInt32BE(protocolVersion, 4);
  return Buffer.concat([header, parameters]);
}
