import { z } from 'zod';
import { checkSchema, checksSchema } from './check-schema.ts';
import type { ConfigInput, IncludedInput, ServiceInput, SettingsInput } from './config-input.ts';
import { controlSchema, directorSchema, metricsSchema } from './director-schema.ts';
import { hooksSchema } from './hooks.ts';
import { duration, maxInt, oneOrMore, percentage, section, wholeNumber } from './shapes.ts';
import { storageListSchema } from './storage.ts';

const forwarding = z.enum(['dr', 'tun', 'nat', 'local', 'bypass']).meta({
  description:
    'How packets reach the server: dr (direct routing), tun (tunnelling), nat (masquerading), local (this host itself), bypass (the address that the packet has). Default: dr.',
});

const thresholds = section({
  upper: wholeNumber(0, maxInt)
    .optional()
    .meta({ description: 'No new connections above this many. 0, the default: no limit.' }),
  lower: wholeNumber(0, maxInt)
    .optional()
    .meta({ description: 'After the upper one was met: new ones again below this many.' }),
}).meta({ description: 'Limits for the connections of a server.' });

const checksum = ['none', 'full', 'remote'] as const;
const tunnel = z
  .union([
    z.literal('ipip'),
    z.discriminatedUnion('type', [
      section({ type: z.literal('ipip') }),
      section({
        type: z.literal('gue'),
        port: wholeNumber(1, 65535).meta({ description: 'The port the server decapsulates on.' }),
        checksum: z.enum(checksum).optional(),
      }),
      section({ type: z.literal('gre'), checksum: z.enum(['none', 'full']).optional() }),
    ]),
  ])
  .meta({ description: 'The encapsulation of forwarding tun. Default: ipip.' });

const persistence = z
  .union([
    z.literal(false),
    duration,
    section({
      timeout: duration.optional(),
      netmask: z
        .union([wholeNumber(0, 128), z.string()])
        .optional()
        .meta({
          description:
            'Clients that agree in these bits count as one: a prefix length, or for IPv4 a mask such as 255.255.255.0.',
        }),
      engine: z
        .string()
        .optional()
        .meta({ description: 'Stickiness by application data; the kernel has sip, for udp.' }),
    }),
  ])
  .meta({
    description: 'How long a client sticks to a server. Default: false, not at all.',
    examples: ['5m', { timeout: '5m', netmask: 24 }],
  });

/** How a server is reached. */
const access = {
  forwarding: forwarding.optional(),
  tunnel: tunnel.optional(),
};

const serverSettings = {
  forwarding: access.forwarding,
  weight: wholeNumber(0, maxInt)
    .optional()
    .meta({ description: 'The share of a server; 0 takes no new connections. Default: 1.' }),
  thresholds: thresholds.optional(),
  tunnel: access.tunnel,
  check: checkSchema.optional(),
  checks: checksSchema.optional(),
};

const port = wholeNumber(0, 65535)
  .optional()
  .meta({ description: 'Default: that of the service. Only nat can change it.' });

const fallback = z
  .union([
    z.literal(false),
    z.string().meta({ description: 'An address, or address:port.' }),
    section({ address: z.string(), port, ...access }),
  ])
  .meta({
    description: 'The server that serves while there is no quorum, or every other is down.',
    examples: ['10.0.0.99:80'],
  });

const quorum = z
  .union([
    wholeNumber(1, maxInt),
    section({ weight: wholeNumber(1, maxInt), hysteresis: wholeNumber(0, maxInt).optional() }),
  ])
  .meta({
    description:
      'What has to be up, as the sum of weights: lost below weight - hysteresis, regained from weight + hysteresis on. Default: 1.',
    examples: [2, { weight: 4, hysteresis: 1 }],
  });

const policy = {
  quorum: quorum.optional(),
  fallback: fallback.optional(),
  'on-failure': z.enum(['inhibit', 'remove']).optional().meta({
    description:
      'A server that is down keeps its connections at weight 0 (inhibit), or is removed. Default: remove with the schedulers that refuse clients at weight 0 (dh; sh and mh without their fallback flag), otherwise inhibit.',
  }),
  'on-all-down': z.enum(['keep', 'fallback', 'down']).optional().meta({
    description:
      'When every server is down: the last weights stay (keep), the fallback serves (fallback), or all are down. Default: fallback where there is one, otherwise keep.',
  }),
  panic: percentage.optional().meta({
    description:
      'When a smaller share of the servers is up, health is not believed, and the last weights stay. Default: 0%, never.',
    examples: ['30%'],
  }),
  'slow-start': duration.optional().meta({
    description: 'How long a server that has recovered takes to its whole weight. Default: 0s.',
  }),
  'drain-timeout': duration.optional().meta({
    description: 'How long a server that goes may keep its connections. Default: 5m.',
  }),
};

const serviceSettings = {
  scheduler: z
    .string()
    .optional()
    .meta({ description: 'How a server is chosen, such as wlc, rr or mh. Default: wlc.' }),
  'scheduler-flags': z
    .array(
      z.enum(['sh-fallback', 'sh-port', 'mh-fallback', 'mh-port', 'flag-1', 'flag-2', 'flag-3']),
    )
    .optional()
    .meta({ description: 'Switches of the scheduler.' }),
  persistence: persistence.optional(),
  'one-packet': z
    .boolean()
    .optional()
    .meta({ description: 'Schedule every UDP packet by itself. Default: false.' }),
  ...policy,
  ...serverSettings,
};

const server = z.union([
  z.string().meta({
    description: 'An address, with a port where it is not that of the service.',
    examples: ['10.0.0.11', '10.0.0.11:8080', '[2001:db8::11]:8080'],
  }),
  section({
    address: z.string().meta({ description: 'The address of the server.' }),
    port,
    ...serverSettings,
  }),
]);

const service = section({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
      error: 'must be 1 to 64 letters, digits, ".", "_" or "-", and begin with a letter or digit',
    })
    .optional()
    .meta({ description: 'What the service is called. Default: what it listens to.' }),
  listen: z.string().meta({
    description: 'What clients connect to.',
    examples: ['tcp 192.0.2.10:80', 'udp [2001:db8::10]:53', 'fwmark 7', 'fwmark 7 ipv6'],
  }),
  ...serviceSettings,
  servers: z.array(server).optional().meta({ description: 'The real servers.' }),
});

const parts = {
  include: oneOrMore(z.string())
    .optional()
    .meta({
      description: 'Files with further services: paths or globs, relative to this file.',
      examples: ['services/*.yaml'],
    }),
  defaults: section(serviceSettings)
    .optional()
    .meta({ description: 'What holds for every service and server that does not say otherwise.' }),
  services: z.array(service).optional().meta({ description: 'The virtual services.' }),
};

/** The shape of `lvskit.yaml`. */
export const configSchema: z.ZodType<ConfigInput> = section({
  director: directorSchema.optional(),
  control: controlSchema.optional(),
  metrics: metricsSchema.optional(),
  storage: storageListSchema.optional().meta({
    description: 'What the real servers mount, by rs-setup; no matter of the director.',
  }),
  hooks: hooksSchema.optional(),
  ...parts,
}).meta({
  title: 'lvskit.yaml',
  description: 'A Linux Virtual Server director and its virtual services.',
});

/** The shape of a file that another includes. */
export const includedSchema: z.ZodType<IncludedInput> = section(parts);

/** One entry of `services:`, and `defaults:`, each alone: to go on where others are wrong. */
export const serviceSchema: z.ZodType<ServiceInput> = service;
export const defaultsSchema: z.ZodType<SettingsInput> = section(serviceSettings);
