import type { NameLookup } from '../../formats/ipvsadm/command.ts';
import type { AddressNames } from '../../formats/ipvsadm/names.ts';
import type { Protocol } from '../../ipvs/service.ts';
import { loadAddon } from '../../native/load.ts';
import { parseIp } from '../../net/ip.ts';

/** Names as the C library finds them, each asked for once. */
export class SystemNames implements NameLookup, AddressNames {
  private readonly known = new Map<string, string | number | undefined>();

  hostAddress(name: string): number | undefined {
    return this.once(`a ${name}`, () => {
      const bytes = loadAddon().hostAddress(name);
      return bytes && Buffer.from(bytes).readUInt32BE();
    });
  }

  servicePort(name: string, protocol: string): number | undefined {
    return this.once(`p ${protocol} ${name}`, () => loadAddon().servicePort(name, protocol));
  }

  hostName(address: string): string | undefined {
    return this.once(`h ${address}`, () => loadAddon().hostName(parseIp(address).bytes));
  }

  portName(port: number, protocol: Protocol): string | undefined {
    return this.once(`s ${protocol} ${port}`, () => loadAddon().serviceName(port, protocol));
  }

  private once<Found extends string | number>(
    key: string,
    find: () => Found | undefined,
  ): Found | undefined {
    if (!this.known.has(key)) this.known.set(key, find());
    return this.known.get(key) as Found | undefined;
  }
}
