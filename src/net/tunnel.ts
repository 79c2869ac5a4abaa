import { checkBoolean, checkInteger, checkName, checkObject } from '../check.ts';
import type { NativeTunnel } from '../native/route.ts';
import { defined } from './defined.ts';
import { type AddressFamily, formatIp, parseIp } from './ip.ts';
import type { LinkReference } from './link-reference.ts';
import { nameOf } from './names.ts';
import { uapi } from './uapi.ts';

/**
 * A kind of tunnel: `ipip`, `sit`, `gre` and `gretap` travel over IPv4, `ip6tnl`, `ip6gre` and
 * `ip6gretap` over IPv6. The `…tap` kinds carry Ethernet frames, the others packets.
 */
export type TunnelKind = 'ipip' | 'sit' | 'gre' | 'gretap' | 'ip6tnl' | 'ip6gre' | 'ip6gretap';

/**
 * What a tunnel of the kinds `ipip` (`ipip`, `any`), `sit` (`ip6ip`, `ipip`, `any`) and `ip6tnl`
 * (`ipip6`, `ip6ip6`, `any`) carries: the packet inside before the packet outside.
 */
export type TunnelMode = 'ipip' | 'ip6ip' | 'ipip6' | 'ip6ip6' | 'any';

/** Puts the tunnel's packets into UDP, so that they pass where only TCP and UDP do. */
export interface TunnelEncapsulation {
  /** Foo-over-UDP, or Generic UDP Encapsulation, which has a header of its own. */
  readonly type: 'fou' | 'gue';
  /** UDP port packets are sent to, 1 to 65535; a FOU port has to listen on it over there. */
  readonly destinationPort: number;
  /** UDP port packets are sent from. Default `auto`: one for each flow inside. */
  readonly sourcePort?: number | 'auto';
  /** UDP checksums over IPv4. Default false. */
  readonly checksum?: boolean;
  /** UDP checksums over IPv6. Default true there, since few take packets without; else false. */
  readonly checksum6?: boolean;
  /** Remote checksum offload (`gue`). Default false. */
  readonly remoteChecksum?: boolean;
}

/** What a tunnel is set up with. Since Linux 4.x throughout; see `ip-link(8)`. */
export interface TunnelSettings {
  /** Address of this end. Absent: any of this machine's. */
  readonly local?: string;
  /** Address of the other end. Absent: a tunnel that only takes packets in, or that routes aim. */
  readonly remote?: string;
  /** The link its packets leave by. Absent: whichever the route says. */
  readonly link?: LinkReference;
  /** Default: `inherit` over IPv4, 64 over IPv6. 1 to 255. */
  readonly ttl?: number | 'inherit';
  /** The TOS or traffic class byte outside. Default 0. `inherit` takes it from the packet inside. */
  readonly tos?: number | 'inherit';
  /** Over IPv4: whether packets outside may not be fragmented. Default true. */
  readonly pathMtuDiscovery?: boolean;
  /** Default: `ipip`, `ip6ip` or `ip6ip6`, as the kind has it. */
  readonly mode?: TunnelMode;
  /** Default none: plain IP in IP, or GRE. */
  readonly encapsulation?: TunnelEncapsulation;
  /** Over IPv6: how many more tunnels may be entered on the way (RFC 2473). 0 to 255. Default 4. */
  readonly encapsulationLimit?: number | 'none';
  /** GRE: the key that packets must have to be taken in, 0 to 2^32-1. Default: none at all. */
  readonly inputKey?: number;
  /** GRE: the key that packets are sent with. */
  readonly outputKey?: number;
  /** GRE: whether packets must have checksums. Default false. */
  readonly inputChecksum?: boolean;
  /** GRE: whether packets are sent with checksums. Default false. */
  readonly outputChecksum?: boolean;
  /** Ends, key and ttl come with each packet, from routes or programs. Default false. */
  readonly external?: boolean;
  /** Firewall mark of the packets outside. Default none. */
  readonly firewallMark?: number;
}

const modes: Readonly<Record<string, Readonly<Partial<Record<TunnelMode, number>>>>> = {
  ipip: { ipip: uapi.IPPROTO_IPIP, any: 0 },
  sit: { ip6ip: uapi.IPPROTO_IPV6, ipip: uapi.IPPROTO_IPIP, any: 0 },
  ip6tnl: { ip6ip6: uapi.IPPROTO_IPV6, ipip6: uapi.IPPROTO_IPIP, any: 0 },
};

const familyOf: Readonly<Record<TunnelKind, AddressFamily>> = {
  ipip: 'ipv4',
  sit: 'ipv4',
  gre: 'ipv4',
  gretap: 'ipv4',
  ip6tnl: 'ipv6',
  ip6gre: 'ipv6',
  ip6gretap: 'ipv6',
};

const encapsulations = { fou: uapi.TUNNEL_ENCAP_FOU, gue: uapi.TUNNEL_ENCAP_GUE };
const inheritTos = 1;
const usualHopLimit = 64;
const usualEncapsulationLimit = 4;

/** Whether a kind of link is a tunnel with these settings. */
export function isTunnelKind(kind: string): kind is TunnelKind {
  return Object.hasOwn(familyOf, kind);
}

/** The kernel module that puts a tunnel's packets into UDP. */
export function encapsulationModule(kind: string): string {
  return isTunnelKind(kind) && familyOf[kind] === 'ipv6' ? 'fou6' : 'fou';
}

/** @throws TypeError or RangeError, naming the setting, for what this kind cannot have. */
export function encodeTunnel(
  kind: TunnelKind,
  settings: TunnelSettings,
  link: number | undefined,
): NativeTunnel {
  checkObject(settings, 'tunnel');
  const overIpv6 = familyOf[kind] === 'ipv6';
  return {
    ...defined({ link, firewallMark: optional32(settings.firewallMark, 'tunnel firewallMark') }),
    ...ends(kind, settings),
    ttl: number(settings.ttl, 'inherit', overIpv6 ? usualHopLimit : 0, 0, 1, 255, 'tunnel ttl'),
    tos: number(settings.tos, 'inherit', 0, inheritTos, 0, 255, 'tunnel tos'),
    ...mode(kind, settings.mode),
    ...(overIpv6 ? limit(settings) : discovery(settings)),
    ...encapsulation(settings.encapsulation, overIpv6),
    ...greFields(kind, settings),
    external: flag(settings.external, false, 'tunnel external'),
  };
}

/** The settings of a tunnel as the kernel has them; a link that it names has its name here. */
export function decodeTunnel(
  kind: TunnelKind,
  tunnel: NativeTunnel,
  link: string | undefined,
): TunnelSettings {
  const overIpv6 = familyOf[kind] === 'ipv6';
  const kindModes = modes[kind];
  const mode = kindModes && nameOf(kindModes, tunnel.protocol ?? 0);
  return {
    ...defined({
      local: endOf(tunnel.local),
      remote: endOf(tunnel.remote),
      link,
      mode: typeof mode === 'string' ? mode : undefined,
      encapsulation: decodeEncapsulation(tunnel),
      firewallMark: tunnel.firewallMark || undefined,
    }),
    ttl: tunnel.ttl || 'inherit',
    tos: tunnel.tos === inheritTos ? 'inherit' : (tunnel.tos ?? 0),
    ...(overIpv6
      ? { encapsulationLimit: decodeLimit(tunnel) }
      : { pathMtuDiscovery: tunnel.pathMtuDiscovery === 1 }),
    ...decodeGreFields(tunnel),
    external: tunnel.external ?? false,
  };
}

function ends(kind: TunnelKind, settings: TunnelSettings): Partial<NativeTunnel> {
  const family = familyOf[kind];
  const result: { local?: Uint8Array; remote?: Uint8Array } = {};
  for (const end of ['local', 'remote'] as const) {
    const text = settings[end];
    if (text === undefined) continue;
    const address = parseIp(text, `tunnel ${end}`);
    if (address.family !== family) {
      throw new RangeError(
        `tunnel ${end} ${text} must be an ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address for ${kind}`,
      );
    }
    result[end] = address.bytes;
  }
  return result;
}

function endOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes?.some((byte) => byte !== 0) ? formatIp(bytes) : undefined;
}

function mode(kind: TunnelKind, name: TunnelMode | undefined): Partial<NativeTunnel> {
  const kindModes = modes[kind];
  if (kindModes === undefined) {
    if (name !== undefined) throw new RangeError(`tunnel mode has no meaning for ${kind}`);
    return {};
  }
  const usual = Object.values(kindModes)[0] ?? 0;
  return { protocol: name === undefined ? usual : checkName(kindModes, name, 'tunnel mode') };
}

function discovery(settings: TunnelSettings): Partial<NativeTunnel> {
  if (settings.encapsulationLimit !== undefined) {
    throw new RangeError('tunnel encapsulationLimit has a meaning over IPv6 only');
  }
  return {
    pathMtuDiscovery: flag(settings.pathMtuDiscovery, true, 'tunnel pathMtuDiscovery') ? 1 : 0,
  };
}

function limit(settings: TunnelSettings): Partial<NativeTunnel> {
  if (settings.pathMtuDiscovery !== undefined) {
    throw new RangeError('tunnel pathMtuDiscovery has a meaning over IPv4 only');
  }
  const { encapsulationLimit = usualEncapsulationLimit } = settings;
  if (encapsulationLimit === 'none') return { flags: uapi.IP6_TNL_F_IGN_ENCAP_LIMIT };
  checkInteger(encapsulationLimit, 0, 255, 'tunnel encapsulationLimit');
  return { encapsulationLimit, flags: 0 };
}

function decodeLimit(tunnel: NativeTunnel): number | 'none' {
  const ignored = ((tunnel.flags ?? 0) & uapi.IP6_TNL_F_IGN_ENCAP_LIMIT) !== 0;
  return ignored ? 'none' : (tunnel.encapsulationLimit ?? 0);
}

const encapsulationFlags = {
  checksum: uapi.TUNNEL_ENCAP_FLAG_CSUM,
  checksum6: uapi.TUNNEL_ENCAP_FLAG_CSUM6,
  remoteChecksum: uapi.TUNNEL_ENCAP_FLAG_REMCSUM,
} as const;

function encapsulation(
  settings: TunnelEncapsulation | undefined,
  overIpv6: boolean,
): Partial<NativeTunnel> {
  if (settings === undefined) return {};
  checkObject(settings, 'tunnel encapsulation');
  checkInteger(settings.destinationPort, 1, 65535, 'tunnel encapsulation destinationPort');
  let bits = 0;
  for (const name of Object.keys(encapsulationFlags) as (keyof typeof encapsulationFlags)[]) {
    const usual = name === 'checksum6' && overIpv6;
    const wanted = flag(settings[name], usual, `tunnel encapsulation ${name}`);
    if (wanted) bits |= encapsulationFlags[name];
  }
  return {
    encapsulation: checkName(encapsulations, settings.type, 'tunnel encapsulation type'),
    encapsulationFlags: bits,
    destinationPort: settings.destinationPort,
    sourcePort: number(
      settings.sourcePort,
      'auto',
      0,
      0,
      1,
      65535,
      'tunnel encapsulation sourcePort',
    ),
  };
}

function decodeEncapsulation(tunnel: NativeTunnel): TunnelEncapsulation | undefined {
  const type = nameOf(encapsulations, tunnel.encapsulation ?? uapi.TUNNEL_ENCAP_NONE);
  if (typeof type === 'number') return undefined;
  const bits = tunnel.encapsulationFlags ?? 0;
  return {
    type,
    destinationPort: tunnel.destinationPort ?? 0,
    sourcePort: tunnel.sourcePort || 'auto',
    checksum: (bits & encapsulationFlags.checksum) !== 0,
    checksum6: (bits & encapsulationFlags.checksum6) !== 0,
    remoteChecksum: (bits & encapsulationFlags.remoteChecksum) !== 0,
  };
}

function greFields(kind: TunnelKind, settings: TunnelSettings): Partial<NativeTunnel> {
  const { inputKey, outputKey } = settings;
  const isGre = kind.includes('gre');
  for (const name of ['inputKey', 'outputKey', 'inputChecksum', 'outputChecksum'] as const) {
    if (!isGre && settings[name] !== undefined) {
      throw new RangeError(`tunnel ${name} has a meaning for GRE only`);
    }
  }
  if (!isGre) return {};
  const flags = (key: number | undefined, checksum: boolean) =>
    (key === undefined ? 0 : uapi.GRE_KEY) | (checksum ? uapi.GRE_CSUM : 0);
  return {
    inputFlags: flags(inputKey, flag(settings.inputChecksum, false, 'tunnel inputChecksum')),
    outputFlags: flags(outputKey, flag(settings.outputChecksum, false, 'tunnel outputChecksum')),
    ...defined({
      inputKey: optional32(inputKey, 'tunnel inputKey'),
      outputKey: optional32(outputKey, 'tunnel outputKey'),
    }),
  };
}

function decodeGreFields(tunnel: NativeTunnel): TunnelSettings {
  const { inputFlags, outputFlags } = tunnel;
  if (inputFlags === undefined || outputFlags === undefined) return {};
  return {
    ...defined({
      inputKey: inputFlags & uapi.GRE_KEY ? tunnel.inputKey : undefined,
      outputKey: outputFlags & uapi.GRE_KEY ? tunnel.outputKey : undefined,
    }),
    inputChecksum: (inputFlags & uapi.GRE_CSUM) !== 0,
    outputChecksum: (outputFlags & uapi.GRE_CSUM) !== 0,
  };
}

/** A number that a word may stand for, and that may be left out. */
function number<Word extends string>(
  value: number | Word | undefined,
  word: Word,
  usual: number,
  meaning: number,
  lowest: number,
  highest: number,
  what: string,
): number {
  if (value === undefined) return usual;
  if (value === word) return meaning;
  if (typeof value === 'string') {
    throw new RangeError(`${what} must be a number or ${word}, not ${JSON.stringify(value)}`);
  }
  checkInteger(value, lowest, highest, what);
  return value;
}

function flag(value: boolean | undefined, usual: boolean, what: string): boolean {
  if (value === undefined) return usual;
  checkBoolean(value, what);
  return value;
}

function optional32(value: number | undefined, what: string): number | undefined {
  if (value !== undefined) checkInteger(value, 0, 0xffffffff, what);
  return value;
}
