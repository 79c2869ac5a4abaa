import { toJson } from '../../observe/json.ts';
import type { Output } from '../command-context.ts';

/** How a command shows its result: for people, or as a document for programs. */
export type OutputFormat = 'text' | 'json' | 'yaml';

/**
 * Writes a result as one document. Both formats say the same; counters are decimal strings in both.
 */
export async function writeDocument(
  output: Output,
  format: Exclude<OutputFormat, 'text'>,
  document: unknown,
): Promise<void> {
  const json = toJson(document, 2);
  if (format === 'json') {
    output.write(`${json}\n`);
    return;
  }
  const { stringify } = await import('yaml');
  output.write(stringify(JSON.parse(json), { lineWidth: 0 }));
}

/** A document on one line, as those are written that follow one another (https://ndjson.org). */
export function jsonLine(document: unknown): string {
  return `${toJson(document)}\n`;
}
