/** A version of IP. */
export type AddressFamily = 'ipv4' | 'ipv6';

/** An IP address as its bytes in network order: 4 for IPv4, 16 for IPv6. */
export interface IpAddress {
  readonly family: AddressFamily;
  readonly bytes: Uint8Array;
}

/** An address and the number of its leading bits that count. */
export interface IpPrefix extends IpAddress {
  /** 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly length: number;
}

const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * Reads an IPv4 or IPv6 address.
 *
 * Strict: four decimal numbers without leading zeros (which some programs read as octal), or the
 * forms of RFC 4291 section 2.2. Zone identifiers (`%eth0`) are refused: nothing that lvskit hands
 * an address to has a place for one.
 *
 * @param what What the address is called in the error, such as `service address`.
 * @throws TypeError when it is not a string, RangeError when it is not an address.
 */
export function parseIp(text: string, what = 'address'): IpAddress {
  const bytes = new Uint8Array(16);
  const family = parseIpInto(text, bytes, 0, what);
  return { family, bytes: family === 'ipv4' ? bytes.slice(0, 4) : bytes };
}

/**
 * Reads an address as {@link parseIp} does, straight into the bytes from `at` on, of which there
 * must be 16.
 */
export function parseIpInto(
  text: string,
  bytes: Uint8Array,
  at: number,
  what = 'address',
): AddressFamily {
  if (typeof text !== 'string') throw new TypeError(`${what} must be a string`);
  const family = tryParseIpInto(text, bytes, at);
  if (family === undefined) {
    const zone = text.includes('%') ? ' (a zone identifier has no meaning here)' : '';
    throw new RangeError(`${what} ${JSON.stringify(text)} is not an IP address${zone}`);
  }
  return family;
}

/** As {@link parseIpInto}, but undefined for what is no address; the bytes may be spoilt then. */
export function tryParseIpInto(
  text: string,
  bytes: Uint8Array,
  at: number,
): AddressFamily | undefined {
  if (parseIpv4(text, bytes, at)) return 'ipv4';
  const ipv6 = text.includes(':') ? parseIpv6(text) : undefined;
  if (ipv6 === undefined) return undefined;
  bytes.set(ipv6, at);
  return 'ipv6';
}

/** The family of what has been found to be an address. */
export function familyOf(address: string): AddressFamily {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

/**
 * Reads `address/length`; without a length the whole address counts.
 *
 * @throws TypeError when it is not a string, RangeError when it is not an address and length.
 */
export function parsePrefix(text: string, what = 'prefix'): IpPrefix {
  if (typeof text !== 'string') throw new TypeError(`${what} must be a string`);
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash), what);
  const longest = address.bytes.length * 8;
  if (slash < 0) return { ...address, length: longest };
  const digits = text.slice(slash + 1);
  const length = /^(0|[1-9]\d{0,2})$/.test(digits) ? Number(digits) : Number.NaN;
  if (!(length <= longest)) {
    throw new RangeError(
      `${what} ${JSON.stringify(text)} must end in a length from 0 to ${longest}`,
    );
  }
  return { ...address, length };
}

/** Prints an address: dotted quad, or the canonical IPv6 text of RFC 5952. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return formatIpv4At(bytes, 0);
  if (bytes.length !== 16) throw new RangeError('an IP address has 4 or 16 bytes');
  const group = (index: number) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0);
  let runStart = 8;
  let runLength = 1;
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && group(end) === 0) end++;
    if (end - start > runLength) {
      runStart = start;
      runLength = end - start;
    }
    if (end > start) start = end;
  }
  if (runStart === 0 && runLength === 5 && group(5) === 0xffff) {
    return `::ffff:${formatIp(bytes.subarray(12))}`;
  }
  let text = '';
  for (let index = 0; index < 8; index++) {
    if (index === runStart) {
      text += '::';
      index += runLength - 1;
    } else {
      const separator = index === 0 || index === runStart + runLength ? '' : ':';
      text += separator + hexadecimalText(group(index));
    }
  }
  return text;
}

const twoDigits: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/** Prints the IPv4 address in the four bytes from `at` on. */
export function formatIpv4At(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** The digits of a group. Tables of addresses are printed whole, and `toString(16)` is slow. */
function hexadecimalText(group: number): string {
  const low = twoDigits[group & 0xff] ?? '';
  if (group > 0xff) {
    const high = twoDigits[group >> 8] ?? '';
    return (group < 0x1000 ? high.slice(1) : high) + low;
  }
  return group < 0x10 ? low.slice(1) : low;
}

/** Address and port as people write them: `192.0.2.1:80`, `[2001:db8::1]:80`. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Whether `text` is a dotted quad; if so its four bytes are written from `at` on. */
function parseIpv4(text: string, bytes: Uint8Array, at: number): boolean {
  const { length } = text;
  let place = 0;
  let value = 0;
  let digits = 0;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      if (digits === 0 || place === 3) return false;
      bytes[at + place++] = value;
      value = 0;
      digits = 0;
      continue;
    }
    // A leading zero is refused with the digit that follows it.
    if (code < ZERO || code > NINE || (digits > 0 && value === 0)) return false;
    value = value * 10 + code - ZERO;
    digits++;
    if (value > 255) return false;
  }
  if (digits === 0 || place !== 3) return false;
  bytes[at + 3] = value;
  return true;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = '', tail] = halves;
  const front = parseGroups(head, tail === undefined);
  const back = tail === undefined ? [] : parseGroups(tail, true);
  if (front === undefined || back === undefined) return undefined;
  const missing = 16 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(front);
  bytes.set(back, 16 - back.length);
  return bytes;
}

/** The bytes of `a:b:c`, whose last part may be a dotted quad when it ends the address. */
function parseGroups(text: string, endsAddress: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (endsAddress && index === groups.length - 1 && group.includes('.')) {
      const quad = new Uint8Array(4);
      if (!parseIpv4(group, quad, 0)) return undefined;
      bytes.push(...quad);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}
