import type { Duplex } from 'node:stream';
import type { GrpcProbe } from '../../config/checks.ts';
import type { Attempt } from '../attempt.ts';
import { CheckFailure, type Passed, quote } from '../check-result.ts';
import type { Endpoint, Transport } from '../transport.ts';
import { grpcFrame, healthRequest, readHealthResponse } from './grpc-message.ts';
import { exchangeHttp2 } from './http2-exchange.ts';
import { connectSecurely } from './secure.ts';

/** What gRPC's status numbers mean that a server without health is likely to send. */
const statusNames: Readonly<Record<string, string>> = {
  '5': ': it does not know that service',
  '12': ': it has no health service',
  '14': ': unavailable',
  '16': ': it wants credentials',
};

/** `grpc.health.v1.Health/Check` says SERVING. */
export async function checkGrpc(
  probe: GrpcProbe,
  endpoint: Endpoint,
  attempt: Attempt,
  transport: Transport,
): Promise<Passed> {
  let stream: Duplex;
  let warning: string | undefined;
  if (probe.tls === undefined) {
    stream = await transport.connect(endpoint, attempt);
  } else {
    const secured = await connectSecurely(probe.tls, endpoint, attempt, transport, ['h2']);
    ({ socket: stream, warning } = secured);
    if (secured.socket.alpnProtocol !== 'h2') {
      throw new CheckFailure('L6RSP', 'the server did not agree on HTTP/2');
    }
  }
  attempt.phase = 'L7';
  const headers = {
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    ':scheme': probe.tls === undefined ? 'http' : 'https',
    ':authority': probe.host,
    'content-type': 'application/grpc',
    'user-agent': 'lvskit',
    te: 'trailers',
  };
  const content = grpcFrame(healthRequest(probe.service));
  const answer = await exchangeHttp2(stream, headers, content, attempt, true);
  if (answer.status !== 200) {
    throw new CheckFailure('L7STS', `HTTP status ${answer.status}, expected 200`);
  }
  // An answer without a body has its trailers in place of its headers.
  const status = answer.trailers['grpc-status'] ?? answer.headers['grpc-status'];
  if (status !== '0') {
    const name = statusNames[String(status)] ?? '';
    const words =
      status === undefined ? 'no gRPC status' : `gRPC status ${quote(String(status), 20)}`;
    throw new CheckFailure('L7STS', `${words}${name}`);
  }
  const serving = readHealthResponse(answer.body);
  if (serving !== 'SERVING') throw new CheckFailure('L7STS', `the service is ${serving}`);
  return { code: 'L7OK', detail: 'SERVING', warning };
}
