import type { Directive } from '../../formats/ldirectord/parse.ts';
import { SourceError } from '../../formats/source.ts';
import type { Note, WordFate } from '../imported.ts';

/** Directives whose values nobody should find in another file. */
const secrets: ReadonlySet<string> = new Set(['passwd', 'secret']);

/** Takes notes of directives, and keeps account of their words. */
export class DirectiveNotes {
  readonly taken: Note[] = [];
  readonly #fates: Map<Directive, 'mapped' | 'named'>;

  constructor(fates: Map<Directive, 'mapped' | 'named'> = new Map()) {
    this.#fates = fates;
  }

  /** Notes of their own on the same account. */
  beside(): DirectiveNotes {
    return new DirectiveNotes(this.#fates);
  }

  map(directive: Directive): void {
    this.#fates.set(directive, 'mapped');
  }

  /** It has no equal. */
  leaveOut(directive: Directive, message: string): void {
    this.#take('left-out', directive, message);
  }

  /** It is in the configuration, and lvskit does it otherwise. */
  differs(directive: Directive, message: string): void {
    if (this.taken.some((note) => note.kind === 'differs' && note.message === message)) return;
    this.#take('differs', directive, message);
  }

  /** Whether a note shows it already. */
  hasNamed(directive: Directive): boolean {
    return this.#fates.get(directive) === 'named';
  }

  fatesOf(directives: readonly Directive[]): readonly WordFate[] {
    return directives.flatMap((directive) => {
      const fate = this.#fates.get(directive) ?? 'forgotten';
      return directive.words.map((word) => ({ ...word, fate }));
    });
  }

  #take(kind: Note['kind'], directive: Directive, message: string): void {
    const { place, name, value } = directive;
    if (!this.#fates.has(directive)) this.#fates.set(directive, 'named');
    const source = [`${name} = ${secrets.has(name) ? '(not shown)' : value}`];
    this.taken.push({ kind, place, message, source, lines: 1 });
  }
}

export function fail(directive: Directive, reason: string): never {
  throw new SourceError(directive.place, `${directive.name} ${reason}`);
}

/** A whole number, from the first digits there are. */
export function numberOf(directive: Directive, lowest: number, highest: number): number {
  const value = Number(/\d+/.exec(directive.value)?.[0] ?? Number.NaN);
  if (value >= lowest && value <= highest) return value;
  return fail(directive, `must be a number from ${lowest} to ${highest}`);
}

export function yesOrNo(directive: Directive): boolean {
  if (directive.value === 'yes' || directive.value === 'no') return directive.value === 'yes';
  return fail(directive, 'must be yes or no');
}

/** A value in quotation marks, which have to be there. */
export function quoted(directive: Directive): string {
  const match = /^"(.*)"/.exec(directive.value);
  return match?.[1] ?? fail(directive, 'must be a text in quotation marks');
}

/** A value with or without them. */
export function unquoted({ value }: Directive): string {
  return /^"(.*)"/.exec(value)?.[1] ?? value;
}

/** What may be said any number of times. */
const repeatable: ReadonlySet<string> = new Set(['real', 'real6', 'execute']);

/** Notes what is said once more below, and so does not count. */
export function noteSaidTwice(directives: readonly Directive[], notes: DirectiveNotes): void {
  const last = new Map<string, Directive>();
  for (const directive of directives) {
    const { name, place } = directive;
    const earlier = last.get(name);
    if (earlier !== undefined && !repeatable.has(name)) {
      notes.leaveOut(
        earlier,
        `it is said once more in line ${place.line}, and that is what counts`,
      );
    }
    last.set(name, directive);
  }
}
