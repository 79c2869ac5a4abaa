import {
  type DestinationConfig,
  type DestinationKey,
  type ForwardingMethod,
  formatDestinationKey,
  type Tunnel,
} from '../ipvs/destination.ts';
import type { ServiceKey } from '../ipvs/service.ts';
import { isIpv6Service } from '../ipvs/table-definition.ts';
import { formatIp, parseIp } from '../net/ip.ts';
import { checkOf, type HealthLevel, readHealth } from './check-reader.ts';
import type { Check } from './checks.ts';
import type {
  FallbackInput,
  ServerInput,
  ServerObjectInput,
  ServerSettingsInput,
  ServiceInput,
  TunnelInput,
} from './config-input.ts';
import type { Defaults } from './defaults.ts';
import type { Place } from './problems.ts';
import { parseServer, type ServerText } from './server-text.ts';

/** A server that is right. */
export interface ReadServer {
  readonly key: Required<DestinationKey>;
  readonly config: DestinationConfig;
  readonly check: Check | undefined;
  readonly place: Place;
}

/** Makes destinations of what a configuration says of the servers of a service. */
export class ServerReader {
  readonly #defaults: Defaults;

  constructor(defaults: Defaults) {
    this.#defaults = defaults;
  }

  /** The servers of a service. @param at Where the service is. */
  read(input: ServiceInput, key: ServiceKey, at: Place): ReadServer[] {
    const found: ReadServer[] = [];
    const seen = new Map<string, ReadServer>();
    const own = inherit(input, this.#defaults.values);
    const health = readHealth(input, at, this.#defaults.health);
    let tunnelled = own.forwarding === 'tun';
    for (const [index, server] of (input.servers ?? []).entries()) {
      const place = at.in('servers', index);
      const read = readServer(server, own, health, key, place);
      if (read === undefined) continue;
      tunnelled ||= read.config.forwarding === 'tun';
      const name = formatDestinationKey(read.key);
      const first = seen.get(name);
      if (first === undefined) {
        seen.set(name, read);
        found.push(read);
      } else {
        place.add(`the server ${name} is in ${first.place.seenFrom(place)} already`);
      }
    }
    if (input.tunnel !== undefined && !tunnelled) {
      at.in('tunnel').add('tunnel is for forwarding tun, which no server here has');
    }
    return found;
  }

  /** A server that stands alone. @param own What holds for it unless it says otherwise. */
  readOne(
    server: string | FallbackInput,
    own: ServerSettingsInput,
    key: ServiceKey,
    at: Place,
  ): ReadServer | undefined {
    const settings = inherit(own, this.#defaults.values);
    return readServer(server, settings, { check: undefined, paces: [] }, key, at);
  }
}

function readServer(
  server: ServerInput,
  inherited: Inherited,
  around: HealthLevel,
  key: ServiceKey,
  at: Place,
): ReadServer | undefined {
  const object = typeof server !== 'string';
  const input: ServerObjectInput | undefined = object ? server : readServerText(server, at);
  if (input === undefined) return undefined;
  const addressAt = object ? at.in('address') : at;
  const ip = addressAt.attempt(() => readUnicast(input.address));
  const settings = inherit(input, inherited);
  const { forwarding, weight, thresholds } = settings;
  checkThresholds(settings, object && input.thresholds !== undefined, at);
  const health = object ? readHealth(input, at, around) : around;
  if (object && input.tunnel !== undefined && forwarding !== 'tun') {
    at.in('tunnel').add(`tunnel is for forwarding tun, not ${forwarding}`);
  }
  if (ip !== undefined && ip.isIpv6 !== isIpv6Service(key) && forwarding !== 'tun') {
    const [one, other] = isIpv6Service(key) ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6'];
    const message = `the service is ${one} and the server ${other}: only forwarding tun can cross`;
    addressAt.add(message);
  }
  const servicePort = key.firewallMark === undefined ? key.port : 0;
  const port = input.port ?? servicePort;
  const rewrites = forwarding !== 'dr' && forwarding !== 'tun';
  if (!rewrites && port !== servicePort && key.firewallMark === undefined) {
    const message = `forwarding ${forwarding} cannot change the port: it has to be ${servicePort}, as the service listens to`;
    (object ? at.in('port') : at).add(message);
  }
  if (ip === undefined) return undefined;
  const { address } = ip;
  if (isServiceItself(key, { address, port }, forwarding)) {
    addressAt.add('the server is the VIP itself: only forwarding local serves on this host');
  }
  const tunnel = forwarding === 'tun' ? tunnelOf(settings.tunnel) : undefined;
  const config: DestinationConfig = {
    forwarding,
    weight,
    upperThreshold: thresholds?.upper ?? 0,
    lowerThreshold: thresholds?.lower ?? 0,
    ...(tunnel && { tunnel }),
  };
  const check =
    health.check && checkOf(health.check, { service: key, address, port, forwarding, tunnel });
  return { key: { address, port }, config, check, place: at };
}

/** Reads a server that is one text. */
export function readServerText(text: string, at: Place): ServerText | undefined {
  const server = parseServer(text);
  if (server === undefined) {
    const example = '10.0.0.11 or "[2001:db8::11]:80"';
    at.add(`must be an address, or address:port, such as ${example}`);
  }
  return server;
}

/**
 * Whether packets for a server would come back to the service: its address is the VIP, and so is the
 * port, where that can be another.
 */
export function isServiceItself(
  service: ServiceKey,
  server: Required<DestinationKey>,
  forwarding: ForwardingMethod,
): boolean {
  if (service.firewallMark !== undefined || server.address !== service.address) return false;
  if (forwarding === 'nat') return server.port === service.port;
  return forwarding === 'dr' || forwarding === 'tun';
}

function checkThresholds({ thresholds }: Inherited, own: boolean, at: Place): void {
  const { upper = 0, lower = 0 } = thresholds ?? {};
  if (lower <= upper) return;
  const message = `the lower threshold, ${lower}, is above the upper one, ${upper === 0 ? 'of which there is none' : upper}`;
  (own ? at.in('thresholds') : at).add(message);
}

type Inherited = Pick<ServerSettingsInput, 'thresholds' | 'tunnel'> & {
  readonly forwarding: ForwardingMethod;
  readonly weight: number;
};

function inherit(own: ServerSettingsInput, from: ServerSettingsInput): Inherited {
  return {
    forwarding: own.forwarding ?? from.forwarding ?? 'dr',
    weight: own.weight ?? from.weight ?? 1,
    thresholds: own.thresholds ?? from.thresholds,
    tunnel: own.tunnel ?? from.tunnel,
  };
}

function tunnelOf(input: TunnelInput | undefined): Tunnel {
  if (input === undefined || input === 'ipip' || input.type === 'ipip') return { type: 'ipip' };
  if (input.type === 'gre') return { type: 'gre', checksum: input.checksum ?? 'none' };
  return { type: 'gue', port: input.port, checksum: input.checksum ?? 'none' };
}

/** An address that one host can have, in its one spelling. @throws RangeError for others. */
function readUnicast(text: string): { readonly address: string; readonly isIpv6: boolean } {
  const { family, bytes } = parseIp(text);
  const first = bytes[0] ?? 0;
  const many = family === 'ipv4' ? first >= 224 : first === 0xff;
  if (many || bytes.every((byte) => byte === 0)) {
    throw new RangeError(`address ${text} is not that of one host`);
  }
  return { address: formatIp(bytes), isIpv6: family === 'ipv6' };
}
