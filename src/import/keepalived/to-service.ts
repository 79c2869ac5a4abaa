import type { SingleCheckInput } from '../../config/check-input.ts';
import type {
  FallbackInput,
  HealthInput,
  PersistenceInput,
  ServerObjectInput,
  ServiceInput,
} from '../../config/config-input.ts';
import { formatSeconds } from '../../config/duration.ts';
import type { Statement } from '../../formats/keepalived/parse.ts';
import { hoist } from '../hoist.ts';
import type { ImportedServer, ImportedService, Note } from '../imported.ts';
import { onlyNew } from '../once.ts';
import { Notes } from './account.ts';
import { checksOf } from './checker.ts';
import type { Forwarding } from './forwarding.ts';
import { formatListen, type Listen } from './listens.ts';
import type { Endpoint, RealServer } from './real-server.ts';
import { usualPersistence, type VirtualServer } from './virtual-server.ts';

type Settings = Omit<ServiceInput, 'servers'>;

/** What keepalived forwards by when nobody says. */
const usualForwarding: Forwarding = { forwarding: 'nat' };

/** Makes a service of a virtual server, once for everything that its group listens to. */
export class ServiceMaker {
  readonly #virtual: VirtualServer;
  readonly #listen: Listen;
  readonly #notes: Notes;
  readonly #isIpv6: boolean;
  readonly #protocol: string;

  constructor(virtual: VirtualServer, listen: Listen) {
    this.#virtual = virtual;
    this.#listen = listen;
    this.#notes = new Notes(virtual.notes.account);
    this.#isIpv6 = this.#readFamily();
    this.#protocol = this.#readProtocol();
  }

  /** @param isFirst Whether the notes of the virtual server itself belong here. */
  make(isFirst: boolean): ImportedService {
    const virtual = this.#virtual;
    const servers = this.#servers();
    const settings = this.#settings(servers);
    const hoisted = hoist(settings, servers);
    const isNew = onlyNew();
    const once = (notes: readonly Note[]) => (isFirst ? isNew(notes) : []);
    return {
      place: virtual.statement.place,
      notes: once([...virtual.notes.taken, ...this.#notes.taken]),
      input: hoisted.settings,
      servers: hoisted.servers.map((server) => ({ ...server, notes: once(server.notes) })),
    };
  }

  get #port(): number {
    return this.#listen.type === 'mark' ? 0 : this.#listen.port;
  }

  #readFamily(): boolean {
    const { family } = this.#virtual;
    const known = this.#listen.isIpv6;
    const [, said] = family?.words.map((word) => word.text) ?? [];
    const isIpv6 = said === 'inet6' ? true : said === 'inet' ? false : undefined;
    if (family !== undefined) {
      if (isIpv6 !== undefined && (known ?? isIpv6) === isIpv6) this.#notes.take(family, 2);
      else this.#notes.leaveOut(family, 'keepalived passes over it: it is no family, or another');
    }
    return known ?? isIpv6 ?? familyOf(this.#virtual);
  }

  #readProtocol(): string {
    const { protocol, statement } = this.#virtual;
    const value = protocol?.words[1]?.text.toLowerCase() ?? '';
    if (protocol === undefined) {
      if (this.#listen.type === 'address') {
        this.#notes.differs(
          statement,
          'it says no protocol: keepalived takes UDP, and so it is here',
        );
      }
      return 'udp';
    }
    if (!/^(?:tcp|udp|sctp)$/.test(value)) {
      this.#notes.leaveOut(protocol, 'keepalived passes over it, and takes UDP');
      return 'udp';
    }
    if (this.#listen.type === 'mark') {
      this.#notes.leaveOut(
        protocol,
        'a firewall mark has no protocol, and keepalived passes over it',
      );
    } else this.#notes.take(protocol, 2);
    return value;
  }

  #settings(servers: readonly ImportedServer[]): Settings {
    const virtual = this.#virtual;
    const listen = { ...this.#listen, isIpv6: this.#isIpv6 } as Listen;
    const name = this.#name();
    const isChecked = servers.some(
      ({ input }) => input.check !== undefined || input.checks !== undefined,
    );
    const isInhibited = virtual.inhibit || virtual.servers.some(({ inhibit }) => inhibit === true);
    this.#leaveOutUnused(servers);
    const fallback = this.#fallback();
    const persistence = this.#persistence();
    return {
      ...(name !== undefined && { name }),
      listen: formatListen(listen, this.#protocol),
      scheduler: virtual.scheduler === '' ? 'wlc' : virtual.scheduler,
      ...(virtual.schedulerFlags.length > 0 && {
        'scheduler-flags': [...new Set(virtual.schedulerFlags)] as NonNullable<
          Settings['scheduler-flags']
        >,
      }),
      ...(persistence !== undefined && { persistence }),
      ...(this.#onePacket() && { 'one-packet': true }),
      ...this.#quorum(),
      ...(fallback !== undefined && { fallback }),
      ...((isChecked || isInhibited) && { 'on-failure': this.#onFailure() }),
      // Without a sorry server, keepalived leaves nothing in the table when all are down.
      ...(isChecked && fallback === undefined && { 'on-all-down': 'down' }),
    };
  }

  /** Says of what is for checkers where there are none to use it. */
  #leaveOutUnused(servers: readonly ImportedServer[]): void {
    const { virtualHost, timing } = this.#virtual;
    const kinds = servers.flatMap(({ input }) => kindsOf(input));
    if (virtualHost !== undefined) useHost(virtualHost, kinds, this.#notes);
    if (kinds.length > 0) return;
    for (const statement of timing.said ?? []) {
      this.#notes.leaveOut(statement, 'there is no check whose pace it would be');
    }
  }

  #name(): string | undefined {
    const { name } = this.#virtual;
    const text = name?.words[1]?.text ?? '';
    if (name === undefined) return undefined;
    if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return this.#notes.take(name, 2)[1];
    this.#notes.leaveOut(name, 'names are made of letters, digits, ".", "_" and "-"');
    return undefined;
  }

  #persistence(): PersistenceInput | undefined {
    const { granularity, engine, persistenceSeconds } = this.#virtual;
    const mask = granularity?.words[1]?.text ?? '';
    const netmask = this.#isIpv6 ? Number(mask) : mask;
    const isMask = this.#isIpv6 ? /^\d{1,3}$/.test(mask) : /^\d+(?:\.\d+){3}$/.test(mask);
    if (granularity !== undefined) {
      if (isMask) this.#notes.take(granularity, 2);
      else
        this.#notes.leaveOut(
          granularity,
          'keepalived passes over it: it is no mask of this family',
        );
    }
    // Every port needs persistence, and then has it whether or not it is said.
    const isNeeded = this.#listen.type === 'address' && this.#port === 0;
    const seconds = persistenceSeconds ?? (isNeeded || isMask ? usualPersistence : undefined);
    if (seconds === undefined) {
      if (engine !== undefined)
        this.#notes.leaveOut(engine, 'it does nothing without persistence_timeout');
      return undefined;
    }
    const text = engine === undefined ? undefined : this.#notes.take(engine, 2)[1];
    const timeout = formatSeconds(seconds);
    if (!isMask && text === undefined) return timeout;
    return { timeout, ...(isMask && { netmask }), ...(text !== undefined && { engine: text }) };
  }

  #onePacket(): boolean {
    const { onePacket } = this.#virtual;
    if (onePacket === undefined) return false;
    if (this.#listen.type === 'mark' || this.#protocol === 'udp') {
      this.#notes.take(onePacket, 1);
      return true;
    }
    this.#notes.leaveOut(onePacket, 'keepalived passes over it, since it is for UDP');
    return false;
  }

  /** As keepalived corrects it: no more than there is, and a hysteresis below it. */
  #quorum(): Pick<Settings, 'quorum'> {
    const { quorumAt, hysteresisAt, servers, weight: usual } = this.#virtual;
    let { quorum, hysteresis } = this.#virtual;
    const all = servers.reduce((sum, { weight }) => sum + (weight ?? usual), 0);
    if (quorum > all && quorumAt !== undefined) {
      const message = `keepalived takes ${all}, which all servers weigh together; so it is here`;
      this.#notes.differs(quorumAt, message);
      quorum = Math.max(all, 1);
    }
    if (hysteresis >= quorum) {
      if (hysteresisAt !== undefined) {
        this.#notes.differs(
          hysteresisAt,
          `keepalived takes ${quorum - 1}, less than the quorum; so it is here`,
        );
      }
      hysteresis = quorum - 1;
    }
    if (hysteresis > 0) return { quorum: { weight: quorum, hysteresis } };
    return quorum === 1 ? {} : { quorum };
  }

  #fallback(): FallbackInput | string | undefined {
    const { sorry, sorryAt, sorryForwarding, forwarding } = this.#virtual;
    if (sorry === undefined || sorryAt === undefined) return undefined;
    const method = sorryForwarding ?? forwarding ?? usualForwarding;
    const port = this.#portOf(sorry, method, sorryAt, this.#notes);
    const own = { address: sorry.address, ...(port !== this.#port && { port }) };
    return { ...own, ...method };
  }

  #onFailure(): 'inhibit' | 'remove' {
    const { servers, inhibit: usual, statement } = this.#virtual;
    const inhibited = servers.filter(({ inhibit }) => inhibit ?? usual);
    if (inhibited.length > 0 && inhibited.length < servers.length) {
      const message = `${inhibited.length} of ${servers.length} servers have inhibit_on_failure; here it holds for all of a service`;
      this.#notes.differs(statement, message);
    }
    return inhibited.length > 0 ? 'inhibit' : 'remove';
  }

  /** The port of a server, as keepalived corrects it. */
  #portOf(
    { port }: Endpoint,
    { forwarding }: Forwarding,
    statement: RealServer['statement'],
    notes: Notes,
  ): number {
    if (forwarding === 'nat') return port === 0 ? this.#port : port;
    if (port !== 0 && port !== this.#port) {
      const instead = this.#listen.type === 'mark' ? 'none' : String(this.#port);
      const message = `${forwarding} cannot change the port, whatever it says: it is ${instead} here`;
      notes.differs(statement, message);
    }
    return this.#port;
  }

  #servers(): readonly ImportedServer[] {
    const seen = new Map<string, RealServer>();
    const imported: ImportedServer[] = [];
    for (const server of this.#virtual.servers) {
      const made = this.#server(server);
      const key = `${made.input.address} ${made.input.port ?? this.#port}`;
      const first = seen.get(key);
      if (first !== undefined) {
        const { line } = first.statement.place;
        this.#notes.leaveOut(
          server.statement,
          `keepalived drops it: the same server is in line ${line}`,
        );
        continue;
      }
      seen.set(key, server);
      imported.push(made);
    }
    return imported;
  }

  #server(server: RealServer): ImportedServer {
    const virtual = this.#virtual;
    const { statement, endpoint } = server;
    const notes = new Notes(server.notes.account);
    const method = server.forwarding ?? virtual.forwarding ?? usualForwarding;
    const port = this.#portOf(endpoint, method, statement, notes);
    const weight = server.weight ?? virtual.weight;
    const { upper } = server;
    const lower = server.lower > upper ? 0 : server.lower;
    if (lower !== server.lower) {
      notes.differs(
        statement,
        `its lthreshold, ${server.lower}, is above its uthreshold, and left out`,
      );
    }
    const host = server.virtualHost ?? virtual.virtualHost;
    const checked = {
      address: endpoint.address,
      writtenPort: endpoint.port,
      usualPort: port,
      virtualHost: host?.words[1]?.text,
      timing: { ...virtual.timing, ...server.timing },
      goesByVip: method.forwarding !== 'nat' && this.#listen.type === 'address',
    };
    const checks = server.checkers.flatMap((checker) => checksOf(checker, checked, notes));
    const kinds = checks.map(({ type }) => type);
    if (server.virtualHost !== undefined) useHost(server.virtualHost, kinds, notes);
    for (const unused of kinds.length === 0 ? (server.timing.said ?? []) : []) {
      notes.leaveOut(unused, 'there is no check whose pace it would be');
    }
    const input: ServerObjectInput = {
      address: endpoint.address,
      ...(port !== this.#port && { port }),
      ...(weight !== 1 && { weight }),
      ...method,
      ...((upper > 0 || lower > 0) && { thresholds: lower > 0 ? { upper, lower } : { upper } }),
      ...healthOf(checks),
    };
    return { place: statement.place, notes: [...server.notes.taken, ...notes.taken], input };
  }
}

function healthOf(checks: readonly SingleCheckInput[]): HealthInput {
  const [first] = checks;
  if (first === undefined) return {};
  return checks.length === 1 ? { check: first } : { checks };
}

function kindsOf({ check, checks }: HealthInput): readonly string[] {
  const all = [...(checks ?? []), check];
  return all.flatMap((one) => (typeof one === 'object' && 'type' in one ? [one.type] : []));
}

/** Accounts for a virtual host, which is for checks by HTTP alone. */
function useHost(statement: Statement, kinds: readonly string[], notes: Notes): void {
  const isUsed = kinds.includes('http') || kinds.includes('https');
  if (statement.words.length > 1 && isUsed) notes.take(statement, 2);
  else notes.leaveOut(statement, 'there is no check by HTTP to say it, or nothing to say');
}

/** The family of a firewall mark, as keepalived guesses it. */
function familyOf({ servers, sorry, granularity, forwarding: usual }: VirtualServer): boolean {
  if (granularity !== undefined) return !(granularity.words[1]?.text ?? '').includes('.');
  const plain = servers.find(
    ({ forwarding }) => (forwarding ?? usual ?? usualForwarding).forwarding !== 'tun',
  );
  if (plain !== undefined) return plain.endpoint.isIpv6;
  const all = [...servers.map(({ endpoint }) => endpoint), ...(sorry === undefined ? [] : [sorry])];
  return all.every((endpoint) => endpoint.isIpv6);
}
