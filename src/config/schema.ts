import { z } from 'zod';
import type { ConfigInput, ServiceInput, SettingsInput } from './config-input.ts';
import { durationPattern } from './duration.ts';

const maxInt = 0x7fffffff;

/**
 * An object that knows its keys. Which keys there are travels in the message, for the code that
 * makes a sentence of an unknown one.
 */
export function section<Shape extends z.core.$ZodShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? JSON.stringify(Object.keys(shape)) : undefined,
  });
}

function wholeNumber(lowest: number, highest: number): z.ZodInt {
  const error = `must be a whole number from ${lowest} to ${highest}`;
  return z.int({ error }).min(lowest, { error }).max(highest, { error });
}

const duration = z
  .string({ error: 'must be a duration with its unit, such as 300s or 5m' })
  .regex(durationPattern, { error: 'must be a duration with its unit, such as 300s, 5m or 1h30m' })
  .meta({ description: 'A duration with its unit: ms, s, m, h or d.', examples: ['300s', '5m'] });

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

const serverSettings = {
  forwarding: forwarding.optional(),
  weight: wholeNumber(0, maxInt)
    .optional()
    .meta({ description: 'The share of a server; 0 takes no new connections. Default: 1.' }),
  thresholds: thresholds.optional(),
  tunnel: tunnel.optional(),
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
  ...serverSettings,
};

const server = z.union([
  z.string().meta({
    description: 'An address, with a port where it is not that of the service.',
    examples: ['10.0.0.11', '10.0.0.11:8080', '[2001:db8::11]:8080'],
  }),
  section({
    address: z.string().meta({ description: 'The address of the server.' }),
    port: wholeNumber(0, 65535)
      .optional()
      .meta({ description: 'Default: that of the service. Only nat can change it.' }),
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

/** The shape of `lvskit.yaml`. */
export const configSchema: z.ZodType<ConfigInput> = section({
  defaults: section(serviceSettings)
    .optional()
    .meta({ description: 'What holds for every service and server that does not say otherwise.' }),
  services: z.array(service).meta({ description: 'The virtual services.' }),
}).meta({
  title: 'lvskit.yaml',
  description: 'The virtual services of a Linux Virtual Server director.',
});

/** One entry of `services:`, and `defaults:`, each alone: to go on where others are wrong. */
export const serviceSchema: z.ZodType<ServiceInput> = service;
export const defaultsSchema: z.ZodType<SettingsInput> = section(serviceSettings);
