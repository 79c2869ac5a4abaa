import type { Statement } from '../../formats/keepalived/parse.ts';
import { type Account, Notes } from './account.ts';
import { type Forwarding, forwardingOf } from './forwarding.ts';
import {
  type Endpoint,
  endpointOf,
  heaviest,
  notifications,
  type RealServer,
  readRealServer,
} from './real-server.ts';
import { noteSaidTwice } from './said-twice.ts';
import { readTiming, type Timing } from './timing.ts';
import { numberIn } from './values.ts';

/** A virtual server, as it is written. */
export interface VirtualServer {
  readonly statement: Statement;
  readonly notes: Notes;
  scheduler: string;
  readonly schedulerFlags: string[];
  forwarding: Forwarding | undefined;
  onePacket: Statement | undefined;
  protocol: Statement | undefined;
  persistenceSeconds: number | undefined;
  granularity: Statement | undefined;
  engine: Statement | undefined;
  family: Statement | undefined;
  quorum: number;
  quorumAt: Statement | undefined;
  hysteresis: number;
  hysteresisAt: Statement | undefined;
  inhibit: boolean;
  alpha: boolean;
  weight: number;
  virtualHost: Statement | undefined;
  name: Statement | undefined;
  sorry: Endpoint | undefined;
  sorryAt: Statement | undefined;
  sorryForwarding: Forwarding | undefined;
  readonly timing: Timing;
  readonly servers: RealServer[];
}

/** Of a persistence that is on without a time. */
export const usualPersistence = 360;

const schedulers = 'rr wrr lc wlc lblc lblcr dh sh mh sed nq fo ovf twos'.split(' ');

export function readVirtualServer(statement: Statement, account: Account): VirtualServer {
  const virtual: VirtualServer = {
    statement,
    notes: new Notes(account),
    scheduler: '',
    schedulerFlags: [],
    forwarding: undefined,
    onePacket: undefined,
    protocol: undefined,
    persistenceSeconds: undefined,
    granularity: undefined,
    engine: undefined,
    family: undefined,
    quorum: 1,
    quorumAt: undefined,
    hysteresis: 0,
    hysteresisAt: undefined,
    inhibit: false,
    alpha: false,
    weight: 1,
    virtualHost: undefined,
    name: undefined,
    sorry: undefined,
    sorryAt: undefined,
    sorryForwarding: undefined,
    timing: { said: [] },
    servers: [],
  };
  account.map(statement.words);
  noteSaidTwice(statement.body ?? [], virtual.notes);
  for (const inner of statement.body ?? []) {
    const { notes, timing, servers } = virtual;
    if (inner.words[0]?.text === 'real_server') {
      const server = readRealServer(inner, account, notes);
      if (server !== undefined) servers.push(server);
    } else if (!readTiming(inner, timing, notes, 1) && !readBalancing(inner, virtual)) {
      readPolicy(inner, virtual);
    }
  }
  return virtual;
}

/** @returns Whether the statement is about how packets are balanced. */
function readBalancing(statement: Statement, virtual: VirtualServer): boolean {
  const { notes } = virtual;
  const [keyword = '', value = ''] = statement.words.map((word) => word.text);
  switch (keyword) {
    case 'lb_algo':
    case 'lvs_sched':
      if (schedulers.includes(value)) {
        notes.take(statement, 2);
        virtual.scheduler = value;
      } else notes.leaveOut(statement, 'keepalived passes over it: it knows no such scheduler');
      return true;
    case 'sh-port':
    case 'sh-fallback':
    case 'mh-port':
    case 'mh-fallback':
      // keepalived looks at the scheduler that has been said up to here.
      if (virtual.scheduler === keyword.slice(0, 2)) {
        notes.take(statement, 1);
        virtual.schedulerFlags.push(keyword);
      } else {
        const scheduler = keyword.slice(0, 2);
        const message = `keepalived passes over it: no scheduler ${scheduler} has been said above`;
        notes.leaveOut(statement, message);
      }
      return true;
    case 'flag-1':
    case 'flag-2':
    case 'flag-3':
      notes.take(statement, 1);
      virtual.schedulerFlags.push(keyword);
      return true;
    case 'ops':
      virtual.onePacket = statement;
      return true;
    case 'lb_kind':
    case 'lvs_method':
      virtual.forwarding = forwardingOf(statement, notes) ?? virtual.forwarding;
      return true;
    case 'persistence_timeout':
      if (statement.words.length === 1) {
        notes.take(statement, 1);
        virtual.persistenceSeconds = usualPersistence;
      } else {
        const seconds = numberIn(statement, 1, 31 * 86_400, notes);
        virtual.persistenceSeconds = seconds ?? virtual.persistenceSeconds;
      }
      return true;
    case 'persistence_granularity':
      virtual.granularity = statement;
      return true;
    case 'persistence_engine':
      virtual.engine = statement;
      return true;
    case 'protocol':
      virtual.protocol = statement;
      return true;
    case 'ip_family':
      virtual.family = statement;
      return true;
    default:
      return false;
  }
}

/** What becomes of the service as servers come and go, and what is told of it. */
function readPolicy(statement: Statement, virtual: VirtualServer): void {
  const { notes } = virtual;
  const [keyword = '', address, port] = statement.words.map((word) => word.text);
  switch (keyword) {
    case 'quorum':
      virtual.quorum = numberIn(statement, 1, 0x7fff_ffff, notes) ?? 1;
      virtual.quorumAt = statement;
      break;
    case 'hysteresis':
      virtual.hysteresis = numberIn(statement, 0, 0x7fff_ffff, notes) ?? virtual.hysteresis;
      virtual.hysteresisAt = statement;
      break;
    case 'inhibit_on_failure':
      notes.take(statement, 1);
      virtual.inhibit = true;
      break;
    case 'alpha':
      notes.take(statement, 1);
      virtual.alpha = true;
      break;
    case 'weight':
      virtual.weight = numberIn(statement, 1, heaviest, notes) ?? virtual.weight;
      break;
    case 'sorry_server': {
      const endpoint = endpointOf(address, port);
      if (endpoint === undefined) {
        notes.leaveOut(statement, 'keepalived passes over it: its address or port is none');
        break;
      }
      if (virtual.sorryAt !== undefined) {
        notes.leaveOut(virtual.sorryAt, 'the sorry_server below takes its place');
      }
      notes.take(statement, 3);
      virtual.sorry = endpoint;
      virtual.sorryAt = statement;
      break;
    }
    case 'hashed':
      notes.leaveOut(statement, 'keepalived passes over it too');
      break;
    case 'sorry_server_lvs_method':
      if (virtual.sorry === undefined) {
        notes.leaveOut(statement, 'keepalived passes over it: no sorry_server has been said above');
        break;
      }
      virtual.sorryForwarding = forwardingOf(statement, notes) ?? virtual.sorryForwarding;
      break;
    case 'sorry_server_inhibit':
      notes.leaveOut(statement, 'the fallback is in the table only while it serves');
      break;
    case 'virtualhost':
      virtual.virtualHost = statement;
      break;
    case 'snmp_name':
      virtual.name = statement;
      break;
    case 'omega':
      notes.leaveOut(statement, 'nothing is run when the director stops');
      break;
    case 'ha_suspend':
      notes.leaveOut(statement, 'checks go on whether or not this machine has the VIP');
      break;
    case 'quorum_up':
    case 'quorum_down':
      notes.leaveOut(statement, notifications);
      break;
    case 'smtp_alert':
      notes.leaveOut(statement, 'no mail is sent');
      break;
    default:
      notes.leaveOut(statement, 'keepalived does not know it either');
  }
}
