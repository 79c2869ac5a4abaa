import type { NameLookup } from '../../formats/ipvsadm/command.ts';
import type { Directive } from '../../formats/ldirectord/parse.ts';
import { fail } from './directives.ts';
import { addressOf, type Endpoint, endpointOf, rangeOf } from './endpoints.ts';

export const forwardings = { gate: 'dr', masq: 'nat', ipip: 'tun' } as const;
export type Forward = keyof typeof forwardings;

/** A line `real`, which may stand for several servers. */
export interface Real {
  readonly directive: Directive;
  readonly addresses: readonly string[];
  /** 0 where none is said. */
  readonly port: number;
  readonly forward: Forward;
  readonly weight: number;
  /** What to ask for, and a regular expression for the answer, in place of those of the service. */
  readonly request: string | undefined;
  readonly receive: string | undefined;
  readonly lower: number;
  readonly upper: number;
}

const shape =
  /^(\[[\da-fA-F:.]+\]|[\w.-]+?)(?:->(\[[\da-fA-F:.]+\]|[\w.-]+))?(?::([\w-]+))?\s+(\w+)(.*)$/;
const details =
  /^(?:\s+(\d+))?(?:\s+"(.*)"[, ]\s*"(.*)")?(?:\s+"?l:(\d+)"?)?(?:\s+"?u:(\d+)"?)?\s*$/;

/** @returns Why not, for a name of a host, which is not looked up. */
export function readReal(directive: Directive, names: NameLookup): Real | string {
  const match = shape.exec(directive.value);
  if (match === null)
    return fail(directive, 'must be ADDRESS[:PORT] gate|masq|ipip, and perhaps more');
  const [, first = '', last, service, forward = '', rest = ''] = match;
  if (!Object.hasOwn(forwardings, forward)) {
    return fail(directive, `must be reached by gate, masq or ipip, not ${forward}`);
  }
  const more = details.exec(rest);
  if (more === null)
    return fail(directive, `has something that cannot be read, around ${rest.trim()}`);
  const text = service === undefined ? first : `${first}:${service}`;
  // A port without a protocol is looked for in all of them; TCP has every name.
  const endpoint = endpointOf(text, directive, 'tcp', names);
  if (typeof endpoint === 'string') return endpoint;
  if (last !== undefined && addressOf(last.replace(/^\[|\]$/g, '')) === undefined) {
    return `names of hosts, such as ${last}, are not looked up: write the address`;
  }
  const [, weight = '1', request, receive, lower = '0', upper = '0'] = more;
  return {
    directive,
    addresses: last === undefined ? [endpoint.address] : rangeOf(endpoint.address, last, directive),
    port: endpoint.port,
    forward: forward as Forward,
    weight: Number(weight),
    request,
    receive,
    lower: Number(lower),
    upper: Number(upper),
  };
}

/** A line `fallback`: `ADDRESS[:PORT] [gate|masq|ipip]`. */
export function readFallback(
  directive: Directive,
  protocol: string,
  names: NameLookup,
): (Endpoint & { readonly forward: Forward }) | string {
  const [text = '', forward = 'gate', more] = directive.value.split(/\s+/);
  if (more !== undefined || !Object.hasOwn(forwardings, forward)) {
    return fail(directive, 'must be ADDRESS[:PORT], and perhaps gate, masq or ipip');
  }
  const endpoint = endpointOf(text, directive, protocol, names);
  return typeof endpoint === 'string' ? endpoint : { ...endpoint, forward: forward as Forward };
}
