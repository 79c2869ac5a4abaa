import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The version of lvskit. */
export function ownVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** The file that is `lvskit`, to be run by Node. */
export const ownProgram: string = fileURLToPath(
  new URL('../../dist/bundle/lvskit.js', import.meta.url),
);
