import type { Check, SingleCheck } from '../config/checks.ts';
import type { DeclaredServer } from '../config/director-config.ts';
import { formatDestinationKey } from '../ipvs/destination.ts';
import type { ComparedDestination } from '../ipvs/table-diff.ts';
import {
  type AgentReply,
  type AgentState,
  afterReply,
  agentWeight,
  silentAgent,
} from './agent-words.ts';
import { checkKey, isHealthy, leavesOf } from './check-tree.ts';
import { type CheckState, initialCheckState, nextCheckState } from './rise-fall.ts';
import { nextStepAt, rampFraction, rampStartFor } from './slow-start.ts';

/** What an operator wants of a server, whatever its checks say. */
export interface Override {
  /** `drain`: no new connections. `maint`: out of the table, and not checked. */
  readonly mode: 'ready' | 'drain' | 'maint';
  /** In place of the weight that is configured. */
  readonly weight?: number | undefined;
}

export const noOverride: Override = { mode: 'ready' };

/** One single check of a server, and what it has come to. */
export interface LeafState {
  readonly check: SingleCheck;
  readonly key: string;
  state: CheckState;
  /** What its last result warned of. */
  warning?: string | undefined;
}

/** Where a server begins. */
export interface ServerStart {
  readonly now: number;
  /** The same server before the configuration was loaded again. */
  readonly before?: ServerHealth | undefined;
  /** Its weight in the kernel; undefined when it is not there. */
  readonly found?: number | undefined;
  readonly override?: Override | undefined;
}

/** How a server stands. */
export interface Standing {
  readonly healthy: boolean;
  /** Since when, by the clock; undefined for what was found so. */
  readonly since: number | undefined;
}

/** What is known of one server of a service, and the weight that follows from it. No clock inside. */
export class ServerHealth {
  readonly name: string;
  readonly destination: ComparedDestination;
  readonly leaves: readonly LeafState[];
  /** Whether its last weight stays while it is down: the service panics. */
  kept = false;
  override: Override = noOverride;
  agent: AgentState = silentAgent;
  standing: Standing;
  /** The weight it had when it was last healthy; 0 for one that never was. */
  lastWeight: number;
  readonly #check: Check | undefined;
  readonly #slowStartMs: number;
  /** Since when its weight grows; undefined when it has all of it. */
  #rampSince: number | undefined;
  /** The weight it was found with, until its agent has been asked. */
  #heldWeight: number | undefined;
  readonly #hasAgent: boolean;
  /** Only who has failed starts slowly; who is new has the whole weight at once. */
  #hasFailed = false;

  constructor(
    declared: DeclaredServer,
    slowStartMs: number,
    { now, before, found, override = noOverride }: ServerStart,
  ) {
    const { check, destination } = declared;
    this.destination = destination;
    this.name = formatDestinationKey(destination.key);
    this.#check = check;
    this.#slowStartMs = slowStartMs;
    const checks = leavesOf(check);
    this.#hasAgent = checks.some(({ probe }) => probe.kind === 'agent');
    const expected = override.mode === 'ready' ? (override.weight ?? destination.weight) : 0;
    const initial = initialOf(expected, before, found);
    this.leaves = checks.map((single) => {
      const key = checkKey(single);
      const known = before?.leaves.find((leaf) => leaf.key === key && samePace(leaf.check, single));
      const state = known?.state ?? initialCheckState(initial, single.pace);
      return { check: single, key, state, warning: known?.warning };
    });
    if (before !== undefined) {
      this.kept = before.kept;
      this.override = before.override;
      this.agent = this.#hasAgent ? before.agent : silentAgent;
      this.standing = before.standing;
      this.lastWeight = before.lastWeight;
      this.#hasFailed = before.#hasFailed;
      this.#rampSince = before.#rampSince;
      this.#heldWeight = this.#hasAgent ? before.#heldWeight : undefined;
      this.settle(now);
      return;
    }
    this.override = override;
    this.standing = { healthy: this.#healthyNow(), since: undefined };
    this.lastWeight = found ?? 0;
    this.#hasFailed = initial === 'down';
    if (!found) return;
    if (this.#hasAgent) this.#heldWeight = found;
    else if (slowStartMs > 0) {
      this.#rampSince = rampStartFor(found, destination.weight, slowStartMs, now);
    }
  }

  get healthy(): boolean {
    return this.standing.healthy;
  }

  /** Whether it was brought down by its own agent, which is to be believed. */
  get downByAgent(): boolean {
    return !this.agent.up;
  }

  /** Who has taken it out of service on purpose, if anybody. */
  get mode(): 'ready' | 'drain' | 'maint' {
    const modes = [this.override.mode, this.agent.mode];
    return (
      modes.find((mode) => mode === 'maint') ?? modes.find((mode) => mode === 'drain') ?? 'ready'
    );
  }

  /** The weight it is to have once it is up and has been for long enough. */
  get fullWeight(): number {
    if (this.override.weight !== undefined) return this.override.weight;
    return this.#heldWeight ?? agentWeight(this.destination.weight, this.agent);
  }

  /** Whether it is to take connections as long as it is healthy. */
  get isCapable(): boolean {
    return this.mode === 'ready' && this.fullWeight > 0;
  }

  /** The weight it has while it is healthy. */
  weight(now: number): number {
    const full = this.fullWeight;
    if (this.#rampSince === undefined || full === 0) return full;
    return Math.max(1, Math.round(full * rampFraction(now - this.#rampSince, this.#slowStartMs)));
  }

  /** When its weight grows next by itself; undefined when it does not. */
  nextChangeAt(now: number): number | undefined {
    if (this.#rampSince === undefined || !this.healthy) return undefined;
    return nextStepAt(now - this.#rampSince, this.#slowStartMs, now);
  }

  /** Takes in a result of one of its checks. @returns Whether that check has changed sides. */
  record(leaf: LeafState, passed: boolean, now: number): boolean {
    const was = leaf.state.healthy;
    leaf.state = nextCheckState(leaf.state, passed, leaf.check.pace);
    this.settle(now);
    return leaf.state.healthy !== was;
  }

  /** Takes in what an agent said; undefined when it could not be asked, which changes nothing. */
  recordAgent(leaf: LeafState, reply: AgentReply | undefined, now: number): void {
    leaf.state = { healthy: true, against: 0, checked: true };
    this.#heldWeight = undefined;
    if (reply !== undefined) this.agent = afterReply(this.agent, reply);
    this.settle(now);
  }

  /** Looks whether it has come up or gone down. */
  settle(now: number): void {
    if (this.#rampSince !== undefined && now - this.#rampSince >= this.#slowStartMs) {
      this.#rampSince = undefined;
    }
    const healthy = this.#healthyNow();
    if (healthy === this.healthy) return;
    if (healthy) {
      if (this.#hasFailed && !this.kept && this.#slowStartMs > 0) this.#rampSince = now;
    } else {
      this.#hasFailed = true;
      this.lastWeight = this.weight(now);
      this.#rampSince = undefined;
    }
    this.standing = { healthy, since: now };
  }

  #healthyNow(): boolean {
    const verdicts = this.leaves.map(({ state }) => state.healthy);
    return this.agent.up && isHealthy(this.#check, verdicts);
  }
}

/** What to believe of a check that is new. A server that serves goes on until it has failed. */
function initialOf(
  expected: number,
  before: ServerHealth | undefined,
  found: number | undefined,
): 'up' | 'down' | 'new' {
  if (before !== undefined) return before.healthy ? 'up' : 'new';
  if (found === undefined) return 'new';
  return found > 0 || expected === 0 ? 'up' : 'down';
}

function samePace(one: SingleCheck, other: SingleCheck): boolean {
  return one.pace.rise === other.pace.rise && one.pace.fall === other.pace.fall;
}
