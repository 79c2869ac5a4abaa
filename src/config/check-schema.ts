import { z } from 'zod';
import { type CheckInput, type CheckItemInput, shortCheckKinds } from './check-input.ts';
import { dnsRecords, dnsResponseCodes } from './checks.ts';
import { duration, oneOrMore, percentage, section, wholeNumber } from './shapes.ts';

const pace = {
  interval: duration.optional().meta({ description: 'Between two questions. Default: 2s.' }),
  'fast-interval': duration.optional().meta({
    description:
      'The same before the first verdict, and while a change is being confirmed. Default: half the interval.',
  }),
  'down-interval': duration
    .optional()
    .meta({ description: 'The same while the server is down. Default: the interval.' }),
  timeout: duration.optional().meta({
    description: 'A later answer is a failure. Default: 1s, or the shortest interval.',
  }),
  rise: wholeNumber(1, 100)
    .optional()
    .meta({ description: 'So many passes in a row bring a server back. Default: 2.' }),
  fall: wholeNumber(1, 100)
    .optional()
    .meta({ description: 'So many failures in a row take a server out. Default: 3.' }),
  jitter: percentage
    .optional()
    .meta({ description: 'How much intervals vary by chance, 0% to 50%. Default: 10%.' }),
};

const via = z.enum(['auto', 'direct', 'data-path']).optional().meta({
  description:
    'direct: to the address of the server. data-path: to the VIP, on the way that clients take. auto, the default: data-path for dr and tun where the check can, otherwise direct.',
});

const reach = {
  port: wholeNumber(1, 65535).optional().meta({ description: 'Default: the port of the server.' }),
  via,
};

const tls = {
  name: z
    .string()
    .optional()
    .meta({ description: 'The name that the server is asked for (SNI), and verified by.' }),
  verify: z.boolean().optional().meta({
    description: 'Whether the certificate has to be one that this system trusts. Default: false.',
  }),
  'expiry-warning': duration
    .optional()
    .meta({ description: 'Warn when the certificate ends sooner than this. Default: 14d.' }),
};

const regex = z.string().meta({ description: 'A regular expression of JavaScript (flag u).' });

const body = z
  .union([
    z.string().meta({ description: 'A text that the body contains.' }),
    section({ contains: z.string() }),
    section({ matches: regex }),
    section({
      sha256: z.string().regex(/^[0-9A-Fa-f]{64}$/, { error: 'must be 64 hexadecimal digits' }),
    }),
  ])
  .meta({ description: 'What the body has to be like.' });

const status = z.union([
  wholeNumber(100, 599),
  z.string({ error: 'must be a status such as 200, or a range such as 200-299' }),
]);

const http = {
  path: z
    .string()
    .optional()
    .meta({ description: 'Default: /.', examples: ['/healthz'] }),
  host: z.string().optional().meta({ description: 'The Host header. Default: the VIP.' }),
  method: z
    .enum(['GET', 'HEAD', 'OPTIONS', 'POST'])
    .optional()
    .meta({ description: 'Default: GET.' }),
  headers: z.record(z.string(), z.string()).optional().meta({ description: 'Further headers.' }),
  expect: oneOrMore(status)
    .optional()
    .meta({ description: 'Good statuses. Default: 200-399.', examples: ['200-299', [200, 404]] }),
  body: body.optional(),
  http2: z.boolean().optional().meta({ description: 'Speak HTTP/2. Default: false.' }),
};

const bytes = z.union([
  z.string().meta({ description: 'A text, sent as UTF-8.' }),
  section({
    hex: z.string().regex(/^(?:[0-9A-Fa-f]{2}\s*)*$/, {
      error: 'must be pairs of hexadecimal digits, such as "00 ff"',
    }),
  }),
]);

const single = z.discriminatedUnion('type', [
  section({ type: z.literal('tcp'), ...reach, ...pace }),
  section({ type: z.literal('tls'), ...tls, ...reach, ...pace }),
  section({ type: z.literal('http'), ...http, ...reach, ...pace }),
  section({ type: z.literal('https'), ...http, ...tls, ...reach, ...pace }),
  section({
    type: z.literal('grpc'),
    service: z.string().optional().meta({ description: 'Default: the server as a whole.' }),
    host: z.string().optional().meta({ description: 'The :authority. Default: the VIP.' }),
    tls: z.boolean().optional().meta({ description: 'Default: false.' }),
    ...tls,
    ...reach,
    ...pace,
  }),
  section({
    type: z.literal('dns'),
    query: z.string().meta({ description: 'The name that is asked for.' }),
    record: z.enum(dnsRecords).optional().meta({ description: 'Default: A.' }),
    transport: z.enum(['udp', 'tcp']).optional().meta({
      description: 'Default: tcp for a service of tcp, otherwise udp.',
    }),
    expect: oneOrMore(z.enum(dnsResponseCodes))
      .optional()
      .meta({ description: 'Good response codes. Default: noerror.' }),
    ...reach,
    ...pace,
  }),
  section({
    type: z.literal('udp'),
    send: bytes.optional().meta({ description: 'Default: an empty datagram.' }),
    expect: z
      .union([bytes, section({ matches: regex })])
      .optional()
      .meta({
        description:
          'What the answer contains. Default: no answer is needed, and an ICMP error is a failure.',
      }),
    ...reach,
    ...pace,
  }),
  section({
    type: z.literal('smtp'),
    helo: z.string().optional().meta({ description: 'Default: localhost.' }),
    ...reach,
    ...pace,
  }),
  section({ type: z.literal('redis'), ...reach, ...pace }),
  section({ type: z.literal('mysql'), ...reach, ...pace }),
  section({ type: z.literal('postgres'), ...reach, ...pace }),
  section({ type: z.literal('icmp'), via, ...pace }),
  section({
    type: z.literal('exec'),
    command: z.array(z.string()).min(1, { error: 'must name a program' }).meta({
      description: 'A program and its arguments; {address} and {port} are those of the server.',
    }),
    ...pace,
  }),
  section({
    type: z.literal('agent'),
    port: wholeNumber(1, 65535).meta({ description: 'The port of the agent.' }),
    via,
    ...pace,
  }),
  section({
    type: z.literal('file'),
    file: z.string().meta({ description: '{address} and {port} are those of the server.' }),
    when: z.enum(['present', 'absent']).optional().meta({
      description: 'When the server is up. Default: present.',
    }),
    ...pace,
  }),
]);

const short = z.enum(shortCheckKinds);
const leaf = z.union([short, single]);
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.array(item).min(1, { error: 'must not be an empty list' });

const group = <Item extends z.ZodType>(item: Item) =>
  [section({ all: listOf(item), ...pace }), section({ any: listOf(item), ...pace })] as const;

const item = z.union([short, single, ...group(leaf)]);

/** What `check:` can be. */
export const checkSchema: z.ZodType<CheckInput> = z
  .union([z.enum(['none', ...shortCheckKinds]), single, ...group(item)])
  .meta({
    description:
      'How to know whether a server works: a check, several as all: or any:, or none. Default: none.',
    examples: ['tcp', { type: 'http', path: '/healthz', expect: '200-299', interval: '2s' }],
  });

/** What `checks:` can be. */
export const checksSchema: z.ZodType<readonly CheckItemInput[]> = listOf(item).meta({
  description: 'Checks that all have to pass: short for check: { all: […] }.',
});
