import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatEndpoint } from '../net/ip.ts';
import { bindUdp, listen } from '../net/transport.ts';
import type { LabHost } from './host.ts';

/** What a server of a lab answers, as one line of JSON. */
export interface ServerAnswer {
  /** Name of the host that answers. */
  readonly server: string;
  /** Address and port that the question came to, as the server sees it. */
  readonly to: string;
  /** Address and port that it came from, as the server sees it. */
  readonly from: string;
}

export interface LabServerOptions {
  /** Default `http`. */
  readonly protocol?: 'http' | 'udp';
  /** Default 80. */
  readonly port?: number;
  readonly address: string;
}

/** A server inside a host of a lab, run by this very process. */
export class LabServer implements AsyncDisposable {
  readonly host: LabHost;
  readonly address: string;
  readonly port: number;
  /** How many questions it has answered. */
  #answered = 0;
  #stop: () => Promise<void> = async () => {};

  private constructor(host: LabHost, { address, port = 80 }: LabServerOptions) {
    this.host = host;
    this.address = address;
    this.port = port;
  }

  static async start(host: LabHost, options: LabServerOptions): Promise<LabServer> {
    const server = new LabServer(host, options);
    await (options.protocol === 'udp' ? server.#startUdp() : server.#startHttp());
    return server;
  }

  get answered(): number {
    return this.#answered;
  }

  /** Stops listening and ends the connections that are open. */
  close(): Promise<void> {
    return this.#stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #startHttp(): Promise<void> {
    const server: Server = createServer(({ socket }, response) => {
      const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket;
      response.setHeader('content-type', 'application/json');
      response.end(
        this.#answer(
          formatEndpoint(localAddress, localPort),
          formatEndpoint(remoteAddress, remotePort),
        ),
      );
    });
    // Whoever holds a connection open does so for as long as it takes.
    server.keepAliveTimeout = 0;
    const { address, port } = this;
    await listen(server, { netns: this.host.netns, address, port, ipv6Only: true });
    this.#stop = () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
  }

  async #startUdp(): Promise<void> {
    const { address, port } = this;
    const socket = await bindUdp({ netns: this.host.netns, address, port, ipv6Only: true });
    socket.on('message', (_message, from: AddressInfo) => {
      const line = this.#answer(
        formatEndpoint(address, port),
        formatEndpoint(from.address, from.port),
      );
      socket.send(line, from.port, from.address);
    });
    this.#stop = () => new Promise((resolve) => socket.close(resolve));
  }

  #answer(to: string, from: string): string {
    this.#answered++;
    const answer: ServerAnswer = { server: this.host.name, to, from };
    return `${JSON.stringify(answer)}\n`;
  }
}
