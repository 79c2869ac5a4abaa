import {
  type DestinationConfig,
  type DestinationKey,
  writeDestinationConfig,
  writeDestinationKey,
} from '../../src/ipvs/destination.ts';
import { RecordView } from '../../src/ipvs/record-view.ts';
import {
  type ServiceConfig,
  type ServiceKey,
  writeServiceConfig,
  writeServiceKey,
} from '../../src/ipvs/service.ts';
import type { NativeTable } from '../../src/native/ipvs.ts';
import { destinationRecord, serviceRecord } from '../../src/native/ipvs-records.ts';
import { familyOf } from '../../src/net/ip.ts';

export interface PackedDestination {
  readonly key: DestinationKey;
  readonly config?: DestinationConfig;
}

export interface PackedService {
  readonly key: ServiceKey;
  readonly config?: ServiceConfig;
  readonly destinations?: readonly PackedDestination[];
}

/** Writes a destination as a kernel may have it, even where nobody can reach it by that service. */
function writeDestination(
  to: RecordView,
  at: number,
  { key, config = {} }: PackedDestination,
  service: ServiceKey,
): void {
  const both = new RecordView(new ArrayBuffer(serviceRecord.size + destinationRecord.size));
  const port = key.port ?? (service.firewallMark === undefined ? service.port : 0);
  writeServiceKey(both, 0, { firewallMark: 1, family: familyOf(key.address) });
  writeDestinationKey(both, serviceRecord.size, { ...key, port }, 0);
  writeDestinationConfig(both, serviceRecord.size, config, 0);
  to.u8.set(both.u8.subarray(serviceRecord.size), at);
}

/** What the addon returns for a table of these services, read without statistics. */
export function packedTable(services: readonly PackedService[]): NativeTable {
  const members = services.map((service) => service.destinations ?? []);
  const first = new RecordView(new ArrayBuffer(services.length * serviceRecord.size));
  const second = new RecordView(new ArrayBuffer(members.flat().length * destinationRecord.size));
  let to = 0;
  for (const [index, { key, config = {} }] of services.entries()) {
    const at = index * serviceRecord.size;
    writeServiceKey(first, at, key);
    writeServiceConfig(first, at, config);
    for (const destination of members[index] ?? []) {
      writeDestination(second, to, destination, key);
      to += destinationRecord.size;
    }
    first.setU32(at + serviceRecord.destinationCount, members[index]?.length ?? 0);
  }
  return {
    serviceStride: serviceRecord.size,
    destinationStride: destinationRecord.size,
    services: first.buffer,
    destinations: second.buffer,
  };
}
