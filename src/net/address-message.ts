import { checkInteger, checkObject } from '../check.ts';
import type { NativeAddress } from '../native/route.ts';
import type {
  Address,
  AddressConfig,
  AddressConfigFlag,
  AddressFlag,
  AddressKey,
  Lifetime,
} from './address.ts';
import { defined } from './defined.ts';
import { type AddressFamily, formatIp, type IpPrefix, parseIp, parsePrefix } from './ip.ts';
import { checkLinkReference } from './link-reference.ts';
import { flagBits, flagNames } from './names.ts';
import {
  familyName,
  familyNumber,
  protocolName,
  protocolNumber,
  scopeName,
  scopeNumber,
} from './route-names.ts';
import { uapi } from './uapi.ts';

const configFlags: Readonly<Record<AddressConfigFlag, number>> = {
  noprefixroute: uapi.IFA_F_NOPREFIXROUTE,
  nodad: uapi.IFA_F_NODAD,
  optimistic: uapi.IFA_F_OPTIMISTIC,
  home: uapi.IFA_F_HOMEADDRESS,
  managetempaddr: uapi.IFA_F_MANAGETEMPADDR,
  mcautojoin: uapi.IFA_F_MCAUTOJOIN,
};

const addressFlags: Readonly<Record<AddressFlag, number>> = {
  ...configFlags,
  secondary: uapi.IFA_F_SECONDARY,
  tentative: uapi.IFA_F_TENTATIVE,
  dadfailed: uapi.IFA_F_DADFAILED,
  deprecated: uapi.IFA_F_DEPRECATED,
  permanent: uapi.IFA_F_PERMANENT,
  'stable-privacy': uapi.IFA_F_STABLE_PRIVACY,
};

const forever = 0xffffffff;
const longestLabel = 15;

/** An address as the kernel sent it; `link` is the name of its link. */
export function decodeAddress(entry: NativeAddress, link: string): Address {
  const own =
    entry.local ?? entry.address ?? new Uint8Array(entry.family === uapi.AF_INET ? 4 : 16);
  const text = formatIp(own);
  const other = entry.address === undefined ? text : formatIp(entry.address);
  return {
    link,
    linkIndex: entry.link,
    family: familyName(entry.family),
    address: `${text}/${entry.prefixLength}`,
    ...defined({
      peer: other === text ? undefined : other,
      broadcast: entry.broadcast && formatIp(entry.broadcast),
      label: entry.label,
      metric: entry.metric || undefined,
      protocol: entry.protocol ? protocolName(entry.protocol) : undefined,
    }),
    scope: scopeName(entry.scope),
    flags: flagNames(addressFlags, entry.flags ?? 0),
    validLifetimeSeconds: decodeLifetime(entry.lifetimes?.valid),
    preferredLifetimeSeconds: decodeLifetime(entry.lifetimes?.preferred),
  };
}

/** Everything that says which address is meant, except its link's index. */
export function encodeAddressKey(key: AddressKey): Partial<NativeAddress> {
  return encodeKey(key).entry;
}

function encodeKey(key: AddressKey): { prefix: IpPrefix; entry: Partial<NativeAddress> } {
  checkObject(key, 'address');
  checkLinkReference(key.link);
  const prefix = parsePrefix(key.address, 'address');
  const peer = key.peer === undefined ? undefined : parseIp(key.peer, 'peer');
  if (peer !== undefined && peer.family !== prefix.family) {
    throw new RangeError(`peer ${key.peer} is of another address family than ${key.address}`);
  }
  const entry = {
    family: familyNumber(prefix.family),
    prefixLength: prefix.length,
    local: prefix.bytes,
    address: peer?.bytes ?? prefix.bytes,
    ...defined({ label: encodeLabel(key.label, prefix.family) }),
  };
  return { prefix, entry };
}

/** Everything but the index of its link. @throws TypeError or RangeError */
export function encodeAddress(config: AddressConfig): Partial<NativeAddress> {
  const { prefix, entry } = encodeKey(config);
  const { scope, metric } = config;
  if (metric !== undefined) checkInteger(metric, 0, 0xffffffff, 'metric');
  for (const name of ['broadcast', 'scope'] as const) {
    if (config[name] !== undefined && prefix.family !== 'ipv4') {
      throw new RangeError(`${name} has a meaning for IPv4 addresses only`);
    }
  }
  const usualScope = prefix.family === 'ipv4' && prefix.bytes[0] === 127 ? 'host' : 'global';
  return {
    ...entry,
    scope: scopeNumber(scope ?? usualScope),
    flags: flagBits(configFlags, config.flags, 'address flags'),
    ...defined({
      metric,
      broadcast: encodeBroadcast(config.broadcast),
      protocol: config.protocol === undefined ? undefined : protocolNumber(config.protocol),
      lifetimes: encodeLifetimes(config),
    }),
  };
}

function encodeBroadcast(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  const { family, bytes } = parseIp(text, 'broadcast');
  if (family !== 'ipv4') throw new RangeError(`broadcast ${text} must be an IPv4 address`);
  return bytes;
}

function encodeLabel(label: string | undefined, family: AddressFamily): string | undefined {
  if (label === undefined) return undefined;
  if (typeof label !== 'string') throw new TypeError('label must be a string');
  if (family !== 'ipv4') throw new RangeError('label has a meaning for IPv4 addresses only');
  const length = Buffer.byteLength(label);
  if (length < 1 || length > longestLabel || /[\s\0]/.test(label)) {
    throw new RangeError(`label ${JSON.stringify(label)} must have 1 to 15 bytes without blanks`);
  }
  return label;
}

function encodeLifetimes(config: AddressConfig): NativeAddress['lifetimes'] | undefined {
  const { validLifetimeSeconds, preferredLifetimeSeconds } = config;
  if (validLifetimeSeconds === undefined && preferredLifetimeSeconds === undefined) {
    return undefined;
  }
  const valid = encodeLifetime(validLifetimeSeconds ?? 'forever', 1, 'validLifetimeSeconds');
  const preferred =
    preferredLifetimeSeconds === undefined
      ? valid
      : encodeLifetime(preferredLifetimeSeconds, 0, 'preferredLifetimeSeconds');
  if (preferred > valid) {
    throw new RangeError('preferredLifetimeSeconds must not be longer than validLifetimeSeconds');
  }
  return { valid, preferred };
}

function encodeLifetime(lifetime: Lifetime, shortest: number, what: string): number {
  if (lifetime === 'forever') return forever;
  checkInteger(lifetime, shortest, forever - 1, what);
  return lifetime;
}

function decodeLifetime(seconds: number | undefined): Lifetime {
  return seconds === undefined || seconds === forever ? 'forever' : seconds;
}
