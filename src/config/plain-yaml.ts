/**
 * Reads the plain part of YAML that large configurations are made of: maps and lists by indentation,
 * one-line `[…]` and `{…}` in them, and plain words, numbers and simple quoted texts. It takes a
 * small part of the time that all of YAML takes.
 *
 * @returns Undefined for anything else, however little: whoever knows all of YAML has to say then
 * what it means, or what is wrong with it.
 */
export function readPlainYaml(text: string): { readonly value: unknown } | undefined {
  if (/[\t\r]/.test(text)) return undefined;
  try {
    return { value: new PlainReader(text.split('\n')).read() };
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

class NotPlain extends Error {}

function giveUp(): never {
  throw new NotPlain();
}

/** What is set in further, or lies deeper, is not plain. */
const deepest = 60;

type Scalar = string | number | boolean;

const key = /^([A-Za-z][A-Za-z0-9-]*):(?: (.*))?$/;
/** Brackets may be within a word of a line of its own, as in `tcp [2001:db8::1]:80`. */
const lineWord = /^[A-Za-z0-9/][A-Za-z0-9 ._:/%[\]-]*$/;
const flowWord = /^[A-Za-z0-9/][A-Za-z0-9 ._:/%-]*$/;
const quotedText = /^"[A-Za-z0-9 ._:/%[\]-]*"$/;
/** As of statuses, which is no number in YAML either. */
const range = /^\d{3}-\d{3}$/;
const address = /^\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?$/;

class PlainReader {
  private readonly lines: readonly string[];
  private at = 0;
  /** How far the current line is set in. */
  private indent = -1;
  /** What is behind that. */
  private content = '';

  constructor(lines: readonly string[]) {
    this.lines = lines;
  }

  read(): unknown {
    this.next();
    if (this.indent !== 0) giveUp();
    const value = this.block(0);
    if (this.indent >= 0) giveUp();
    return value;
  }

  /** Goes to the next line that says something; to indent -1 behind the last. */
  private next(): void {
    for (; this.at < this.lines.length; this.at++) {
      const line = this.lines[this.at] ?? '';
      const indent = line.search(/[^ ]/);
      if (indent < 0 || line[indent] === '#') continue;
      this.at++;
      this.indent = indent;
      this.content = line.slice(indent);
      return;
    }
    this.indent = -1;
  }

  private block(indent: number): unknown {
    if (indent > deepest) giveUp();
    return this.content.startsWith('- ') ? this.list(indent) : this.map(indent);
  }

  private list(indent: number): unknown[] {
    const items: unknown[] = [];
    while (this.indent === indent && this.content.startsWith('- ')) {
      const rest = this.content.slice(2);
      if (key.test(rest)) {
        // A map whose first key stands behind the dash.
        this.indent = indent + 2;
        this.content = rest;
        items.push(this.map(indent + 2));
      } else {
        items.push(inline(rest));
        this.next();
      }
    }
    if (this.indent > indent || (this.indent === indent && this.content === '-')) giveUp();
    return items;
  }

  private map(indent: number): Record<string, unknown> {
    const entries: Record<string, unknown> = {};
    while (this.indent === indent) {
      const match = key.exec(this.content) ?? giveUp();
      const [, name = '', rest] = match;
      if (Object.hasOwn(entries, name)) giveUp();
      this.next();
      if (rest !== undefined) {
        entries[name] = inline(rest);
      } else if (this.indent > indent) {
        entries[name] = this.block(this.indent);
      } else {
        giveUp();
      }
    }
    if (this.indent > indent) giveUp();
    return entries;
  }
}

/** A value in one line. */
function inline(text: string): unknown {
  if (text.startsWith('[') || text.startsWith('{')) {
    const flow = new FlowReader(text);
    const value = flow.value();
    if (!flow.isAtEnd()) giveUp();
    return value;
  }
  return scalar(text, lineWord);
}

class FlowReader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  isAtEnd(): boolean {
    return this.at === this.text.length;
  }

  value(depth = 0): unknown {
    if (depth > deepest) giveUp();
    const first = this.text[this.at];
    if (first === '[') return this.list(depth + 1);
    if (first === '{') return this.map(depth + 1);
    return scalar(this.word(), flowWord);
  }

  private list(depth: number): unknown[] {
    const items: unknown[] = [];
    for (let more = this.open(']'); more; more = this.more(']')) items.push(this.value(depth));
    return items;
  }

  private map(depth: number): Record<string, unknown> {
    const entries: Record<string, unknown> = {};
    for (let more = this.open('}'); more; more = this.more('}')) {
      const end = this.text.indexOf(': ', this.at);
      const name = end < 0 ? '' : this.text.slice(this.at, end);
      if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(name) || Object.hasOwn(entries, name)) giveUp();
      this.at = end + 2;
      this.spaces();
      entries[name] = this.value(depth);
    }
    return entries;
  }

  /** Steps over the opening bracket. @returns Whether anything is inside. */
  private open(closing: string): boolean {
    this.at++;
    this.spaces();
    if (this.text[this.at] !== closing) return true;
    this.at++;
    return false;
  }

  /** Steps over a comma, or the closing bracket. @returns Whether there is more. */
  private more(closing: string): boolean {
    this.spaces();
    const found = this.text[this.at++];
    if (found === closing) return false;
    if (found !== ',') giveUp();
    this.spaces();
    // A comma before the bracket is allowed, and rare.
    if (this.text[this.at] === closing) giveUp();
    return true;
  }

  private word(): string {
    const start = this.at;
    if (this.text[start] === '"') {
      const end = this.text.indexOf('"', start + 1);
      if (end < 0) giveUp();
      this.at = end + 1;
    } else {
      while (this.at < this.text.length && !/[,[\]{}]/.test(this.text[this.at] ?? '')) this.at++;
    }
    return this.text.slice(start, this.at).replace(/ +$/, '');
  }

  private spaces(): void {
    while (this.text[this.at] === ' ') this.at++;
  }
}

/** A word as YAML's core schema takes it, where that is beyond doubt. */
function scalar(text: string, plain: RegExp): Scalar {
  if (quotedText.test(text)) return text.slice(1, -1);
  if (!plain.test(text) || /: |:$| $| {2}/.test(text)) giveUp();
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^(?:0|[1-9]\d{0,14})$/.test(text)) return Number(text);
  if (address.test(text) || range.test(text)) return text;
  // Other numbers, in any of their spellings, and other words for true, false and nothing.
  if (/^[\d.eE+_-]+$|^0[xob]|^(?:true|false|null)$/i.test(text)) giveUp();
  return text;
}
