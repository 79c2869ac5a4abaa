import { doctorMarks, isDoctorService } from '../config/data-path-marks.ts';
import type { Change } from '../ipvs/change.ts';
import type { Ipvs } from '../ipvs/client.ts';
import type { DestinationConfig, DestinationKey } from '../ipvs/destination.ts';
import type { AddressFamily } from '../net/ip.ts';

const firstMark = doctorMarks.first;
/** What is common to their marks, of which there are 256. */
export const helperMarks: { readonly firewallMark: number; readonly firewallMask: number } = {
  firewallMark: firstMark,
  firewallMask: 0xffffff00,
};

/** What a helper service gives every marked connection to. */
export interface Helper {
  readonly family: AddressFamily;
  readonly destination: Required<DestinationKey>;
  readonly config: DestinationConfig;
}

/** Removes all helper services, those of a run that was killed too. */
export async function removeHelpers(ipvs: Ipvs): Promise<void> {
  const services = (await ipvs.list()).map(({ key }) => key).filter(isDoctorService);
  const changes = services.map((service): Change => ({ type: 'remove-service', service }));
  for (const result of changes.length === 0 ? [] : await ipvs.transaction(changes)) {
    if (!result.ok && result.error.code !== 'IPVS_SERVICE_NOT_FOUND') throw result.error;
  }
}

/**
 * Adds a service by firewall mark for each helper, with one destination. Nobody but who marks his
 * packets so comes there, so that real services and their clients notice nothing.
 *
 * @returns The marks, or why the kernel refuses one.
 */
export async function addHelpers(
  ipvs: Ipvs,
  helpers: readonly Helper[],
): Promise<readonly (number | Error)[]> {
  const changes = helpers.flatMap(({ family, destination, config }, index): readonly Change[] => {
    const service = { firewallMark: firstMark + index, family };
    return [
      { type: 'add-service', service, config: { scheduler: 'rr' } },
      { type: 'add-destination', service, destination, config: { ...config, weight: 1 } },
    ];
  });
  const results = await ipvs.transaction(changes);
  return helpers.map((_, index) => {
    const failed = results.slice(index * 2, index * 2 + 2).find(({ ok }) => !ok);
    return failed === undefined || failed.ok ? firstMark + index : failed.error;
  });
}
