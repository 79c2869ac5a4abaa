import type { BodyInput, HttpInput } from './check-input.ts';
import type { HttpHeader, HttpProbe, StatusRange, TlsExpectation } from './checks.ts';
import { checkAuthority, hostOf, type ProbeMaker, readRegex } from './probe-maker.ts';
import type { Place } from './problems.ts';

/** What a check by HTTP asks, and which answer is a good one. */
export function readHttp(input: HttpInput, tls: TlsExpectation | undefined, at: Place): ProbeMaker {
  const { path = '/', host, method = 'GET', http2 = false } = input;
  if (!/^\/[!-~]*$/.test(path)) {
    at.in('path').add('must begin with "/" and be as it is sent, with what is special encoded');
  }
  if (host !== undefined) at.in('host').attempt(() => checkAuthority(host));
  const body = readBody(input.body, at.in('body'));
  if (body !== undefined && method === 'HEAD') {
    at.in('body').add('the answer to HEAD has no body', 'key');
  }
  const headers = readHeaders(input.headers ?? {}, at.in('headers'));
  const statuses = readStatuses(input.expect, at.in('expect'));
  return (server) => ({
    kind: 'http',
    tls,
    http2,
    method,
    path,
    host: host ?? tls?.name ?? hostOf(server),
    headers,
    statuses,
    body,
  });
}

/** What every request has, said elsewhere or by how long it is. */
const ownHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'transfer-encoding',
  'upgrade',
]);

function readHeaders(input: Readonly<Record<string, string>>, at: Place): readonly HttpHeader[] {
  const headers: HttpHeader[] = [];
  for (const [name, value] of Object.entries(input)) {
    const place = at.in(name);
    const lower = name.toLowerCase();
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
      place.add(`${JSON.stringify(name)} is no name of a header`, 'key');
    } else if (ownHeaders.has(lower)) {
      const instead = lower === 'host' ? ': there is the key host' : '';
      place.add(`the header ${name} is made by the check itself${instead}`, 'key');
    } else if (headers.some((known) => known.name === lower)) {
      place.add(`the header ${name} is there already`, 'key');
    } else if (!/^[\t -~\u0080-\u00ff]*$/.test(value)) {
      place.add('must be one line of Latin letters');
    } else {
      headers.push({ name: lower, value: value.trim() });
    }
  }
  return headers;
}

function readStatuses(input: HttpInput['expect'], at: Place): readonly StatusRange[] {
  if (input === undefined) return [{ first: 200, last: 399 }];
  const isList = typeof input === 'object';
  const ranges: StatusRange[] = [];
  for (const [index, item] of (isList ? input : [input]).entries()) {
    const match = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(String(item));
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (first <= last) ranges.push({ first, last });
    else {
      const place = isList ? at.in(index) : at;
      place.add('must be a status such as 200, or a range such as 200-299, from 100 to 599');
    }
  }
  return ranges;
}

function readBody(input: BodyInput | undefined, at: Place): HttpProbe['body'] {
  if (input === undefined) return undefined;
  if (typeof input === 'string' || 'contains' in input) {
    const text = typeof input === 'string' ? input : input.contains;
    if (text === '') at.add('every body contains nothing: leave it out');
    return { type: 'contains', text };
  }
  if ('sha256' in input) return { type: 'sha256', digest: input.sha256.toLowerCase() };
  const pattern = readRegex(input.matches, at.in('matches'));
  return pattern && { type: 'matches', pattern };
}
