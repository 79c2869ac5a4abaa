import type { ForwardingMethod, Tunnel } from '../ipvs/destination.ts';

/** What tells whether a server works: one check, or several together. */
export type Check = SingleCheck | CombinedChecks;

/** Passes when every one passes (`all`), or when one does (`any`). */
export interface CombinedChecks {
  readonly combine: 'all' | 'any';
  /** At least one. */
  readonly checks: readonly Check[];
}

/** One question asked of one server, again and again. Nothing of it is left open. */
export interface SingleCheck {
  readonly combine: 'none';
  readonly probe: Probe;
  readonly target: CheckTarget;
  readonly pace: CheckPace;
}

/** Where a check goes: to the server itself, or to the service on the way that clients take. */
export type CheckTarget = DirectTarget | DataPathTarget;

/** The server's own address. */
export interface DirectTarget {
  readonly path: 'direct';
  readonly address: string;
  /** 0 for kinds that have no port, and where exec and file are not told one. */
  readonly port: number;
}

/**
 * The VIP, on just this server, by a private service of IPVS (see `data-path-marks.ts`): passes only
 * when what clients send would be answered.
 */
export interface DataPathTarget {
  readonly path: 'data-path';
  /** The VIP, to which the check connects. */
  readonly address: string;
  readonly port: number;
  /** The server that IPVS is to send it to, whose port there is the same. */
  readonly server: {
    readonly address: string;
    readonly forwarding: Extract<ForwardingMethod, 'dr' | 'tun' | 'nat'>;
    /** Present with forwarding `tun`. */
    readonly tunnel: Tunnel | undefined;
  };
}

/** How often a check asks, and how many answers make a verdict. */
export interface CheckPace {
  /** While the server is up and nothing is in doubt. Never shorter than the time-out, as the others. */
  readonly intervalMs: number;
  /** Before the first verdict, and while a change is being confirmed. */
  readonly fastIntervalMs: number;
  /** While the server is down. */
  readonly downIntervalMs: number;
  /** An answer that has not come by then is a failure. */
  readonly timeoutMs: number;
  /** So many passes in a row make a server that is down up again. At least 1. */
  readonly rise: number;
  /** So many failures in a row make a server that is up down. At least 1. */
  readonly fall: number;
  /** Each interval is this share longer or shorter by chance, 0 to 0.5. */
  readonly jitter: number;
}

/** What is asked, and which answer is a good one. */
export type Probe =
  | TcpProbe
  | TlsProbe
  | HttpProbe
  | GrpcProbe
  | DnsProbe
  | UdpProbe
  | SmtpProbe
  | HandshakeProbe
  | IcmpProbe
  | ExecProbe
  | AgentProbe
  | FileProbe;

export type ProbeKind = Probe['kind'];

/** The connection comes to be. */
export interface TcpProbe {
  readonly kind: 'tcp';
}

/** A TLS handshake succeeds. */
export interface TlsProbe {
  readonly kind: 'tls';
  readonly tls: TlsExpectation;
}

export interface TlsExpectation {
  /** The server's name: asked for (SNI), and demanded of the certificate with `verify`. */
  readonly name: string | undefined;
  /** Whether the certificate has to be one that this system trusts. */
  readonly verify: boolean;
  /** A certificate that ends sooner than this gives a warning; the check passes. 0: never. */
  readonly expiryWarningMs: number;
}

/** A request is answered as expected. */
export interface HttpProbe {
  readonly kind: 'http';
  /** Undefined: in clear text. */
  readonly tls: TlsExpectation | undefined;
  /** HTTP/2: agreed on within TLS, known beforehand without. */
  readonly http2: boolean;
  readonly method: HttpMethod;
  /** With the query, beginning with `/`. */
  readonly path: string;
  /** The Host header, or `:authority`. */
  readonly host: string;
  readonly headers: readonly HttpHeader[];
  /** A status in one of these. At least one. */
  readonly statuses: readonly StatusRange[];
  readonly body: TextExpectation | DigestExpectation | undefined;
}

export type HttpMethod = 'GET' | 'HEAD' | 'OPTIONS' | 'POST';

export interface HttpHeader {
  /** In lower case. */
  readonly name: string;
  readonly value: string;
}

export interface StatusRange {
  readonly first: number;
  readonly last: number;
}

export type TextExpectation =
  | { readonly type: 'contains'; readonly text: string }
  | { readonly type: 'matches'; readonly pattern: RegExp };

export interface DigestExpectation {
  readonly type: 'sha256';
  /** 64 digits, in lower case. */
  readonly digest: string;
}

/** `grpc.health.v1.Health/Check` says SERVING. */
export interface GrpcProbe {
  readonly kind: 'grpc';
  readonly tls: TlsExpectation | undefined;
  /** The service that is asked about; empty for the server as a whole. */
  readonly service: string;
  /** `:authority` */
  readonly host: string;
}

/** A question is answered with one of these codes. */
export interface DnsProbe {
  readonly kind: 'dns';
  readonly transport: 'udp' | 'tcp';
  /** Without the dot at the end; empty for the root. */
  readonly name: string;
  readonly record: DnsRecord;
  /** At least one. */
  readonly responseCodes: readonly DnsResponseCode[];
}

export const dnsRecords = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'] as const;
export type DnsRecord = (typeof dnsRecords)[number];

/** In the order of their numbers, 0 to 5. */
export const dnsResponseCodes = [
  'noerror',
  'formerr',
  'servfail',
  'nxdomain',
  'notimp',
  'refused',
] as const;
export type DnsResponseCode = (typeof dnsResponseCodes)[number];

/** A datagram is answered as expected; without expectation, no ICMP error comes before the time-out. */
export interface UdpProbe {
  readonly kind: 'udp';
  /** May be empty. */
  readonly send: Uint8Array;
  readonly expect: BytesExpectation | undefined;
}

export type BytesExpectation =
  | { readonly type: 'contains'; readonly bytes: Uint8Array }
  /** Of the answer as UTF-8. */
  | { readonly type: 'matches'; readonly pattern: RegExp };

/** The server greets with 220, and answers EHLO with 250. */
export interface SmtpProbe {
  readonly kind: 'smtp';
  /** What the director calls itself. */
  readonly helo: string;
}

/** The server speaks its protocol: answers PING, greets, or answers a request to start. */
export interface HandshakeProbe {
  readonly kind: 'redis' | 'mysql' | 'postgres';
}

/** An echo request is answered. */
export interface IcmpProbe {
  readonly kind: 'icmp';
}

/** A program ends with 0. */
export interface ExecProbe {
  readonly kind: 'exec';
  /** An absolute path, and arguments; no shell. What stands for the server is filled in. */
  readonly command: readonly [path: string, ...words: string[]];
}

/** The server says what it thinks of itself, and its weight (HAProxy's agent-check). */
export interface AgentProbe {
  readonly kind: 'agent';
}

/** A file is there, or is not. */
export interface FileProbe {
  readonly kind: 'file';
  /** An absolute path. What stands for the server is filled in. */
  readonly file: string;
  /** When the check passes. */
  readonly when: 'present' | 'absent';
}
