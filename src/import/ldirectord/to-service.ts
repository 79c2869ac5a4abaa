import type { CheckItemInput } from '../../config/check-input.ts';
import type {
  FallbackInput,
  PersistenceInput,
  ServerObjectInput,
  ServiceInput,
} from '../../config/config-input.ts';
import { formatSeconds } from '../../config/duration.ts';
import type { NameLookup } from '../../formats/ipvsadm/command.ts';
import type { SchedulerFlag } from '../../ipvs/flags.ts';
import { formatEndpoint } from '../../net/ip.ts';
import { hoist } from '../hoist.ts';
import type { ImportedServer, ImportedService } from '../imported.ts';
import { onlyNew } from '../once.ts';
import { checksOf } from './checks.ts';
import { type DirectiveNotes, fail, numberOf } from './directives.ts';
import { forwardings, type Real, readFallback } from './real.ts';
import { isOnePacket, type Virtual } from './virtual.ts';

type Settings = Omit<ServiceInput, 'servers'>;

/** Makes a service of a virtual service. @param notes Where those of its section have been taken. */
export function serviceOf(
  virtual: Virtual,
  notes: DirectiveNotes,
  names: NameLookup,
): ImportedService {
  const servers = serversOf(virtual, notes);
  const settings = settingsOf(virtual, notes, names, servers);
  accountForChecks(virtual, servers, notes);
  const hoisted = hoist(settings, servers);
  const once = onlyNew();
  return {
    place: virtual.head.place,
    notes: once(notes.taken),
    input: hoisted.settings,
    servers: hoisted.servers.map((server) => ({ ...server, notes: once(server.notes) })),
  };
}

function settingsOf(
  virtual: Virtual,
  notes: DirectiveNotes,
  names: NameLookup,
  servers: readonly ImportedServer[],
): Settings {
  const { own, mark, isIpv6, host, port, protocol } = virtual;
  const { servicename, scheduler, schedflags } = own as Record<string, Virtual['own'][string]>;
  let name: string | undefined;
  if (servicename !== undefined) {
    if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(servicename.value)) {
      name = servicename.value;
      notes.map(servicename);
    } else notes.leaveOut(servicename, 'names are made of letters, digits, ".", "_" and "-"');
  }
  const algorithm = scheduler === undefined ? 'wrr' : /[a-z]+/.exec(scheduler.value)?.[0];
  if (scheduler !== undefined) notes.map(scheduler);
  if (scheduler !== undefined && algorithm === undefined)
    fail(scheduler, 'must be lower-case letters');
  const flags = schedflags?.value.split(',') as readonly SchedulerFlag[] | undefined;
  if (schedflags !== undefined) notes.map(schedflags);
  if (own['protocol'] !== undefined) notes.map(own['protocol']);
  const isChecked = servers.some(
    ({ input }) => input.check !== undefined || input.checks !== undefined,
  );
  const persistence = persistenceOf(virtual, notes);
  const fallback = fallbackOf(virtual, notes, names);
  return {
    ...(name !== undefined && { name }),
    listen:
      mark === undefined
        ? `${protocol} ${formatEndpoint(host, port)}`
        : `fwmark ${mark}${isIpv6 ? ' ipv6' : ''}`,
    scheduler: algorithm ?? 'wrr',
    ...(flags !== undefined && { 'scheduler-flags': flags }),
    ...(persistence !== undefined && { persistence }),
    ...(isOnePacket(virtual, notes) && { 'one-packet': true }),
    ...(fallback !== undefined && { fallback }),
    ...(isChecked && {
      'on-failure': virtual.quiescent ? 'inhibit' : 'remove',
      ...(fallback === undefined && { 'on-all-down': 'down' }),
    }),
  };
}

function persistenceOf(
  { own, isIpv6 }: Virtual,
  notes: DirectiveNotes,
): PersistenceInput | undefined {
  const { persistent, netmask } = own as Record<string, Virtual['own'][string]>;
  if (persistent === undefined) {
    if (netmask !== undefined) notes.leaveOut(netmask, 'it does nothing without persistent');
    return undefined;
  }
  notes.map(persistent);
  const timeout = formatSeconds(numberOf(persistent, 1, 31 * 86_400));
  if (netmask === undefined) return timeout;
  notes.map(netmask);
  return { timeout, netmask: isIpv6 ? numberOf(netmask, 1, 128) : netmask.value };
}

function fallbackOf(
  virtual: Virtual,
  notes: DirectiveNotes,
  names: NameLookup,
): FallbackInput | undefined {
  const { fallback, protocol, port: servicePort, mark } = virtual;
  if (fallback === undefined) return undefined;
  const read = readFallback(fallback, protocol, names);
  if (typeof read === 'string') {
    notes.leaveOut(fallback, read);
    return undefined;
  }
  const { address, port, forward } = read;
  const isElsewhere = port !== 0 && port !== servicePort;
  const forwarding = forwardings[forward];
  if (isElsewhere && forward !== 'masq' && mark === undefined) {
    notes.differs(
      fallback,
      `${forward} cannot change the port: it is ${servicePort}, as ipvsadm takes it`,
    );
    return { address, forwarding };
  }
  if (isElsewhere && forward !== 'masq') return { address, forwarding };
  return { address, ...(isElsewhere && { port }), forwarding };
}

function serversOf(virtual: Virtual, around: DirectiveNotes): readonly ImportedServer[] {
  const seen = new Set<string>();
  const servers: ImportedServer[] = [];
  for (const real of virtual.reals) {
    for (const address of real.addresses) {
      const notes = around.beside();
      const input = serverOf(virtual, real, address, notes);
      const key = `${input.address} ${input.port ?? ''}`;
      if (seen.has(key)) {
        around.leaveOut(real.directive, `the server ${address} is there already`);
        continue;
      }
      seen.add(key);
      servers.push({ place: real.directive.place, notes: notes.taken, input });
    }
  }
  return servers;
}

function serverOf(
  virtual: Virtual,
  real: Real,
  address: string,
  notes: DirectiveNotes,
): ServerObjectInput {
  const { checkType, checkTypeAt, mark, port: servicePort } = virtual;
  const { forward, directive, upper, lower } = real;
  const isMasked = forward === 'masq';
  const isElsewhere = real.port !== 0 && real.port !== servicePort;
  if (isElsewhere && !isMasked) {
    const taken = mark === undefined ? String(servicePort) : 'none';
    notes.differs(
      directive,
      `${forward} cannot change the port: it is ${taken}, as ipvsadm takes it`,
    );
  }
  const port = isMasked && real.port !== 0 ? real.port : servicePort;
  const isOff = checkType.type === 'off';
  if (isOff && checkTypeAt !== undefined) {
    notes.differs(checkTypeAt, 'ldirectord puts no server to use: all have weight 0 here');
  }
  if (lower > upper) {
    notes.differs(directive, `its lower threshold, ${lower}, is above the upper one, and left out`);
  }
  const checks = checksOf({
    virtual,
    real,
    address,
    usualPort: port,
    goesByVip: !isMasked && mark === undefined,
    notes,
  });
  const weight = isOff ? 0 : real.weight;
  const kept = lower > upper ? 0 : lower;
  return {
    address,
    ...(port !== servicePort && { port }),
    ...(weight !== 1 && { weight }),
    forwarding: forwardings[forward],
    ...((upper > 0 || kept > 0) && { thresholds: kept > 0 ? { upper, lower: kept } : { upper } }),
    ...healthOf(checks),
  };
}

function healthOf(checks: readonly CheckItemInput[]): Pick<ServerObjectInput, 'check' | 'checks'> {
  const [first] = checks;
  if (first === undefined) return {};
  return checks.length === 1 ? { check: first } : { checks };
}

/** Says of what is for checks whether there is a check that uses it. */
function accountForChecks(
  virtual: Virtual,
  servers: readonly ImportedServer[],
  notes: DirectiveNotes,
): void {
  const { own, checkType, reals } = virtual;
  const kinds = new Set(
    servers.flatMap(({ input: { check, checks } }) =>
      [...(checks ?? []), check].flatMap((one) =>
        typeof one === 'object' && 'type' in one ? [String(one.type)] : [],
      ),
    ),
  );
  const isHttp = kinds.has('http') || kinds.has('https');
  const asks = isHttp || kinds.has('dns');
  const isAsked = checkType.type === 'negotiate' || checkType.type === 'combined';
  const hasPort = [...kinds].some((kind) => kind !== 'icmp' && kind !== 'exec');
  const used: Readonly<Record<string, boolean>> = {
    checktype: true,
    service: isAsked,
    request: asks,
    receive: asks,
    httpmethod: isHttp,
    virtualhost: isHttp,
    checkport: hasPort,
    checkcommand: kinds.has('exec'),
    login: false,
    passwd: false,
    database: false,
    secret: false,
  };
  for (const [name, isUsed] of Object.entries(used)) {
    const directive = own[name];
    if (directive === undefined) continue;
    if (isUsed) notes.map(directive);
    else if (!notes.hasNamed(directive))
      notes.leaveOut(directive, 'there is no check that it would be for');
  }
  for (const { directive, request } of asks ? [] : reals) {
    if (request === undefined) continue;
    notes.differs(directive, 'what it asks for, and hears, is left out: there is no check for it');
  }
}
