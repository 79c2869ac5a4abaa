import type { AddressFamily } from './ip.ts';
import type { RouteProtocol, RouteTable } from './route-names.ts';

/**
 * What a rule does with a packet that it is for: looks up `table`, goes on with the rule of the
 * priority `target`, nothing, or drops it without (`blackhole`) or with word to its sender.
 */
export type RuleAction = 'lookup' | 'goto' | 'nop' | 'blackhole' | 'unreachable' | 'prohibit';

/** From the first to the last, both included. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/** Which packets a rule is for: those that have all of what is given. */
export interface RuleSelector {
  /** Needed only when neither `from` nor `to` tells it. */
  readonly family?: AddressFamily;
  /** Rules are asked by rising priority, 0 to 2^32-1. Default in an addition: before all others. */
  readonly priority?: number;
  /** The prefix it comes from. */
  readonly from?: string;
  /** The prefix it goes to. */
  readonly to?: string;
  /** The link a packet came in by; `lo` for packets of this machine's own. */
  readonly inputLink?: string;
  /** The link a socket is bound to. */
  readonly outputLink?: string;
  /** 0 to 4294967295. */
  readonly firewallMark?: number;
  /** The bits of the mark that count. Default all. */
  readonly firewallMask?: number;
  /** The TOS byte, 0 to 255. */
  readonly tos?: number;
  /** Number of the protocol, such as 6 for TCP (since Linux 4.17, as are ports). */
  readonly transport?: number;
  readonly sourcePorts?: NumberRange;
  readonly destinationPorts?: NumberRange;
  /** Users whose sockets send. */
  readonly users?: NumberRange;
}

/** Which rule is meant: what is given has to match, the rest may be anything. */
export interface RuleKey extends RuleSelector {
  readonly table?: RouteTable;
  readonly action?: RuleAction;
  /** Who made it. */
  readonly protocol?: RouteProtocol;
}

/** A rule to be added: `table` for `lookup`, `target` for `goto`. */
export interface RuleConfig extends RuleSelector {
  /** Default `goto` with a target, else `lookup`. */
  readonly action?: RuleAction;
  /** Default `main`. */
  readonly table?: RouteTable;
  /** The priority of the rule to go on with, larger than this one's. */
  readonly target?: number;
  /** For the packets that do not have what is given. Default false. */
  readonly not?: boolean;
  /** `lookup`: takes no route found whose prefix is this long or shorter. 0 to 128. */
  readonly suppressPrefixLength?: number;
  /** Default `static`. */
  readonly protocol?: RouteProtocol;
}

/** A rule as the kernel has it. */
export interface Rule extends RuleSelector {
  readonly family: AddressFamily;
  readonly priority: number;
  readonly action: RuleAction | number;
  readonly table?: RouteTable;
  readonly target?: number;
  readonly not: boolean;
  readonly suppressPrefixLength?: number;
  readonly protocol: RouteProtocol;
}

/** Which rules to list. */
export interface RuleFilter {
  readonly family?: AddressFamily;
}
