import type { Statement } from '../../formats/keepalived/parse.ts';
import { formatEndpoint, formatIp, parseIp } from '../../net/ip.ts';
import { type Account, Notes } from './account.ts';
import { endpointOf } from './real-server.ts';

/** What a service listens to, without its protocol. */
export type Listen =
  | {
      readonly type: 'address';
      readonly address: string;
      readonly isIpv6: boolean;
      readonly port: number;
    }
  /** `isIpv6`: undefined where nothing says it. */
  | { readonly type: 'mark'; readonly mark: number; readonly isIpv6: boolean | undefined };

/** A `virtual_server_group`, read once and used by any number of virtual servers. */
export interface Group {
  readonly statement: Statement;
  readonly listens: readonly Listen[];
  readonly notes: Notes;
  isUsed: boolean;
}

const highestMark = 0xffff_ffff;
const mostAddresses = 65_536;

export function formatListen(listen: Listen, protocol: string): string {
  if (listen.type === 'mark')
    return `fwmark ${listen.mark}${listen.isIpv6 === true ? ' ipv6' : ''}`;
  return `${protocol} ${formatEndpoint(listen.address, listen.port)}`;
}

/** Reads `ADDRESS [PORT]` or `fwmark NUMBER`. @returns Undefined for what is neither. */
export function listenOf(first = '', second = ''): Listen | undefined {
  if (first === 'fwmark') {
    const mark = /^\d+$/.test(second) ? Number(second) : Number.NaN;
    return mark <= highestMark ? { type: 'mark', mark, isIpv6: undefined } : undefined;
  }
  const endpoint = endpointOf(first, second);
  return endpoint && { type: 'address', ...endpoint };
}

export function readGroup(statement: Statement, account: Account): Group {
  const notes = new Notes(account);
  const listens: Listen[] = [];
  account.map(statement.words);
  for (const entry of statement.body ?? []) {
    const found = entryOf(entry);
    if (typeof found === 'string') notes.leaveOut(entry, found);
    else {
      const isMark = entry.words[0]?.text === 'fwmark';
      notes.take(entry, isMark ? 3 : 2);
      listens.push(...found);
    }
  }
  return { statement, listens, notes, isUsed: false };
}

/** What an entry of a group stands for, or why it stands for nothing. */
function entryOf({ words }: Statement): readonly Listen[] | string {
  const [first = '', second = '', third] = words.map((word) => word.text);
  if (first === 'fwmark') {
    const listen = listenOf(first, second);
    if (listen?.type !== 'mark') return 'keepalived passes over it: it is no firewall mark';
    if (third === undefined) return [listen];
    if (third !== 'inet' && third !== 'inet6') return 'keepalived passes over it: it is no family';
    return [{ ...listen, isIpv6: third === 'inet6' }];
  }
  const range = /^([^/-]+)(?:\/(\d+)|-(.+))?$/.exec(first);
  const start = endpointOf(range?.[1], second);
  if (range === null || start === undefined) {
    return 'keepalived passes over it: its address or port is none';
  }
  const bytes = parseIp(start.address).bytes;
  const width = bytes.length * 8;
  const lowest = numberOf(bytes);
  let highest: bigint;
  if (range[2] !== undefined) {
    const length = Number(range[2]);
    const rest = (1n << BigInt(Math.max(width - length, 0))) - 1n;
    if (length < 1 || length > width || (lowest & rest) !== 0n) {
      return 'keepalived passes over it: the prefix is none, or has bits behind it';
    }
    highest = lowest | rest;
  } else if (range[3] === undefined) {
    highest = lowest;
  } else {
    const last = lastOf(range[3], start.isIpv6, lowest);
    if (last === undefined || last < lowest) {
      return 'keepalived passes over it: the range does not end behind its beginning';
    }
    highest = last;
  }
  if (highest - lowest >= BigInt(mostAddresses)) {
    return `these would be more than ${mostAddresses} services: a firewall mark can stand for them`;
  }
  const listens: Listen[] = [];
  for (let at = lowest; at <= highest; at++) {
    listens.push({ ...start, type: 'address', address: formatIp(bytesOf(at, bytes.length)) });
  }
  return listens;
}

/** The end of a range: an address, or what its last byte or last group is. */
function lastOf(text: string, isIpv6: boolean, lowest: bigint): bigint | undefined {
  const whole = endpointOf(text);
  if (whole !== undefined && /[.:]/.test(text)) {
    return whole.isIpv6 === isIpv6 ? numberOf(parseIp(whole.address).bytes) : undefined;
  }
  const [pattern, radix, highest] = isIpv6
    ? ([/^[\da-f]{1,4}$/i, 16, 0xffff] as const)
    : ([/^\d{1,3}$/, 10, 0xff] as const);
  const value = pattern.test(text) ? Number.parseInt(text, radix) : Number.NaN;
  if (!(value <= highest)) return undefined;
  return lowest - (lowest & BigInt(highest)) + BigInt(value);
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function bytesOf(number: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) {
    bytes[length - 1 - at] = Number((number >> BigInt(8 * at)) & 0xffn);
  }
  return bytes;
}
