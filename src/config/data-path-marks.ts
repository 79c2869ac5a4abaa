import type { ServiceKey } from '../ipvs/service.ts';

/**
 * The firewall marks of the private services by which a director's checks go through the data path.
 * Nobody else's services may have them: these are made, and removed, without asking.
 */
export const dataPathMarks = { first: 0x4c56_0000, last: 0x4c56_ffff } as const;

/** The last of them are for the trials of `lvskit doctor`, which runs beside a director. */
export const doctorMarks = { first: 0x4c56_ff00, last: 0x4c56_ffff } as const;

/** Whether a service is one of a director's own, for its checks. */
export function isDataPathService({ firewallMark }: ServiceKey): boolean {
  return (
    firewallMark !== undefined &&
    firewallMark >= dataPathMarks.first &&
    firewallMark <= dataPathMarks.last
  );
}

/** Whether a service is one of the trials of `lvskit doctor`, which sees to it itself. */
export function isDoctorService({ firewallMark }: ServiceKey): boolean {
  return (
    firewallMark !== undefined &&
    firewallMark >= doctorMarks.first &&
    firewallMark <= doctorMarks.last
  );
}

/** A table without a director's own services, which no configuration declares. */
export function withoutDataPathServices<Service extends { readonly key: ServiceKey }>(
  table: readonly Service[],
): readonly Service[] {
  return table.some(({ key }) => isDataPathService(key))
    ? table.filter(({ key }) => !isDataPathService(key))
    : table;
}
