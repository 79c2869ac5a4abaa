import { dirname, isAbsolute, join } from 'node:path';
import { SourceError, type SourcePlace } from '../source.ts';
import { PlacedText, withoutComment } from './placed-text.ts';
import { repetitionOf } from './sequences.ts';

/** Where included files are found. Paths are relative to wherever that of the main file is. */
export interface IncludedFiles {
  /** The text of a file. @throws Error that says why it cannot be read. */
  read(path: string): string;
  /** The files that a pattern stands for, in their order; none is fine. */
  expand(pattern: string): readonly string[];
}

/** Something that keepalived's own preprocessor made away with. */
export interface Remark {
  readonly place: SourcePlace;
  readonly text: string;
  readonly kind: 'left-out' | 'differs';
  readonly message: string;
  readonly lines: number;
}

/** A word of a directive, such as a definition. */
export interface DirectiveWord {
  readonly place: SourcePlace;
  readonly text: string;
  /** Whether a remark shows it; otherwise it has been followed. */
  isRemarked: boolean;
}

export interface LineOptions {
  readonly files: IncludedFiles;
  /** What lines that begin with `@` are for. */
  readonly configId: string | undefined;
  /** More lines than this are no configuration: sequences can multiply. Default: 500000. */
  readonly mostLines?: number;
}

interface Definition {
  readonly lines: readonly PlacedText[];
  readonly isMultiline: boolean;
  readonly words: readonly DirectiveWord[];
  /** Undefined for the variable of a sequence. */
  readonly place: SourcePlace | undefined;
  readonly text: string;
  isUsed: boolean;
}

type Entry =
  | { readonly type: 'raw'; readonly line: PlacedText }
  | { readonly type: 'line'; readonly line: PlacedText; readonly sets: Sets }
  | { readonly type: 'end' };
type Sets = readonly (readonly [name: string, value: string])[];

const usualMostLines = 500_000;
const mostReplacements = 1000;
const deepest = 16;

/**
 * Reads a configuration of keepalived line by line, as it is once includes, conditions, definitions
 * and sequences have been followed.
 */
export class Lines {
  readonly remarks: Remark[] = [];
  readonly words: DirectiveWord[] = [];
  readonly #options: LineOptions;
  readonly #definitions = new Map<string, Definition>();
  readonly #once: Definition[] = [];
  /** What is still to be read, the next one last. */
  readonly #queue: Entry[] = [];
  readonly #open: string[] = [];
  #count = 0;

  constructor(text: string, file: string, options: LineOptions) {
    this.#options = options;
    this.#push(text, file);
  }

  /** The next line that says something, without comment. Undefined at the end. */
  next(): PlacedText | undefined {
    for (let entry = this.#queue.pop(); entry !== undefined; entry = this.#queue.pop()) {
      if (entry.type === 'end') {
        this.#open.pop();
        continue;
      }
      const { mostLines = usualMostLines } = this.#options;
      if (++this.#count > mostLines) {
        throw new SourceError(entry.line.placeAt(0), `more than ${mostLines} lines are not read`);
      }
      if (entry.type === 'line') for (const [name, value] of entry.sets) this.#set(name, value);
      const bare = withoutComment(entry.line);
      const line = bare.length === 0 ? undefined : this.#follow(bare);
      if (line !== undefined) return line;
    }
    for (const definition of this.#once.splice(0)) this.#remarkUnused(definition);
    return undefined;
  }

  #push(text: string, file: string): void {
    this.#queue.push({ type: 'end' });
    this.#open.push(file);
    const lines = text.replace(/^\ufeff/, '').split('\n');
    for (let index = lines.length - 1; index >= 0; index--) {
      const line = PlacedText.of((lines[index] ?? '').replace(/\r+$/, ''), file, index + 1);
      this.#queue.push({ type: 'raw', line });
    }
  }

  /** Does what a line asks of the preprocessor. @returns What is left for the parser. */
  #follow(first: PlacedText): PlacedText | undefined {
    let line = first;
    for (let round = 0; round < mostReplacements; round++) {
      if (line.text.startsWith('@')) {
        const rest = this.#condition(line);
        if (rest === undefined) return undefined;
        line = rest;
      }
      if (/^\$[A-Za-z_]\w*[ \t]*=/.test(line.text)) {
        this.#define(line);
        return undefined;
      }
      if (line.text.startsWith('~')) {
        const { rest, rounds, end } = repetitionOf(line);
        this.#directive(line.slice(0, end));
        const entries = rounds.map((sets): Entry => ({ type: 'line', line: rest, sets }));
        this.#queue.push(...entries.reverse());
        return undefined;
      }
      const filled = this.#fill(line);
      if (filled === undefined) return this.#include(line) ? undefined : line;
      line = withoutComment(filled);
      if (line.length === 0) return undefined;
    }
    throw new SourceError(
      first.placeAt(0),
      'the definitions here stand for each other in a circle',
    );
  }

  /** What follows a condition that holds. */
  #condition(line: PlacedText): PlacedText | undefined {
    const [, not, id = ''] = /^@(\^?)(\S*)/.exec(line.text) ?? [];
    const { configId } = this.#options;
    const length = 1 + (not ?? '').length + id.length;
    if ((id === configId) !== (not === '^') && length < line.length) {
      this.#directive(line.slice(0, length));
      return line.slice(length).trim();
    }
    this.#directive(line, true);
    const message =
      configId === undefined
        ? `for the config id ${id} alone: say --config-id ${id} to have it`
        : `not for the config id ${configId}`;
    const kind = configId === undefined ? 'left-out' : 'differs';
    const place = line.placeAt(0);
    const isTold = this.remarks.some(
      (one) => one.place.file === place.file && one.place.line === place.line,
    );
    // A definition comes by here each time that it is used.
    if (!isTold) this.remarks.push({ place, text: line.text, kind, message, lines: 1 });
    return undefined;
  }

  #define(line: PlacedText): void {
    const [head, name = ''] = /^\$([A-Za-z_]\w*)[ \t]*=[ \t]*/.exec(line.text) ?? [''];
    const words = [...this.#directive(line)];
    const value = line.slice(head.length);
    const isMultiline = value.text.endsWith('\\');
    const lines = [isMultiline ? value.slice(0, -1).trim() : value];
    for (let goesOn = isMultiline; goesOn; ) {
      const entry = this.#queue.at(-1);
      if (entry?.type !== 'raw') break;
      this.#queue.pop();
      if (entry.line.text.trim() === '') break;
      const more = withoutComment(entry.line);
      if (more.length === 0) continue;
      goesOn = more.text.endsWith('\\');
      const part = goesOn ? more.slice(0, -1).trim() : more;
      words.push(...this.#directive(part));
      lines.push(part);
    }
    const full = isMultiline ? lines.filter((one) => one.length > 0) : lines;
    const place = line.placeAt(0);
    const text = line.text;
    const definition = { lines: full, isMultiline, words, place, text, isUsed: false };
    this.#definitions.set(name, definition);
    this.#once.push(definition);
  }

  #set(name: string, value: string): void {
    const lines = [PlacedText.of(value, '', 0)];
    const definition = { lines, isMultiline: false, words: [], place: undefined, text: '' };
    this.#definitions.set(name, { ...definition, isUsed: true });
  }

  /** The line with every definition in its place; undefined when there is none in it. */
  #fill(line: PlacedText): PlacedText | undefined {
    let filled = line;
    let count = 0;
    for (let at = filled.text.indexOf('$'); at >= 0; at = filled.text.indexOf('$', at)) {
      const match = /^\$(?:\{(\w+)([^}]*)\}|(\w+)(?=\s|$))/.exec(filled.text.slice(at));
      const name = match?.[1] ?? match?.[3];
      if (match === null || name === undefined) {
        at++;
        continue;
      }
      if (++count > mostReplacements) {
        throw new SourceError(line.placeAt(0), `the definition $${name} stands for itself`);
      }
      const value = this.#valueOf(name, match[1] !== undefined, filled, at);
      if (value === undefined) {
        at++;
        continue;
      }
      filled = filled.replace(at, at + match[0].length, value);
      if (/^\s*~/.test(value)) break;
    }
    return count === 0 || filled === line ? undefined : filled;
  }

  #valueOf(name: string, isBraced: boolean, line: PlacedText, at: number): string | undefined {
    const definition = this.#definitions.get(name);
    if (definition !== undefined) {
      definition.isUsed = true;
      const [first, ...rest] = definition.lines;
      const entries = rest.map((one): Entry => ({ type: 'line', line: one, sets: [] }));
      this.#queue.push(...entries.reverse());
      return first?.text ?? '';
    }
    switch (name) {
      case '_PWD':
        return dirname(this.#file);
      case '_HASH':
        return '\\#';
      case '_BANG':
        return '\\!';
      case '_INSTANCE':
        if (this.#options.configId !== undefined) return this.#options.configId;
        throw new SourceError(line.placeAt(at), 'the instance is not known: say --config-id');
      case '_RANDOM':
        throw new SourceError(line.placeAt(at), 'a random number cannot be imported');
      default:
        if (!isBraced) return undefined;
        throw new SourceError(line.placeAt(at), `there is no definition of ${name} up to here`);
    }
  }

  get #file(): string {
    return this.#open.at(-1) ?? '';
  }

  /** Whether the line is an include, which is then the next to be read. */
  #include(line: PlacedText): boolean {
    const match = /^include[rmwba]?[ \t]+(.*)$/.exec(line.text);
    if (match === null) return false;
    const [, pattern = ''] = match;
    const place = line.placeAt(0);
    const file = this.#file;
    const { files } = this.#options;
    const paths: string[] = [];
    for (const one of withoutBraces(pattern.replaceAll('"', ''))) {
      const path = isAbsolute(one) ? one : join(dirname(file), one);
      paths.push(...(/[*?[]/.test(one) ? files.expand(path) : [path]));
    }
    this.#directive(line, paths.length === 0);
    if (paths.length === 0) {
      const message = 'there is no such file, and keepalived passes over it too';
      this.remarks.push({ place, text: line.text, kind: 'differs', message, lines: 1 });
    }
    if (this.#open.length > deepest) {
      throw new SourceError(place, `more than ${deepest} files within each other are not read`);
    }
    for (const path of paths.reverse()) {
      if (this.#open.includes(path)) throw new SourceError(place, `${path} includes itself`);
      let text: string;
      try {
        text = files.read(path);
      } catch (error) {
        throw new SourceError(place, (error as Error).message);
      }
      this.#push(text, path);
    }
    return true;
  }

  /** Notes the words of a directive. */
  #directive(line: PlacedText, isRemarked = false): readonly DirectiveWord[] {
    const words = Array.from(line.text.matchAll(/\S+/g), (match) => ({
      place: line.placeAt(match.index),
      text: match[0],
      isRemarked,
    }));
    this.words.push(...words);
    return words;
  }

  #remarkUnused({ isUsed, place, text, words, lines }: Definition): void {
    if (isUsed || place === undefined) return;
    for (const word of words) word.isRemarked = true;
    const shown = [
      text,
      ...lines.filter((line) => line.line !== place.line).map((line) => line.text),
    ];
    const message = 'nothing uses this definition';
    const kind = 'differs';
    this.remarks.push({ place, text: shown.join(' '), kind, message, lines: shown.length });
  }
}

/** What a pattern with `{a,b}` stands for. */
function withoutBraces(pattern: string): readonly string[] {
  const inner = /\{([^{}]*)\}/.exec(pattern);
  if (inner === null) return [pattern];
  const before = pattern.slice(0, inner.index);
  const after = pattern.slice(inner.index + inner[0].length);
  const choices = (inner[1] ?? '').split(',');
  return choices.flatMap((choice) => withoutBraces(before + choice + after));
}
