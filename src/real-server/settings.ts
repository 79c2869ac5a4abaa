import { type AddressFamily, formatIp, parseIp } from '../net/ip.ts';
import { checkLinkName } from '../net/link-reference.ts';
import { RealServerError, wordsOf } from './real-server-error.ts';

/** How the director reaches the real server: direct routing, a tunnel, or address translation. */
export type RealServerMode = 'dr' | 'tun' | 'nat';

/** Where the VIP is put: on `lo`, on a dummy link of its own, or on the tunnel it comes out of. */
export type VipDevice = 'lo' | 'dummy' | 'tunnel';

/** The kind of tunnel that the director was told to use (`ipvsadm --tun-type`). */
export type TunnelType = 'ipip' | 'gue' | 'gre';

/** A service whose answers have to go back through the director. */
export interface ReplyPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}

/** What a machine is to be a real server of, and how. */
export interface RealServerSettings {
  readonly mode: RealServerMode;
  /** Virtual addresses, IPv4 and IPv6 mixed, at least one. */
  readonly vips: readonly string[];
  /** `dr`, `tun`: the interfaces on which neighbours could ask for the VIP. Default: found by address and route. */
  readonly interfaces?: readonly string[] | undefined;
  /** Default `lo`; for `tun` the tunnel. No meaning for `nat`. */
  readonly device?: VipDevice | undefined;
  /** `dr`, `tun`: leave the sysctls of `all` alone, so that other interfaces keep their conduct. Default false. */
  readonly onlyInterfaces?: boolean | undefined;
  /** `tun`: default `ipip`. */
  readonly tunnelType?: TunnelType | undefined;
  /** `tun` with `gue`: the UDP port that the director sends to. */
  readonly tunnelPort?: number | undefined;
  /** `tun` with `gre`: whether the director sends checksums. Default false. */
  readonly tunnelChecksum?: boolean | undefined;
  /** `tun`: the family of the real server's own address. Default: that of each VIP. */
  readonly outer?: AddressFamily | undefined;
  /** `nat`: the director's address on this network, one for each family of the VIPs. */
  readonly gateways?: readonly string[] | undefined;
  /** `nat`: all that leaves by default, or only what is sent from this machine's address. */
  readonly replies?: 'default' | 'policy' | undefined;
  /** `nat` with `policy`: only answers of these services. Default: whatever is from this address. */
  readonly ports?: readonly ReplyPort[] | undefined;
}

export const modeNames: Readonly<Record<RealServerMode, string>> = {
  dr: 'direct routing',
  tun: 'tunnelling',
  nat: 'address translation',
};

export function familyOf(address: string): AddressFamily {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

/** The length that makes a prefix one address. */
export function fullLength(address: string): 32 | 128 {
  return familyOf(address) === 'ipv4' ? 32 : 128;
}

/** What a setup is called when nobody names it: the same settings have the same name. */
export function setupName({ mode, vips }: RealServerSettings): string {
  return `${mode}-${[...vips].sort().join(',')}`;
}

/**
 * Demands settings that could be right somewhere, and writes their addresses in the usual form.
 *
 * @throws RealServerError `REAL_SERVER_INVALID` with everything that is wrong.
 */
export function checkSettings(settings: RealServerSettings): RealServerSettings {
  const problems: string[] = [];
  const note = <Value>(work: () => Value): Value | undefined => {
    try {
      return work();
    } catch (error) {
      problems.push(wordsOf(error));
      return undefined;
    }
  };
  const vips = settings.vips.map((vip) => note(() => checkVip(vip)));
  if (settings.vips.length === 0) problems.push('no VIP is given');
  const gateways = settings.gateways?.map((gateway) =>
    note(() => unicast(parseIp(gateway, 'gateway').bytes, 'gateway')),
  );
  for (const name of settings.interfaces ?? []) {
    note(() => checkLinkName(name, 'interface'));
    if (name === 'lo') problems.push('lo is no interface that neighbours ask on');
  }
  problems.push(...contradictions(settings));
  if (problems.length > 0) {
    throw new RealServerError('REAL_SERVER_INVALID', 'these settings cannot be right', problems);
  }
  const isText = (text: string | undefined): text is string => text !== undefined;
  return {
    ...settings,
    vips: [...new Set(vips.filter(isText))],
    ...(gateways === undefined ? {} : { gateways: gateways.filter(isText) }),
  };
}

function contradictions(settings: RealServerSettings): readonly string[] {
  const { mode, device, tunnelType = 'ipip', tunnelPort, gateways = [], ports = [] } = settings;
  const { interfaces = [], onlyInterfaces = false } = settings;
  const problems: string[] = [];
  const only = (condition: boolean, what: string, where: string) => {
    if (condition) problems.push(`${what} has a meaning ${where} only`);
  };
  only(mode === 'nat' && device !== undefined, 'a device for the VIP', 'with dr and tun');
  only(mode === 'nat' && interfaces.length > 0, 'an interface', 'with dr and tun');
  only(mode === 'nat' && onlyInterfaces, 'to set interfaces alone', 'with dr and tun');
  only(mode !== 'tun' && device === 'tunnel', 'the device tunnel', 'with tun');
  only(mode !== 'tun' && settings.tunnelType !== undefined, 'a tunnel type', 'with tun');
  only(mode !== 'tun' && settings.outer !== undefined, 'the outer family', 'with tun');
  only(tunnelType !== 'gue' && tunnelPort !== undefined, 'a tunnel port', 'with gue');
  only(tunnelType !== 'gre' && settings.tunnelChecksum === true, 'a tunnel checksum', 'with gre');
  only(mode !== 'nat' && gateways.length > 0, 'a gateway', 'with nat');
  only(mode !== 'nat' && settings.replies !== undefined, 'a route for replies', 'with nat');
  only(settings.replies !== 'policy' && ports.length > 0, 'a port', 'with a policy route');
  if (mode === 'tun' && tunnelType === 'gue' && tunnelPort === undefined) {
    problems.push('gue needs the port that the director sends to');
  }
  for (const port of [tunnelPort, ...ports.map((reply) => reply.port)]) {
    if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65535)) {
      problems.push(`port ${port} is not a number from 1 to 65535`);
    }
  }
  const families = new Set(settings.vips.map(familyOf));
  for (const family of mode === 'nat' ? families : []) {
    const fitting = gateways.filter((gateway) => familyOf(gateway) === family);
    const name = family === 'ipv4' ? 'IPv4' : 'IPv6';
    if (fitting.length === 0) {
      problems.push(`nat needs the director's ${name} address on this network as gateway`);
    }
    if (fitting.length > 1) problems.push(`there is more than one ${name} gateway`);
  }
  return problems;
}

function checkVip(text: string): string {
  const [address = '', length] = text.split('/');
  const { bytes } = parseIp(address, 'VIP');
  const vip = unicast(bytes, 'VIP');
  const full = fullLength(vip);
  if (length !== undefined && length !== String(full)) {
    throw new RangeError(
      `VIP ${text} must be that one address, /${full}: with a shorter mask this machine would take the whole network for its own`,
    );
  }
  return vip;
}

/** @throws RangeError for what no machine can have as its address. */
function unicast(bytes: Uint8Array, what: string): string {
  const text = formatIp(bytes);
  const [first = 0, second = 0] = bytes;
  const ipv4 = bytes.length === 4;
  const is = (kind: string) => new RangeError(`${what} ${text} is ${kind}`);
  if (bytes.every((byte) => byte === 0)) throw is('no address');
  if (ipv4 && bytes.every((byte) => byte === 255)) throw is('the broadcast address');
  if (ipv4 ? first >= 224 && first < 240 : first === 0xff) throw is('a multicast address');
  if (ipv4 && first === 127) throw is('a loopback address');
  if (!ipv4 && text === '::1') throw is('the loopback address');
  if (!ipv4 && first === 0xfe && (second & 0xc0) === 0x80) throw is('a link-local address');
  if (ipv4 && (first === 0 || first >= 240)) throw is('in a range that no machine can have');
  if (text.startsWith('::ffff:')) throw is('an IPv4 address in IPv6 clothes');
  return text;
}
