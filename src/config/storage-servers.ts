import type { DeclaredService } from './director-config.ts';
import type { Place } from './problems.ts';
import { type StorageInput, storageListSchema } from './storage.ts';

/**
 * What real servers mount, as far as its shape is right. Those that it names have to be servers.
 *
 * @returns Undefined where the file says nothing of it.
 */
export function readStorage(
  value: unknown,
  place: Place,
  services: readonly DeclaredService[],
): readonly StorageInput[] | undefined {
  const { data } = storageListSchema.safeParse(value);
  if (data === undefined) return undefined;
  const known = new Set(
    services.flatMap(({ service }) => service.destinations.map(({ key }) => key.address)),
  );
  for (const [index, { servers = [] }] of data.entries()) {
    for (const [at, address] of servers.entries()) {
      if (known.has(address)) continue;
      place.in(index, 'servers', at).add(`${address} is a server of no service`);
    }
  }
  return data;
}
