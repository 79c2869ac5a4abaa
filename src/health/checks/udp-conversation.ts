import type { Socket } from 'node:dgram';
import type { Attempt } from '../attempt.ts';
import { CheckFailure } from '../check-result.ts';

/** So many datagrams wait to be read; others are dropped, as networks do. */
const mostUnread = 8;

/** Talks with a server in datagrams, over a socket that is connected to it. */
export class UdpConversation {
  readonly #socket: Socket;
  readonly #attempt: Attempt;
  readonly #unread: Buffer[] = [];
  #failure: CheckFailure | undefined;
  #wake: () => void = () => {};

  constructor(socket: Socket, attempt: Attempt) {
    this.#socket = socket;
    this.#attempt = attempt;
    socket.on('message', (message: Buffer) => {
      if (this.#unread.length < mostUnread) this.#unread.push(message);
      this.#wake();
    });
    socket.on('error', (error) => this.#fail(error));
  }

  send(data: Uint8Array): void {
    this.#socket.send(data, (error) => {
      if (error !== null) this.#fail(error);
    });
  }

  /** The next datagram. Fails when an ICMP error comes back instead. */
  async read(): Promise<Buffer> {
    for (;;) {
      const message = this.#unread.shift();
      if (message !== undefined) return message;
      if (this.#failure !== undefined) throw this.#failure;
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([woken, this.#attempt.cut]);
    }
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#failure ??=
      error.code === 'ECONNREFUSED'
        ? new CheckFailure('L4CON', 'port unreachable', { cause: error })
        : new CheckFailure('SOCKERR', error.message, { cause: error });
    this.#wake();
  }
}
