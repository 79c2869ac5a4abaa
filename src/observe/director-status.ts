import type { ServerState } from '../health/desired.ts';
import type { ServiceMode } from '../health/health-event.ts';
import type { ServerStanding } from '../health/monitor.ts';
import type { Override } from '../health/server-health.ts';
import type { Statistics } from '../ipvs/statistics.ts';
import type { DurationsReading } from './durations.ts';

/** How a director stands, as a whole. Times are milliseconds since 1970. */
export interface DirectorStatus {
  /** Of lvskit. */
  readonly version: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly state: 'starting' | 'running' | 'stopping';
  readonly configuration: ConfigurationStatus;
  /** In the order of the configuration. */
  readonly services: readonly ServiceStatus[];
  /** VIPs that the director owns. */
  readonly vips: readonly VipStatus[];
  readonly loops: LoopStatus;
}

export interface ConfigurationStatus {
  readonly files: readonly string[];
  readonly loadedAt: number;
  /** Why the newest one was refused, if it was; the one before is in force. */
  readonly problem: string | undefined;
  readonly reloads: number;
  readonly failedReloads: number;
}

export interface VipStatus {
  readonly vip: string;
  readonly link: string;
  readonly present: boolean;
}

export interface LoopStatus {
  /** Results of checks since the start. */
  readonly checks: number;
  readonly failedChecks: number;
  /** How long checks took, by their kind. */
  readonly checkDurations: readonly KindDurations[];
  /** Checks that are under way, and those that wait for others to end. */
  readonly checksRunning: number;
  readonly checksWaiting: number;
  /** How many times the table was compared, and how long it took the last time, in milliseconds. */
  readonly comparisons: number;
  readonly comparisonMs: number | undefined;
  /** Commands that changed the table. */
  readonly changes: number;
  /** How many times others were found to have changed the table. */
  readonly drifts: number;
}

export interface KindDurations extends DurationsReading {
  /** `tcp`, `http`, … */
  readonly kind: string;
}

export interface ServiceStatus {
  readonly name: string;
  /** Its key as text: `tcp 192.0.2.10:80`, `fwmark 7`. */
  readonly service: string;
  readonly scheduler: string;
  readonly mode: ServiceMode;
  readonly hasQuorum: boolean;
  /** Why the kernel does not take it, if so. */
  readonly refusal: string | undefined;
  /** Absent while it is not in the kernel's table. */
  readonly statistics: Statistics | undefined;
  /** In the order of the configuration. */
  readonly servers: readonly ServerStatus[];
  /** Those in the table that are not in the configuration: they drain, and the fallback. */
  readonly others: readonly OtherDestination[];
}

export interface ServerStatus {
  /** Its key as text: `10.0.0.11:80`. */
  readonly server: string;
  readonly state: ServerState;
  /** What the configuration says. */
  readonly configuredWeight: number;
  readonly standing: ServerStanding;
  readonly override: Override;
  /** As the kernel has it; undefined while it is not in the table. */
  readonly kernel: DestinationReading | undefined;
}

export interface OtherDestination {
  readonly server: string;
  readonly role: 'fallback' | 'leaving' | 'foreign';
  readonly kernel: DestinationReading;
}

/** What the kernel says of a destination. */
export interface DestinationReading {
  readonly weight: number;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
  readonly statistics: Statistics;
}
