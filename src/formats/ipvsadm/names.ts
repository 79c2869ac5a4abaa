import type { Protocol } from '../../ipvs/service.ts';

/**
 * Where names for addresses and ports come from; without one, everything is printed as numbers
 * (`ipvsadm -n`). Names are Latin-1, one character for each byte, as all text of these formats.
 */
export interface AddressNames {
  /** The name of an address, as the C library's `gethostbyaddr` finds it; undefined without one. */
  hostName(address: string): string | undefined;
  /** The name of a port, as the C library's `getservbyport` finds it; undefined without one. */
  portName(port: number, protocol: Protocol): string | undefined;
}

/** ipvsadm keeps an address and its port in a buffer of 60 bytes, the last of them zero. */
const longestEndpoint = 59;

/** An IPv6 address whose first six groups are zero and the seventh is not. */
const compatible = /^::([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** Address and port as ipvsadm prints them: `10.0.0.1:80`, `[2001:db8::1]:80`, `www:http`. */
export function endpointText(
  address: string,
  port: number,
  protocol: Protocol | undefined,
  names: AddressNames | undefined,
): string {
  const ipv6 = address.includes(':');
  if (names === undefined) {
    return ipv6 ? `[${libraryAddress(address)}]:${port}` : `${address}:${port}`;
  }
  const host = names.hostName(address) ?? (ipv6 ? libraryAddress(address) : address);
  const service = hasPortNames(protocol) ? (names.portName(port, protocol) ?? port) : port;
  return (ipv6 ? `[${host}]:${service}` : `${host}:${service}`).slice(0, longestEndpoint);
}

function hasPortNames(protocol: Protocol | undefined): protocol is Protocol {
  return protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp';
}

/**
 * The text of an IPv6 address as the C library's `inet_ntop` prints it: it alone still ends an
 * address of the obsolete IPv4-compatible kind (`::1.2.3.4`) in a dotted quad.
 */
export function libraryAddress(address: string): string {
  const match = compatible.exec(address);
  if (match === null) return address;
  const high = Number.parseInt(match[1] ?? '', 16);
  const low = Number.parseInt(match[2] ?? '', 16);
  return `::${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
}
