import type { ForwardingMethod, Tunnel } from '../../ipvs/destination.ts';
import type { ServiceKey } from '../../ipvs/service.ts';
import type { DestinationState, ServiceState } from '../../ipvs/table.ts';
import { type AddressNames, endpointText } from './names.ts';
import { sortDestinations, sortServices } from './order.ts';
import { inPieces } from './pieces.ts';
import {
  hasSchedulerFlags,
  markText,
  netmaskText,
  portProtocol,
  schedulerFlagsText,
} from './service-text.ts';

/** How rules are written. */
export interface RulesOptions {
  /** False leaves services and destinations in the order they are given. Default true. */
  readonly sort?: boolean;
  /** Absent for numbers (`-n`). */
  readonly names?: AddressNames | undefined;
}

/**
 * A table as the commands that make it (`ipvsadm -S`), in pieces of whole lines; to be written as
 * Latin-1. Thresholds are not among them, as there.
 */
export function saveRules(
  services: readonly ServiceState[],
  options: RulesOptions = {},
): Generator<string, undefined> {
  return inPieces(rules(services, options));
}

function* rules(services: readonly ServiceState[], options: RulesOptions): Generator<string> {
  const { names, sort = true } = options;
  for (const service of sort ? sortServices(services) : services) {
    const { key, destinations } = service;
    const name = serviceWords(key, names);
    yield serviceRule(service, name);
    const protocol = portProtocol(key);
    for (const destination of sort ? sortDestinations(destinations) : destinations) {
      const { address, port } = destination.key;
      yield destinationRule(destination, name, endpointText(address, port, protocol, names));
    }
  }
}

const protocolOptions: Readonly<Record<string, string>> = {
  tcp: '-t',
  udp: '-u',
  sctp: '--sctp-service',
};

/** The words that name a service on a command line: `-t 10.0.0.1:80`, `-f 7 -6`. */
export function serviceWords(key: ServiceKey, names?: AddressNames): string {
  if (key.firewallMark !== undefined) {
    return `-f ${markText(key.firewallMark)}${key.family === 'ipv6' ? ' -6' : ''}`;
  }
  const { protocol, address, port } = key;
  const option = protocolOptions[protocol] ?? '--xxx-service';
  return `${option} ${endpointText(address, port, protocol, names)}`;
}

function serviceRule(service: ServiceState, name: string): string {
  const { persistence, persistenceEngine } = service;
  let rule = `-A ${name} -s ${service.scheduler}`;
  if (persistence !== undefined) {
    rule += ` -p ${persistence.timeoutSeconds}`;
    const netmask = netmaskText(service);
    if (netmask !== undefined) rule += ` -M ${netmask}`;
  }
  if (persistenceEngine !== undefined) rule += ` --pe ${persistenceEngine}`;
  if (service.onePacket) rule += ' -o';
  if (hasSchedulerFlags(service)) rule += ` -b ${schedulerFlagsText(service)}`;
  return `${rule}\n`;
}

/** The C library prints the option that there is not for a method as `(null)`. */
const forwardingOptions: Readonly<Partial<Record<ForwardingMethod, string>>> = {
  nat: '-m',
  local: '-g',
  tun: '-i',
  dr: '-g',
};

function destinationRule(destination: DestinationState, service: string, name: string): string {
  const { forwarding, weight } = destination;
  const method = forwardingOptions[forwarding] ?? '(null)';
  const tunnel = forwarding === 'tun' ? tunnelWords(destination.tunnel) : '';
  return `-a ${service} -r ${name} ${method} -w ${weight | 0}${tunnel}\n`;
}

const checksumOptions = {
  none: '--tun-nocsum',
  full: '--tun-csum',
  remote: '--tun-remcsum',
} as const;

function tunnelWords(tunnel: Tunnel | undefined): string {
  if (tunnel?.type === 'ipip') return ' --tun-type ipip';
  if (tunnel?.type !== 'gue' && tunnel?.type !== 'gre') return '';
  const port = tunnel.type === 'gue' ? ` --tun-port ${tunnel.port}` : '';
  return ` --tun-type ${tunnel.type}${port} ${checksumOptions[tunnel.checksum ?? 'none']}`;
}
