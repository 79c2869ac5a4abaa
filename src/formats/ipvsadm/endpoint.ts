import { AF_INET, AF_INET6 } from '../../native/ipvs-records.ts';
import { parseIpInto } from '../../net/ip.ts';
import { decimalIn, inetAton } from './c-numbers.ts';
import type { NameLookup } from './command.ts';

/** What `host[:port]` stands for. */
export interface Endpoint {
  readonly family: number;
  /** 16 bytes, of which IPv4 is the first four. */
  readonly address: Uint8Array;
  /** Absent when none is given. */
  readonly port: number | undefined;
}

const protocolNames: ReadonlyMap<number, string> = new Map([
  [6, 'tcp'],
  [17, 'udp'],
  [132, 'sctp'],
]);

/**
 * Reads `host[:port]`, each as a number or a name. IPv6 addresses stand bare, or in brackets with a
 * port behind; IPv4 in brackets passes, and then whatever is behind them is lost.
 *
 * @param protocol Its number, to look the port up by; without one, only numbers are ports.
 */
export function parseEndpoint(
  text: string,
  protocol: number,
  names: NameLookup,
): Endpoint | undefined {
  if (/^\d*$/.test(text)) return undefined;
  let host = text;
  let portText: string | undefined;
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    if (end < 0 || text[end + 1] !== ':') return undefined;
    host = text.slice(1, end);
    portText = text.slice(end + 2);
  }
  const bytes = new Uint8Array(16);
  if (isIpv6(host, bytes)) {
    return withPort({ family: AF_INET6, address: bytes }, portText, protocol, names);
  }
  const colon = host.lastIndexOf(':');
  portText = colon < 0 ? undefined : host.slice(colon + 1);
  if (colon >= 0) host = host.slice(0, colon);
  const address = ipv4Address(host, names);
  if (address === undefined) return undefined;
  new DataView(bytes.buffer).setUint32(0, address);
  return withPort({ family: AF_INET, address: bytes }, portText, protocol, names);
}

/** An IPv4 address by number, in any way of writing one, or by name. */
export function ipv4Address(text: string, names: NameLookup): number | undefined {
  return inetAton(text) ?? names.hostAddress(text);
}

/** Whether the text is an IPv6 address; if so it is written to the bytes. */
export function isIpv6(text: string, bytes: Uint8Array): boolean {
  // One colon is a port's, or nothing's; with two, failing costs enough to be worth avoiding.
  if (text.indexOf(':') === text.lastIndexOf(':')) return false;
  try {
    return parseIpInto(text, bytes, 0) === 'ipv6';
  } catch {
    return false;
  }
}

function withPort(
  at: Pick<Endpoint, 'family' | 'address'>,
  text: string | undefined,
  protocol: number,
  names: NameLookup,
): Endpoint | undefined {
  if (text === undefined) return { ...at, port: undefined };
  const port = decimalIn(text, 0, 65535) ?? portByName(text, protocol, names);
  return port === undefined ? undefined : { ...at, port };
}

function portByName(text: string, protocol: number, names: NameLookup): number | undefined {
  const name = protocolNames.get(protocol);
  return name === undefined ? undefined : names.servicePort(text, name);
}
