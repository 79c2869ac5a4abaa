import {
  type DestinationConfig,
  type DestinationKey,
  type ForwardingMethod,
  formatDestinationKey,
} from '../ipvs/destination.ts';
import { netmaskNumber } from '../ipvs/netmask.ts';
import type { ServiceConfig, ServiceKey } from '../ipvs/service.ts';
import { formatEndpoint, formatIp } from '../net/ip.ts';

const protocolOptions = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const;

const forwardingOptions: Readonly<Record<ForwardingMethod, string>> = {
  dr: '-g',
  tun: '-i',
  nat: '-m',
  // ipvsadm finds these out by itself.
  local: '-g',
  bypass: '-g',
};

/** What one would type to add the service. */
export function addServiceCommand(service: ServiceKey, config: ServiceConfig): string {
  const words = ['ipvsadm -A', serviceWords(service), `-s ${config.scheduler ?? 'wlc'}`];
  if (config.schedulerFlags?.length) words.push(`-b ${config.schedulerFlags.join(',')}`);
  const { persistence } = config;
  if (persistence) {
    words.push(`-p ${persistence.timeoutSeconds ?? 300}`);
    if (persistence.netmask !== undefined) {
      words.push(`-M ${netmaskWord(persistence.netmask, isIpv6(service))}`);
    }
  }
  if (config.persistenceEngine) words.push(`--pe ${config.persistenceEngine}`);
  if (config.onePacket === true) words.push('-o');
  return words.join(' ');
}

/** What one would type to add the destination. */
export function addDestinationCommand(
  service: ServiceKey,
  destination: DestinationKey,
  config: DestinationConfig,
): string {
  const { forwarding = 'dr', weight = 1, upperThreshold, lowerThreshold, tunnel } = config;
  const words = [
    'ipvsadm -a',
    serviceWords(service),
    `-r ${formatDestinationKey(destination)}`,
    forwardingOptions[forwarding],
    `-w ${weight}`,
  ];
  if (upperThreshold) words.push(`-x ${upperThreshold}`);
  if (lowerThreshold) words.push(`-y ${lowerThreshold}`);
  if (tunnel !== undefined && tunnel.type !== 'ipip') {
    words.push(`--tun-type ${tunnel.type}`);
    if (tunnel.type === 'gue') words.push(`--tun-port ${tunnel.port}`);
    const { checksum = 'none' } = tunnel;
    words.push({ none: '--tun-nocsum', full: '--tun-csum', remote: '--tun-remcsum' }[checksum]);
  }
  return words.join(' ');
}

function serviceWords(service: ServiceKey): string {
  if (service.firewallMark !== undefined) {
    return `-f ${service.firewallMark}${service.family === 'ipv6' ? ' -6' : ''}`;
  }
  return `${protocolOptions[service.protocol]} ${formatEndpoint(service.address, service.port)}`;
}

function isIpv6(service: ServiceKey): boolean {
  return service.firewallMark === undefined
    ? service.address.includes(':')
    : service.family === 'ipv6';
}

/** ipvsadm takes a dotted mask for IPv4 and a length for IPv6. */
function netmaskWord(netmask: number | string, ipv6: boolean): string {
  if (ipv6) return `${netmask}`;
  const mask = netmaskNumber(netmask, false);
  return formatIp(Uint8Array.of(mask >>> 24, mask >>> 16, mask >>> 8, mask));
}
