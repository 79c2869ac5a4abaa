import type { Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { formatEndpoint } from '../net/ip.ts';
import { bindUdp, connect } from '../net/transport.ts';
import type { LabHost } from './host.ts';
import type { ServerAnswer } from './server.ts';

/** Where to ask, and as whom. */
export interface QuestionOptions {
  /** The host that asks. */
  readonly from: LabHost;
  readonly address: string;
  readonly port: number;
  /** One of the asking host's addresses. Default: the one its routes choose. */
  readonly sourceAddress?: string | undefined;
  readonly sourcePort?: number | undefined;
  /** Firewall mark of the packets, which counts on the asking host only. */
  readonly mark?: number | undefined;
  /** How long to wait for the connection, and for each answer, in milliseconds. Default 5 000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const defaultTimeoutMs = 5_000;

/** Hands out the one connection that there is. */
class OneConnectionAgent extends Agent {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    // TCP's own probes of idle connections would show in the director's packet counters.
    super({ keepAlive: true, keepAliveMsecs: 3_600_000, maxSockets: 1 });
    this.#socket = socket;
  }

  override createConnection(): Duplex {
    return this.#socket;
  }
}

/** A TCP connection of a lab that stays open until it is closed. */
export class LabConnection implements AsyncDisposable {
  /** What was answered first. */
  readonly answer: ServerAnswer;
  readonly socket: Socket;
  readonly #agent: Agent;
  readonly #url: string;
  readonly #timeoutMs: number;

  private constructor(
    socket: Socket,
    agent: Agent,
    answer: ServerAnswer,
    url: string,
    timeoutMs: number,
  ) {
    this.socket = socket;
    this.answer = answer;
    this.#agent = agent;
    this.#url = url;
    this.#timeoutMs = timeoutMs;
  }

  /** Connects and asks once over HTTP. */
  static async open(options: QuestionOptions): Promise<LabConnection> {
    const { from, address, port, sourceAddress, sourcePort, mark, signal } = options;
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    const socket = await connect({
      netns: from.netns,
      address,
      port,
      sourceAddress,
      sourcePort,
      mark,
      timeoutMs,
      signal,
    });
    const agent = new OneConnectionAgent(socket);
    const url = `http://${formatEndpoint(address, port)}/`;
    try {
      const answer = await ask(agent, url, timeoutMs);
      return new LabConnection(socket, agent, answer, url, timeoutMs);
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /** Asks again over the same connection. */
  ask(): Promise<ServerAnswer> {
    return ask(this.#agent, this.#url, this.#timeoutMs);
  }

  /** Ends the connection; done once the kernel was told. */
  async close(): Promise<void> {
    if (this.socket.closed) return;
    const closed = once(this.socket, 'close');
    this.socket.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function ask(agent: Agent, url: string, timeoutMs: number): Promise<ServerAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  const [response] = (await once(get(url, { agent, signal }), 'response')) as [IncomingMessage];
  const body = await text(response);
  if (response.statusCode !== 200) {
    throw new Error(`${url} answered with status ${response.statusCode}`);
  }
  return JSON.parse(body) as ServerAnswer;
}

/** A UDP socket of a lab that sends all its questions from one port to one place. */
export class LabDatagrams implements AsyncDisposable {
  readonly #socket: UdpSocket;
  readonly #options: QuestionOptions;

  private constructor(socket: UdpSocket, options: QuestionOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  static async open(options: QuestionOptions): Promise<LabDatagrams> {
    const { from, sourceAddress = from.address, sourcePort = 0, mark } = options;
    const socket = await bindUdp({
      netns: from.netns,
      address: sourceAddress,
      port: sourcePort,
      mark,
    });
    return new LabDatagrams(socket, options);
  }

  /** Sends a datagram and waits for the one that answers it. */
  async ask(): Promise<ServerAnswer> {
    const { address, port, timeoutMs = defaultTimeoutMs } = this.#options;
    const answer = once(this.#socket, 'message', { signal: AbortSignal.timeout(timeoutMs) });
    this.#socket.send('who answers?\n', port, address);
    const [message] = (await answer) as [Buffer];
    return JSON.parse(message.toString()) as ServerAnswer;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
