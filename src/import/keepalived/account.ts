import type { DirectiveWord, Remark } from '../../formats/keepalived/lines.ts';
import type { Statement } from '../../formats/keepalived/parse.ts';
import type { Word } from '../../formats/keepalived/words.ts';
import type { Note, WordFate } from '../imported.ts';

/** Keywords whose values nobody should find in another file. */
const secrets: ReadonlySet<string> = new Set(['auth_pass', 'auth_hmac', 'password']);

/** What has become of every word of a configuration. */
export class Account {
  readonly #fates = new Map<Word, 'mapped' | 'named'>();
  readonly #statements: readonly Statement[];

  constructor(statements: readonly Statement[]) {
    this.#statements = statements;
  }

  /** The words are in the configuration now. */
  map(words: readonly Word[]): void {
    for (const word of words) this.#fates.set(word, 'mapped');
  }

  /** A note shows the words; those that were in the configuration all the same stay so. */
  name(words: readonly Word[]): void {
    for (const word of words) if (!this.#fates.has(word)) this.#fates.set(word, 'named');
  }

  /** The words that nobody has accounted for. */
  forgotten(): readonly Statement[] {
    return this.#statements.filter((statement) =>
      wordsIn(statement).some((word) => !this.#fates.has(word)),
    );
  }

  fates(directives: readonly DirectiveWord[]): readonly WordFate[] {
    const words = this.#statements
      .flatMap(wordsIn)
      .map((word): WordFate => ({ ...word, fate: this.#fates.get(word) ?? 'forgotten' }));
    const followed = directives.map(
      ({ place, text, isRemarked }): WordFate => ({
        place,
        text,
        fate: isRemarked ? 'named' : 'mapped',
      }),
    );
    return [...words, ...followed];
  }
}

/** Takes notes where something stands: of a service, of a server, of the whole. */
export class Notes {
  readonly account: Account;
  readonly taken: Note[] = [];

  constructor(account: Account) {
    this.account = account;
  }

  /** Reads the first words of a statement. Others, and a block, keepalived does not look at. */
  take(statement: Statement, count: number): readonly string[] {
    const { words, body } = statement;
    this.account.map(words.slice(0, count));
    if (words.length > count || body !== undefined) {
      this.leaveOut(statement, 'there is more than keepalived itself reads');
    }
    return words.slice(0, count).map((word) => word.text);
  }

  /** The statement has no equal, with all that is in its block. */
  leaveOut(statement: Statement, message: string): void {
    const words = wordsIn(statement);
    this.account.name(words);
    const lines = new Set(words.map(({ place }) => `${place.file}:${place.line}`)).size;
    const source = shownLines(statement);
    this.taken.push({ kind: 'left-out', place: statement.place, message, source, lines });
  }

  /** The statement is in the configuration, and lvskit does it otherwise. Told once. */
  differs(statement: Statement, message: string): void {
    if (this.taken.some((note) => note.kind === 'differs' && note.message === message)) return;
    const { place } = statement;
    this.account.name(statement.words);
    const source = [headOf(statement)];
    this.taken.push({ kind: 'differs', place, message, source, lines: 1 });
  }
}

export function noteOfRemark({ place, text, kind, message, lines }: Remark): Note {
  return { kind, place, message, source: [text], lines };
}

function wordsIn({ words, body }: Statement): readonly Word[] {
  return body === undefined ? words : [...words, ...body.flatMap(wordsIn)];
}

function headOf({ words }: Statement): string {
  const [keyword] = words;
  const isSecret = keyword !== undefined && secrets.has(keyword.text);
  return words
    .map(({ text }, index) => {
      if (isSecret && index > 0) return '(not shown)';
      return text === '' || /[\s{}"!#]/.test(text) ? JSON.stringify(text) : text;
    })
    .join(' ');
}

/** A statement as it is written, a line for each one within it. */
function shownLines(statement: Statement): string[] {
  const { body } = statement;
  if (body === undefined) return [headOf(statement)];
  const inner = body.flatMap(shownLines).map((line) => `  ${line}`);
  return [`${headOf(statement)} {`, ...inner, '}'];
}
