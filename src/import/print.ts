import type { ConfigInput, ServerObjectInput } from '../config/config-input.ts';
import { inlineYaml } from '../config/print.ts';
import {
  type Imported,
  type ImportedServer,
  type ImportedService,
  linesLeftOut,
  type Note,
  servicesOf,
} from './imported.ts';

/** What was imported as the text of a `lvskit.yaml`, with a comment wherever there is a note. */
export function printImported(imported: Imported): string {
  const { items, preface } = imported;
  const lines = preface.map(comment);
  const leftOut = linesLeftOut(imported);
  const told =
    leftOut === 1
      ? 'One line has no equal here, and stands as a comment in its place.'
      : `${leftOut} lines have no equal here, and stand as comments in their places.`;
  if (leftOut > 0) lines.push(comment(told));
  lines.push('');
  const first = items.findIndex((item) => item.type === 'service');
  for (const item of first < 0 ? items : items.slice(0, first)) {
    if (item.type === 'note') lines.push(...noteLines(item.note), '');
  }
  lines.push(first < 0 ? 'services: []' : 'services:');
  for (const item of first < 0 ? [] : items.slice(first)) {
    const part = item.type === 'note' ? noteLines(item.note) : serviceLines(item.service);
    if (lines.at(-1) !== 'services:') lines.push('');
    lines.push(...part.map((line) => `  ${line}`));
  }
  return `${lines.join('\n')}\n`;
}

/** The same without comments, as a document. */
export function configInputOfImported(imported: Imported): ConfigInput {
  const services = servicesOf(imported).map(({ input, servers }) => ({
    ...input,
    ...(servers.length > 0 && { servers: servers.map((server) => server.input) }),
  }));
  return { services };
}

/** One entry of `services:`, without the indentation of the list it is in. */
export function serviceLines({ place, notes, input, servers }: ImportedService): string[] {
  const lines = [comment(`${place.file}:${place.line}`), ...notes.flatMap(noteLines)];
  let indent = '- ';
  for (const [key, value] of Object.entries(input)) {
    if (value === undefined) continue;
    for (const line of keyLines(key, value)) {
      lines.push(`${indent}${line}`);
      indent = '  ';
    }
  }
  if (servers.length > 0) lines.push('  servers:');
  for (const server of servers) {
    lines.push(...serverLines(server).map((line) => `    ${line}`));
  }
  return lines;
}

function serverLines({ notes, input }: ImportedServer): string[] {
  const lines = notes.flatMap(noteLines);
  const entries = Object.entries(input).filter(([, value]) => value !== undefined);
  // What a glance takes in stays on one line.
  if (!('check' in input) && !('checks' in input)) return [...lines, `- ${shortServer(input)}`];
  let indent = '- ';
  for (const [key, value] of entries) {
    for (const line of keyLines(key, value)) {
      lines.push(`${indent}${line}`);
      indent = '  ';
    }
  }
  return lines;
}

function shortServer(input: ServerObjectInput): string {
  const entries = Object.entries(input).filter(([, value]) => value !== undefined);
  return inlineYaml(entries.length === 1 ? input.address : Object.fromEntries(entries));
}

function keyLines(key: string, value: unknown): string[] {
  if (key === 'checks' && Array.isArray(value)) {
    return ['checks:', ...value.map((item) => `  - ${inlineYaml(item)}`)];
  }
  return [`${key}: ${key === 'listen' ? String(value) : inlineYaml(value)}`];
}

/** A note as comments: where, what, why; several lines of source each on its own below. */
export function noteLines({ place, message, source }: Note): string[] {
  const at = `${place.file}:${place.line}`;
  const [only] = source;
  if (source.length === 1 && only !== undefined) {
    return [comment(`${at}: ${only}`), comment(`  ${message}`)];
  }
  return [comment(`${at}: ${message}`), ...source.map((line) => comment(`  ${line}`))];
}

/** A comment of one line, whatever is in it. */
function comment(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]/gu, '?');
  return `# ${line}`.trimEnd();
}
