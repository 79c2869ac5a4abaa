import type { Statement } from '../../formats/keepalived/parse.ts';
import { formatIp, parseIp } from '../../net/ip.ts';
import { type Account, Notes } from './account.ts';
import { isChecker } from './checker.ts';
import { type Forwarding, forwardingOf } from './forwarding.ts';
import { noteSaidTwice } from './said-twice.ts';
import { readTiming, type Timing } from './timing.ts';
import { numberIn, switchOf } from './values.ts';

/** An address with a port, as `virtual_server`, `real_server` and `sorry_server` have it. */
export interface Endpoint {
  readonly address: string;
  readonly isIpv6: boolean;
  /** 0 where none is written. */
  readonly port: number;
}

/** A real server, as it is written. What it does not say comes from its virtual server. */
export interface RealServer {
  readonly statement: Statement;
  readonly endpoint: Endpoint;
  readonly notes: Notes;
  weight: number | undefined;
  forwarding: Forwarding | undefined;
  upper: number;
  lower: number;
  inhibit: boolean | undefined;
  alpha: boolean | undefined;
  virtualHost: Statement | undefined;
  readonly timing: Timing;
  readonly checkers: readonly Statement[];
}

export const heaviest = 0x7fff_ffff;

/** Reads `ADDRESS [PORT]` from words. @returns Undefined for what keepalived does not take. */
export function endpointOf(address = '', port = ''): Endpoint | undefined {
  if (!/^\d{0,5}$/.test(port) || Number(port) > 65_535) return undefined;
  try {
    const { family, bytes } = parseIp(address);
    return { address: formatIp(bytes), isIpv6: family === 'ipv6', port: Number(port) };
  } catch {
    return undefined;
  }
}

/** Why lvskit reports nothing by scripts and mail. */
export const notifications =
  'scripts are not run when something changes; what changes can be read as events';

/** @returns Undefined, with a note in `around`, for one that keepalived passes over. */
export function readRealServer(
  statement: Statement,
  account: Account,
  around: Notes,
): RealServer | undefined {
  const [, address, port] = statement.words.map((word) => word.text);
  const endpoint = endpointOf(address, port);
  if (endpoint === undefined) {
    around.leaveOut(statement, 'keepalived passes over it: its address or port is none');
    return undefined;
  }
  account.map(statement.words);
  const notes = new Notes(account);
  const checkers: Statement[] = [];
  const server: RealServer = {
    statement,
    endpoint,
    notes,
    weight: undefined,
    forwarding: undefined,
    upper: 0,
    lower: 0,
    inhibit: undefined,
    alpha: undefined,
    virtualHost: undefined,
    timing: { said: [] },
    checkers,
  };
  noteSaidTwice(statement.body ?? [], notes);
  for (const inner of statement.body ?? []) {
    if (isChecker(inner.words[0]?.text ?? '')) checkers.push(inner);
    else if (!readTiming(inner, server.timing, notes, 1)) readSetting(inner, server);
  }
  return server;
}

function readSetting(statement: Statement, server: RealServer): void {
  const { notes } = server;
  switch (statement.words[0]?.text) {
    case 'weight':
      server.weight = numberIn(statement, 0, heaviest, notes) ?? server.weight;
      break;
    case 'lvs_method':
    case 'lb_kind':
      server.forwarding = forwardingOf(statement, notes) ?? server.forwarding;
      break;
    case 'uthreshold':
      server.upper = numberIn(statement, 0, 0x7fff_ffff, notes) ?? server.upper;
      break;
    case 'lthreshold':
      server.lower = numberIn(statement, 0, 0x7fff_ffff, notes) ?? server.lower;
      break;
    case 'inhibit_on_failure':
      server.inhibit = switchOf(statement, notes) ?? server.inhibit;
      break;
    case 'alpha':
      server.alpha = switchOf(statement, notes) ?? server.alpha;
      break;
    case 'virtualhost':
      server.virtualHost = statement;
      break;
    case 'notify_up':
    case 'notify_down':
      notes.leaveOut(statement, notifications);
      break;
    case 'smtp_alert':
      notes.leaveOut(statement, 'no mail is sent');
      break;
    case 'snmp_name':
      notes.leaveOut(statement, 'servers have no names');
      break;
    default:
      notes.leaveOut(statement, 'keepalived does not know it either');
  }
}
