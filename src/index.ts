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
export type {
  Address,
  AddressConfig,
  AddressConfigFlag,
  AddressFilter,
  AddressFlag,
  AddressKey,
  Lifetime,
} from './net/address.ts';
export * as arp from './net/arp.ts';
export type { FouPort, FouPortConfig, FouPortKey } from './net/fou-ports.ts';
export {
  type AddressFamily,
  formatIp,
  type IpAddress,
  type IpPrefix,
  parseIp,
  parsePrefix,
} from './net/ip.ts';
export type {
  BridgeConfig,
  BridgeSettings,
  CommonLinkConfig,
  DummyConfig,
  HardwareType,
  Link,
  LinkChange,
  LinkConfig,
  LinkFlag,
  LinkStatistics,
  OperationalState,
  TunnelConfig,
  VethConfig,
  VethPeerConfig,
} from './net/link.ts';
export type { LinkReference } from './net/link-reference.ts';
export { type LoadModuleOptions, loadModule } from './net/modules.ts';
export { type CreateNamespaceOptions, NetworkNamespace } from './net/namespace.ts';
export type { NamespaceReference } from './net/namespace-reference.ts';
export * as ndp from './net/ndp.ts';
export type {
  Neighbour,
  NeighbourConfig,
  NeighbourFilter,
  NeighbourFlag,
  NeighbourKey,
  NeighbourState,
} from './net/neighbours.ts';
export { Network, type NetworkOptions } from './net/network.ts';
export { NetworkError, type NetworkErrorCode } from './net/network-error.ts';
export type { EventAction, NetworkEvent } from './net/network-events.ts';
export type { NetworkWatch, WatchOptions } from './net/network-watch.ts';
export type { AskOptions, Repeat } from './net/packet-exchange.ts';
export type { ListenPacketsOptions, PacketListener } from './net/packet-listener.ts';
export type {
  NextHop,
  NextHopConfig,
  Route,
  RouteConfig,
  RouteFilter,
  RouteFlag,
  RouteKey,
  RouteMetrics,
  RouteQuestion,
  RouteType,
} from './net/route.ts';
export type { RouteProtocol, RouteTable, Scope } from './net/route-names.ts';
export type {
  NumberRange,
  Rule,
  RuleAction,
  RuleConfig,
  RuleFilter,
  RuleKey,
  RuleSelector,
} from './net/rule.ts';
export { Sysctl, type SysctlEntry, type SysctlOptions } from './net/sysctl.ts';
export * as transport from './net/transport.ts';
export type { TunnelEncapsulation, TunnelKind, TunnelMode, TunnelSettings } from './net/tunnel.ts';
