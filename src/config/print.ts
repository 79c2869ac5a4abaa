import type { DestinationSettings, Tunnel } from '../ipvs/destination.ts';
import { schedulers } from '../ipvs/scheduler.ts';
import { formatServiceKey, type ServiceKey } from '../ipvs/service.ts';
import { isWholeAddress } from '../ipvs/table-definition.ts';
import type { ComparedDestination, ComparedService } from '../ipvs/table-diff.ts';
import { formatEndpoint } from '../net/ip.ts';
import type {
  ConfigInput,
  PersistenceInput,
  ServerInput,
  ServerSettingsInput,
  ServiceInput,
  TunnelInput,
} from './config-input.ts';
import { formatSeconds } from './duration.ts';

/** What a configuration file says of a table; what is the default goes without saying. */
export function configInputOf(services: readonly ComparedService[]): ConfigInput {
  return { services: services.map(serviceInput) };
}

function serviceInput(service: ComparedService): ServiceInput {
  const { key, schedulerFlags, onePacket, destinations } = service;
  // What all servers agree in is said once.
  const [first] = destinations;
  const forwarding = first?.forwarding;
  const agreed = destinations.every((one) => one.forwarding === forwarding)
    ? forwarding
    : undefined;
  const tunnel = agreed === 'tun' ? first?.tunnel : undefined;
  const oneTunnel = destinations.every((one) => isSameTunnel(one.tunnel, tunnel))
    ? tunnel
    : undefined;
  const shared: ServerSettingsInput = {
    ...(agreed !== undefined && { forwarding: agreed }),
    ...(oneTunnel !== undefined && oneTunnel.type !== 'ipip' && { tunnel: tunnelInput(oneTunnel) }),
  };
  return {
    listen: formatServiceKey(key),
    scheduler: service.scheduler,
    ...(schedulerFlags.length > 0 && { 'scheduler-flags': schedulerFlags }),
    ...(service.persistence !== undefined && { persistence: persistenceInput(service) }),
    ...(onePacket && { 'one-packet': true }),
    ...shared,
    ...(destinations.length > 0 && {
      servers: destinations.map((one) => serverInput(one, key, shared)),
    }),
  };
}

function persistenceInput({
  key,
  persistence,
  persistenceEngine,
}: ComparedService): PersistenceInput {
  const timeout = formatSeconds(persistence?.timeoutSeconds ?? 0);
  const netmask = persistence?.netmask;
  const alone = netmask === undefined || isWholeAddress(netmask, key);
  if (alone && persistenceEngine === undefined) return timeout;
  return {
    timeout,
    ...(!alone && { netmask }),
    ...(persistenceEngine !== undefined && { engine: persistenceEngine }),
  };
}

function serverInput(
  destination: ComparedDestination,
  service: ServiceKey,
  shared: ServerSettingsInput,
): ServerInput {
  const { address, port } = destination.key;
  const servicePort = service.firewallMark === undefined ? service.port : 0;
  const settings = serverSettings(destination, shared);
  if (Object.keys(settings).length === 0) {
    return port === servicePort ? address : formatEndpoint(address, port);
  }
  return { address, ...(port !== servicePort && { port }), ...settings };
}

function serverSettings(
  settings: DestinationSettings,
  shared: ServerSettingsInput,
): ServerSettingsInput {
  const { forwarding, weight, upperThreshold: upper, lowerThreshold: lower, tunnel } = settings;
  const ownTunnel = tunnel !== undefined && tunnel.type !== 'ipip' && shared.tunnel === undefined;
  return {
    ...(weight !== 1 && { weight }),
    ...(shared.forwarding === undefined && { forwarding }),
    ...(ownTunnel && { tunnel: tunnelInput(tunnel) }),
    ...((upper > 0 || lower > 0) && { thresholds: lower > 0 ? { upper, lower } : { upper } }),
  };
}

function tunnelInput(tunnel: Tunnel): TunnelInput {
  if (tunnel.type === 'ipip') return 'ipip';
  const checksum = tunnel.checksum ?? 'none';
  return { ...tunnel, checksum: checksum === 'none' ? undefined : checksum } as TunnelInput;
}

function isSameTunnel(one: Tunnel | undefined, other: Tunnel | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Enough to be worth a write. */
const pieceLength = 65_536;

/** A table as the text of a `lvskit.yaml`, in pieces. */
export function* printConfig(services: readonly ComparedService[]): Generator<string> {
  if (services.length === 0) {
    yield 'services: []\n';
    return;
  }
  let piece = 'services:\n';
  for (const service of services) {
    const { servers = [], ...settings } = serviceInput(service);
    let indent = '  - ';
    for (const [key, value] of Object.entries(settings)) {
      piece += `${indent}${key}: ${key === 'listen' ? value : inlineYaml(value)}\n`;
      indent = '    ';
    }
    if (servers.length > 0) piece += '    servers:\n';
    for (const server of servers) {
      piece += `      - ${inlineYaml(server)}\n`;
      if (piece.length < pieceLength) continue;
      yield piece;
      piece = '';
    }
  }
  yield piece;
}

/** A value in one line of YAML. */
export function inlineYaml(value: unknown): string {
  if (typeof value === 'string') return isPlain(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(inlineYaml).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{ ${entries.map(([key, item]) => `${key}: ${inlineYaml(item)}`).join(', ')} }`;
}

/** Whether YAML takes the text for a text, unquoted: names we know, IPv4 addresses, durations. */
function isPlain(text: string): boolean {
  return knownWords.has(text) || /^\d+(\.\d+){3}(:\d+)?$/.test(text) || /^\d+[smhd]$/.test(text);
}

const knownWords: ReadonlySet<string> = new Set([
  ...schedulers,
  ...['none', 'dr', 'tun', 'nat', 'local', 'bypass', 'ipip', 'gue', 'gre', 'full', 'remote', 'sip'],
  ...['sh-fallback', 'sh-port', 'mh-fallback', 'mh-port', 'flag-1', 'flag-2', 'flag-3'],
  ...['tcp', 'tls', 'http', 'https', 'dns', 'udp', 'smtp', 'mysql', 'postgres', 'icmp', 'exec'],
  ...['remove', 'inhibit', 'down', 'fallback', 'keep', 'direct', 'data-path'],
]);
