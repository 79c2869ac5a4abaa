import type { Duplex } from 'node:stream';
import type { HttpProbe } from '../../config/checks.ts';
import type { Attempt } from '../attempt.ts';
import { CheckFailure, type Passed } from '../check-result.ts';
import { Conversation } from '../conversation.ts';
import type { Endpoint, Transport } from '../transport.ts';
import { demandBody, demandStatus } from './expectation.ts';
import { HttpResponse } from './http-response.ts';
import { exchangeHttp2 } from './http2-exchange.ts';
import { connectSecurely } from './secure.ts';

/** A request is answered with a status, and a body, as expected. */
export async function checkHttp(
  probe: HttpProbe,
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<Passed> {
  const { tls, http2 } = probe;
  let stream: Duplex;
  let warning: string | undefined;
  if (tls === undefined) {
    stream = await transport.connect(endpoint, attempt);
  } else {
    const protocols = [http2 ? 'h2' : 'http/1.1'];
    const secured = await connectSecurely(tls, endpoint, attempt, transport, protocols);
    if (http2 && secured.socket.alpnProtocol !== 'h2') {
      throw new CheckFailure('L6RSP', 'the server did not agree on HTTP/2');
    }
    stream = secured.socket;
    warning = secured.warning;
  }
  attempt.phase = 'L7';
  const answer = http2
    ? await requestHttp2(probe, stream, attempt)
    : await requestHttp1(probe, stream, attempt);
  demandStatus(answer.status, probe.statuses);
  if (probe.body !== undefined) demandBody(probe.body, answer.body, answer.isCut);
  return { code: 'L7OK', detail: `HTTP status ${answer.status}`, warning };
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly isCut: boolean;
}

async function requestHttp1(probe: HttpProbe, stream: Duplex, attempt: Attempt): Promise<Answer> {
  const conversation = new Conversation(stream, attempt);
  conversation.send(requestText(probe));
  const { method, body } = probe;
  const response = new HttpResponse({ method, wantsBody: body !== undefined });
  while (!response.isComplete) {
    const chunk = await conversation.read();
    if (chunk === undefined) response.end();
    else response.push(chunk);
  }
  return { status: response.status ?? 0, body: response.body, isCut: response.isCut };
}

/** The headers that a request has beyond `host`; those of the configuration take their place. */
function headersOf({ headers }: HttpProbe): ReadonlyMap<string, string> {
  return new Map([
    ['user-agent', 'lvskit'],
    ['accept', '*/*'],
    // Nothing is decompressed here.
    ['accept-encoding', 'identity'],
    ...headers.map(({ name, value }) => [name, value] as const),
  ]);
}

function requestText(probe: HttpProbe): string {
  const lines = [`${probe.method} ${probe.path} HTTP/1.1`, `host: ${probe.host}`];
  for (const [name, value] of headersOf(probe)) lines.push(`${name}: ${value}`);
  if (probe.method === 'POST') lines.push('content-length: 0');
  return `${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`;
}

async function requestHttp2(probe: HttpProbe, stream: Duplex, attempt: Attempt): Promise<Answer> {
  const { method, path, host, tls, body } = probe;
  const headers = {
    ':method': method,
    ':path': path,
    ':scheme': tls === undefined ? 'http' : 'https',
    ':authority': host,
    ...Object.fromEntries(headersOf(probe)),
  };
  const {
    status,
    body: received,
    isCut,
  } = await exchangeHttp2(stream, headers, undefined, attempt, body !== undefined);
  return { status, body: received, isCut };
}
