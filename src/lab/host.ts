import { NetworkNamespace } from '../net/namespace.ts';
import { Network } from '../net/network.ts';
import { Sysctl } from '../net/sysctl.ts';
import type { LabRole } from './topology.ts';

/** Something that was done to a host, and what one would have typed there to do it. */
export interface LabStep {
  /** Name of the host. */
  readonly host: string;
  /** What the host is or does from then on, such as `holds the VIP on eth0`. */
  readonly summary: string;
  /** The same in the usual commands; the lab itself runs none of them. */
  readonly commands: readonly string[];
}

export type StepListener = (step: LabStep) => void;

export interface HostAddressOptions {
  /** IPv4: the name old tools show it under. */
  readonly label?: string;
  /** IPv6: what this host sends of its own accord does not come from it. Default false. */
  readonly deprecated?: boolean;
}

export interface HostRoute {
  /** A prefix, or `default`. */
  readonly to: string;
  readonly gateway?: string;
  readonly link?: string;
}

/**
 * A machine of a lab: a network namespace with a name. Its methods do something to it and keep in
 * mind the usual command for that, until `done` tells what all of them were for.
 */
export class LabHost implements AsyncDisposable {
  /** Such as `rs1`. */
  readonly name: string;
  readonly role: LabRole | 'switch';
  /** Name of its network namespace, for `netns` everywhere in the library and for `ip netns`. */
  readonly netns: string;
  /** All addresses of its own, without lengths; virtual ones are not among them. */
  readonly addresses: readonly string[];
  /** Links, addresses, routes and neighbours of the host. */
  readonly network: Network;
  readonly sysctl: Sysctl;
  readonly #namespace: NetworkNamespace;
  readonly #onStep: StepListener;
  #commands: string[];

  private constructor(
    identity: Pick<LabHost, 'name' | 'role' | 'addresses'>,
    namespace: NetworkNamespace,
    network: Network,
    onStep: StepListener,
  ) {
    this.name = identity.name;
    this.role = identity.role;
    this.addresses = identity.addresses;
    this.netns = namespace.name;
    this.network = network;
    this.sysctl = new Sysctl({ netns: namespace.name });
    this.#namespace = namespace;
    this.#onStep = onStep;
    this.#commands = [`ip netns add ${namespace.name}`];
  }

  /** Makes the host's namespace; nothing is left of it when that fails. */
  static async create(
    identity: Pick<LabHost, 'name' | 'role' | 'addresses'>,
    netns: string,
    onStep: StepListener,
  ): Promise<LabHost> {
    const namespace = await NetworkNamespace.create(netns);
    try {
      const network = await Network.open({ netns });
      return new LabHost(identity, namespace, network, onStep);
    } catch (error) {
      await namespace.remove();
      throw error;
    }
  }

  /** The address it goes by. */
  get address(): string {
    return this.addresses[0] ?? '';
  }

  /** The link that the address it goes by is on. */
  get link(): string {
    return 'eth0';
  }

  async addAddress(address: string, link: string, options: HostAddressOptions = {}): Promise<void> {
    const { label, deprecated = false } = options;
    const ipv6 = address.includes(':');
    await this.network.addresses.add({
      address,
      link,
      ...(label === undefined ? {} : { label }),
      // Nobody else has it, and waiting to find that out takes seconds.
      ...(ipv6 ? { flags: ['nodad'] as const } : {}),
      ...(deprecated ? { preferredLifetimeSeconds: 0 } : {}),
    });
    const words = [
      label === undefined ? '' : ` label ${label}`,
      ipv6 ? ' nodad' : '',
      deprecated ? ' preferred_lft 0' : '',
    ];
    this.#commands.push(`ip address add ${address} dev ${link}${words.join('')}`);
  }

  async addRoute({ to, gateway, link }: HostRoute): Promise<void> {
    await this.network.routes.add({
      destination: to,
      ...(gateway === undefined ? {} : { via: gateway }),
      ...(link === undefined ? {} : { link }),
    });
    const words = [
      gateway === undefined ? '' : ` via ${gateway}`,
      link === undefined ? '' : ` dev ${link}`,
    ];
    const family = to.includes(':') || gateway?.includes(':') ? ' -6' : '';
    this.#commands.push(`ip${family} route add ${to}${words.join('')}`);
  }

  async setSysctl(name: string, value: string): Promise<void> {
    await this.sysctl.write(name, value);
    this.#commands.push(`sysctl -w ${name}=${value}`);
  }

  async setUp(link: string): Promise<void> {
    await this.network.links.set(link, { up: true });
    this.#commands.push(`ip link set ${link} up`);
  }

  /** Adds a bridge and brings it up. */
  async addBridge(name: string): Promise<void> {
    await this.network.links.add({ kind: 'bridge', name, up: true });
    this.#commands.push(`ip link add ${name} up type bridge`);
  }

  /** Plugs a cable into a bridge of this host and into another host, where the link is `name`. */
  async addCable(port: string, bridge: string, other: LabHost, name: string): Promise<void> {
    await this.network.links.add({
      kind: 'veth',
      name: port,
      up: true,
      master: bridge,
      peer: { name, netns: other.netns },
    });
    // Told by the other host, which is where it makes a difference.
    other.note(
      `ip -n ${this.netns} link add ${port} up master ${bridge} type veth peer name ${name} netns ${other.netns}`,
    );
  }

  /** Keeps in mind the command for what was done by other means. */
  note(command: string): void {
    this.#commands.push(command);
  }

  /** Tells what was done since the last time. */
  done(summary: string): void {
    const commands = this.#commands;
    this.#commands = [];
    this.#onStep({ host: this.name, summary, commands });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.network.close();
    await this.#namespace.remove();
  }
}
