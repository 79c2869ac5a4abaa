import type { AddressFamily } from '../net/ip.ts';

/** How the director of a lab reaches its real servers. */
export type LabForwarding = 'dr' | 'nat' | 'tun';

export type LabRole = 'client' | 'director' | 'router' | 'real-server';

/** One network: a bridge, and the addresses on it. */
export interface Segment {
  readonly name: 'lan' | 'inner';
  /** Name of its bridge in the switch's namespace. */
  readonly bridge: string;
  /** Such as `192.0.2.0/24`. */
  readonly prefix: string;
  readonly prefixLength: number;
}

/** A host's plug in a segment. */
export interface Attachment {
  /** Name of the interface in the host's namespace. */
  readonly link: string;
  readonly segment: Segment;
  /** Addresses on the interface, without a length; the first is the one the host goes by. */
  readonly addresses: readonly string[];
}

export interface PlannedRoute {
  /** A prefix, or `default`. */
  readonly to: string;
  readonly gateway: string;
}

export interface PlannedHost {
  readonly name: string;
  readonly role: LabRole;
  readonly attachments: readonly Attachment[];
  readonly routes: readonly PlannedRoute[];
  /** Whether it passes on packets that are not for itself. */
  readonly forwards: boolean;
}

/** Everything about a lab that can be known before it is built. */
export interface Topology {
  readonly forwarding: LabForwarding;
  readonly family: AddressFamily;
  readonly segments: readonly Segment[];
  /** In the order client, director, router where there is one, real servers. */
  readonly hosts: readonly PlannedHost[];
  /** Addresses of the virtual services. */
  readonly vips: readonly string[];
}

export interface TopologyOptions {
  /** Default `dr`. */
  readonly forwarding?: LabForwarding;
  /** Default `ipv4`. */
  readonly family?: AddressFamily;
  /** 1 to 89. Default 2. */
  readonly realServers?: number;
  /** Addresses that clients can come from, 1 to 50. Default 1. */
  readonly clientAddresses?: number;
  /** VIPs, 1 to 100. Default 1. */
  readonly virtualAddresses?: number;
}

/** Host numbers within a segment, the same in both. */
const number = { director: 1, router: 2, realServer: 11, vip: 100, client: 200 } as const;

/** Documentation prefixes (RFC 5737, RFC 3849) outside, private ones (RFC 1918, RFC 4193) inside. */
const networks: Readonly<
  Record<AddressFamily, { readonly lan: string; readonly inner: string; readonly length: number }>
> = {
  ipv4: { lan: '192.0.2.', inner: '10.0.0.', length: 24 },
  ipv6: { lan: '2001:db8::', inner: 'fd00::', length: 64 },
};

/**
 * Lays out a lab.
 *
 * - `dr`: one network with everybody on it, since direct routing goes by link-layer address.
 * - `nat`: the real servers on an inner network behind the director, which is their gateway.
 * - `tun`: the real servers on an inner network behind a router, out of reach by link-layer address.
 *
 * @throws TypeError, RangeError naming the option.
 */
export function planTopology(options: TopologyOptions = {}): Topology {
  const forwarding = oneOf(options.forwarding ?? 'dr', ['dr', 'nat', 'tun'], 'forwarding');
  const family = oneOf(options.family ?? 'ipv4', ['ipv4', 'ipv6'], 'family');
  const realServers = count(options.realServers ?? 2, 89, 'realServers');
  const clients = count(options.clientAddresses ?? 1, 50, 'clientAddresses');
  const vips = count(options.virtualAddresses ?? 1, 100, 'virtualAddresses');

  const network = networks[family];
  const segment = (name: Segment['name'], bridge: string): Segment => ({
    name,
    bridge,
    prefix: `${network[name]}${family === 'ipv4' ? '0' : ''}/${network.length}`,
    prefixLength: network.length,
  });
  const lan = segment('lan', 'br0');
  const inner = segment('inner', 'br1');
  const at = (place: Segment, host: number) => `${network[place.name]}${host}`;
  const plug = (link: string, place: Segment, first: number, addresses = 1): Attachment => ({
    link,
    segment: place,
    addresses: Array.from({ length: addresses }, (_, index) => at(place, first + index)),
  });

  const behind = forwarding === 'dr' ? lan : inner;
  const routed = forwarding === 'tun';
  const gateway = forwarding === 'nat' ? number.director : number.router;
  const hosts: PlannedHost[] = [
    {
      name: 'client',
      role: 'client',
      attachments: [plug('eth0', lan, number.client, clients)],
      routes: routed ? [{ to: 'default', gateway: at(lan, number.router) }] : [],
      forwards: false,
    },
    {
      name: 'director',
      role: 'director',
      attachments: [
        plug('eth0', lan, number.director),
        ...(forwarding === 'nat' ? [plug('eth1', inner, number.director)] : []),
      ],
      routes: routed ? [{ to: inner.prefix, gateway: at(lan, number.router) }] : [],
      forwards: forwarding === 'nat',
    },
  ];
  if (routed) {
    hosts.push({
      name: 'router',
      role: 'router',
      attachments: [plug('eth0', lan, number.router), plug('eth1', inner, number.router)],
      routes: [],
      forwards: true,
    });
  }
  for (let index = 0; index < realServers; index++) {
    hosts.push({
      name: `rs${index + 1}`,
      role: 'real-server',
      attachments: [plug('eth0', behind, number.realServer + index)],
      routes: forwarding === 'dr' ? [] : [{ to: 'default', gateway: at(inner, gateway) }],
      forwards: false,
    });
  }
  return {
    forwarding,
    family,
    segments: forwarding === 'dr' ? [lan] : [lan, inner],
    hosts,
    vips: Array.from({ length: vips }, (_, index) => at(lan, number.vip + index)),
  };
}

function oneOf<Choice extends string>(
  value: Choice,
  choices: readonly Choice[],
  what: string,
): Choice {
  if (typeof value !== 'string') throw new TypeError(`${what} must be a string`);
  if (choices.includes(value)) return value;
  throw new RangeError(`${what} must be ${choices.join(', ')}, not ${JSON.stringify(value)}`);
}

function count(value: number, most: number, what: string): number {
  if (typeof value !== 'number') throw new TypeError(`${what} must be a number`);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new RangeError(`${what} must be a whole number from 1 to ${most}, not ${value}`);
}
