import fc from 'fast-check';
import { isDataPathService } from '../../src/config/data-path-marks.ts';
import {
  type DestinationConfig,
  type DestinationKey,
  formatIp,
  type SchedulerFlag,
  type ServiceConfig,
  type ServiceKey,
  type SyncDaemonConfig,
  schedulers,
  type Tunnel,
} from '../../src/index.ts';

/** Addresses that a kernel takes for one host's whatever routes it has. */
export const ipv4Addresses: fc.Arbitrary<string> = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }), fc.nat(255))
  .map(([a, b, c]) => `10.${a}.${b}.${c}`);

export const ipv6Addresses: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 6, maxLength: 6 })
  .map((groups) =>
    formatIp(
      Uint8Array.from([0x2001, 0xdb8, ...groups].flatMap((group) => [group >> 8, group & 0xff])),
    ),
  );

const ports = fc.integer({ min: 1, max: 65535 });
const addresses = fc.oneof(ipv4Addresses, ipv6Addresses);

export const serviceKeys: fc.Arbitrary<ServiceKey> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
      address: addresses,
      port: ports,
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc
          .integer({ min: 1, max: 0xffffffff })
          .filter((mark) => !isDataPathService({ firewallMark: mark })),
        fc.boolean(),
      )
      .map(([firewallMark, ipv6]) =>
        ipv6 ? { firewallMark, family: 'ipv6' as const } : { firewallMark },
      ),
  },
);

export function isIpv6(key: ServiceKey): boolean {
  return key.firewallMark === undefined ? key.address.includes(':') : key.family === 'ipv6';
}

function schedulerFlagsOf(scheduler: string): fc.Arbitrary<SchedulerFlag[]> {
  const own: SchedulerFlag[] =
    scheduler === 'sh' || scheduler === 'mh'
      ? [`${scheduler}-fallback`, `${scheduler}-port`]
      : ['flag-1', 'flag-2'];
  return fc.subarray<SchedulerFlag>([...own, 'flag-3']);
}

/** Settings of a service, complete. @param names Schedulers this kernel has. */
export function serviceConfigs(
  key: ServiceKey,
  names: readonly string[] = [...schedulers, 'none'],
): fc.Arbitrary<Required<ServiceConfig>> {
  const mayBeOnePacket = key.firewallMark !== undefined || key.protocol === 'udp';
  const netmasks: fc.Arbitrary<number | string> = isIpv6(key)
    ? fc.integer({ min: 1, max: 128 })
    : fc.oneof(fc.integer({ min: 0, max: 32 }), fc.constant('255.0.255.0'));
  const persistence = fc.record({
    timeoutSeconds: fc.integer({ min: 1, max: 4_294_967 }),
    netmask: netmasks,
  });
  return fc.constantFrom(...names).chain((scheduler) =>
    fc
      .record({
        scheduler: fc.constant(scheduler),
        schedulerFlags: schedulerFlagsOf(scheduler),
        persistence: fc.option(persistence),
        onePacket: mayBeOnePacket ? fc.boolean() : fc.constant(false),
        persistenceEngine: fc.option(fc.constant('sip')),
      })
      .map((config) =>
        config.persistence === null ? { ...config, persistenceEngine: null } : config,
      ),
  );
}

const checksums = fc.constantFrom('none' as const, 'full' as const);
const tunnels: fc.Arbitrary<Tunnel> = fc.oneof(
  fc.constant({ type: 'ipip' as const }),
  fc.record({
    type: fc.constant('gue' as const),
    port: ports,
    checksum: fc.oneof(checksums, fc.constant('remote' as const)),
  }),
  fc.record({ type: fc.constant('gre' as const), checksum: checksums }),
);

export interface DestinationEntry {
  readonly key: Required<DestinationKey>;
  readonly config: DestinationConfig;
}

const weights = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 0x7fffffff }));

/** A destination that a service can have, complete. Both families only with `mixed`. */
export function destinations(key: ServiceKey, mixed = true): fc.Arbitrary<DestinationEntry> {
  const own = isIpv6(key) ? ipv6Addresses : ipv4Addresses;
  const servicePort = key.firewallMark === undefined ? key.port : undefined;
  const thresholds = fc
    .tuple(fc.nat(0x7fffffff), fc.nat(0x7fffffff))
    .map(([a, b]) => ({ upperThreshold: Math.max(a, b), lowerThreshold: Math.min(a, b) }));
  const direct = servicePort === undefined ? fc.nat(65535) : fc.constant(servicePort);
  const entry = (
    address: fc.Arbitrary<string>,
    port: fc.Arbitrary<number>,
    config: fc.Arbitrary<DestinationConfig>,
  ): fc.Arbitrary<DestinationEntry> =>
    fc.tuple(address, port, weights, thresholds, config).map(([a, p, weight, limits, rest]) => ({
      key: { address: a, port: p },
      config: { weight, ...limits, ...rest },
    }));
  return fc
    .oneof(
      entry(own, direct, fc.constant({ forwarding: 'dr' })),
      entry(
        mixed ? addresses : own,
        direct,
        tunnels.map((tunnel) => ({ forwarding: 'tun' as const, tunnel })),
      ),
      entry(
        own,
        ports,
        fc
          .constantFrom('nat' as const, 'local' as const, 'bypass' as const)
          .map((forwarding) => ({ forwarding })),
      ),
    )
    .filter(({ key: { address } }) => key.firewallMark !== undefined || address !== key.address);
}

/** What a sync daemon can be started with. */
export function syncDaemons(name: string): fc.Arbitrary<Required<SyncDaemonConfig>> {
  const group = fc.oneof(
    fc.nat(255).map((last) => `224.0.1.${last}`),
    fc.integer({ min: 1, max: 0xffff }).map((last) => `ff02::${last.toString(16)}`),
  );
  return fc.record({
    role: fc.constantFrom('master', 'backup'),
    interface: fc.constant(name),
    syncId: fc.nat(255),
    // A backup takes no less than 1024, and IPv6 has the longer headers.
    maxLength: fc.integer({ min: 1024, max: 65_487 }),
    group,
    port: ports,
    ttl: fc.integer({ min: 1, max: 255 }),
  });
}
