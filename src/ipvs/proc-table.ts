import { AddressTexts } from './address-texts.ts';
import type { DestinationKey, ForwardingMethod } from './destination.ts';
import { hexadecimal } from './hexadecimal.ts';
import { LineError } from './line-error.ts';
import { type NamespaceSource, procError, readProcFile } from './proc-file.ts';
import type { Scheduler } from './scheduler.ts';
import type { Protocol, ServiceKey } from './service.ts';

/** A service as `/proc/net/ip_vs` tells it to anybody, which is less than the kernel knows. */
export interface ProcService {
  /** The family of a firewall mark is not printed; it is left out. */
  readonly key: ServiceKey;
  readonly scheduler: Scheduler;
  /** Its timeout and netmask are printed in ways that cannot be relied on. */
  readonly persistent: boolean;
  /** Undefined for a service of IPv6, where it is not printed. */
  readonly onePacket: boolean | undefined;
  readonly destinations: readonly ProcDestination[];
}

export interface ProcDestination {
  readonly key: Required<DestinationKey>;
  readonly forwarding: ForwardingMethod;
  readonly weight: number;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
}

/**
 * The services of a namespace as anybody may read them, in the kernel's order.
 *
 * @throws IpvsError `IPVS_NOT_AVAILABLE` while the module `ip_vs` is not loaded,
 * `IPVS_NAMESPACE_NOT_FOUND`, `IPVS_NOT_PERMITTED`, `IPVS_UNKNOWN_FORMAT`.
 */
export async function readProcTable(netns: NamespaceSource): Promise<readonly ProcService[]> {
  try {
    return parseProcTable(await readProcFile('ip_vs', netns));
  } catch (error) {
    throw procError(error, 'read the IPVS table', 'ip_vs');
  }
}

const headings = [
  'IP Virtual Server version ',
  'Prot LocalAddress:Port ',
  '  -> RemoteAddress:Port ',
];

/** Reads the text of `/proc/net/ip_vs`. @throws LineError */
export function parseProcTable(text: string): readonly ProcService[] {
  const lines = text.split('\n');
  for (const [index, heading] of headings.entries()) {
    if (!lines[index]?.startsWith(heading)) throw new LineError(lines[index] ?? '');
  }
  const services: (ProcService & { readonly destinations: ProcDestination[] })[] = [];
  for (const line of lines.slice(headings.length)) {
    if (line === '') continue;
    if (line.startsWith('  -> ')) {
      const service = services.at(-1);
      if (service === undefined) throw new LineError(line);
      service.destinations.push(destinationOf(line));
    } else {
      services.push({ ...serviceOf(line), destinations: [] });
    }
  }
  return services;
}

const protocols: Readonly<Record<string, Protocol>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };

function serviceOf(line: string): Omit<ProcService, 'destinations'> {
  const [kind = '', name = '', scheduler = '', ...rest] = line.trim().split(/\s+/);
  if (scheduler === '') throw new LineError(line);
  const settings = {
    scheduler,
    persistent: rest.includes('persistent'),
    onePacket: name.startsWith('[') ? undefined : rest.includes('ops'),
  };
  if (kind === 'FWM') {
    const firewallMark = hexadecimal(Buffer.from(name, 'latin1'), 0, name.length);
    if (firewallMark < 1) throw new LineError(line);
    return { key: { firewallMark }, ...settings };
  }
  // Kernels name the protocols they know; others are numbers, as in IP_47.
  const protocol = protocols[kind] ?? (kind.toLowerCase().replace('_', '-') as Protocol);
  return { key: { protocol, ...endpointOf(name, line) }, ...settings };
}

const methods: Readonly<Record<string, ForwardingMethod>> = {
  Masq: 'nat',
  Local: 'local',
  Tunnel: 'tun',
  Route: 'dr',
  Bypass: 'bypass',
};

function destinationOf(line: string): ProcDestination {
  const [name = '', method = '', ...numbers] = line.slice('  -> '.length).trim().split(/\s+/);
  const forwarding = methods[method];
  const [weight = -1, activeConnections = -1, inactiveConnections = -1] = numbers.map((text) =>
    /^\d+$/.test(text) ? Number(text) : -1,
  );
  if (forwarding === undefined || Math.min(weight, activeConnections, inactiveConnections) < 0) {
    throw new LineError(line);
  }
  const key = endpointOf(name, line);
  return { key, forwarding, weight, activeConnections, inactiveConnections };
}

const addresses = new AddressTexts();

/** `0A630002:0050`, or in brackets eight groups of an address in full. */
function endpointOf(text: string, line: string): Required<DestinationKey> {
  const match = /^(?:([0-9A-F]{8})|\[([0-9a-f:]{39})\]):([0-9A-F]{4})$/.exec(text);
  const bytes = Buffer.from(match?.[1] ?? match?.[2] ?? '', 'latin1');
  const address = addresses.read(bytes, 0, bytes.length);
  if (match === null || address === undefined) throw new LineError(line);
  return { address, port: Number.parseInt(match[3] ?? '', 16) };
}
