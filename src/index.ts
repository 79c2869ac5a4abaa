export * from './ipvs.ts';
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
export type { ConnectProbeOptions, ProbeOptions, ProbeOutcome, ProbeResult } from './net/probe.ts';
export { type ProbeConnection, Prober, type ProberOptions } from './net/prober.ts';
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
