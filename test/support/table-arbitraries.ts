import fc from 'fast-check';
import { formatDestinationKey, formatServiceKey } from '../../src/index.ts';
import type { ServiceDefinition } from '../../src/ipvs/table-definition.ts';
import { canonicalTable } from '../../src/ipvs/table-definition.ts';
import type { ComparedService } from '../../src/ipvs/table-diff.ts';
import { destinations, serviceConfigs, serviceKeys } from './arbitraries.ts';

export interface TableArbitraryOptions {
  /** Schedulers this kernel has. */
  readonly schedulers?: readonly string[];
  /** Both families in one service. Default true. */
  readonly mixed?: boolean;
  readonly maxServices?: number;
  readonly maxDestinations?: number;
}

function serviceDefinitions(options: TableArbitraryOptions): fc.Arbitrary<ServiceDefinition> {
  const { schedulers, mixed = true, maxDestinations = 5 } = options;
  return serviceKeys.chain((key) =>
    fc.record({
      key: fc.constant(key),
      config: serviceConfigs(key, schedulers),
      destinations: fc.uniqueArray(destinations(key, mixed), {
        maxLength: maxDestinations,
        selector: (one) => formatDestinationKey(one.key),
      }),
    }),
  );
}

/** Whole tables, in canonical form. */
export function tables(
  options: TableArbitraryOptions = {},
): fc.Arbitrary<readonly ComparedService[]> {
  return fc
    .uniqueArray(serviceDefinitions(options), {
      maxLength: options.maxServices ?? 4,
      selector: ({ key }) => formatServiceKey(key),
    })
    .map((table) => canonicalTable(table));
}

/**
 * Two tables that have something in common: what is in both may differ in its settings, and each
 * may have what the other has not.
 */
export function tablePairs(
  options: TableArbitraryOptions = {},
): fc.Arbitrary<readonly [readonly ComparedService[], readonly ComparedService[]]> {
  return tables({ maxServices: 6, ...options }).chain((all) =>
    fc.tuple(versions(all, options), versions(all, options)),
  );
}

/** A table made of some of these services, some with other settings and fewer destinations. */
function versions(
  services: readonly ComparedService[],
  options: TableArbitraryOptions,
): fc.Arbitrary<readonly ComparedService[]> {
  return fc
    .subarray([...services])
    .chain((chosen) => fc.tuple(...chosen.map((service) => versionOf(service, options))));
}

function versionOf(
  service: ComparedService,
  { schedulers }: TableArbitraryOptions,
): fc.Arbitrary<ComparedService> {
  return fc
    .record({
      config: fc.option(serviceConfigs(service.key, schedulers)),
      kept: fc.subarray([...service.destinations]),
      weights: fc.array(fc.option(fc.nat(100)), { minLength: 5, maxLength: 5 }),
    })
    .map(({ config, kept, weights }) => {
      const destinations = kept.map((one, index) => ({
        ...one,
        weight: weights[index % weights.length] ?? one.weight,
      }));
      if (config === null) return { ...service, destinations };
      const [settings] = canonicalTable([{ key: service.key, config }]);
      return { ...service, ...settings, destinations };
    });
}
