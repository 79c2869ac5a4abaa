import type { IpvsInfo } from '../../ipvs/client.ts';
import type { ServiceKey } from '../../ipvs/service.ts';
import type { ServiceState } from '../../ipvs/table.ts';
import { chooseLayout, type LayoutOptions } from './layouts.ts';
import { type AddressNames, endpointText } from './names.ts';
import { sortDestinations, sortServices } from './order.ts';
import { inPieces } from './pieces.ts';
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

/**
 * The whole table as `ipvsadm -L` prints it, in pieces of whole lines. The text has a character for
 * each byte, so it is to be written as Latin-1.
 */
export function* listTable(
  info: IpvsInfo,
  services: readonly ServiceState[],
  options: ListingOptions = {},
): Generator<string, undefined> {
  yield versionLine(info);
  const { sort = true } = options;
  yield* listServices(sort ? sortServices(services) : services, options);
}

/** One service as `ipvsadm -L -t …` prints it. */
export function listService(
  service: ServiceState,
  options: ListingOptions = {},
): Generator<string, undefined> {
  return listServices([service], options);
}

/** The line above a whole table. It is printed before the table is read, so also when that fails. */
export function versionLine({ version, connectionTableSize }: IpvsInfo): string {
  return `IP Virtual Server version ${version} (size=${connectionTableSize})\n`;
}

function listServices(
  services: readonly ServiceState[],
  options: ListingOptions,
): Generator<string, undefined> {
  return inPieces(lines(services, options));
}

function* lines(services: readonly ServiceState[], options: ListingOptions): Generator<string> {
  const { names, sort = true } = options;
  const layout = chooseLayout(options);
  yield layout.title;
  for (const service of services) {
    const { key, destinations } = service;
    yield layout.service(service, serviceName(key, names));
    const protocol = portProtocol(key);
    for (const destination of sort ? sortDestinations(destinations) : destinations) {
      const { address, port } = destination.key;
      const name = endpointText(address, port, protocol, names);
      const shown = address.includes(':') ? name : name.slice(0, longestDestinationName);
      yield layout.destination(destination, shown);
    }
  }
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
