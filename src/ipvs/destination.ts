import { checkInteger, checkName, checkObject } from '../check.ts';
import { AF_INET, AF_INET6, destinationRecord, serviceRecord } from '../native/ipvs-records.ts';
import { formatEndpoint, parseIpInto } from '../net/ip.ts';
import type { RecordView } from './record-view.ts';
import { readAddress } from './service.ts';

/** What makes a destination that one among those of its service. */
export interface DestinationKey {
  /**
   * The RIP: an IPv4 or IPv6 address, of the service's family unless forwarding is `tun`
   * (`IPVS_DEST_ATTR_ADDR`, `IPVS_DEST_ATTR_ADDR_FAMILY`, since Linux 3.18).
   */
  readonly address: string;
  /**
   * 0 to 65535 (`IPVS_DEST_ATTR_PORT`). Default: the port of the service, which is 0 for one by
   * firewall mark: there the packet's own port.
   */
  readonly port?: number;
}

/**
 * How packets reach the destination: `dr` direct routing (`ipvsadm -g`), `tun` tunnelling (`-i`),
 * `nat` masquerading (`-m`), `local` this host itself, `bypass` the packet's own address
 * (`IP_VS_CONN_F_FWD_MASK`).
 */
export type ForwardingMethod = 'dr' | 'tun' | 'nat' | 'local' | 'bypass';

/** The encapsulation of forwarding method `tun` (`ipvsadm --tun-type`, `IPVS_DEST_ATTR_TUN_TYPE`). */
export type Tunnel =
  | { readonly type: 'ipip' }
  /** Generic UDP encapsulation, since Linux 5.2; flags since 5.3. */
  | {
      readonly type: 'gue';
      /** UDP port the destination decapsulates on, 1 to 65535 (`--tun-port`). */
      readonly port: number;
      /** `none` (`--tun-nocsum`, the default), `full` (`--tun-csum`) or `remote` (`--tun-remcsum`). */
      readonly checksum?: TunnelChecksum;
    }
  /** Since Linux 5.3. */
  | { readonly type: 'gre'; readonly checksum?: Exclude<TunnelChecksum, 'remote'> };

/**
 * The checksum of encapsulated packets (`IPVS_DEST_ATTR_TUN_FLAGS`, since Linux 5.3): none, over the
 * whole packet, or of GUE a remote checksum offload.
 */
export type TunnelChecksum = 'none' | 'full' | 'remote';

/**
 * The settings of a destination. In an `add`, what is absent takes the default; in an `edit`, it is
 * left as it is.
 */
export interface DestinationConfig {
  /** How packets get there (`IPVS_DEST_ATTR_FWD_METHOD`). Default `dr`. */
  readonly forwarding?: ForwardingMethod;
  /**
   * Its share of new connections (`ipvsadm -w`, `IPVS_DEST_ATTR_WEIGHT`), 0 to 2147483647; 0 takes
   * none. Default 1.
   */
  readonly weight?: number;
  /**
   * No new connections above this many (`ipvsadm -x`, `IPVS_DEST_ATTR_U_THRESH`), 0 to 2147483647.
   * Default 0: no limit.
   */
  readonly upperThreshold?: number;
  /**
   * After the upper threshold was met, new ones again below this many (`ipvsadm -y`,
   * `IPVS_DEST_ATTR_L_THRESH`), at most the upper one. Default 0: below three quarters of the upper.
   */
  readonly lowerThreshold?: number;
  /** With forwarding `tun` only. Default `{ type: 'ipip' }`. */
  readonly tunnel?: Tunnel;
}

const forwardingNumbers: Readonly<Record<ForwardingMethod, number>> = {
  nat: 0,
  local: 1,
  tun: 2,
  dr: 3,
  bypass: 4,
};
const forwardingNames: readonly ForwardingMethod[] = ['nat', 'local', 'tun', 'dr', 'bypass'];

const tunnelNumbers: Readonly<Record<Tunnel['type'], number>> = { ipip: 0, gue: 1, gre: 2 };
const tunnelTypes: readonly Tunnel['type'][] = ['ipip', 'gue', 'gre'];
const tunnelChecksumFlag = 0x1;
const tunnelRemoteChecksumFlag = 0x2;
const maxInt = 0x7fffffff;

/** The key's text: `10.0.0.11:80`, `[2001:db8::11]:80`; without a port where the key has none. */
export function formatDestinationKey(key: DestinationKey): string {
  return key.port === undefined ? key.address : formatEndpoint(key.address, key.port);
}

/** Writes the identity of a destination into its record; that of its service is in another. */
export function writeDestinationKey(
  view: RecordView,
  at: number,
  key: DestinationKey,
  serviceAt: number,
): void {
  checkObject(key, 'destination');
  const family = parseIpInto(
    key.address,
    view.u8,
    at + destinationRecord.address,
    'destination address',
  );
  const { port = view.getU16(serviceAt + serviceRecord.port) } = key;
  checkInteger(port, 0, 65535, 'destination port');
  view.setU16(at + destinationRecord.family, family === 'ipv6' ? AF_INET6 : AF_INET);
  view.setU16(at + destinationRecord.port, port);
}

/** The settings of a destination as its record has them, nothing absent. */
export interface DestinationSettings {
  readonly forwarding: ForwardingMethod;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  /** Absent unless forwarding is `tun`. */
  readonly tunnel: Tunnel | undefined;
}

const defaultSettings: DestinationSettings = {
  forwarding: 'dr',
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
  tunnel: undefined,
};

/** Whether an edit with this leaves something to be looked up first. */
export function isPartialDestinationConfig(config: DestinationConfig): boolean {
  return (
    config.forwarding === undefined ||
    config.weight === undefined ||
    config.upperThreshold === undefined ||
    config.lowerThreshold === undefined ||
    (config.forwarding === 'tun' && config.tunnel === undefined)
  );
}

/**
 * Writes the settings of a destination into the record that already holds its key.
 *
 * @param base What absent settings are taken from; absent itself for the defaults.
 * @throws TypeError, RangeError naming the setting.
 */
export function writeDestinationConfig(
  view: RecordView,
  at: number,
  config: DestinationConfig,
  serviceAt: number,
  base: DestinationSettings = defaultSettings,
): void {
  checkObject(config, 'destination config');
  const {
    forwarding = base.forwarding,
    weight = base.weight,
    upperThreshold: upper = base.upperThreshold,
    lowerThreshold: lower = base.lowerThreshold,
  } = config;
  const method = checkName(forwardingNumbers, forwarding, 'forwarding');
  checkInteger(weight, 0, maxInt, 'weight');
  checkInteger(upper, 0, maxInt, 'upperThreshold');
  checkInteger(lower, 0, maxInt, 'lowerThreshold');
  if (lower > upper) {
    throw new RangeError(`lowerThreshold ${lower} must not be above upperThreshold ${upper}`);
  }
  checkReachable(view, at, forwarding, serviceAt);
  view.setU32(at + destinationRecord.forwarding, method);
  view.setU32(at + destinationRecord.weight, weight);
  view.setU32(at + destinationRecord.upperThreshold, upper);
  view.setU32(at + destinationRecord.lowerThreshold, lower);
  if (config.tunnel !== undefined && forwarding !== 'tun') {
    throw new RangeError(`tunnel is for forwarding tun, not ${forwarding}`);
  }
  const { tunnel = forwarding === 'tun' ? base.tunnel : undefined } = config;
  if (tunnel !== undefined) writeTunnel(view, at, tunnel);
}

/** Combinations that the kernel takes, or refuses without a reason, and that can reach nobody. */
function checkReachable(
  view: RecordView,
  at: number,
  forwarding: ForwardingMethod,
  serviceAt: number,
): void {
  const family = view.getU16(at + destinationRecord.family);
  if (family !== view.getU16(serviceAt + serviceRecord.family) && forwarding !== 'tun') {
    throw new RangeError(
      `destination address is not of the service's family, which only forwarding tun can cross`,
    );
  }
  if (forwarding !== 'dr' && forwarding !== 'tun') return;
  if (view.getU32(serviceAt + serviceRecord.firewallMark) !== 0) return;
  const port = view.getU16(at + destinationRecord.port);
  const servicePort = view.getU16(serviceAt + serviceRecord.port);
  if (port !== servicePort) {
    throw new RangeError(
      `destination port ${port} must be the service's, ${servicePort}: forwarding ${forwarding} cannot change it`,
    );
  }
}

function writeTunnel(view: RecordView, at: number, tunnel: Tunnel): void {
  checkObject(tunnel, 'tunnel');
  const type = checkName(tunnelNumbers, tunnel.type, 'tunnel type');
  view.setU8(at + destinationRecord.tunnelType, type);
  if (tunnel.type === 'ipip') return;
  const checksum: TunnelChecksum = tunnel.checksum === undefined ? 'none' : tunnel.checksum;
  if (checksum === 'full') {
    view.setU16(at + destinationRecord.tunnelFlags, tunnelChecksumFlag);
  } else if (checksum === 'remote' && tunnel.type === 'gue') {
    view.setU16(at + destinationRecord.tunnelFlags, tunnelRemoteChecksumFlag);
  } else if (checksum !== 'none') {
    throw new RangeError(`tunnel checksum ${JSON.stringify(checksum)} is not for ${tunnel.type}`);
  }
  if (tunnel.type === 'gue') {
    checkInteger(tunnel.port, 1, 65535, 'tunnel port');
    view.setU16(at + destinationRecord.tunnelPort, tunnel.port);
  }
}

/** Reads the identity of a destination from its record. */
export function readDestinationKey(view: RecordView, at: number): Required<DestinationKey> {
  const family = view.getU16(at + destinationRecord.family);
  return {
    address: readAddress(view, at + destinationRecord.address, family),
    port: view.getU16(at + destinationRecord.port),
  };
}

/** Reads the forwarding method; a number no kernel acts on is shown as `unknown-NUMBER`. */
export function readForwarding(view: RecordView, at: number): ForwardingMethod {
  const number = view.getU32(at + destinationRecord.forwarding);
  return forwardingNames[number] ?? (`unknown-${number}` as ForwardingMethod);
}

export function readTunnel(view: RecordView, at: number): Tunnel | undefined {
  if (view.getU32(at + destinationRecord.forwarding) !== forwardingNumbers.tun) return undefined;
  const number = view.getU8(at + destinationRecord.tunnelType);
  const flags = view.getU16(at + destinationRecord.tunnelFlags);
  const full = (flags & tunnelChecksumFlag) !== 0;
  const type = tunnelTypes[number];
  if (type === 'ipip') return { type };
  if (type === 'gre') return { type, checksum: full ? 'full' : 'none' };
  if (type === 'gue') {
    const remote = (flags & tunnelRemoteChecksumFlag) !== 0;
    const port = view.getU16(at + destinationRecord.tunnelPort);
    return { type, port, checksum: remote ? 'remote' : full ? 'full' : 'none' };
  }
  return { type: `unknown-${number}` } as unknown as Tunnel;
}

/** Reads the settings of a destination from its record. */
export function readDestinationSettings(view: RecordView, at: number): DestinationSettings {
  return {
    forwarding: readForwarding(view, at),
    weight: view.getU32(at + destinationRecord.weight),
    upperThreshold: view.getU32(at + destinationRecord.upperThreshold),
    lowerThreshold: view.getU32(at + destinationRecord.lowerThreshold),
    tunnel: readTunnel(view, at),
  };
}
