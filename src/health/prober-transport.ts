import type { Socket } from 'node:net';
import type { Attempt } from './attempt.ts';
import { CheckFailure } from './check-result.ts';
import { systemTransport } from './system-transport.ts';
import type { Endpoint, Transport } from './transport.ts';

/** What became of asking, as the prober of `net/` reports it. */
export interface ProbeReport {
  readonly outcome: string;
  /** The symbolic name of the error, if there was one. */
  readonly errnoName: string | undefined;
}

export interface ProbeRequest {
  readonly address: string;
  readonly sourceAddress?: string | undefined;
  readonly mark?: number | undefined;
  readonly timeoutMs: number;
}

/** The part of the prober of `net/` that checks go through. */
export interface ProbeEngine {
  connect(request: ProbeRequest & { readonly port: number }): Promise<ProbeReport>;
  openConnection(
    request: ProbeRequest & { readonly port: number },
  ): Promise<{ readonly result: ProbeReport; readonly socket: Socket | undefined }>;
  echo(request: ProbeRequest): Promise<ProbeReport>;
}

const words: Readonly<Record<string, string>> = {
  refused: 'connection refused',
  reset: 'connection reset',
  unreachable: 'unreachable',
};

/** Connections and echo requests by a prober, which marks them and costs little; UDP by Node. */
export function proberTransport(prober: ProbeEngine): Transport {
  return {
    async probe(endpoint, attempt) {
      const request = { ...requestOf(endpoint, attempt), port: endpoint.port };
      // Its own time-out is the attempt's. When that is called off, nobody waits for the answer.
      demandAnswer(await prober.connect(request));
    },
    async connect(endpoint, attempt) {
      const request = { ...requestOf(endpoint, attempt), port: endpoint.port };
      // It comes to an end by its own time-out when nobody waits any more.
      const opening = prober.openConnection(request).then((opened) => {
        const { socket } = opened;
        socket?.on('error', () => {});
        attempt.defer(() => socket?.destroy());
        return opened;
      });
      const { result, socket } = await Promise.race([opening, attempt.cut]);
      demandAnswer(result);
      if (socket === undefined) throw new CheckFailure('SOCKERR', 'no connection was handed over');
      return socket;
    },
    udp: systemTransport.udp,
    async ping(endpoint, attempt) {
      demandAnswer(await Promise.race([prober.echo(requestOf(endpoint, attempt)), attempt.cut]));
    },
  };
}

function requestOf({ address, source, mark }: Endpoint, attempt: Attempt): ProbeRequest {
  return { address, sourceAddress: source, mark, timeoutMs: attempt.timeLeftMs };
}

function demandAnswer({ outcome, errnoName }: ProbeReport): void {
  if (outcome === 'answered') return;
  const error = errnoName === undefined ? '' : ` (${errnoName})`;
  if (outcome === 'timed-out') throw new CheckFailure('L4TOUT', `no answer in time${error}`);
  const known = words[outcome];
  if (known === undefined) throw new CheckFailure('SOCKERR', `${outcome}${error}`);
  throw new CheckFailure('L4CON', `${known}${error}`);
}
