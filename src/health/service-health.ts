import type { DeclaredServer, DeclaredService, ServicePolicy } from '../config/director-config.ts';
import { formatDestinationKey as textOf } from '../ipvs/destination.ts';
import type { ComparedService } from '../ipvs/table-diff.ts';
import { sameAgent } from './agent-words.ts';
import type { CheckResult } from './check-result.ts';
import { leavesOf } from './check-tree.ts';
import { describeCheck } from './describe-check.ts';
import { type DesiredService, desiredServer, withWeight } from './desired.ts';
import type { HealthEventDetails, ServiceMode } from './health-event.ts';
import { type LeafState, type Override, ServerHealth } from './server-health.ts';

/** Servers that went down within so long before too many were down belong to the same trouble. */
const collapseMs = 60_000;

/** Where a service begins. */
export interface ServiceStart {
  readonly now: number;
  /** The same service before the configuration was loaded again. */
  readonly before?: ServiceHealth | undefined;
  /** What the kernel has of it; undefined when it has nothing. */
  readonly found?: ComparedService | undefined;
  /** What an operator has wanted of a server before. */
  readonly overrideOf?: ((server: string) => Override | undefined) | undefined;
}

/**
 * The servers of one service together: which of them serve, with which weight, and when the checks
 * are not to be believed. It has no clock and asks nobody; what it is told, it is told with the time.
 */
export class ServiceHealth {
  readonly name: string;
  readonly servers: ReadonlyMap<string, ServerHealth>;
  readonly #policy: ServicePolicy;
  /** How long before a panic a server may have gone down to be kept by it. */
  readonly #collapseMs: number;
  #mode: ServiceMode | undefined;
  #hasQuorum: boolean;
  #panicSince: number | undefined;
  /** What was last told of each server: its health, and since when. */
  readonly #told = new Map<string, { healthy: boolean; since: number | undefined }>();
  readonly #reasons = new Map<string, string>();
  /** Servers that are down since nobody knows better: the first result says whether they are. */
  readonly #unknown = new Set<string>();

  constructor(declared: DeclaredService, { now, before, found, overrideOf }: ServiceStart) {
    const { name, policy, servers } = declared;
    this.name = name;
    this.#policy = policy;
    this.#collapseMs = collapseMs + Math.max(0, ...servers.map(noticeMs));
    const weights = new Map(found?.destinations.map(({ key, weight }) => [textOf(key), weight]));
    this.servers = new Map(
      servers.map((server) => {
        const text = textOf(server.destination.key);
        const health = new ServerHealth(server, policy.slowStartMs, {
          now,
          before: before?.servers.get(text),
          found: weights.get(text),
          override: overrideOf?.(text),
        });
        return [text, health];
      }),
    );
    for (const [text, { healthy }] of this.servers) {
      this.#told.set(text, { healthy, since: undefined });
      if (!healthy && before?.servers.has(text) !== true) this.#unknown.add(text);
    }
    const { fallback } = policy;
    const fellBack = fallback !== undefined && (weights.get(textOf(fallback.key)) ?? 0) > 0;
    this.#hasQuorum = !fellBack;
    if (before !== undefined) this.#succeed(before);
  }

  /**
   * Takes in a result.
   *
   * @returns What has changed by it; undefined when nothing has, which is nearly always.
   */
  record(
    server: ServerHealth,
    leaf: LeafState,
    result: CheckResult,
    now: number,
  ): readonly HealthEventDetails[] | undefined {
    const events: HealthEventDetails[] = [];
    const { warning } = result;
    if (warning !== undefined && warning !== leaf.warning) {
      events.push({ event: 'check-warning', server: server.name, warning });
    }
    leaf.warning = warning;
    const hasChanged =
      leaf.check.probe.kind === 'agent'
        ? this.#recordAgent(server, leaf, result, now, events)
        : this.#recordCheck(server, leaf, result, now, events);
    if (hasChanged) events.push(...this.settle(now));
    return hasChanged || events.length > 0 ? events : undefined;
  }

  /** Sets what an operator wants of a server. */
  override(server: ServerHealth, override: Override, now: number): readonly HealthEventDetails[] {
    server.override = override;
    return this.settle(now);
  }

  /** When something changes by itself, without a result; undefined when nothing will. */
  nextChangeAt(now: number): number | undefined {
    let next: number | undefined;
    for (const server of this.servers.values()) {
      const at = server.nextChangeAt(now);
      if (at !== undefined && (next === undefined || at < next)) next = at;
    }
    return next;
  }

  /** Draws the conclusions from what is known of the servers. */
  settle(now: number): readonly HealthEventDetails[] {
    const events: HealthEventDetails[] = [];
    for (const server of this.servers.values()) {
      server.settle(now);
      const event = this.#tellOf(server, now);
      if (event !== undefined) events.push(event);
    }
    events.push(...this.#judgeQuorum());
    const before = this.#mode;
    this.#mode = this.#judgeMode(now);
    if (before !== undefined && before !== this.#mode) {
      events.push({ event: 'service-mode', before, after: this.#mode });
    }
    return events;
  }

  /** What the kernel is to have now. To be asked after {@link settle}. */
  desired(now: number): DesiredService {
    const mode = this.#mode ?? 'idle';
    const { fallback, onFailure } = this.#policy;
    return {
      name: this.name,
      mode,
      hasQuorum: this.#hasQuorum,
      servers: Array.from(this.servers.values(), (server) =>
        desiredServer(server, mode, onFailure, now),
      ),
      fallback:
        mode === 'fallback' && fallback !== undefined
          ? withWeight(fallback, Math.max(1, fallback.weight))
          : undefined,
    };
  }

  /** The last that was said for a server's being up or down. */
  reasonOf(server: ServerHealth): string | undefined {
    return this.#reasons.get(server.name);
  }

  #succeed(before: ServiceHealth): void {
    this.#hasQuorum = before.#hasQuorum;
    this.#mode = before.#mode;
    this.#panicSince = before.#panicSince;
    for (const name of this.servers.keys()) {
      if (before.#unknown.has(name)) this.#unknown.add(name);
      const told = before.#told.get(name);
      if (told !== undefined) this.#told.set(name, told);
      const reason = before.#reasons.get(name);
      if (reason !== undefined) this.#reasons.set(name, reason);
    }
  }

  #recordCheck(
    server: ServerHealth,
    leaf: LeafState,
    { passed, code, detail }: CheckResult,
    now: number,
    events: HealthEventDetails[],
  ): boolean {
    const hasChanged = server.record(leaf, passed, now);
    const isNews = !passed && !server.healthy && this.#unknown.has(server.name);
    if (isNews || server.healthy) this.#unknown.delete(server.name);
    if (!hasChanged && !isNews) return false;
    const check = describeCheck(leaf.check);
    const event = passed ? 'check-up' : 'check-down';
    events.push({ event, server: server.name, check, code, detail });
    const reason = `${check}: ${detail}`;
    this.#reasons.set(server.name, reason);
    if (isNews) {
      events.push({ event: 'server-down', server: server.name, reason, afterMs: undefined });
      this.#told.set(server.name, { healthy: false, since: now });
    }
    return hasChanged;
  }

  #recordAgent(
    server: ServerHealth,
    leaf: LeafState,
    { agent }: CheckResult,
    now: number,
    events: HealthEventDetails[],
  ): boolean {
    const before = server.agent;
    const weight = server.fullWeight;
    server.recordAgent(leaf, agent, now);
    const after = server.agent;
    const isSame = sameAgent(before, after);
    if (!isSame) events.push({ event: 'agent-changed', server: server.name, before, after });
    if (before.up !== after.up) {
      this.#reasons.set(server.name, after.up ? 'agent: up' : `agent: ${after.reason}`);
    }
    return !isSame || weight !== server.fullWeight;
  }

  #tellOf(server: ServerHealth, now: number): HealthEventDetails | undefined {
    const { healthy, name } = server;
    const told = this.#told.get(name);
    if (told?.healthy === healthy) return undefined;
    this.#told.set(name, { healthy, since: now });
    return {
      event: healthy ? 'server-up' : 'server-down',
      server: name,
      reason: this.#reasons.get(name) ?? 'its checks have changed',
      afterMs: told?.since === undefined ? undefined : now - told.since,
    };
  }

  #judgeQuorum(): readonly HealthEventDetails[] {
    let live = 0;
    let possible = 0;
    for (const server of this.servers.values()) {
      if (!server.isCapable) continue;
      possible += server.fullWeight;
      if (server.healthy) live += server.fullWeight;
    }
    const { weight, hysteresis } = this.#policy.quorum;
    // Nobody can ask for more than there is.
    const enough = Math.min(weight + hysteresis, Math.max(weight, possible));
    const has = live > 0 && live >= (this.#hasQuorum ? weight - hysteresis : enough);
    if (has === this.#hasQuorum) return [];
    this.#hasQuorum = has;
    return [{ event: has ? 'quorum-gained' : 'quorum-lost', weight: live, quorum: weight }];
  }

  #judgeMode(now: number): ServiceMode {
    const { fallback, panicBelow, onAllDown } = this.#policy;
    const capable = [...this.servers.values()].filter(({ isCapable }) => isCapable);
    const live = capable.filter(({ healthy }) => healthy).length;
    const tooFew = live === 0 ? onAllDown === 'keep' : live < capable.length * panicBelow;
    if (this.#keep(capable, capable.length > 0 && tooFew, now)) return 'panic';
    if (fallback !== undefined && (live === 0 || !this.#hasQuorum)) return 'fallback';
    if (capable.length === 0) return 'idle';
    return live === 0 ? 'down' : 'serving';
  }

  /** Marks the servers whose last weights stay. @returns Whether there are any. */
  #keep(capable: readonly ServerHealth[], panics: boolean, now: number): boolean {
    this.#panicSince = panics ? (this.#panicSince ?? now) : undefined;
    const earliest = (this.#panicSince ?? now) - this.#collapseMs;
    for (const server of this.servers.values()) server.kept = false;
    if (!panics) return false;
    let any = false;
    for (const server of capable) {
      const { healthy, since = Number.NEGATIVE_INFINITY } = server.standing;
      server.kept = !healthy && !server.downByAgent && server.lastWeight > 0 && since >= earliest;
      any ||= server.kept;
    }
    return any;
  }
}

/** How long it takes at most to find out that a server is down. */
function noticeMs({ check }: DeclaredServer): number {
  const longest = leavesOf(check).map(
    ({ pace }) => pace.intervalMs + (pace.fall - 1) * pace.fastIntervalMs + pace.timeoutMs,
  );
  return Math.max(0, ...longest);
}
