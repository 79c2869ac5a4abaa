import { connect } from 'node:net';
import { RealServerError } from '../real-server-error.ts';

/**
 * Whether a server takes connections, before a program that would wait for minutes is let go at it.
 *
 * @throws RealServerError `REAL_SERVER_FAILED` that says what is the matter.
 */
export async function knock(
  what: string,
  { host, port }: { readonly host: string; readonly port: number },
  timeoutMs: number,
): Promise<void> {
  const problem = await new Promise<string | undefined>((resolve) => {
    const socket = connect({ host, port });
    const end = (words?: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(words);
    };
    const timer = setTimeout(
      () => end(`it did not answer within ${timeoutMs / 1000} s`),
      timeoutMs,
    );
    socket.on('connect', () => end());
    socket.on('error', (error: NodeJS.ErrnoException) => end(wordsFor(error, host)));
  });
  if (problem === undefined) return;
  throw new RealServerError('REAL_SERVER_FAILED', `cannot reach ${what} at ${host} port ${port}`, [
    problem,
  ]);
}

function wordsFor({ code, message }: NodeJS.ErrnoException, host: string): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${host} has no address`;
    case 'EHOSTUNREACH':
      return 'it does not answer on its network (no route to host)';
    case 'ENETUNREACH':
      return 'this machine has no route to it';
    default:
      return message;
  }
}
