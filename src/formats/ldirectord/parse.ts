import { SourceError, type SourcePlace } from '../source.ts';

/** `name = value` of a line. */
export interface Directive {
  readonly name: string;
  /** Without comment and blanks around it. Quotation marks are still there. */
  readonly value: string;
  readonly place: SourcePlace;
  readonly words: readonly { readonly text: string; readonly place: SourcePlace }[];
}

/** A virtual service, with what is said of it below it. */
export interface VirtualSection {
  readonly head: Directive;
  readonly directives: readonly Directive[];
}

export type LdirectordPart =
  | { readonly type: 'global'; readonly directive: Directive }
  | { readonly type: 'virtual'; readonly section: VirtualSection };

/**
 * Reads a configuration of ldirectord: directives at the margin hold for all; what is indented, by a
 * tab or four blanks, belongs to the `virtual` directly above, and ends with the first line that is
 * not.
 *
 * @throws SourceError
 */
export function parseLdirectord(text: string, file: string): readonly LdirectordPart[] {
  const parts: LdirectordPart[] = [];
  let open: Directive[] | undefined;
  for (const [index, whole] of text
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    const line = whole.replace(/\r$/, '');
    // Comments do not end a section; empty lines do.
    if (/^\s*#/.test(line)) continue;
    const isIndented = /^ *\t| {4}/.test(/^\s*/.exec(line)?.[0] ?? '');
    if (open !== undefined && isIndented) {
      const bare = line.replace(/#.*/, '');
      if (bare.trim() !== '') open.push(directiveOf(bare, file, index + 1));
      continue;
    }
    open = undefined;
    if (line.trim() === '') continue;
    const directive = directiveOf(line, file, index + 1);
    if (/^\s/.test(line)) {
      const reason =
        'it is indented, but there is no virtual directly above that it could belong to';
      throw new SourceError(directive.place, reason);
    }
    if (directive.name === 'virtual' || directive.name === 'virtual6') {
      open = [];
      parts.push({ type: 'virtual', section: { head: directive, directives: open } });
    } else {
      parts.push({ type: 'global', directive });
    }
  }
  return parts;
}

function directiveOf(line: string, file: string, number: number): Directive {
  const words = Array.from(line.matchAll(/\S+/g), (match) => ({
    text: match[0],
    place: { file, line: number, column: match.index + 1 },
  }));
  const place = words[0]?.place ?? { file, line: number, column: 1 };
  const match = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line);
  if (match !== null) return { name: match[1] ?? '', value: match[2] ?? '', place, words };
  // The one that may stand alone.
  if (line.trim() === 'supervised') return { name: 'supervised', value: 'yes', place, words };
  throw new SourceError(place, 'must be a directive: name = value');
}
