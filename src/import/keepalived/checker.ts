import type { SingleCheckInput } from '../../config/check-input.ts';
import type { Statement } from '../../formats/keepalived/parse.ts';
import { commandOf } from '../../formats/keepalived/words.ts';
import type { Notes } from './account.ts';
import {
  type CheckedServer,
  type Checker,
  hasPort,
  isHostName,
  leaveOutRest,
  reachOf,
} from './checker-parts.ts';
import { httpChecks } from './http-checker.ts';
import { noteSaidTwice } from './said-twice.ts';
import { paceOf, readTiming, type Timing, type TimingDefaults } from './timing.ts';
import { payloadOf, readReply } from './udp-payload.ts';
import { numberIn, switchOf, textOf } from './values.ts';

const usual: TimingDefaults = { retry: 1, delayBeforeRetryMs: 1000 };
const httpUsual: TimingDefaults = { retry: 1, delayBeforeRetryMs: 3000 };
const miscUsual: TimingDefaults = { retry: 0, delayBeforeRetryMs: 1000 };
const dnsUsual: TimingDefaults = { retry: 3, delayBeforeRetryMs: undefined };

const withoutEqual: Readonly<Record<string, string>> = {
  FILE_CHECK: 'weights from a file have no equal; an agent can say them',
  BFD_CHECK: 'BFD has no equal',
};

export function isChecker(keyword: string): boolean {
  return /^[A-Z]+_(?:CHECK|GET)$/.test(keyword);
}

/** The checks that a checker comes to: none where it has no equal, several for several URLs. */
export function checksOf(
  statement: Statement,
  server: CheckedServer,
  notes: Notes,
): readonly SingleCheckInput[] {
  const kind = statement.words[0]?.text ?? '';
  const make = makers[kind];
  if (make === undefined) {
    notes.leaveOut(statement, withoutEqual[kind] ?? 'keepalived has no such checker');
    return [];
  }
  notes.account.map(statement.words.slice(0, 1));
  const checker = readChecker(statement, server, notes);
  if (checker === undefined) return [];
  return make(checker);
}

const makers: Readonly<Record<string, (checker: Checker) => readonly SingleCheckInput[]>> = {
  TCP_CHECK: tcp,
  HTTP_GET: (checker) => httpChecks(checker, 'http', httpUsual),
  SSL_GET: (checker) => httpChecks(checker, 'https', httpUsual),
  SMTP_CHECK: smtp,
  DNS_CHECK: dns,
  MISC_CHECK: misc,
  UDP_CHECK: udp,
  PING_CHECK: ping,
};

/** @returns Undefined when it asks somebody else than the server, which no check of lvskit does. */
function readChecker(
  statement: Statement,
  server: CheckedServer,
  notes: Notes,
): Checker | undefined {
  const timing: Timing = { ...server.timing };
  noteSaidTwice(statement.body ?? [], notes);
  const own: Statement[] = [];
  let port = server.writtenPort;
  const elsewhere = (statement.body ?? []).find(
    ({ words }) => words[0]?.text === 'connect_ip' && words[1]?.text !== server.address,
  );
  if (elsewhere !== undefined) {
    const message = `a check asks the server itself, and not ${elsewhere.words[1]?.text ?? ''}: this one is left out`;
    notes.leaveOut(statement, message);
    return undefined;
  }
  for (const inner of statement.body ?? []) {
    const keyword = inner.words[0]?.text ?? '';
    if (readTiming(inner, timing, notes, 0)) continue;
    if (keyword === 'connect_ip') notes.take(inner, 2);
    else if (keyword === 'connect_port') port = numberIn(inner, 1, 65_535, notes) ?? port;
    else if (keyword === 'alpha') switchOf(inner, notes);
    else if (Object.hasOwn(connectionOptions, keyword)) {
      notes.leaveOut(inner, connectionOptions[keyword] ?? '');
    } else own.push(inner);
  }
  const needsPort = port !== 0 && port !== server.usualPort;
  return { statement, server, timing, port: needsPort ? port : undefined, own, notes };
}

const connectionOptions: Readonly<Record<string, string>> = {
  bindto: 'checks come from the address that the kernel chooses',
  bind_port: 'checks come from a port that the kernel chooses',
  bind_if: 'checks go out by the link that the kernel chooses',
  fwmark:
    'packets of checks bear no mark of yours: where the check is to go by the VIP, say via: data-path',
  log_all_failures: 'every failure is an event here, and no setting',
};

function tcp(checker: Checker): readonly SingleCheckInput[] {
  const { statement, timing, own, notes } = checker;
  if (!hasPort(checker)) return [];
  leaveOutRest(own, [], notes);
  return [{ type: 'tcp', ...reachOf(checker), ...paceOf(statement, timing, usual, notes) }];
}

function ping({ statement, timing, own, notes }: Checker): readonly SingleCheckInput[] {
  leaveOutRest(own, [], notes);
  return [{ type: 'icmp', ...paceOf(statement, timing, usual, notes, { quickFailure: null }) }];
}

function smtp(checker: Checker): readonly SingleCheckInput[] {
  const { statement, timing, own, notes } = checker;
  if (!hasPort(checker)) return [];
  let helo: string | undefined;
  for (const inner of own) {
    if (inner.words[0]?.text !== 'helo_name') {
      notes.leaveOut(inner, 'one checker asks at one place here');
      continue;
    }
    const name = inner.words[1]?.text ?? '';
    if (isHostName(name)) helo = textOf(inner, notes);
    else notes.leaveOut(inner, 'helo has to be a host name here');
  }
  const said = helo === undefined ? {} : { helo };
  const pace = paceOf(statement, timing, usual, notes);
  return [{ type: 'smtp', ...said, ...reachOf(checker), ...pace }];
}

const dnsTypes = {
  A: 'A',
  AAAA: 'AAAA',
  CNAME: 'CNAME',
  MX: 'MX',
  NS: 'NS',
  SOA: 'SOA',
  TXT: 'TXT',
} as const;

function dns(checker: Checker): readonly SingleCheckInput[] {
  const { statement, timing, own, notes } = checker;
  if (!hasPort(checker)) return [];
  let record: (typeof dnsTypes)[keyof typeof dnsTypes] = 'SOA';
  let query = '.';
  for (const inner of own) {
    const [keyword, value = ''] = inner.words.map((word) => word.text);
    if (keyword === 'type' && Object.hasOwn(dnsTypes, value.toUpperCase())) {
      notes.take(inner, 2);
      record = dnsTypes[value.toUpperCase() as keyof typeof dnsTypes];
    } else if (keyword === 'name' && (value === '.' || isHostName(value.replace(/\.$/, '')))) {
      query = textOf(inner, notes) ?? query;
    } else {
      notes.leaveOut(inner, 'keepalived passes over it too, or lvskit could not ask for it');
    }
  }
  const { port } = reachOf(checker);
  const at = port === undefined ? {} : { port };
  const pace = paceOf(statement, timing, dnsUsual, notes);

  return [{ type: 'dns', query, record, transport: 'udp', ...at, ...pace }];
}

function udp(checker: Checker): readonly SingleCheckInput[] {
  const { statement, timing, own, notes } = checker;
  if (!hasPort(checker)) return [];
  let send = {};
  let expect = {};
  for (const inner of own) {
    switch (inner.words[0]?.text) {
      case 'payload': {
        const hex = payloadOf(inner, notes);
        if (hex !== undefined) send = { send: { hex } };
        break;
      }
      case 'require_reply':
        expect = { expect: readReply(inner, notes) };
        break;
      case 'min_reply_length':
      case 'max_reply_length':
        notes.leaveOut(inner, 'lengths of answers are not looked at');
        break;
      default:
        notes.leaveOut(inner, 'keepalived does not know it either');
    }
  }
  if (Object.keys(send).length === 0) {
    notes.differs(statement, 'the datagram is empty, where keepalived sends bytes by chance');
  }
  const { port } = reachOf(checker);
  const at = port === undefined ? {} : { port };
  return [{ type: 'udp', ...send, ...expect, ...at, ...paceOf(statement, timing, usual, notes) }];
}

function misc({ statement, timing, own, notes }: Checker): readonly SingleCheckInput[] {
  const path = own.find(({ words }) => words[0]?.text === 'misc_path');
  const dynamic = own.find(({ words }) => words[0]?.text === 'misc_dynamic');
  const command = path?.words.slice(1).flatMap(commandOf);
  const reason =
    command === undefined || command.length === 0
      ? 'it has no program to run'
      : dynamic !== undefined
        ? 'weights by exit status have no equal: here anything but 0 would be a failure. An agent can say weights'
        : !/^\/.*[^/]$/s.test(command[0] ?? '')
          ? 'the program needs an absolute path here'
          : command.some((word) => /\{address\}|\{port\}|\0/.test(word))
            ? '{address} and {port} in an argument would be filled in here'
            : undefined;
  if (reason !== undefined || command === undefined || path === undefined) {
    notes.leaveOut(statement, reason ?? '');
    return [];
  }
  notes.account.map(path.words);
  let timeoutMs = timing.delayLoopMs ?? 60_000;
  for (const inner of own) {
    const keyword = inner.words[0]?.text;
    if (keyword === 'misc_timeout') {
      const seconds = numberIn(inner, 0, 4_294, notes);
      if (seconds !== undefined && seconds > 0) timeoutMs = seconds * 1000;
    } else if (keyword === 'user') {
      notes.leaveOut(
        inner,
        'programs run as user 65534 when the director is root, otherwise as its own',
      );
    } else if (inner !== path) {
      notes.leaveOut(inner, 'keepalived does not know it either');
    }
  }
  const pace = paceOf(statement, { ...timing, connectTimeoutMs: timeoutMs }, miscUsual, notes, {
    quickFailure: 'a server whose program fails at once',
  });
  return [{ type: 'exec', command, ...pace }];
}
