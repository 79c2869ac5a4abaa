import fc from 'fast-check';
import type { ServiceInput } from '../../src/config/config-input.ts';
import { configInputOf } from '../../src/config/print.ts';
import type { ComparedService } from '../../src/ipvs/table-diff.ts';

/** The files of a configuration, by name; the main one is `lvskit.yaml`. */
export type ConfigFiles = Readonly<Record<string, string>>;

const pace = fc.record(
  {
    interval: fc.constantFrom('2s', '10s', '1m30s'),
    timeout: fc.constantFrom('500ms', '1s'),
    rise: fc.integer({ min: 1, max: 100 }),
    fall: fc.integer({ min: 1, max: 100 }),
    jitter: fc.constantFrom('0%', '25%', '50%'),
  },
  { requiredKeys: [] },
);

/** Checks that every service can have, whether or not it has a VIP or a port. */
const kinds = fc.constantFrom(
  { type: 'tcp', port: 80 },
  { type: 'http', port: 80, path: '/healthz', expect: ['200-299', 404], body: { matches: '^ok' } },
  { type: 'https', port: 443, name: 'www.example.org', verify: true, http2: true },
  { type: 'grpc', port: 50051, service: 'shop' },
  { type: 'dns', port: 53, query: 'www.example.org', record: 'SOA' },
  { type: 'udp', port: 9, send: { hex: '00 ff' }, expect: 'pong' },
  { type: 'agent', port: 9000, via: 'direct' },
  { type: 'exec', command: ['/bin/true', '{address}', '{port}'] },
  { type: 'file', file: '/run/up/{address}', when: 'absent' },
  { type: 'icmp' },
);
const single = fc.tuple(kinds, pace).map(([kind, own]) => ({ ...kind, ...own }));
const several = fc.array(fc.oneof(fc.constant('icmp'), single), { minLength: 1, maxLength: 3 });
const checks = fc.oneof(
  fc.constant({ check: 'none' }),
  single.map((check) => ({ check })),
  several.map((all) => ({ checks: all })),
  fc.tuple(several, pace).map(([any, own]) => ({ check: { any, ...own } })),
);

const policies = fc.record(
  {
    quorum: fc.oneof(fc.constant(1), fc.constant({ weight: 4, hysteresis: 2 })),
    'on-failure': fc.constantFrom('inhibit', 'remove'),
    'on-all-down': fc.constantFrom('keep', 'down'),
    panic: fc.constantFrom('0%', '30%'),
    'slow-start': fc.constantFrom('0s', '30s'),
    'drain-timeout': fc.constantFrom('0s', '5m'),
  },
  { requiredKeys: [] },
);

/** Configurations that declare a table: with checks and the like, in one file or in several. */
export function configsOf(table: readonly ComparedService[]): fc.Arbitrary<ConfigFiles> {
  const { services = [] } = configInputOf(table);
  const extras = fc.option(
    fc.tuple(checks, policies).map(([check, policy]) => ({ ...check, ...policy })),
  );
  return fc
    .tuple(
      fc.array(extras, { minLength: services.length, maxLength: services.length }),
      fc.nat(services.length),
      fc.option(fc.tuple(checks, policies)),
    )
    .map(([own, here, defaults]) => {
      const all = services.map((service, index) => ({ ...service, ...own[index] }));
      return filesOf(all as readonly ServiceInput[], here, defaults);
    });
}

/** @param here How many services are in the main file. */
function filesOf(
  services: readonly ServiceInput[],
  here: number,
  defaults: readonly [object, object] | null,
): ConfigFiles {
  const main = {
    ...(defaults && { defaults: { ...defaults[0], ...defaults[1] } }),
    ...(here < services.length && { include: ['services/*.yaml'] }),
    services: services.slice(0, here),
  };
  const rest = services.slice(here);
  return {
    'lvskit.yaml': JSON.stringify(main),
    ...Object.fromEntries(
      rest.map((service, index) => [
        `services/${index}.yaml`,
        JSON.stringify({ services: [service] }),
      ]),
    ),
  };
}
