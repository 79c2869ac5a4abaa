import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Step } from './outcome.ts';

/** Commands that are run one after the other in a namespace of their own. */
export interface Sequence {
  readonly title: string;
  /** Dummy links that are there, and up, before the first command. */
  readonly links: readonly string[];
  /** Whether the kernel's own, random order of services is part of what the commands print. */
  readonly anyOrder: boolean;
  readonly steps: readonly Step[];
}

export interface Subject {
  readonly name: string;
  readonly sequences: readonly Sequence[];
}

const folder = fileURLToPath(new URL('corpus/', import.meta.url));

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  '"': '"',
};

/** `\n \r \t \\ \"`, `\xHH` for a byte, and `\(TEXT*COUNT)` for something long. */
function unescaped(text: string): string {
  const pattern = /\\(?:x([0-9a-f]{2})|\(((?:[^*\\]|\\.)+)\*(\d+)\)|(.))/gisu;
  return text.replace(pattern, (whole, byte?: string, part?: string, count?: string, one = '') => {
    if (byte !== undefined) return String.fromCharCode(Number.parseInt(byte, 16));
    if (part !== undefined) return unescaped(part).repeat(Number(count));
    const meant = escapes[one];
    if (meant === undefined) throw new Error(`${whole} is no escape`);
    return meant;
  });
}

/** Words are apart by blanks; `'…'` is as it stands, `"…"` has escapes. */
function wordsOf(line: string): string[] {
  const words = [];
  const pattern = /\s*((?:'[^']*'|"(?:[^"\\]|\\.)*"|[^\s'"])+)/gy;
  let end = 0;
  for (const match of line.matchAll(pattern)) {
    const pieces = (match[1] ?? '').match(/'[^']*'|"(?:[^"\\]|\\.)*"|[^\s'"]+/g) ?? [];
    words.push(
      pieces
        .map((piece) => {
          if (piece.startsWith("'")) return piece.slice(1, -1);
          return piece.startsWith('"') ? unescaped(piece.slice(1, -1)) : piece;
        })
        .join(''),
    );
    end = match.index + match[0].length;
  }
  if (line.slice(end).trim() !== '') throw new Error(`a quote has no end: ${line}`);
  return words;
}

function escaped(text: string, quote = ''): string {
  return text.replace(/[^ -~]|["\\]/g, (one) => {
    if (one === '\\' || one === quote) return `\\${one}`;
    return one === '"' ? one : `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** A step as it is written in a corpus. */
export function stepText({ words, input }: Step): string {
  const shown = words.map((word) =>
    /^[\w./:,[\]+=@%-]+$/.test(word) ? word : `"${escaped(word, '"')}"`,
  );
  const lines = [words.length === 0 ? '-' : shown.join(' ')];
  if (input !== undefined) {
    const parts = input.split('\n');
    const last = parts.pop() ?? '';
    lines.push(...parts.map((part) => `| ${escaped(part)}`), `|- ${escaped(last)}`);
  }
  return lines.join('\n');
}

interface Draft {
  readonly title: string;
  readonly links: string[];
  anyOrder: boolean;
  readonly steps: { words: string[]; input?: string }[];
}

function setUp(draft: Draft, words: readonly string[]): void {
  const [what, ...values] = words;
  if (what === 'link' && values.length > 0) draft.links.push(...values);
  else if (what === 'any-order' && values.length === 0) draft.anyOrder = true;
  else throw new Error(`unknown preparation @ ${words.join(' ')}`);
}

/**
 * Reads sequences of text in which each character is a byte:
 *
 *     # a comment
 *     == a title, with which a sequence begins
 *     @ link NAME…        dummy links
 *     @ any-order         the kernel's order shows
 *     -A -t 10.0.0.1:80   a command, without its name; a line with nothing but - is no words at all
 *     | -A -t …           a line of its input, with escapes
 *     |- …                the same without a newline at its end
 */
export function parseSequences(text: string): readonly Sequence[] {
  const drafts: Draft[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    try {
      if (line.trim() === '' || line.startsWith('#')) continue;
      if (line.startsWith('== ')) {
        drafts.push({ title: line.slice(3), links: [], anyOrder: false, steps: [] });
        continue;
      }
      const draft = drafts.at(-1);
      if (draft === undefined) throw new Error('no title yet');
      const input = /^\|(-?)(?: (.*))?$/s.exec(line);
      if (input !== null) {
        const step = draft.steps.at(-1);
        if (step === undefined) throw new Error('there is no command for this input');
        const end = input[1] === '-' ? '' : '\n';
        step.input = (step.input ?? '') + unescaped(input[2] ?? '') + end;
      } else if (line.startsWith('@ ')) {
        setUp(draft, wordsOf(line.slice(2)));
      } else {
        draft.steps.push({ words: line === '-' ? [] : wordsOf(line) });
      }
    } catch (error) {
      throw new Error(`line ${index + 1}: ${(error as Error).message}`);
    }
  }
  const titles = new Set<string>();
  for (const { title, steps } of drafts) {
    if (steps.length === 0) throw new Error(`${title}: has no command`);
    if (titles.has(title)) throw new Error(`${title}: is there twice`);
    titles.add(title);
  }
  return drafts;
}

/** All sequences that are kept, by subject. */
export function corpus(): readonly Subject[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .sort()
    .map((file) => {
      try {
        const text = readFileSync(`${folder}${file}`, 'latin1');
        return { name: file.replace('.txt', ''), sequences: parseSequences(text) };
      } catch (error) {
        throw new Error(`${file}: ${(error as Error).message}`);
      }
    });
}
