import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  parseDocument,
  visit,
} from 'yaml';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { readPlainYaml } from './plain-yaml.ts';

/** The way to a value: keys of maps and places in lists. */
export type Path = readonly PropertyKey[];

type Range = readonly [start: number, end: number];

/** More lists and maps within each other are nothing that anybody means. */
const deepest = 100;

/** Longest text that the whole parser reads: its tree takes a hundred times the memory. */
const longestYaml = 8 * 1024 * 1024;

/**
 * A YAML or JSON text: what it says, and where it says it.
 *
 * JSON and plain YAML are read without all that YAML can be, which is many times quicker; the places
 * are looked for only when somebody asks for one.
 */
export class ConfigDocument {
  /** What the file is called in messages. */
  readonly file: string;
  readonly value: unknown;
  readonly #text: string;
  #document: Document | undefined;
  #lines: LineCounter | undefined;

  /** @throws {@link ConfigError} when the text is neither. */
  constructor(text: string, file: string) {
    this.file = file;
    this.#text = text;
    const plain = jsonValue(text) ?? readPlainYaml(text);
    if (plain !== undefined) {
      this.value = plain.value;
      return;
    }
    if (text.length > longestYaml) {
      const most = `${longestYaml / 1024 / 1024} MiB`;
      const message = `more than ${most} of YAML are read only where it is plain (no anchors, no texts of several lines, no comments behind values), or as JSON`;
      throw new ConfigError(file, [{ ...wholeFile(file), message }]);
    }
    const document = this.#parsed();
    const problems = [...document.errors, ...document.warnings].map((error) =>
      this.#problem(error.pos[0], error.pos[1], sentence(error.message)),
    );
    if (problems.length > 0) throw new ConfigError(file, problems);
    try {
      this.value = document.toJS({ maxAliasCount: 1000 });
    } catch (error) {
      // An alias of nothing, or aliases of aliases that would grow beyond all bounds.
      const [start, end] = rangeOfNode(badAlias(document)) ?? [0, 1];
      throw new ConfigError(file, [this.#problem(start, end, sentence((error as Error).message))]);
    }
  }

  /**
   * A problem with the value at a path; with the nearest thing around it where it is missing. Of a
   * text that is too long to look for places in, the message has the path instead.
   *
   * @param part `key` for one with the key itself.
   */
  problemAt(
    path: Path,
    message: string,
    part: 'key' | 'value' = 'value',
    suggestion?: string,
  ): ConfigProblem {
    const range = this.#locate(path, part);
    if (range === undefined) {
      return { ...wholeFile(this.file), message: `${pathText(path)}: ${message}`, suggestion };
    }
    return { ...this.#problem(...range, message), suggestion };
  }

  /** The line of the value at a path, from 1. */
  lineOf(path: Path): number {
    const range = this.#locate(path, 'value');
    return range === undefined ? 1 : this.#place(range[0]).line;
  }

  /** Undefined of a text that is too long to look for places in. */
  #locate(path: Path, part: 'key' | 'value'): Range | undefined {
    return this.#text.length > longestYaml ? undefined : this.#rangeOf(path, part);
  }

  #parsed(): Document {
    if (this.#document === undefined) {
      this.#lines = new LineCounter();
      this.#checkDepth(this.#lines);
      this.#lines = new LineCounter();
      this.#document = parseDocument(this.#text, {
        lineCounter: this.#lines,
        prettyErrors: false,
        stringKeys: true,
        logLevel: 'error',
      });
    }
    return this.#document;
  }

  /**
   * The parser calls itself for what is within something, and a stack that is all but full ends the
   * process where a regular expression is compiled. Its two halves below do without.
   */
  #checkDepth(lines: LineCounter): void {
    const parser = new Parser(lines.addNewLine);
    lines.addNewLine(0);
    for (const token of new Lexer().lex(this.#text)) {
      for (const _ of parser.next(token));
      if (parser.stack.length <= deepest) continue;
      const message = `lists and maps lie more than ${deepest} deep within each other`;
      throw new ConfigError(this.file, [this.#problem(parser.offset, parser.offset, message)]);
    }
  }

  #rangeOf(path: Path, part: 'key' | 'value'): Range {
    const document = this.#parsed();
    let node: unknown = document.contents;
    let range = rangeOfNode(node) ?? [0, 1];
    for (const [index, step] of path.entries()) {
      if (isAlias(node)) node = node.resolve(document);
      let next: unknown;
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
        if (pair === undefined) break;
        const keyRange = rangeOfNode(pair.key);
        const isLast = index === path.length - 1;
        next = pair.value;
        // A key without a value has nowhere of its own to point to.
        const valueRange = rangeOfNode(next);
        const isEmpty = valueRange === undefined || valueRange[0] === valueRange[1];
        range = (isLast && (part === 'key' || isEmpty) ? keyRange : valueRange) ?? range;
      } else if (isSeq(node) && typeof step === 'number') {
        next = node.items[step];
        if (isPair(next)) next = next.value;
        range = rangeOfNode(next) ?? range;
      } else {
        break;
      }
      node = next;
    }
    return range;
  }

  #problem(start: number, end: number, message: string): ConfigProblem {
    const { line, column, source } = this.#place(start);
    const length = Math.max(1, end - start);
    return { file: this.file, line, column, length, message, source };
  }

  #place(offset: number): {
    readonly line: number;
    readonly column: number;
    readonly source: string;
  } {
    const { line, col } = this.#lines?.linePos(offset) ?? { line: 1, col: 1 };
    const lineStart = offset - (col - 1);
    const lineEnd = this.#text.indexOf('\n', lineStart);
    const source = this.#text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd);
    return { line: Math.max(1, line), column: Math.max(1, col), source };
  }
}

/** The place of a problem that is about no part of a file more than another. */
export function wholeFile(file: string): Omit<ConfigProblem, 'message'> {
  return { file, line: 1, column: 1, length: 1, source: '' };
}

/** `services[3].servers[7].weight` */
function pathText(path: Path): string {
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
  return steps.join('').replace(/^\./, '') || 'the file';
}

function rangeOfNode(node: unknown): Range | undefined {
  if (!isNode(node)) return undefined;
  const { range } = node as Node;
  return range ? [range[0], range[1]] : undefined;
}

/** The first alias that stands for nothing, otherwise the first there is. */
function badAlias(document: Document): Node | undefined {
  const aliases: Alias[] = [];
  visit(document, {
    Alias: (_, alias) => {
      aliases.push(alias);
    },
  });
  return aliases.find((alias) => alias.resolve(document) === undefined) ?? aliases[0];
}

/** Only objects count: a bare word or number is no configuration, and better explained as YAML. */
function jsonValue(text: string): { readonly value: unknown } | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isDeep(value, deepest)) return undefined;
    // JSON lets the last of two equal keys win; here that is a mistake, which YAML will tell.
    return hasRepeatedKeys(text, value) ? undefined : { value };
  } catch {
    return undefined;
  }
}

function isDeep(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return limit === 0 || Object.values(value).some((item) => isDeep(item, limit - 1));
}

/** Whether the text has more keys than the value that was read from it. */
function hasRepeatedKeys(text: string, value: unknown): boolean {
  let written = 0;
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon) written++;
  return written !== countKeys(value);
}

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const item of Object.values(value)) count += countKeys(item);
  return count;
}

/** The parser's sentence in the manner of our own. */
function sentence(text: string): string {
  const first = text.split('\n')[0] ?? text;
  const lower = /^[A-Z][a-z]/.test(first) ? `${first[0]?.toLowerCase()}${first.slice(1)}` : first;
  return lower.trim().replace(/[.:]$/, '');
}
