import type { ComparedDestination, ComparedService, TableIndex } from '../ipvs/table-diff.ts';
import { destinationSettingsOf, serviceSettingsOf } from './settings-of.ts';

/**
 * What is desired, but for what is not to be touched: that stays as it is, there or not.
 *
 * @param desired By the text of its services.
 * @param held The texts of services, and of services with a destination behind a blank.
 */
export function holdBack(
  desired: TableIndex,
  actual: TableIndex,
  held: ReadonlySet<string>,
): readonly ComparedService[] {
  const table: ComparedService[] = [];
  for (const [name, { service, names }] of desired) {
    const there = actual.get(name);
    const isHeld = held.has(name);
    // Nothing can be done to the destinations of a service that is not there.
    if (isHeld && there === undefined) continue;
    const settings =
      isHeld && there !== undefined ? serviceSettingsOf(there.service) : serviceSettingsOf(service);
    const destinations = service.destinations.flatMap((one, at): readonly ComparedDestination[] => {
      const text = names[at] ?? '';
      if (!held.has(`${name} ${text}`)) return [one];
      const found = there?.find(text, at);
      return found === undefined ? [] : [destinationSettingsOf(found)];
    });
    for (const [at, text] of there?.names.entries() ?? []) {
      const found = there?.service.destinations[at];
      if (found === undefined || !held.has(`${name} ${text}`)) continue;
      if (desired.get(name)?.find(text, at) === undefined) {
        destinations.push(destinationSettingsOf(found));
      }
    }
    table.push({ key: service.key, ...settings, destinations });
  }
  for (const [name, { service }] of actual) {
    if (held.has(name) && !desired.has(name)) table.push(service);
  }
  return table;
}
