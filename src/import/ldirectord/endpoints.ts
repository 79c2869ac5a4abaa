import type { NameLookup } from '../../formats/ipvsadm/command.ts';
import type { Directive } from '../../formats/ldirectord/parse.ts';
import { formatIp, parseIp } from '../../net/ip.ts';
import { fail } from './directives.ts';

/** An address with a port; 0 where none is said. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

const mostServers = 65_536;

/**
 * Reads `ADDRESS:PORT`, of which the port may be missing or a name.
 *
 * @returns Why not, for a name of a host, which is not looked up.
 */
export function endpointOf(
  text: string,
  directive: Directive,
  protocol: string,
  names: NameLookup,
): Endpoint | string {
  const match = /^(\[[^\]]*\]|[^:\s]+)(?::([\w-]+))?$/.exec(text);
  if (match === null) return fail(directive, 'has no address that could be read');
  const [, host = '', service = '0'] = match;
  const port = portOf(service, directive, protocol, names);
  const address = addressOf(host.replace(/^\[(.*)\]$/, '$1'));
  if (address !== undefined) return { address, port };
  if (/^[\d.]+$/.test(host) || host.startsWith('['))
    return fail(directive, `has no address ${host}`);
  return `names of hosts, such as ${host}, are not looked up: write the address`;
}

function portOf(
  service: string,
  directive: Directive,
  protocol: string,
  names: NameLookup,
): number {
  const number = /^\d+$/.test(service) ? Number(service) : names.servicePort(service, protocol);
  if (number === undefined) return fail(directive, `has a port without a number, ${service}`);
  return number <= 65_535 ? number : fail(directive, `has no port ${service}`);
}

export function addressOf(text: string): string | undefined {
  try {
    return formatIp(parseIp(text).bytes);
  } catch {
    return undefined;
  }
}

/** The IPv4 addresses from one to another. */
export function rangeOf(first: string, last: string, directive: Directive): readonly string[] {
  const [from, to] = [first, last].map(ipv4Number);
  if (from === undefined || to === undefined || from > to) {
    return fail(directive, 'has a range that does not go up from one IPv4 address to another');
  }
  if (to - from >= mostServers) return fail(directive, `has more than ${mostServers} servers`);
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const number = from + index;
    return [24, 16, 8, 0].map((bits) => Math.floor(number / 2 ** bits) % 256).join('.');
  });
}

function ipv4Number(text: string): number | undefined {
  const address = addressOf(text);
  if (address === undefined || address.includes(':')) return undefined;
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
