import { isIP } from 'node:net';
import type { CheckItemInput, PaceInput, SingleCheckInput } from '../../config/check-input.ts';
import { formatMilliseconds } from '../../config/duration.ts';
import type { Directive } from '../../formats/ldirectord/parse.ts';
import type { DirectiveNotes } from './directives.ts';
import type { Real } from './real.ts';
import type { Virtual } from './virtual.ts';

/** What a check of one server is made of. */
export interface Asked {
  readonly virtual: Virtual;
  readonly real: Real;
  readonly address: string;
  /** Where lvskit asks without being told; 0 for nowhere. */
  readonly usualPort: number;
  /** Whether lvskit would go by the VIP unless told otherwise. */
  readonly goesByVip: boolean;
  readonly notes: DirectiveNotes;
}

/** By the port of the virtual service, where `service` is not said; and by that the other way round. */
const servicePorts: Readonly<Record<string, number>> = {
  ftp: 21,
  smtp: 25,
  dns: 53,
  http: 80,
  pop: 110,
  nntp: 119,
  imap: 143,
  ldap: 389,
  https: 443,
  submission: 587,
  ldaps: 636,
  imaps: 993,
  pops: 995,
  oracle: 1521,
  radius: 1812,
  http_proxy: 3128,
  mysql: 3306,
  sip: 5060,
  pgsql: 5432,
};

export const services: ReadonlySet<string> = new Set([
  ...Object.keys(servicePorts),
  'none',
  'simpletcp',
]);

export function serviceOfPort(port: number): string {
  return Object.keys(servicePorts).find((name) => servicePorts[name] === port) ?? 'none';
}

/** The checks that a server gets, which all have to pass. None: it always is up. */
export function checksOf(asked: Asked): readonly CheckItemInput[] {
  const { virtual, notes } = asked;
  const { checkType, checkTypeAt } = virtual;
  switch (checkType.type) {
    case 'negotiate':
      return negotiate(asked, 1);
    case 'connect':
      // Over UDP there is nothing to connect to, and ldirectord pings.
      return virtual.protocol === 'udp' ? ping(asked) : connect(asked);
    case 'ping':
      return ping(asked);
    case 'combined':
      // After so many connections comes one real question.
      return [...connect(asked), ...negotiate(asked, checkType.connects + 1)];
    case 'external':
      if (checkTypeAt !== undefined && checkType.isPerl) {
        notes.differs(checkTypeAt, 'the script is run as a program of its own');
      }
      return external(asked);
    case 'on':
    case 'off':
      return [];
  }
}

function connect(asked: Asked): readonly SingleCheckInput[] {
  if (!hasPort(asked)) return [];
  return [{ type: 'tcp', ...reachOf(asked), ...paceOf(asked, asked.virtual.timeouts.check) }];
}

function ping(asked: Asked): readonly SingleCheckInput[] {
  const { checkCount, timeouts } = asked.virtual;
  return [{ type: 'icmp', ...paceOf(asked, timeouts.check, { attempts: checkCount }) }];
}

function external(asked: Asked): readonly SingleCheckInput[] {
  const { virtual, notes, real } = asked;
  const { checkCommand: command, checkCommandAt } = virtual;
  if (!/^\/\S*[^\s/]$/.test(command) || command.includes('{')) {
    const at = checkCommandAt ?? real.directive;
    notes.leaveOut(
      at,
      'a program needs an absolute path here, without blanks: there is no such check',
    );
    return [];
  }
  const pace = paceOf(asked, virtual.timeouts.check);
  const port = String(real.port === 0 ? asked.usualPort : real.port);
  return [
    {
      type: 'exec',
      command: [command, virtual.host, String(virtual.port), '{address}', port],
      ...pace,
    },
  ];
}

/** Services that only have to take a connection here, and for those with TLS to shake hands. */
const plainly: Readonly<Record<string, 'tcp' | 'tls'>> = {
  ftp: 'tcp',
  pop: 'tcp',
  pops: 'tls',
  imap: 'tcp',
  imaps: 'tls',
  ldap: 'tcp',
  ldaps: 'tls',
  nntp: 'tcp',
  oracle: 'tcp',
  simpletcp: 'tcp',
  http_proxy: 'tcp',
};

/** @param rounds So many rounds of checks apart. */
function negotiate(asked: Asked, rounds: number): readonly SingleCheckInput[] {
  const { virtual, notes } = asked;
  const { service, serviceAt } = virtual;
  if (service === 'none' || !hasPort(asked)) return [];
  const pace = () => paceOf(asked, virtual.timeouts.negotiate, { rounds });
  const at = serviceAt ?? virtual.head;
  switch (service) {
    case 'http':
    case 'https':
      return http(asked, service, pace);
    case 'smtp':
    case 'submission':
      return [{ type: 'smtp', ...reachOf(asked), ...pace() }];
    case 'dns':
      return dns(asked, pace);
    case 'mysql':
    case 'pgsql':
      notes.differs(at, 'the check sees whether the database greets; it does not log in, or ask');
      return [{ type: service === 'mysql' ? 'mysql' : 'postgres', ...reachOf(asked), ...pace() }];
    case 'radius':
    case 'sip':
      notes.differs(
        at,
        `there is no check of ${service}: the check sees whether the server is there`,
      );
      return [{ type: 'icmp', ...pace() }];
    default: {
      const type = plainly[service] ?? 'tcp';
      const sees = type === 'tls' ? 'shakes hands' : 'takes a connection';
      notes.differs(
        at,
        `there is no check of ${service}: the check sees whether the server ${sees}`,
      );
      return [{ type, ...reachOf(asked), ...pace() }];
    }
  }
}

function http(
  asked: Asked,
  type: 'http' | 'https',
  pace: () => PaceInput,
): readonly SingleCheckInput[] {
  const { virtual, real, notes, address } = asked;
  const path = withSlash(real.request ?? virtual.request);
  const at = real.request === undefined ? (virtual.requestAt ?? virtual.head) : real.directive;
  if (/^\/https?:\/\//.test(path) || !/^\/[!-~]*$/.test(path)) {
    notes.leaveOut(
      at,
      'what it asks for is elsewhere, or cannot be sent as it is: there is no such check',
    );
    return [];
  }
  notes.differs(at, 'redirects are not followed; they count as good');
  const receive = real.receive ?? virtual.receive;
  const body = bodyOf(
    receive,
    real.receive === undefined ? virtual.receiveAt : real.directive,
    notes,
  );
  const isHead = virtual.httpMethod === 'HEAD';
  if (isHead && body !== undefined && virtual.receiveAt !== undefined) {
    notes.leaveOut(virtual.receiveAt, 'the answer to HEAD has no body');
  }
  const host = virtual.virtualHost ?? (isIP(address) === 6 ? `[${address}]` : address);
  return [
    {
      type,
      path,
      host,
      ...(isHead && { method: 'HEAD' }),
      ...(body !== undefined && !isHead && { body }),
      ...reachOf(asked),
      ...pace(),
    },
  ];
}

/** ldirectord puts it there if it is missing. */
function withSlash(request: string): string {
  return request.startsWith('/') ? request : `/${request}`;
}

function bodyOf(
  receive: string,
  at: Directive | undefined,
  notes: DirectiveNotes,
): { readonly matches: string } | undefined {
  if (receive === '' || at === undefined) return undefined;
  try {
    new RegExp(receive, 'u');
    return { matches: receive };
  } catch {
    notes.leaveOut(at, 'JavaScript does not take it for a regular expression: write it anew');
    return undefined;
  }
}

function dns(asked: Asked, pace: () => PaceInput): readonly SingleCheckInput[] {
  const { virtual, real, notes } = asked;
  const at = real.request === undefined ? (virtual.requestAt ?? virtual.head) : real.directive;
  const query = (real.request ?? virtual.request).replace(/^\//, '');
  if (!/^(?=.*[A-Za-z])[\w-]+(?:\.[\w-]+)*\.?$/.test(query)) {
    notes.leaveOut(at, 'only names can be asked for: there is no such check');
    return [];
  }
  const receiveAt = real.receive === undefined ? virtual.receiveAt : real.directive;
  if (receiveAt !== undefined) {
    notes.differs(receiveAt, 'any answer without an error is good, whatever address it has');
  }
  const transport = virtual.protocol === 'tcp' ? 'tcp' : 'udp';
  const reach = transport === 'tcp' ? reachOf(asked) : portOf(asked);
  return [{ type: 'dns', query, transport, ...reach, ...pace() }];
}

interface PaceOptions {
  /** So many rounds of checks lie between two of these. */
  readonly rounds?: number;
  /** So often is asked before one check has failed. */
  readonly attempts?: number;
}

/**
 * The pace of a check: ldirectord sleeps for the interval between rounds of checks, and has no other
 * pace when something is wrong; a single pass brings a server back.
 */
function paceOf(
  { virtual, notes }: Asked,
  timeoutSeconds: number,
  { rounds = 1, attempts = 1 }: PaceOptions = {},
): PaceInput {
  const { checkInterval, failureCount } = virtual;
  const most = 86_400;
  const interval = Math.min(Math.max(checkInterval * rounds, timeoutSeconds), most);
  const fall = Math.min(failureCount * attempts, 100);
  const say = (seconds: number) => formatMilliseconds(seconds * 1000);
  if (interval > checkInterval * rounds) {
    const message = `no interval is shorter than the time-out here, so that it is ${say(interval)} instead of ${say(checkInterval * rounds)}; with a shorter timeout both get shorter`;
    notes.differs(virtual.head, message);
  }
  const fast = attempts > 1 ? Math.max(timeoutSeconds, 1) : interval;
  return {
    interval: say(interval),
    ...(fall > 1 && { 'fast-interval': say(fast) }),
    timeout: say(timeoutSeconds),
    rise: 1,
    fall,
  };
}

/** `checkport`, or the port of the server, or that of what it serves. */
function askedPort({ virtual, real, usualPort }: Asked): number {
  return virtual.checkPort ?? (real.port || usualPort || (servicePorts[virtual.service] ?? 0));
}

function hasPort(asked: Asked): boolean {
  if (askedPort(asked) !== 0) return true;
  asked.notes.leaveOut(
    asked.virtual.head,
    'there is no port to ask at, and so no check: say checkport',
  );
  return false;
}

function portOf(asked: Asked): { port?: number } {
  const port = askedPort(asked);
  return port === asked.usualPort ? {} : { port };
}

function reachOf(asked: Asked): { port?: number; via?: 'direct' } {
  return { ...portOf(asked), ...(asked.goesByVip && { via: 'direct' as const }) };
}
