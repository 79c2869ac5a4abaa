import {
  type DestinationConfig,
  type ForwardingMethod,
  formatDestinationKey,
  type Tunnel,
} from '../ipvs/destination.ts';
import type { ServiceKey } from '../ipvs/service.ts';
import { type DestinationDefinition, isIpv6Service } from '../ipvs/table-definition.ts';
import { parseIp } from '../net/ip.ts';
import type {
  ServerInput,
  ServerObjectInput,
  ServerSettingsInput,
  ServiceInput,
  TunnelInput,
} from './config-input.ts';
import type { Path } from './document.ts';
import type { Problems } from './problems.ts';
import { parseServer, type ServerText } from './server-text.ts';

/** Makes destinations of what a configuration says of the servers of a service. */
export class ServerReader {
  readonly #problems: Problems;
  readonly #defaults: ServerSettingsInput;

  constructor(problems: Problems, defaults: ServerSettingsInput) {
    this.#problems = problems;
    this.#defaults = defaults;
  }

  /** The servers of a service. @param at Where the service is. */
  read(input: ServiceInput, key: ServiceKey, at: Path): DestinationDefinition[] {
    const found: DestinationDefinition[] = [];
    const seen = new Map<string, number>();
    const own = inherit(input, this.#defaults);
    let tunnelled = own.forwarding === 'tun';
    for (const [index, server] of (input.servers ?? []).entries()) {
      const place: Path = [...at, 'servers', index];
      const destination = this.#destination(server, own, key, place);
      if (destination === undefined) continue;
      tunnelled ||= destination.config?.forwarding === 'tun';
      const name = formatDestinationKey(destination.key);
      const first = seen.get(name);
      if (first === undefined) {
        seen.set(name, index);
        found.push(destination);
      } else {
        const line = this.#problems.lineOf([...at, 'servers', first]);
        this.#problems.add(place, `the server ${name} is in line ${line} already`);
      }
    }
    if (input.tunnel !== undefined && !tunnelled) {
      this.#problems.add(
        [...at, 'tunnel'],
        'tunnel is for forwarding tun, which no server here has',
      );
    }
    return found;
  }

  #destination(
    server: ServerInput,
    inherited: Inherited,
    key: ServiceKey,
    at: Path,
  ): DestinationDefinition | undefined {
    const object = typeof server !== 'string';
    const input: ServerObjectInput | undefined = object ? server : this.readText(server, at);
    if (input === undefined) return undefined;
    const addressAt = object ? [...at, 'address'] : at;
    const family = this.#problems.attempt(addressAt, () => checkUnicast(input.address));
    const settings = inherit(input, inherited);
    const { forwarding, weight, thresholds } = settings;
    this.#checkThresholds(settings, object && input.thresholds !== undefined, at);
    if (object && input.tunnel !== undefined && forwarding !== 'tun') {
      this.#problems.add([...at, 'tunnel'], `tunnel is for forwarding tun, not ${forwarding}`);
    }
    if (
      family !== undefined &&
      (family === 'ipv6') !== isIpv6Service(key) &&
      forwarding !== 'tun'
    ) {
      const [one, other] = isIpv6Service(key) ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6'];
      const message = `the service is ${one} and the server ${other}: only forwarding tun can cross`;
      this.#problems.add(addressAt, message);
    }
    const servicePort = key.firewallMark === undefined ? key.port : 0;
    const port = input.port ?? servicePort;
    const rewrites = forwarding !== 'dr' && forwarding !== 'tun';
    if (!rewrites && port !== servicePort && key.firewallMark === undefined) {
      const message = `forwarding ${forwarding} cannot change the port: it has to be ${servicePort}, as the service listens to`;
      this.#problems.add(object ? [...at, 'port'] : at, message);
    }
    if (family === undefined) return undefined;
    const config: DestinationConfig = {
      forwarding,
      weight,
      upperThreshold: thresholds?.upper ?? 0,
      lowerThreshold: thresholds?.lower ?? 0,
      ...(forwarding === 'tun' && { tunnel: tunnelOf(settings.tunnel) }),
    };
    return { key: { address: input.address, port }, config };
  }

  /** Reads a server that is one text. */
  readText(text: string, at: Path): ServerText | undefined {
    const server = parseServer(text);
    if (server === undefined) {
      const example = '10.0.0.11 or "[2001:db8::11]:80"';
      this.#problems.add(at, `must be an address, or address:port, such as ${example}`);
    }
    return server;
  }

  #checkThresholds({ thresholds }: Inherited, own: boolean, at: Path): void {
    const { upper = 0, lower = 0 } = thresholds ?? {};
    if (lower <= upper) return;
    const place = own ? [...at, 'thresholds'] : at;
    const message = `the lower threshold, ${lower}, is above the upper one, ${upper === 0 ? 'of which there is none' : upper}`;
    this.#problems.add(place, message);
  }
}

type Inherited = ServerSettingsInput & {
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

/** The family of an address that one host can have. @throws RangeError for others. */
function checkUnicast(address: string): 'ipv4' | 'ipv6' {
  const { family, bytes } = parseIp(address);
  const first = bytes[0] ?? 0;
  const many = family === 'ipv4' ? first >= 224 : first === 0xff;
  if (many || bytes.every((byte) => byte === 0)) {
    throw new RangeError(`address ${address} is not that of one host`);
  }
  return family;
}
