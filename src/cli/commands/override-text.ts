import type { OverrideDocument } from '../../control/documents.ts';

/** What is wanted of a server now, as a sentence. */
export function overrideText({ service, server, after }: OverrideDocument): string {
  const weight = after.weight === undefined ? '' : `, with weight ${after.weight}`;
  return `${service} ${server}: ${after.mode}${weight}`;
}
