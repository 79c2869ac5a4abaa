import type { ComparedDestination, ComparedService } from '../ipvs/table-diff.ts';
import type { Check } from './checks.ts';
import type { ConfigProblem } from './config-error.ts';
import type { HookSettings } from './hooks.ts';
import type { StorageInput } from './storage.ts';

/** A configuration that is right, nothing left open. */
export interface DirectorConfig {
  readonly director: DirectorSettings;
  readonly services: readonly DeclaredService[];
  readonly control: ControlSettings;
  /** Undefined: no metrics are served. */
  readonly metrics: MetricsSettings | undefined;
  /** What real servers mount, which is for rs-setup. Absent: nothing. */
  readonly storage?: readonly StorageInput[] | undefined;
  /** Who is told of what happens. */
  readonly hooks: readonly HookSettings[];
  /** What is allowed and yet doubtful. */
  readonly warnings: readonly ConfigProblem[];
  /** The files it was read from, as absolute paths, the main one first. Empty for a text alone. */
  readonly files: readonly string[];
  /** Folders in which a new file would be part of it. */
  readonly folders: readonly string[];
}

/** How the director behaves as a whole. */
export interface DirectorSettings {
  /** The link that VIPs belong on. Present when `vips` is `own`. */
  readonly interface: string | undefined;
  /** Whether the director puts VIPs on its interface, or leaves them to somebody else. */
  readonly vips: 'own' | 'leave';
  /** What becomes of the table, and of VIPs that are owned, when it stops. */
  readonly onStop: 'leave' | 'flush';
  /** What becomes of changes that others make to the table. */
  readonly drift: 'correct' | 'report';
  /** An absolute path: where overrides and history are kept. */
  readonly stateDirectory: string;
  /** How long the history may grow before its oldest part goes. */
  readonly historyBytes: number;
}

/** The socket by which the director is operated. */
export interface ControlSettings {
  /** An absolute path. */
  readonly socket: string;
  /** Members of this group may operate it, besides root and the director's own user. */
  readonly group: string | undefined;
}

export interface MetricsSettings {
  readonly address: string;
  readonly port: number;
}

/** A service of the configuration. */
export interface DeclaredService {
  readonly name: string;
  /** What the kernel is to have of it while every server is up. */
  readonly service: ComparedService;
  /** Its servers, in the order of the service's destinations. */
  readonly servers: readonly DeclaredServer[];
  readonly policy: ServicePolicy;
}

export interface DeclaredServer {
  readonly destination: ComparedDestination;
  /** Undefined: nobody asks, and the server is always up. */
  readonly check: Check | undefined;
}

/** What becomes of a service as its servers come and go. */
export interface ServicePolicy {
  readonly quorum: Quorum;
  /** The destination that serves while there is no quorum, or every server is down. */
  readonly fallback: ComparedDestination | undefined;
  /** A server that is down: has weight 0 and keeps its connections (`inhibit`), or is removed. */
  readonly onFailure: 'inhibit' | 'remove';
  /**
   * When every server is down: the last weights stay (`keep`), the fallback serves (`fallback`, which
   * needs one), or all of them are treated as `onFailure` says (`down`).
   */
  readonly onAllDown: 'keep' | 'fallback' | 'down';
  /**
   * When a smaller share of the servers than this is up, health is not believed, and the last weights
   * stay. 0 to 1; 0 is never.
   */
  readonly panicBelow: number;
  /** How long a server that has recovered takes to have its whole weight. 0: at once. */
  readonly slowStartMs: number;
  /** How long a server that goes may keep its connections at weight 0. 0: not at all. */
  readonly drainTimeoutMs: number;
}

/**
 * How much has to be up, counted as the sum of the servers' weights, which is their number where none
 * has a weight of its own. It is lost below `weight - hysteresis`, and regained from
 * `weight + hysteresis` on.
 */
export interface Quorum {
  readonly weight: number;
  /** Less than `weight`. */
  readonly hysteresis: number;
}
