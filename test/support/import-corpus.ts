import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { type Imported, linesLeftOut, notesOf } from '../../src/import/imported.ts';
import { printImported } from '../../src/import/print.ts';

const root = 'test/data/import';

/** The configurations of a program that tests import, by their paths. */
export function corpusOf(program: string, extension: string): readonly string[] {
  const folder = join(root, program);
  return readdirSync(folder)
    .filter((name) => name.endsWith(extension))
    .map((name) => join(folder, name));
}

/** Those that cannot be imported, each with what its first line says of that. */
export function badOnes(program: string, extension: string) {
  return corpusOf(join(program, 'bad'), extension).map((file) => {
    const text = readFileSync(file, 'utf8');
    const error = /^# error (.*)$/m.exec(text)?.[1] ?? 'no error is said';
    return { file, text, error: `${file}:${error}` };
  });
}

/** Whatever is imported: the result is right, and nothing of the source has been forgotten. */
export function expectSound(imported: Imported): void {
  const text = printImported(imported);
  expect(() => parseConfig(text, 'made.yaml'), text).not.toThrow();
  expect(imported.words.filter(({ fate }) => fate === 'forgotten')).toEqual([]);
  const comments = text.split('\n').filter((line) => /^\s*#/.test(line));
  for (const note of notesOf(imported)) {
    const place = `${note.place.file}:${note.place.line}`;
    expect(
      comments.some((line) => line.includes(place)),
      place,
    ).toBe(true);
  }
  const leftOut = notesOf(imported).filter(({ kind }) => kind === 'left-out');
  expect(linesLeftOut(imported) > 0).toBe(leftOut.length > 0);
}

/**
 * Where each word of a text begins, found without the parser under test. `isWord` says which of what
 * stands between blanks is one.
 */
export function wordStarts(
  text: string,
  file: string,
  withoutComment: (line: string) => string,
): readonly string[] {
  return text.split('\n').flatMap((line, index) => {
    const bare = withoutComment(line.replace(/\r$/, ''));
    const chunks = bare.matchAll(/(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'])+/g);
    return Array.from(chunks, (match) => {
      // Braces open and close blocks, but in a list they belong to it.
      const isInList = bare.lastIndexOf('(', match.index) > bare.lastIndexOf(')', match.index);
      const braces = isInList ? 0 : (/^[{}]*/.exec(match[0])?.[0].length ?? 0);
      return { word: match[0].slice(braces), column: match.index + braces + 1 };
    })
      .filter(({ word }) => word !== '' && word !== '\\' && word !== '$EMPTY')
      .map(({ column }) => `${file}:${index + 1}:${column}`);
  });
}

export function placesOf(imported: Imported): ReadonlySet<string> {
  return new Set(imported.words.map(({ place }) => `${place.file}:${place.line}:${place.column}`));
}
