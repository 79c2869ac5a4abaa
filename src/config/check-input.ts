import type { DnsRecord, DnsResponseCode, HttpMethod } from './checks.ts';

/** What `check:` holds once its shape is known to be right. */
export type CheckInput = 'none' | CheckItemInput;

/** What `checks:`, `all:` and `any:` hold a list of. */
export type CheckItemInput = ShortCheckKind | SingleCheckInput | CombinedInput;

/** Kinds that need nothing said, so that their name alone is a check. */
export type ShortCheckKind = (typeof shortCheckKinds)[number];
export const shortCheckKinds = [
  'tcp',
  'tls',
  'http',
  'https',
  'grpc',
  'udp',
  'smtp',
  'redis',
  'mysql',
  'postgres',
  'icmp',
] as const;

export interface PaceInput {
  readonly interval?: string | undefined;
  readonly 'fast-interval'?: string | undefined;
  readonly 'down-interval'?: string | undefined;
  readonly timeout?: string | undefined;
  readonly rise?: number | undefined;
  readonly fall?: number | undefined;
  readonly jitter?: string | undefined;
}

export interface CombinedInput extends PaceInput {
  readonly all?: readonly CheckItemInput[] | undefined;
  readonly any?: readonly CheckItemInput[] | undefined;
}

export type Via = 'auto' | 'direct' | 'data-path';

interface Reach {
  readonly port?: number | undefined;
  readonly via?: Via | undefined;
}

export interface TlsInput {
  readonly name?: string | undefined;
  readonly verify?: boolean | undefined;
  readonly 'expiry-warning'?: string | undefined;
}

export type BytesInput = string | { readonly hex: string };

export type BodyInput =
  | string
  | { readonly contains: string }
  | { readonly matches: string }
  | { readonly sha256: string };

type StatusInput = number | string;

/** What both http and https can be told. */
export interface HttpInput extends PaceInput, Reach {
  readonly path?: string | undefined;
  readonly host?: string | undefined;
  readonly method?: HttpMethod | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly expect?: StatusInput | readonly StatusInput[] | undefined;
  readonly body?: BodyInput | undefined;
  readonly http2?: boolean | undefined;
}

export interface GrpcInput extends PaceInput, Reach, TlsInput {
  readonly type: 'grpc';
  readonly service?: string | undefined;
  readonly host?: string | undefined;
  readonly tls?: boolean | undefined;
}

export interface DnsInput extends PaceInput, Reach {
  readonly type: 'dns';
  readonly query: string;
  readonly record?: DnsRecord | undefined;
  readonly transport?: 'udp' | 'tcp' | undefined;
  readonly expect?: DnsResponseCode | readonly DnsResponseCode[] | undefined;
}

export interface UdpInput extends PaceInput, Reach {
  readonly type: 'udp';
  readonly send?: BytesInput | undefined;
  readonly expect?: BytesInput | { readonly matches: string } | undefined;
}

export type SingleCheckInput =
  | (PaceInput & Reach & { readonly type: 'tcp' | 'redis' | 'mysql' | 'postgres' })
  | (PaceInput & Reach & TlsInput & { readonly type: 'tls' })
  | (HttpInput & { readonly type: 'http' })
  | (HttpInput & TlsInput & { readonly type: 'https' })
  | GrpcInput
  | DnsInput
  | UdpInput
  | (PaceInput & Reach & { readonly type: 'smtp'; readonly helo?: string | undefined })
  | (PaceInput & { readonly type: 'icmp'; readonly via?: Via | undefined })
  | (PaceInput & { readonly type: 'exec'; readonly command: readonly string[] })
  | (PaceInput & Reach & { readonly type: 'agent'; readonly port: number })
  | (PaceInput & {
      readonly type: 'file';
      readonly file: string;
      readonly when?: 'present' | 'absent' | undefined;
    });
