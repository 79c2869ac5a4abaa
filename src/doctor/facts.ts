import type { DestinationKey, ForwardingMethod, Tunnel } from '../ipvs/destination.ts';
import type { AddressServiceKey, Persistence, ServiceKey } from '../ipvs/service.ts';
import type { Address } from '../net/address.ts';
import type { AddressFamily } from '../net/ip.ts';
import type { Link } from '../net/link.ts';
import type { Route } from '../net/route.ts';

/** A real server of a service, as the kernel has it, or the configuration. */
export interface ExaminedServer {
  readonly key: Required<DestinationKey>;
  readonly forwarding: ForwardingMethod;
  readonly weight: number;
  readonly tunnel: Tunnel | undefined;
}

export interface ExaminedService {
  readonly key: ServiceKey;
  /** As `lvskit list` names it, such as `tcp 192.0.2.10:80`. */
  readonly text: string;
  readonly scheduler: string;
  readonly persistence: Persistence | undefined;
  readonly servers: readonly ExaminedServer[];
}

/** The director's interfaces, addresses and routes, and the sysctls that matter. */
export interface DirectorFacts {
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  /** Of the table main. */
  readonly routes: readonly Route[];
  readonly sysctls: Sysctls;
}

/** Values of sysctls; those that this kernel does not have are not there. */
export type Sysctls = ReadonlyMap<string, string>;

/** A virtual address, and where it is. */
export interface VipFacts {
  readonly vip: string;
  readonly family: AddressFamily;
  /** Whether the director takes packets for it in. */
  readonly here: boolean;
  /** The addresses of the director that are this one. */
  readonly addresses: readonly Address[];
  /** The interfaces whose network it is in. */
  readonly near: readonly string[];
}

/** The way from the director to a server. */
export interface WayFacts {
  /** Absent when there is no route. */
  readonly link?: string;
  /** The router that it leads through, if any. */
  readonly via?: string;
  /** The largest packet that is known to fit. */
  readonly mtu?: number;
  /** The server is an address of the director itself. */
  readonly local: boolean;
  /** The prefix of the network that director and server have in common, with the director's address. */
  readonly shared?: string;
}

/** Who answered for a virtual address. */
export interface VipHolder {
  readonly mac: string;
  /** Another address of the same machine, where one is known. */
  readonly address?: string;
  readonly kind?: 'server' | 'neighbour';
}

/** What was heard on one interface's network. */
export interface WireAnswer {
  readonly link: string;
  readonly vip: string;
  readonly others: readonly VipHolder[];
}

export interface WireFacts {
  readonly answers: readonly WireAnswer[];
  /** Why a network could not be asked. */
  readonly problems: readonly string[];
}

/** What became of a connection. */
export type Outcome =
  | 'connected'
  | 'refused'
  | 'reset'
  | 'timed-out'
  | 'unreachable'
  | 'not-permitted'
  | 'failed';

/** What became of the connections to one server of a service. */
export interface PathFacts {
  /** To the virtual address, given to this server. */
  readonly path: Outcome;
  /** The director's address that it was made from. */
  readonly from?: string;
  /** To the server's own address. */
  readonly direct: Outcome;
  /** To the server's own address through the tunnel, where the path failed. */
  readonly tunnelled?: Outcome;
  /** Whether answers to others than the director's neighbours were part of the trial. */
  readonly provesWayBack: boolean;
  /** The server's Ethernet address, where it is a neighbour. */
  readonly mac?: string;
}

/** A server of a service with everything that is known of it. */
export interface ServerFacts {
  readonly service: ExaminedService;
  readonly server: ExaminedServer;
  /** Service and server, as findings name them. */
  readonly about: string;
  readonly way: WayFacts;
  readonly trial?: PathFacts;
  /** Why there was no trial. */
  readonly untried?: string;
}

/** How full the kernel's tables are. */
export interface LoadFacts {
  readonly kernel: string;
  /** Active and inactive ones of all destinations. */
  readonly connections: number;
  /** Buckets of the connection table. */
  readonly buckets: number;
}

/** A program that could be at odds with this one. */
export interface ProgramFacts {
  readonly name: string;
  readonly running: boolean;
  /** What starts it with the machine, a file. */
  readonly enabledBy?: string;
}

export function addressKey({ key }: ExaminedService): AddressServiceKey | undefined {
  return key.firewallMark === undefined ? key : undefined;
}

/** A sysctl as a number; undefined where there is none. */
export function numberOf(sysctls: Sysctls, name: string): number | undefined {
  const text = sysctls.get(name);
  return text === undefined ? undefined : Number(text);
}
