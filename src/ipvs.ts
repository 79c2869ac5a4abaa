// The IPVS table alone, for programs that are over before the rest would have been loaded.
export { errnoName, UnsupportedError } from './errors.ts';
export type { Change } from './ipvs/change.ts';
export {
  type ChangeResult,
  Ipvs,
  type IpvsInfo,
  type IpvsOptions,
  type ListOptions,
} from './ipvs/client.ts';
export type {
  Connection,
  ConnectionEngine,
  ConnectionOrigin,
  ConnectionProtocol,
  Endpoint,
} from './ipvs/connection.ts';
export {
  type ConnectionsOptions,
  type ReadConnectionsOptions,
  readConnections,
} from './ipvs/connections.ts';
export {
  type DestinationConfig,
  type DestinationKey,
  type DestinationSettings,
  type ForwardingMethod,
  formatDestinationKey,
  type Tunnel,
  type TunnelChecksum,
} from './ipvs/destination.ts';
export type { SchedulerFlag } from './ipvs/flags.ts';
export { IpvsError, type IpvsErrorCode } from './ipvs/ipvs-error.ts';
export {
  type CpuStatistics,
  type PerCpuStatistics,
  type ReadStatisticsOptions,
  readPerCpuStatistics,
  readTotals,
} from './ipvs/proc-statistics.ts';
export type { DestinationRates, Rates, ServiceRates } from './ipvs/rates.ts';
export { type KnownScheduler, type Scheduler, schedulers } from './ipvs/scheduler.ts';
export {
  type AddressServiceKey,
  type FirewallMarkServiceKey,
  formatServiceKey,
  type Persistence,
  type Protocol,
  parseServiceKey,
  type ServiceConfig,
  type ServiceKey,
  type ServiceSettings,
} from './ipvs/service.ts';
export type { Counters, Statistics } from './ipvs/statistics.ts';
export type { SyncDaemonConfig, SyncDaemonState, SyncRole } from './ipvs/sync-daemon.ts';
export type { DestinationState, ServiceState } from './ipvs/table.ts';
export {
  type ComparedDestination,
  type ComparedService,
  diffTables,
  type TableChange,
} from './ipvs/table-diff.ts';
export type { EstimationStatus, HashTableStatus, TableStatus } from './ipvs/table-status.ts';
export type { Timeouts } from './ipvs/timeouts.ts';
export type { TableSample, TableWatchOptions } from './ipvs/watch.ts';
export {
  type AddressFamily,
  formatIp,
  type IpAddress,
  type IpPrefix,
  parseIp,
  parsePrefix,
} from './net/ip.ts';
export type { NamespaceReference } from './net/namespace-reference.ts';
