import { SourceError, type SourcePlace } from '../source.ts';
import { type DirectiveWord, type LineOptions, Lines, type Remark } from './lines.ts';
import type { PlacedText } from './placed-text.ts';
import { type Word, wordsOf } from './words.ts';

/** A keyword with what follows it on its line, and the block that it opens, if it does. */
export interface Statement {
  /** At least one. */
  readonly words: readonly Word[];
  readonly place: SourcePlace;
  readonly body: readonly Statement[] | undefined;
}

export interface ParsedKeepalived {
  readonly statements: readonly Statement[];
  /** What was left out before anything was parsed, in the order it was met. */
  readonly remarks: readonly Remark[];
  /** The words of definitions, conditions and includes. */
  readonly directives: readonly DirectiveWord[];
}

interface Block {
  readonly statements: Statement[];
  /** Where it was opened; undefined for the whole. */
  readonly place: SourcePlace | undefined;
}

interface OpenStatement extends Statement {
  body: Statement[] | undefined;
}

const deepest = 32;

/**
 * Reads a configuration of keepalived into its blocks, without knowing what they mean.
 *
 * @param text Of the main file.
 * @throws SourceError
 */
export function parseKeepalived(
  text: string,
  file: string,
  options: LineOptions,
): ParsedKeepalived {
  const lines = new Lines(text, file, options);
  const blocks: Block[] = [{ statements: [], place: undefined }];
  /** The statement that a brace would open the block of. */
  let last: OpenStatement | undefined;
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    for (const part of partsOf(line)) {
      const block = blocks.at(-1) as Block;
      const place = part.placeAt(0);
      if (part.text === '{') {
        if (last === undefined) throw new SourceError(place, 'this "{" opens the block of nothing');
        if (blocks.length > deepest) throw new SourceError(place, 'the blocks lie too deep');
        last.body = [];
        blocks.push({ statements: last.body, place });
        last = undefined;
      } else if (part.text === '}') {
        if (blocks.length === 1) throw new SourceError(place, 'this "}" closes nothing');
        blocks.pop();
        last = undefined;
      } else {
        const words = wordsOf(part);
        if (words.length === 0) continue;
        last = { words, place, body: undefined };
        block.statements.push(last);
      }
    }
  }
  const { statements, place } = blocks.at(-1) as Block;
  if (place !== undefined) throw new SourceError(place, 'the "}" of this block is missing');
  return { statements, remarks: lines.remarks, directives: lines.words };
}

/** A line cut at its braces, but for those in double quotes. */
function partsOf(line: PlacedText): readonly PlacedText[] {
  const parts: PlacedText[] = [];
  let start = 0;
  let isQuoted = false;
  const cut = (to: number) => {
    const part = line.slice(start, to).trim();
    if (part.length > 0) parts.push(part);
  };
  for (let at = 0; at < line.length; at++) {
    const letter = line.text[at];
    if (letter === '"') isQuoted = !isQuoted;
    if (isQuoted || (letter !== '{' && letter !== '}')) continue;
    cut(at);
    parts.push(line.slice(at, at + 1));
    start = at + 1;
  }
  cut(line.length);
  return parts;
}
