import { once } from 'node:events';
import { NetworkError } from '../net/network-error.ts';
import { type ConnectOptions, connect } from '../net/transport.ts';
import type { Outcome } from './facts.ts';

/** Error numbers by which IPv4 and IPv6 pass on that a machine does not take such packets. */
const unreachable = ['ENOPROTOOPT', 'EPROTO', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENONET'];

/** Makes a connection, ends it at once, and says what became of it. */
export async function attempt(options: ConnectOptions): Promise<Outcome> {
  try {
    const socket = await connect(options);
    const closed = once(socket, 'close');
    socket.on('error', () => {});
    // Not by FIN: its packets would come when the helper service is gone, and be dropped.
    socket.resetAndDestroy();
    await closed;
    return 'connected';
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof NetworkError)) throw error;
    return outcomeOf(error);
  }
}

function outcomeOf({ code, errnoName = '' }: NetworkError): Outcome {
  if (code === 'NETWORK_REFUSED') return 'refused';
  if (code === 'NETWORK_TIMEOUT') return 'timed-out';
  if (code === 'NETWORK_NOT_PERMITTED') return 'not-permitted';
  if (code === 'NETWORK_UNREACHABLE' || unreachable.includes(errnoName)) return 'unreachable';
  return errnoName === 'ECONNRESET' ? 'reset' : 'failed';
}

/** Whether a machine that has the address took the packet in. */
export function isAnswer(outcome: Outcome | undefined): boolean {
  return outcome === 'connected' || outcome === 'refused' || outcome === 'reset';
}
