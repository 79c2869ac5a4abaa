import { checkBoolean, checkInteger, checkName, checkObject } from '../check.ts';
import type { NativeBridge, NativeLink } from '../native/route.ts';
import { type Defined, defined } from './defined.ts';
import type {
  BridgeSettings,
  CommonLinkConfig,
  HardwareType,
  Link,
  LinkChange,
  LinkConfig,
  LinkFlag,
  OperationalState,
  VethPeerConfig,
} from './link.ts';
import { formatHardwareAddress, parseLinkLayerAddress } from './link-layer.ts';
import { checkLinkName, checkLinkReference, type LinkReference } from './link-reference.ts';
import { flagNames, nameOf } from './names.ts';
import { namespaceArgument } from './namespace-reference.ts';
import type { LinkNames } from './route-channel.ts';
import { decodeTunnel, encodeTunnel, isTunnelKind } from './tunnel.ts';
import { uapi } from './uapi.ts';

/** What a change becomes once names have been looked up and namespaces opened. */
export interface ResolvedReferences {
  readonly master?: number;
  readonly namespaceDescriptor?: number;
  readonly peerNamespaceDescriptor?: number;
  readonly tunnelLink?: number;
}

const linkFlags: Readonly<Record<LinkFlag, number>> = {
  up: uapi.IFF_UP,
  broadcast: uapi.IFF_BROADCAST,
  loopback: uapi.IFF_LOOPBACK,
  pointopoint: uapi.IFF_POINTOPOINT,
  running: uapi.IFF_RUNNING,
  noarp: uapi.IFF_NOARP,
  promisc: uapi.IFF_PROMISC,
  allmulti: uapi.IFF_ALLMULTI,
  multicast: uapi.IFF_MULTICAST,
  'lower-up': uapi.IFF_LOWER_UP,
  dormant: uapi.IFF_DORMANT,
};

const operationalStates: Readonly<Record<OperationalState, number>> = {
  unknown: uapi.IF_OPER_UNKNOWN,
  'not-present': uapi.IF_OPER_NOTPRESENT,
  down: uapi.IF_OPER_DOWN,
  'lower-layer-down': uapi.IF_OPER_LOWERLAYERDOWN,
  testing: uapi.IF_OPER_TESTING,
  dormant: uapi.IF_OPER_DORMANT,
  up: uapi.IF_OPER_UP,
};

const hardwareTypes: Readonly<Record<Exclude<HardwareType, number>, number>> = {
  ether: uapi.ARPHRD_ETHER,
  infiniband: uapi.ARPHRD_INFINIBAND,
  ppp: uapi.ARPHRD_PPP,
  tunnel: uapi.ARPHRD_TUNNEL,
  tunnel6: uapi.ARPHRD_TUNNEL6,
  loopback: uapi.ARPHRD_LOOPBACK,
  sit: uapi.ARPHRD_SIT,
  gre: uapi.ARPHRD_IPGRE,
  gre6: uapi.ARPHRD_IP6GRE,
  none: uapi.ARPHRD_NONE,
};

const plainKinds = { dummy: true, veth: true, bridge: true } as const;
const longestAlias = 255;
const highestMtu = 0x7fffffff;

/** A link as the kernel sent it; `names` are those of its namespace. */
export function decodeLink(link: NativeLink, names: LinkNames): Link {
  const { flags, info, lowerNamespace, statistics } = link;
  const kind = info?.kind;
  const state = nameOf(operationalStates, link.operationalState ?? 0);
  return {
    ...defined({
      kind,
      address: link.address && formatHardwareAddress(link.address, link.hardwareType),
      master: link.master === undefined ? undefined : names.get(link.master),
      masterIndex: link.master,
      lowerIndex: link.lowerLink || undefined,
      lowerNamespace,
      alias: link.alias,
      statistics,
      bridge: info?.bridge && decodeBridge(info.bridge),
      tunnel:
        kind !== undefined && isTunnelKind(kind) && info?.tunnel
          ? decodeTunnel(kind, info.tunnel, names.get(info.tunnel.link ?? 0))
          : undefined,
    }),
    index: link.index,
    name: link.name ?? '',
    alternativeNames: link.properties?.alternativeNames ?? [],
    hardwareType: nameOf(hardwareTypes, link.hardwareType),
    mtu: link.mtu ?? 0,
    up: (flags & uapi.IFF_UP) !== 0,
    carrier: link.carrier === 1,
    arp: (flags & uapi.IFF_NOARP) === 0,
    operationalState: typeof state === 'number' ? 'unknown' : state,
    flags: flagNames(linkFlags, flags),
    queueLength: link.queueLength ?? 0,
  };
}

/** Demands a configuration that the kernel can be asked for. @throws TypeError or RangeError */
export function checkLinkConfig(config: LinkConfig): void {
  checkObject(config, 'link');
  checkLinkName(config.name);
  checkCommon(config, 'link');
  if (typeof config.kind !== 'string' || !isTunnelKind(config.kind)) {
    checkName(plainKinds, config.kind, 'link kind');
  }
  if (config.kind === 'veth') {
    checkObject(config.peer, 'peer');
    checkLinkName(config.peer.name, 'peer name');
    checkCommon(config.peer, 'peer');
  }
}

/** @throws TypeError or RangeError */
export function checkLinkChange(change: LinkChange): void {
  checkObject(change, 'link change');
  if (change.name !== undefined) checkLinkName(change.name);
  checkCommon(change, 'link');
  if (change.promiscuous !== undefined) checkBoolean(change.promiscuous, 'link promiscuous');
  if (change.alias !== undefined) {
    if (typeof change.alias !== 'string') throw new TypeError('link alias must be a string');
    if (Buffer.byteLength(change.alias) > longestAlias || change.alias.includes('\0')) {
      throw new RangeError(`link alias must have at most ${longestAlias} bytes`);
    }
  }
}

export function encodeLinkConfig(
  config: LinkConfig,
  references: ResolvedReferences,
): Partial<NativeLink> {
  return {
    ...encodeCommon(config, references),
    name: config.name,
    info: {
      kind: config.kind,
      ...defined({
        peer: config.kind === 'veth' ? encodePeer(config.peer, references) : undefined,
        bridge: config.kind === 'bridge' && config.bridge ? encodeBridge(config.bridge) : undefined,
        tunnel: isTunnelKind(config.kind)
          ? encodeTunnel(
              config.kind,
              'tunnel' in config && config.tunnel !== undefined ? config.tunnel : {},
              references.tunnelLink,
            )
          : undefined,
      }),
    },
  };
}

export function encodeLinkChange(
  index: number,
  change: LinkChange,
  references: ResolvedReferences,
): Partial<NativeLink> {
  return {
    ...encodeCommon(change, references),
    ...defined({ name: change.name, alias: change.alias }),
    index,
  };
}

/** The settings that a link, a change of it and a veth peer have in common. */
type Common = Pick<CommonLinkConfig, 'up' | 'mtu' | 'address' | 'arp' | 'queueLength' | 'netns'> & {
  readonly master?: LinkReference | null;
  readonly promiscuous?: boolean;
};

function checkCommon(settings: Common, what: string): void {
  const { up, mtu, address, arp, queueLength, netns, master } = settings;
  if (up !== undefined) checkBoolean(up, `${what} up`);
  if (arp !== undefined) checkBoolean(arp, `${what} arp`);
  if (mtu !== undefined) checkInteger(mtu, 1, highestMtu, `${what} mtu`);
  if (queueLength !== undefined) checkInteger(queueLength, 0, highestMtu, `${what} queueLength`);
  if (address !== undefined) parseLinkLayerAddress(address, `${what} address`);
  namespaceArgument(netns);
  if (master === undefined || master === null) return;
  checkLinkReference(master, 'master');
  if (netns !== undefined) {
    throw new RangeError('master cannot be given together with netns: it is not in that namespace');
  }
}

function encodeCommon(
  settings: Common,
  references: ResolvedReferences,
): Defined<Partial<NativeLink>> {
  const { mtu, queueLength, address } = settings;
  return {
    ...encodeFlags(settings),
    ...defined({
      mtu,
      queueLength,
      address: address === undefined ? undefined : parseLinkLayerAddress(address, 'link address'),
      master: settings.master === null ? 0 : references.master,
      namespaceDescriptor: references.namespaceDescriptor,
    }),
  };
}

function encodeFlags(settings: Common): { flags: number; changedFlags: number } {
  const { up, arp, promiscuous } = settings;
  let flags = 0;
  let changedFlags = 0;
  const set = (bit: number, wanted: boolean | undefined) => {
    if (wanted === undefined) return;
    changedFlags |= bit;
    if (wanted) flags |= bit;
  };
  set(uapi.IFF_UP, up);
  set(uapi.IFF_NOARP, arp === undefined ? undefined : !arp);
  set(uapi.IFF_PROMISC, promiscuous);
  return { flags, changedFlags };
}

function encodePeer(peer: VethPeerConfig, references: ResolvedReferences) {
  const { peerNamespaceDescriptor } = references;
  return {
    ...defined({
      name: peer.name,
      mtu: peer.mtu,
      address:
        peer.address === undefined ? undefined : parseLinkLayerAddress(peer.address, 'address'),
      namespaceDescriptor: peerNamespaceDescriptor,
    }),
  };
}

const hundredths = 100;
const mostSeconds = 40_000_000;

function encodeBridge(settings: BridgeSettings): NativeBridge {
  checkObject(settings, 'bridge');
  return defined({
    spanningTree: toBit(settings.spanningTree, 'bridge spanningTree'),
    vlanFiltering: toBit(settings.vlanFiltering, 'bridge vlanFiltering'),
    forwardDelay: toHundredths(settings.forwardDelaySeconds, 'bridge forwardDelaySeconds'),
    ageingTime: toHundredths(settings.ageingSeconds, 'bridge ageingSeconds'),
  });
}

function decodeBridge(bridge: NativeBridge): BridgeSettings {
  return {
    spanningTree: (bridge.spanningTree ?? 0) !== 0,
    vlanFiltering: (bridge.vlanFiltering ?? 0) !== 0,
    forwardDelaySeconds: (bridge.forwardDelay ?? 0) / hundredths,
    ageingSeconds: (bridge.ageingTime ?? 0) / hundredths,
  };
}

function toBit(value: boolean | undefined, what: string): number | undefined {
  if (value === undefined) return undefined;
  checkBoolean(value, what);
  return value ? 1 : 0;
}

function toHundredths(seconds: number | undefined, what: string): number | undefined {
  if (seconds === undefined) return undefined;
  if (typeof seconds !== 'number') throw new TypeError(`${what} must be a number`);
  if (!(seconds >= 0 && seconds <= mostSeconds)) {
    throw new RangeError(`${what} must be from 0 to ${mostSeconds}`);
  }
  return Math.round(seconds * hundredths);
}
