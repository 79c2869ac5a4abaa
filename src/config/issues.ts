import type { z } from 'zod';
import { closest } from './closest.ts';
import type { ConfigProblem } from './config-error.ts';
import type { ConfigDocument, Path } from './document.ts';

type Issue = z.core.$ZodIssue;

/** What a shape that does not fit says, one problem for each thing that is wrong. */
export function problemsOf(
  issues: readonly Issue[],
  document: ConfigDocument,
  at: Path = [],
): readonly ConfigProblem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, document, at));
}

function problemsOfIssue(issue: Issue, document: ConfigDocument, at: Path): ConfigProblem[] {
  const path = [...at, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = JSON.parse(issue.message) as readonly string[];
    return issue.keys.map((key) => {
      const meant = closest(key, known);
      const choice = meant === undefined ? `: there are ${known.join(', ')}` : '';
      const message = `unknown key ${JSON.stringify(key)}${choice}`;
      return document.problemAt([...path, key], message, 'key', meant);
    });
  }
  if (issue.code === 'invalid_union') {
    const meant = nearest(issue, valueAt(document.value, path));
    if (meant !== undefined) return meant.flatMap((one) => problemsOfIssue(one, document, path));
  }
  const value = valueAt(document.value, path);
  if (value === undefined && issue.code === 'invalid_type') {
    const key = String(path.at(-1) ?? '');
    return [document.problemAt(path.slice(0, -1), `the key ${JSON.stringify(key)} is missing`)];
  }
  if (isAboutName(issue) && value === undefined) {
    const choice = inWords(issue.options.map(String));
    const message = `the key "type" is missing: ${choice}`;
    return [document.problemAt(path.slice(0, -1), message)];
  }
  const allowed = allowedBy(issue);
  const meant =
    typeof value === 'string' ? (otherNames.get(value) ?? closest(value, allowed)) : undefined;
  const suggestion = meant !== undefined && allowed.includes(meant) ? meant : undefined;
  return [document.problemAt(path, messageOf(issue, value), 'value', suggestion)];
}

/** The branch of a union that was meant, as far as one can tell: the one whose keys fit best. */
function nearest(
  issue: Extract<Issue, { readonly code: 'invalid_union' }>,
  value: unknown,
): readonly Issue[] | undefined {
  const misfits = (branch: readonly Issue[]) =>
    branch.reduce((sum, one) => {
      if (one.code === 'unrecognized_keys' && one.path.length === 0) return sum + one.keys.length;
      return valueAt(value, one.path) === undefined && one.path.length === 1 ? sum + 1 : sum;
    }, 0);
  return issue.errors
    .filter((branch) => branch.some((one) => !isAboutKind(one)))
    .map((branch) => ({ branch, count: misfits(branch) }))
    .sort((one, other) => one.count - other.count)[0]?.branch;
}

/** Whether it is about the key whose value names which of several maps this is. */
function isAboutName(
  issue: Issue,
): issue is Issue & { readonly options: readonly z.core.util.Primitive[] } {
  return issue.code === 'invalid_union' && issue.errors.length === 0 && 'options' in issue;
}

/** What ipvsadm and others call it. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ['masq', 'nat'],
  ['masquerade', 'nat'],
  ['masquerading', 'nat'],
  ['route', 'dr'],
  ['direct', 'dr'],
  ['gate', 'dr'],
  ['gatewaying', 'dr'],
  ['tunnel', 'tun'],
  ['ipip', 'tun'],
]);

/** Whether the value is something else altogether, so that its branch was hardly meant. */
function isAboutKind(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') {
    return issue.errors.length > 0 && issue.errors.every((one) => one.every(isAboutKind));
  }
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function messageOf(issue: Issue, value: unknown): string {
  const { message } = issue;
  // Messages of the schema's own; those of the library begin with a capital.
  if (/^[a-z]/.test(message)) return message;
  return `must be ${inWords(expectedBy(issue))}, not ${shown(value)}`;
}

function inWords(choices: readonly string[]): string {
  if (choices.length < 3) return choices.join(' or ');
  return `${choices.slice(0, -1).join(', ')}, or ${choices.at(-1)}`;
}

const kinds: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a map of keys',
  string: 'a text',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
};

function expectedBy(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_type') {
    return [
      /^must be /.test(issue.message)
        ? issue.message.slice(8)
        : (kinds[issue.expected] ?? issue.expected),
    ];
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    return [values.length > 1 ? `one of ${values.join(', ')}` : `${values[0]}`];
  }
  if (isAboutName(issue)) return [`one of ${issue.options.map(String).join(', ')}`];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const expected = issue.errors.flatMap((branch) => branch.slice(0, 1).flatMap(expectedBy));
    return [...new Set(expected)];
  }
  return ['something else'];
}

function allowedBy(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  if (isAboutName(issue)) return issue.options.map(String);
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(allowedBy);
  return [];
}

function shown(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map of keys';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step))
      return undefined;
    found = (found as Record<PropertyKey, unknown>)[step];
  }
  return found;
}
