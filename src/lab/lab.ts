import { Ipvs } from '../ipvs/client.ts';
import type { DestinationConfig } from '../ipvs/destination.ts';
import type { Protocol, ServiceConfig, ServiceKey } from '../ipvs/service.ts';
import type { AddressFamily } from '../net/ip.ts';
import { type BuiltNetwork, buildNetwork } from './build.ts';
import { Cleanup } from './cleanup.ts';
import { LabConnection, LabDatagrams, type QuestionOptions } from './client.ts';
import type { LabHost, StepListener } from './host.ts';
import { addDestinationCommand, addServiceCommand } from './ipvsadm-command.ts';
import { provisionRealServer } from './real-server.ts';
import { LabServer, type LabServerOptions, type ServerAnswer } from './server.ts';
import {
  type LabForwarding,
  type LabRole,
  planTopology,
  type Topology,
  type TopologyOptions,
} from './topology.ts';

export interface LabOptions extends TopologyOptions {
  /** Make the real servers real servers. Default true. */
  readonly provision?: boolean | undefined;
  /** Told every step when it has been done. */
  readonly onStep?: StepListener | undefined;
  /** Ends the building early; what was built is taken down. */
  readonly signal?: AbortSignal | undefined;
}

/** A virtual service over all real servers of a lab. */
export interface LabServiceOptions extends ServiceConfig {
  /** Default `tcp`. */
  readonly protocol?: Protocol;
  /** Default: the first VIP. */
  readonly address?: string;
  /** Of the service and of the destinations. Default 80. */
  readonly port?: number;
  /** A service by firewall mark, in place of one by protocol, address and port. */
  readonly firewallMark?: number;
  /** One for each real server. Default: all 1. */
  readonly weights?: readonly number[];
  /** What all destinations have besides; `forwarding` is the lab's unless it says otherwise. */
  readonly destination?: DestinationConfig;
}

/** Whom to ask, and as whom; what is absent is the client asking the first VIP at port 80. */
export type LabQuestion = Partial<QuestionOptions>;

/**
 * A client, a director and real servers: network namespaces of this machine, joined by bridges in
 * another namespace, everything made through the library and gone when the lab is disposed of.
 *
 * Packets stay inside; this process itself, its namespace and its sysctls are left alone. It needs
 * CAP_SYS_ADMIN and CAP_NET_ADMIN, and a kernel with IPVS.
 */
export class Lab implements AsyncDisposable {
  /** Names of the namespaces begin with it, such as `lvs-123` in `lvs-123-client`. */
  readonly name: string;
  readonly topology: Topology;
  /** The client, the director, the router where there is one, the real servers. */
  readonly hosts: readonly LabHost[];
  /** Where the bridges are. */
  readonly switch: LabHost;
  readonly client: LabHost;
  readonly director: LabHost;
  readonly realServers: readonly LabHost[];
  /** The table of the director. */
  readonly ipvs: Ipvs;
  readonly #cleanup: Cleanup;

  private constructor(topology: Topology, network: BuiltNetwork, ipvs: Ipvs, cleanup: Cleanup) {
    this.name = network.name;
    this.topology = topology;
    this.switch = network.switch;
    this.hosts = network.hosts;
    this.client = firstOf(network.hosts, 'client');
    this.director = firstOf(network.hosts, 'director');
    this.realServers = network.hosts.filter((host) => host.role === 'real-server');
    this.ipvs = ipvs;
    this.#cleanup = cleanup;
  }

  /**
   * Builds a lab. Nothing is left of it when that fails half-way.
   *
   * @throws TypeError, RangeError for options that cannot be.
   * @throws NetworkError, IpvsError as the parts of the library throw them.
   */
  static async create(options: LabOptions = {}): Promise<Lab> {
    const topology = planTopology(options);
    const { provision = true, onStep = () => {}, signal } = options;
    const cleanup = new Cleanup();
    try {
      const network = await buildNetwork(topology, { onStep, signal }, cleanup);
      const director = firstOf(network.hosts, 'director');
      const ipvs = await Ipvs.open({ netns: director.netns });
      cleanup.add(() => ipvs.close());
      const lab = new Lab(topology, network, ipvs, cleanup);
      for (const server of provision ? lab.realServers : []) {
        signal?.throwIfAborted();
        await provisionRealServer(server, topology);
      }
      return lab;
    } catch (error) {
      // What stopped the building is what the caller has to know.
      await cleanup.run().catch(() => {});
      throw error;
    }
  }

  get forwarding(): LabForwarding {
    return this.topology.forwarding;
  }
  get family(): AddressFamily {
    return this.topology.family;
  }
  /** The addresses of virtual services, all of them on the director. */
  get vips(): readonly string[] {
    return this.topology.vips;
  }
  /** The first of them. */
  get vip(): string {
    return this.topology.vips[0] ?? '';
  }

  /**
   * Starts a server in a host, inside this process. It ends with the lab.
   *
   * HTTP listens on all addresses of the host. UDP has to answer from the address it was asked at,
   * so it is bound to one: the first VIP, or with NAT the host's own.
   */
  async serve(host: LabHost, options: Partial<LabServerOptions> = {}): Promise<LabServer> {
    const { protocol = 'http', port = 80 } = options;
    const any = this.family === 'ipv4' ? '0.0.0.0' : '::';
    const bound = this.forwarding === 'nat' ? host.address : this.vip;
    const address = options.address ?? (protocol === 'http' ? any : bound);
    const server = await LabServer.start(host, { protocol, port, address });
    this.#cleanup.add(() => server.close());
    host.done(`serves ${protocol === 'http' ? 'HTTP' : 'UDP'} on port ${port}`);
    return server;
  }

  /** Adds a service with all real servers as its destinations. */
  async addService(options: LabServiceOptions = {}): Promise<ServiceKey> {
    const { protocol = 'tcp', address = this.vip, port = 80, firewallMark } = options;
    const { weights, destination: common = {} } = options;
    const config = serviceConfig(options);
    if (weights !== undefined && weights.length !== this.realServers.length) {
      throw new RangeError(
        `weights must be ${this.realServers.length}, one for each real server, not ${weights.length}`,
      );
    }
    const service: ServiceKey =
      firewallMark === undefined
        ? { protocol, address, port }
        : { firewallMark, family: this.family };
    await this.ipvs.add(service, config);
    this.director.note(addServiceCommand(service, config));
    for (const [index, { address: server }] of this.realServers.entries()) {
      const destination = { address: server, port: firewallMark === undefined ? port : 0 };
      const settings = {
        forwarding: this.forwarding,
        ...common,
        ...(weights === undefined ? {} : { weight: weights[index] ?? 1 }),
      };
      await this.ipvs.addDestination(service, destination, settings);
      this.director.note(addDestinationCommand(service, destination, settings));
    }
    this.director.done('balances over all real servers');
    return service;
  }

  /** Makes a TCP connection, asks over it who is there, and keeps it open. */
  connect(question: LabQuestion = {}): Promise<LabConnection> {
    return LabConnection.open(this.#question(question));
  }

  /** Makes a TCP connection, asks over it who is there, and ends it. */
  async request(question: LabQuestion = {}): Promise<ServerAnswer> {
    await using connection = await this.connect(question);
    return connection.answer;
  }

  /** Opens a UDP socket whose questions all come from one port. */
  datagrams(question: LabQuestion = {}): Promise<LabDatagrams> {
    return LabDatagrams.open(this.#question(question));
  }

  /** Takes everything down: servers, sockets, links, namespaces. Twice is no error. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup.run();
  }

  #question(question: LabQuestion): QuestionOptions {
    return { from: this.client, address: this.vip, port: 80, ...question };
  }
}

function firstOf(hosts: readonly LabHost[], role: LabRole): LabHost {
  const found = hosts.find((host) => host.role === role);
  if (found === undefined) throw new Error(`the lab has no ${role}`);
  return found;
}

function serviceConfig(options: LabServiceOptions): ServiceConfig {
  const { protocol, address, port, firewallMark, weights, destination, ...config } = options;
  return config;
}
