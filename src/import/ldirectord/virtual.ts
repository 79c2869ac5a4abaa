import type { NameLookup } from '../../formats/ipvsadm/command.ts';
import type { Directive, VirtualSection } from '../../formats/ldirectord/parse.ts';
import { serviceOfPort, services } from './checks.ts';
import {
  type DirectiveNotes,
  fail,
  noteSaidTwice,
  numberOf,
  quoted,
  unquoted,
  yesOrNo,
} from './directives.ts';
import { endpointOf } from './endpoints.ts';
import { type Real, readReal } from './real.ts';
import { type GlobalSettings, readSetting, type Settings, timeoutsOf } from './settings.ts';

export type CheckType =
  | { readonly type: 'negotiate' | 'connect' | 'ping' | 'on' | 'off' }
  | { readonly type: 'combined'; readonly connects: number }
  | { readonly type: 'external'; readonly isPerl: boolean };

/** A virtual service, as it is written, with what it takes from the whole. */
export interface Virtual {
  readonly head: Directive;
  readonly isIpv6: boolean;
  /** The address, or the firewall mark. */
  readonly host: string;
  /** Undefined for an address. */
  readonly mark: number | undefined;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'fwm';
  readonly own: OwnSettings;
  readonly reals: readonly Real[];
  readonly checkType: CheckType;
  readonly checkTypeAt: Directive | undefined;
  readonly service: string;
  readonly serviceAt: Directive | undefined;
  readonly checkCommand: string;
  readonly checkCommandAt: Directive | undefined;
  readonly checkPort: number | undefined;
  readonly request: string;
  readonly requestAt: Directive | undefined;
  readonly receive: string;
  readonly receiveAt: Directive | undefined;
  readonly httpMethod: string;
  readonly virtualHost: string | undefined;
  readonly timeouts: { readonly check: number; readonly negotiate: number };
  readonly checkInterval: number;
  readonly checkCount: number;
  readonly failureCount: number;
  readonly quiescent: boolean;
  readonly fallback: Directive | undefined;
}

/** What is said in the section, by its name. */
type OwnSettings = Readonly<Record<string, Directive | undefined>>;

const known = new Set(
  'request receive checktype checkcommand checkport login passwd database secret scheduler persistent schedflags netmask protocol ops service httpmethod virtualhost servicename'.split(
    ' ',
  ),
);

/** @returns Why it cannot be imported, for a name of a host, which is not looked up. */
export function readVirtual(
  { head, directives }: VirtualSection,
  all: GlobalSettings,
  names: NameLookup,
  notes: DirectiveNotes,
): Virtual | string {
  const isIpv6 = head.name === 'virtual6';
  const settings: Settings = {};
  const own: Record<string, Directive> = {};
  const reals: Real[] = [];
  noteSaidTwice(directives, notes);
  for (const directive of directives) {
    const { name } = directive;
    if (name === 'real' || name === 'real6') {
      checkFamily(directive, 'real', isIpv6);
      const real = readReal(directive, names);
      if (typeof real === 'string') notes.leaveOut(directive, real);
      else {
        notes.map(directive);
        reals.push(real);
      }
    } else if (known.has(name)) own[name] = directive;
    else if (!readSetting(directive, settings, notes))
      fail(directive, 'is no directive of ldirectord');
    else if (name.startsWith('fallback') && name !== 'fallbackcommand') {
      checkFamily(directive, 'fallback', isIpv6);
    }
  }
  const isMark = /^\d+$/.test(head.value);
  const isDns = /:(?:53|domain)$/.test(head.value);
  const protocol = isMark ? 'fwm' : protocolOf(own['protocol'], isDns ? 'udp' : 'tcp');
  const endpoint = isMark
    ? { address: head.value, port: 0 }
    : endpointOf(head.value, head, protocol, names);
  if (typeof endpoint === 'string') return endpoint;
  if (!isMark && endpoint.address.includes(':') !== isIpv6) {
    return fail(
      head,
      isIpv6 ? 'needs an IPv6 address in brackets' : 'needs an IPv4 address: virtual6 is for IPv6',
    );
  }
  if (!isMark && endpoint.port === 0) return fail(head, 'needs a port');
  if (settings.checkInterval !== undefined && !all.fork) {
    const at = directives.findLast(({ name }) => name === 'checkinterval');
    if (at !== undefined) notes.leaveOut(at, 'ldirectord passes over it, without fork = yes');
  }
  const service = own['service'];
  return {
    head,
    isIpv6,
    host: endpoint.address,
    mark: isMark ? Number(head.value) : undefined,
    port: endpoint.port,
    protocol,
    own,
    reals,
    checkType: checkTypeOf(own['checktype']),
    checkTypeAt: own['checktype'],
    service:
      service === undefined ? (isMark ? 'none' : serviceOfPort(endpoint.port)) : serviceOf(service),
    serviceAt: service,
    checkCommand: own['checkcommand'] === undefined ? '/bin/true' : unquoted(own['checkcommand']),
    checkCommandAt: own['checkcommand'],
    checkPort: own['checkport'] && numberOf(own['checkport'], 1, 65_535),
    request: own['request'] === undefined ? '/' : quoted(own['request']),
    requestAt: own['request'],
    receive: own['receive'] === undefined ? '' : quoted(own['receive']),
    receiveAt: own['receive'],
    httpMethod: methodOf(own['httpmethod']),
    virtualHost: own['virtualhost'] && unquoted(own['virtualhost']),
    timeouts: timeoutsOf(settings, all),
    checkInterval: (all.fork ? settings.checkInterval : undefined) ?? all.checkInterval ?? 10,
    checkCount: settings.checkCount ?? all.checkCount ?? 1,
    failureCount: settings.failureCount ?? all.failureCount ?? 1,
    quiescent: settings.quiescent ?? all.quiescent ?? false,
    fallback: isIpv6 ? (settings.fallback6 ?? all.fallback6) : (settings.fallback ?? all.fallback),
  };
}

function checkFamily(directive: Directive, name: string, isIpv6: boolean): void {
  const wanted = isIpv6 ? `${name}6` : name;
  if (directive.name !== wanted) fail(directive, `has to be ${wanted} here`);
}

function protocolOf(directive: Directive | undefined, usual: 'tcp' | 'udp'): 'tcp' | 'udp' {
  if (directive === undefined) return usual;
  const { value } = directive;
  return value === 'tcp' || value === 'udp' ? value : fail(directive, 'must be tcp or udp here');
}

function checkTypeOf(directive: Directive | undefined): CheckType {
  const value = directive?.value ?? 'negotiate';
  switch (value) {
    case 'negotiate':
    case 'connect':
    case 'ping':
    case 'on':
    case 'off':
      return { type: value };
    case 'external':
    case 'external-perl':
      return { type: 'external', isPerl: value === 'external-perl' };
    default:
      if (/^\d{1,6}$/.test(value)) return { type: 'combined', connects: Number(value) };
      return fail(
        directive as Directive,
        'must be connect, external, external-perl, negotiate, off, on, ping, or a number',
      );
  }
}

function serviceOf(directive: Directive): string {
  if (services.has(directive.value)) return directive.value;
  return fail(directive, `must be one of ${[...services].join(', ')}`);
}

function methodOf(directive: Directive | undefined): string {
  const method = directive?.value.toUpperCase() ?? 'GET';
  if (method === 'GET' || method === 'HEAD') return method;
  return fail(directive as Directive, 'must be GET or HEAD');
}

/** Whether one packet is scheduled by itself, which only UDP can have. */
export function isOnePacket({ own, protocol }: Virtual, notes: DirectiveNotes): boolean {
  const { ops } = own as { ops?: Directive };
  if (ops === undefined) return false;
  const isOn = yesOrNo(ops);
  if (!isOn || protocol === 'udp') notes.map(ops);
  else notes.leaveOut(ops, 'ldirectord passes over it, since it is for UDP');
  return isOn && protocol === 'udp';
}
