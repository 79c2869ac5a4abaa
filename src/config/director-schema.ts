import { z } from 'zod';
import type { ControlInput, DirectorInput, MetricsInput } from './config-input.ts';
import { section } from './shapes.ts';
import { sizePattern } from './size.ts';

const size = z
  .string({ error: 'must be a size with its unit, such as 16MiB' })
  .regex(sizePattern, { error: 'must be a size with its unit, such as 64KiB, 16MiB or 1GiB' })
  .meta({ description: 'A size with its unit: KiB, MiB or GiB.', examples: ['16MiB'] });

/** What `director:` can be. */
export const directorSchema: z.ZodType<DirectorInput> = section({
  interface: z
    .string()
    .optional()
    .meta({ description: 'The link that VIPs belong on.', examples: ['eth0'] }),
  vips: z.enum(['own', 'leave']).optional().meta({
    description:
      'Whether the director puts the VIPs on its interface, or leaves them to somebody else. Default: own where an interface is given, otherwise leave.',
  }),
  'on-stop': z.enum(['leave', 'flush']).optional().meta({
    description: 'What becomes of the table when the director stops. Default: leave.',
  }),
  drift: z.enum(['correct', 'report']).optional().meta({
    description: 'What becomes of changes that others make to the table. Default: correct.',
  }),
  'state-directory': z.string().optional().meta({
    description: 'Where overrides and history are kept. Default: /var/lib/lvskit.',
  }),
  'history-size': size
    .optional()
    .meta({ description: 'How much of the history is kept. Default: 16MiB.' }),
}).meta({ description: 'How the director behaves as a whole.' });

/** What `control:` can be. */
export const controlSchema: z.ZodType<ControlInput> = section({
  socket: z.string().optional().meta({ description: 'Default: /run/lvskit/control.sock.' }),
  group: z.string().optional().meta({
    description: "Its members may operate the director, besides root and the director's user.",
  }),
}).meta({ description: 'The socket by which the director is operated.' });

/** What `metrics:` can be. */
export const metricsSchema: z.ZodType<MetricsInput> = section({
  listen: z
    .string()
    .meta({ description: 'An address and port.', examples: ['127.0.0.1:9631', '[::1]:9631'] }),
}).meta({ description: 'Metrics for Prometheus. Without it none are served.' });
