import type { Check, CheckPace, Probe, SingleCheck } from '../../src/config/checks.ts';
import type {
  DeclaredServer,
  DeclaredService,
  ServicePolicy,
} from '../../src/config/director-config.ts';
import { canonicalService } from '../../src/ipvs/table-definition.ts';
import type { ComparedService } from '../../src/ipvs/table-diff.ts';

export const pace: CheckPace = {
  intervalMs: 2000,
  fastIntervalMs: 500,
  downIntervalMs: 5000,
  timeoutMs: 400,
  rise: 2,
  fall: 3,
  jitter: 0,
};

export const policy: ServicePolicy = {
  quorum: { weight: 1, hysteresis: 0 },
  fallback: undefined,
  onFailure: 'inhibit',
  onAllDown: 'keep',
  panicBelow: 0,
  slowStartMs: 0,
  drainTimeoutMs: 0,
};

/** One check of a server's own address. */
export function checkOf(
  address: string,
  probe: Probe = { kind: 'tcp' },
  own: Partial<CheckPace> = {},
  port = 80,
): SingleCheck {
  return {
    combine: 'none',
    probe,
    target: { path: 'direct', address, port },
    pace: { ...pace, ...own },
  };
}

export interface ServerOutline {
  readonly address: string;
  readonly weight?: number;
  readonly check?: Check | undefined;
}

/** A service on tcp 192.0.2.1:80 unless its name tells another port: `web:8080`. */
export function serviceOf(
  name: string,
  servers: readonly ServerOutline[],
  own: Partial<ServicePolicy> = {},
): DeclaredService {
  const port = Number(name.split(':')[1] ?? 80);
  const service = canonicalService({
    key: { protocol: 'tcp', address: '192.0.2.1', port },
    config: { scheduler: 'wlc' },
    destinations: servers.map(({ address, weight = 1 }) => ({
      key: { address, port: 80 },
      config: { forwarding: 'nat', weight },
    })),
  });
  return {
    name,
    service,
    servers: service.destinations.map((destination, index): DeclaredServer => {
      const outline = servers[index];
      const own = outline !== undefined && 'check' in outline;
      const check = own ? outline.check : checkOf(destination.key.address);
      return { destination, check };
    }),
    policy: { ...policy, ...own },
  };
}

/** A destination that stands in when there is no quorum. */
export function fallbackOf(address = '10.0.0.99') {
  const [fallback] = canonicalService({
    key: { protocol: 'tcp', address: '192.0.2.1', port: 80 },
    destinations: [{ key: { address, port: 80 }, config: { forwarding: 'nat' } }],
  }).destinations;
  if (fallback === undefined) throw new Error('no fallback');
  return fallback;
}

/** The kernel's table with these weights of a service; undefined for what is not there. */
export function kernelOf(
  { service }: DeclaredService,
  weights: readonly (number | undefined)[],
): ComparedService {
  return {
    ...service,
    destinations: service.destinations.flatMap((destination, index) => {
      const weight = weights[index];
      return weight === undefined ? [] : { ...destination, weight };
    }),
  };
}
