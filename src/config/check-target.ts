import type { ForwardingMethod, Tunnel } from '../ipvs/destination.ts';
import type { ServiceKey } from '../ipvs/service.ts';
import type { Via } from './check-input.ts';
import type { CheckTarget, DataPathTarget, Probe } from './checks.ts';
import type { Place } from './problems.ts';

/** The server that a check is for, its addresses in their one spelling. */
export interface CheckedServer {
  readonly service: ServiceKey;
  readonly address: string;
  /** 0 where the service has no port, and nothing else says one. */
  readonly port: number;
  readonly forwarding: ForwardingMethod;
  readonly tunnel: Tunnel | undefined;
}

interface Wanted {
  readonly place: Place;
  readonly via: Via;
  readonly port: number;
}

/** Where a check goes. @returns Undefined after telling why it cannot go there. */
export function targetOf(
  probe: Probe,
  { place, via, port }: Wanted,
  server: CheckedServer,
): CheckTarget | undefined {
  const { address, service, forwarding, tunnel } = server;
  if (needsPort(probe) && port === 0) {
    place.add('the port is missing: the service, being a firewall mark or every port, has none');
    return undefined;
  }
  const direct = { path: 'direct', address, port: hasPort(probe) ? port : 0 } as const;
  if (via === 'direct') return direct;
  const through = dataPath(forwarding);
  const wanted = via === 'data-path';
  if (!wanted && (probe.kind === 'agent' || forwarding === 'nat')) return direct;
  const hindrance = !isOnTcp(probe)
    ? `${probe.kind} over udp cannot go through the data path: only kinds on TCP can`
    : service.firewallMark !== undefined
      ? 'there is no VIP to go to: the service is a firewall mark'
      : through === undefined
        ? `only dr, tun and nat have a data path to a server, not ${forwarding}`
        : undefined;
  if (hindrance === undefined && through !== undefined && service.firewallMark === undefined) {
    const over = { address, forwarding: through, tunnel: through === 'tun' ? tunnel : undefined };
    return { path: 'data-path', address: service.address, port, server: over };
  }
  if (!wanted) return direct;
  place.in('via').add(`${hindrance}`);
  return undefined;
}

function dataPath(method: ForwardingMethod): DataPathTarget['server']['forwarding'] | undefined {
  return method === 'dr' || method === 'tun' || method === 'nat' ? method : undefined;
}

function isOnTcp(probe: Probe): boolean {
  switch (probe.kind) {
    case 'dns':
      return probe.transport === 'tcp';
    case 'udp':
    case 'icmp':
    case 'exec':
    case 'file':
      return false;
    default:
      return true;
  }
}

function hasPort({ kind }: Probe): boolean {
  return kind !== 'icmp';
}

/** Programs and files may do without. */
function needsPort({ kind }: Probe): boolean {
  return kind !== 'icmp' && kind !== 'exec' && kind !== 'file';
}
