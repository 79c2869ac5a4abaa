import { z } from 'zod';
import { parseDuration } from './duration.ts';
import { checkAbsolutePath } from './names.ts';
import type { Place } from './problems.ts';
import { duration, oneOrMore, section } from './shapes.ts';

/** Something to be told of what happens. */
export type HookSettings = ExecHook | WebhookHook;

interface HookBase {
  /** The events that it is told of. */
  readonly events: ReadonlySet<string>;
  readonly timeoutMs: number;
}

/** A program that is given the event as JSON on standard input. */
export interface ExecHook extends HookBase {
  readonly kind: 'exec';
  readonly command: readonly [string, ...string[]];
}

/** An address that the event is posted to as JSON. */
export interface WebhookHook extends HookBase {
  readonly kind: 'webhook';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Every event of a director. */
export const eventNames = [
  'started',
  'stopped',
  'reloaded',
  'reload-failed',
  'table-changed',
  'drift',
  'service-refused',
  'service-accepted',
  'override',
  'drained',
  'vip-added',
  'vip-removed',
  'trouble',
  'check-up',
  'check-down',
  'server-up',
  'server-down',
  'agent-changed',
  'check-warning',
  'quorum-lost',
  'quorum-gained',
  'service-mode',
] as const;

export type EventName = (typeof eventNames)[number];

/** What changes the state of services and servers. */
const usualEvents: readonly EventName[] = [
  'server-up',
  'server-down',
  'quorum-lost',
  'quorum-gained',
  'service-mode',
  'service-refused',
  'service-accepted',
];

export interface HookInput {
  readonly exec?: readonly string[] | undefined;
  readonly webhook?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly events?: EventName | readonly EventName[] | undefined;
  readonly timeout?: string | undefined;
}

/** What `hooks:` can be. */
export const hooksSchema: z.ZodType<readonly HookInput[]> = z
  .array(
    section({
      exec: z.array(z.string()).min(1, { error: 'must name a program' }).optional().meta({
        description: 'A program by its absolute path, and its words; run without a shell.',
      }),
      webhook: z
        .string()
        .optional()
        .meta({ description: 'An http or https address that events are posted to as JSON.' }),
      headers: z
        .record(z.string(), z.string())
        .optional()
        .meta({ description: 'With webhook: what is sent along, such as Authorization.' }),
      events: oneOrMore(z.enum(eventNames)).optional().meta({
        description:
          'Of which events it is told. Default: servers up and down, quorum, what services live on, and what the kernel refuses.',
      }),
      timeout: duration.optional().meta({ description: 'Default: 10s.' }),
    }),
  )
  .meta({ description: 'Programs and addresses that are told of what happens.' });

const longestMs = 300_000;

/** @returns Those that are right; what is wrong with the others has been told. */
export function readHooks(inputs: readonly HookInput[], at: Place): readonly HookSettings[] {
  return inputs.flatMap((input, index) => readHook(input, at.in(index)) ?? []);
}

function readHook(input: HookInput, at: Place): HookSettings | undefined {
  const { exec, webhook, headers, timeout = '10s', events: asked = usualEvents } = input;
  const timeoutMs = parseDuration(timeout) ?? 0;
  if (timeoutMs === 0 || timeoutMs > longestMs) at.in('timeout').add('must be from 1ms to 5m');
  const events = new Set<string>([asked].flat());
  if ((exec === undefined) === (webhook === undefined)) {
    at.add('must have either exec or webhook');
    return undefined;
  }
  if (exec !== undefined) {
    if (headers !== undefined) at.in('headers').add('is for webhook only', 'key');
    const [program, ...words] = exec;
    if (program === undefined) return undefined;
    at.in('exec', 0).attempt(() => checkAbsolutePath(program));
    return { kind: 'exec', command: [program, ...words], events, timeoutMs };
  }
  const url = at.in('webhook').attempt(() => checkedUrl(webhook ?? ''));
  for (const [name, value] of Object.entries(headers ?? {})) {
    at.in('headers', name).attempt(() => checkHeader(name, value));
  }
  return url === undefined
    ? undefined
    : { kind: 'webhook', url, headers: headers ?? {}, events, timeoutMs };
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') {
    if (url.username === '' && url.password === '') return text;
    throw new RangeError('must not have a password in it; use headers');
  }
  throw new RangeError('must be an http or https address, such as https://hooks.example.org/lvs');
}

function checkHeader(name: string, value: string): void {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) throw new RangeError('is no name of a header');
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    throw new RangeError('has characters that a header cannot have');
  }
}
