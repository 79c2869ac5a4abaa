import { isIP } from 'node:net';
import type { BodyInput, SingleCheckInput } from '../../config/check-input.ts';
import type { Statement } from '../../formats/keepalived/parse.ts';
import type { Notes } from './account.ts';
import { type Checker, hasPort, isHostName, leaveOutRest, reachOf } from './checker-parts.ts';
import { noteSaidTwice } from './said-twice.ts';
import { paceOf, type TimingDefaults } from './timing.ts';
import { switchOf, textOf } from './values.ts';

interface Url {
  readonly path: string;
  readonly statuses: readonly string[];
  readonly body: BodyInput | undefined;
  readonly virtualHost: string | undefined;
}

/** A check for each URL of an HTTP_GET or SSL_GET, which all have to pass. */
export function httpChecks(
  checker: Checker,
  type: 'http' | 'https',
  usual: TimingDefaults,
): readonly SingleCheckInput[] {
  const { statement, server, timing, own, notes } = checker;
  if (!hasPort(checker)) return [];
  let virtualHost = server.virtualHost;
  let asksForName = false;
  let name: string | undefined;
  const urls: Url[] = [];
  for (const inner of own) {
    switch (inner.words[0]?.text) {
      case 'virtualhost':
        virtualHost = textOf(inner, notes) ?? virtualHost;
        break;
      case 'enable_sni':
        asksForName = switchOf(inner, notes) ?? asksForName;
        break;
      case 'sni_name':
        name = textOf(inner, notes);
        break;
      case 'http_protocol':
        notes.leaveOut(inner, 'requests are HTTP/1.1 here, or HTTP/2 with http2: true');
        break;
      case 'fast_recovery':
        notes.leaveOut(inner, 'all URLs of a server that is down are asked for each time here');
        break;
      case 'tls_compliant':
        notes.leaveOut(inner, 'how a server ends TLS is not looked at');
        break;
      case 'url': {
        const url = readUrl(inner, notes);
        if (url !== undefined) urls.push(url);
        break;
      }
    }
  }
  const known = ['virtualhost', 'enable_sni', 'sni_name', 'http_protocol', 'fast_recovery'];
  leaveOutRest(own, [...known, 'tls_compliant', 'url'], notes);
  if (urls.length === 0) {
    notes.leaveOut(statement, 'there is no URL to ask for');
    return [];
  }
  const pace = paceOf(statement, timing, usual, notes, { rounds: urls.length });
  return urls.map(({ path, statuses, body, ...url }) => {
    const host = url.virtualHost ?? virtualHost ?? addressOf(checker);
    const sni = name ?? (asksForName && host !== undefined ? host.replace(/:\d+$/, '') : undefined);
    return {
      type,
      path,
      host,
      ...(type === 'https' && sni !== undefined && isHostName(sni) && { name: sni }),
      expect: statuses.length === 1 ? (statuses[0] ?? '') : statuses,
      ...(body !== undefined && { body }),
      ...reachOf(checker),
      ...pace,
    };
  });
}

/** What keepalived says for a host when nobody says which: the server and its port. */
function addressOf({ server, port }: Checker): string {
  const { address, usualPort } = server;
  return `${isIP(address) === 6 ? `[${address}]` : address}:${port ?? usualPort}`;
}

function readUrl(statement: Statement, notes: Notes): Url | undefined {
  const inner = statement.body ?? [];
  const pathAt = inner.findLast(({ words }) => words[0]?.text === 'path');
  const path = pathAt?.words[1]?.text ?? '';
  if (!/^\/[!-~]*$/.test(path)) {
    const message =
      path === ''
        ? 'keepalived passes over a URL without a path'
        : 'its path cannot be sent as it is';
    notes.leaveOut(statement, message);
    return undefined;
  }
  notes.account.map(statement.words);
  noteSaidTwice(inner, notes);
  let statuses: readonly string[] = ['200-299'];
  let virtualHost: string | undefined;
  const regex = new RegexReader(notes);
  for (const one of inner) {
    switch (one.words[0]?.text) {
      case 'path':
        notes.take(one, 2);
        break;
      case 'status_code':
        statuses = statusesOf(one, notes) ?? statuses;
        break;
      case 'virtualhost':
        virtualHost = textOf(one, notes);
        break;
      case 'digest':
        notes.leaveOut(one, 'it is an MD5 sum: body: { sha256: … } is the like of it');
        break;
      default:
        if (!regex.read(one)) notes.leaveOut(one, 'keepalived does not know it either');
    }
  }
  return { path, statuses, body: regex.body(), virtualHost };
}

function statusesOf(statement: Statement, notes: Notes): readonly string[] | undefined {
  const items = statement.words.slice(1).map((word) => word.text);
  const areRight = items.every((item) => {
    const [first = Number.NaN, last = first] = item.split('-').map(Number);
    return /^[1-5]\d\d(?:-[1-5]\d\d)?$/.test(item) && first <= last;
  });
  if (items.length === 0 || !areRight) {
    notes.leaveOut(statement, 'statuses have to be from 100 to 599; 200-299 it is here');
    return undefined;
  }
  notes.account.map(statement.words);
  return items;
}

/** The body that a URL wants, from its `regex` and what there is around that. */
class RegexReader {
  private readonly notes: Notes;
  private pattern: Statement | undefined;
  private negation: Statement | undefined;
  private options: Statement | undefined;

  constructor(notes: Notes) {
    this.notes = notes;
  }

  /** @returns Whether the statement is about a regular expression. */
  read(statement: Statement): boolean {
    switch (statement.words[0]?.text) {
      case 'regex':
        this.pattern = statement;
        return true;
      case 'regex_no_match':
        this.negation = statement;
        return true;
      case 'regex_options':
        this.options = statement;
        return true;
      case 'regex_stack':
      case 'regex_min_offset':
      case 'regex_max_offset':
        this.notes.leaveOut(statement, 'the first 64 KiB of a body are looked at as a whole');
        return true;
      default:
        return false;
    }
  }

  body(): BodyInput | undefined {
    const { pattern, negation, options } = this;
    const all = [pattern, negation, options].filter((one) => one !== undefined);
    const reason = this.hindrance();
    if (pattern === undefined || reason !== undefined) {
      for (const one of all) this.notes.leaveOut(one, reason ?? 'there is no regex to go with it');
      return undefined;
    }
    for (const one of all) this.notes.account.map(one.words);
    const text = pattern.words[1]?.text ?? '';
    return { matches: negation === undefined ? text : `^(?![\\s\\S]*(?:${text}))` };
  }

  private hindrance(): string | undefined {
    const { pattern, options } = this;
    if (pattern === undefined) return undefined;
    const [, text = '', more] = pattern.words.map((word) => word.text);
    if (text === '' || more !== undefined) return 'it has to be one regular expression';
    const others = options?.words.slice(1).filter(({ text: one }) => !isHarmless(one));
    if (others !== undefined && others.length > 0) {
      return 'regular expressions are those of JavaScript with the flag u, without other options';
    }
    try {
      new RegExp(text, 'u');
      return undefined;
    } catch {
      return 'JavaScript does not take it for a regular expression: write it anew';
    }
  }
}

/** Options that change nothing for a text that either matches or does not. */
function isHarmless(option: string): boolean {
  return ['utf', 'no_auto_capture', 'no_auto_possess', 'no_start_optimize', 'never_ucp'].includes(
    option,
  );
}
