import { formatDestinationKey } from '../../ipvs/destination.ts';
import type { Rates } from '../../ipvs/rates.ts';
import { formatServiceKey } from '../../ipvs/service.ts';
import type { Statistics } from '../../ipvs/statistics.ts';
import type { ListedDestination, ListedService, ListedTable } from './list-table.ts';

type WithRates<Listed> = Omit<Listed, 'rates' | 'destinations'> & {
  /** There with `--rates`; null for what was not there in the sample before. */
  readonly rates?: Rates | null;
};

export type DestinationDocument = WithRates<ListedDestination> & {
  /** Its key as text, such as `10.0.0.11:80`. */
  readonly destination: string;
};

export type ServiceDocument = WithRates<ListedService> & {
  /** Its key as text, such as `tcp 192.0.2.1:80`. */
  readonly service: string;
  readonly destinations: readonly DestinationDocument[];
};

/**
 * What `lvskit list -o json` prints. Counters are decimal strings, rates are numbers; settings that
 * are not there are left out. Fields may be added; a change of meaning raises `version`.
 */
export interface ListDocument {
  readonly version: 1;
  /** When reading began, as in RFC 3339. */
  readonly at: string;
  /** `proc` without permission to ask the kernel itself: then most settings are left out. */
  readonly source: 'kernel' | 'proc';
  readonly services: readonly ServiceDocument[];
  /** Counters of the whole table; with `--statistics` from `proc` only. */
  readonly totals?: Statistics;
}

export function listDocument(table: ListedTable, withRates: boolean): ListDocument {
  const { at, source, services, totals } = table;
  const told = withRates && source === 'kernel';
  const document = {
    version: 1,
    at: at.toISOString(),
    source,
    services: services.map((service) => ({
      service: formatServiceKey(service.key),
      ...ratesOf(service, told),
      destinations: service.destinations.map((destination) => ({
        destination: formatDestinationKey(destination.key),
        ...ratesOf(destination, told),
      })),
    })),
  } as const;
  return totals === undefined ? document : { ...document, totals };
}

function ratesOf<Listed extends { readonly rates?: Rates | undefined }>(
  listed: Listed,
  told: boolean,
): Omit<Listed, 'rates'> & { readonly rates?: Rates | null } {
  const { rates = null, ...rest } = listed;
  return told ? { ...rest, rates } : rest;
}
