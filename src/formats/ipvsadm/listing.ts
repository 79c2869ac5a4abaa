import type { IpvsInfo } from '../../ipvs/client.ts';
import type { DestinationKey } from '../../ipvs/destination.ts';
import type { Protocol, ServiceKey } from '../../ipvs/service.ts';
import type { ServiceState } from '../../ipvs/table.ts';
import { ByteLines } from './byte-lines.ts';
import { chooseLayout, type LayoutOptions } from './layouts.ts';
import { type AddressNames, endpointText } from './names.ts';
import { sortDestinations, sortServices } from './order.ts';
import { markText, portProtocol } from './service-text.ts';

/** How a table is listed. */
export interface ListingOptions extends LayoutOptions {
  /** False leaves services and destinations in the kernel's order (`--nosort`). Default true. */
  readonly sort?: boolean;
  /** Absent for numbers (`-n`). */
  readonly names?: AddressNames | undefined;
}

/** In full unless the family is IPv6, whose lines then are out of their columns. */
const longestServiceName = 33;
const longestDestinationName = 28;

/** The line above a whole table. It is printed before the table is read, so also when that fails. */
export function versionLine({ version, connectionTableSize }: IpvsInfo): string {
  return `IP Virtual Server version ${version} (size=${connectionTableSize})\n`;
}

/** The lines above the services. */
export function headings(options: LayoutOptions): string {
  return chooseLayout(options).title;
}

/**
 * Headings and lines of services and their destinations as `ipvsadm -L` prints them, in pieces of
 * whole lines, each good until the next is asked for. Their size does not grow with the table.
 *
 * The addon's `tableLines` is a short way for columns of `-Ln` and `-Ln --stats`.
 */
export function* listServices(
  services: readonly ServiceState[],
  options: ListingOptions = {},
): Generator<Buffer, undefined> {
  const { names, sort = true } = options;
  const layout = chooseLayout(options);
  const lines = new ByteLines();
  lines.text(layout.title);
  for (const service of sort ? sortServices(services) : services) {
    const { key } = service;
    layout.service(lines, service, serviceName(key, names));
    lines.end();
    if (lines.full) yield lines.take();
    const { destinations } = service;
    const protocol = portProtocol(key);
    for (const destination of sort ? sortDestinations(destinations) : destinations) {
      writeDestinationName(lines, destination.key, protocol, names);
      layout.destination(lines, destination);
      lines.end();
      if (lines.full) yield lines.take();
    }
  }
  yield lines.take();
}

function writeDestinationName(
  lines: ByteLines,
  { address, port }: Required<DestinationKey>,
  protocol: Protocol | undefined,
  names: AddressNames | undefined,
): void {
  lines.text('  -> ');
  const start = lines.length;
  const ipv6 = address.includes(':');
  if (names === undefined && !ipv6) {
    lines.text(address);
    lines.text(':');
    lines.number(port);
  } else {
    const name = endpointText(address, port, protocol, names);
    lines.text(ipv6 ? name : name.slice(0, longestDestinationName));
  }
  lines.padFrom(start, longestDestinationName);
}

function serviceName(key: ServiceKey, names: AddressNames | undefined): string {
  if (key.firewallMark !== undefined) {
    return `FWM  ${markText(key.firewallMark)}${key.family === 'ipv6' ? ' IPv6' : ''}`;
  }
  const { protocol, address, port } = key;
  const name = `${protocolName(protocol).padEnd(4)} ${endpointText(address, port, protocol, names)}`;
  return address.includes(':') ? name : name.slice(0, longestServiceName);
}

function protocolName(protocol: string): string {
  return protocol.startsWith('ip-') ? '?' : protocol.toUpperCase();
}
