/**
 * An option: `flag` stands alone, `value` demands a value, `maybe-value` takes the next word for one
 * unless that begins with a dash.
 */
export interface Option<Tag extends string> {
  readonly tag: Tag;
  readonly long: string;
  readonly short?: string;
  readonly takes: 'flag' | 'value' | 'maybe-value';
}

/** What is wrong with a word. */
export type OptionFault =
  | 'unknown option'
  | 'missing argument'
  | 'option does not take an argument';

/** What {@link OptionReader.next} finds. */
export type FoundOption<Tag extends string> =
  | { readonly type: 'option'; readonly tag: Tag; readonly value: string | undefined }
  | { readonly type: 'fault'; readonly fault: OptionFault }
  | { readonly type: 'end' };

/** What stands for a later word inside the value of an option. */
const placeholder = '!#:+';

/**
 * Reads options from words as the popt library does, on which ipvsadm is built: long options in
 * full, with `=value` or the next word; short ones singly or in clusters, the value of the last
 * attached, with or without `=`, or the next word; `--` ends the options, words that are none are
 * kept apart wherever they are.
 */
export class OptionReader<Tag extends string> {
  /** The words that were no options, so far. */
  readonly rest: string[] = [];
  private readonly words: readonly string[];
  private readonly options: readonly Option<Tag>[];
  private readonly restAfterFirst: boolean;
  private at = 0;
  private cluster = '';
  private onlyRest = false;
  /** Places of words that a placeholder has used up. */
  private used: Set<number> | undefined;

  /** @param restAfterFirst The first word that is no option ends the options (`POSIXLY_CORRECT`). */
  constructor(
    words: readonly string[],
    options: readonly Option<Tag>[],
    restAfterFirst: boolean = false,
  ) {
    this.words = words;
    this.options = options;
    this.restAfterFirst = restAfterFirst;
  }

  /** The word read last, which is what a complaint is about. */
  get word(): string {
    return this.words[this.at - 1] ?? '';
  }

  /** The next option. There is no going on after a fault. */
  next(): FoundOption<Tag> {
    while (this.cluster === '') {
      if (this.at >= this.words.length) return { type: 'end' };
      if (this.used?.has(this.at)) {
        this.at++;
        continue;
      }
      const word = this.words[this.at++] ?? '';
      if (this.onlyRest || word === '-' || !word.startsWith('-')) {
        if (this.restAfterFirst) this.onlyRest = true;
        this.rest.push(word);
      } else if (word === '--') {
        this.onlyRest = true;
      } else if (word.startsWith('--')) {
        return this.long(word.slice(2));
      } else {
        this.cluster = word.slice(1);
      }
    }
    return this.short();
  }

  private long(text: string): FoundOption<Tag> {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const option = this.options.find(({ long }) => long === name);
    if (option === undefined) return { type: 'fault', fault: 'unknown option' };
    return this.take(option, equals < 0 ? undefined : text.slice(equals + 1));
  }

  private short(): FoundOption<Tag> {
    const letter = this.cluster.charAt(0);
    const behind = this.cluster.slice(1);
    this.cluster = '';
    const option = this.options.find(({ short }) => short === letter);
    if (option === undefined) return { type: 'fault', fault: 'unknown option' };
    if (behind === '') return this.take(option, undefined);
    if (option.takes !== 'flag') {
      return this.take(option, behind.startsWith('=') ? behind.slice(1) : behind);
    }
    if (behind.startsWith('=')) return this.take(option, behind.slice(1));
    this.cluster = behind;
    return this.take(option, undefined);
  }

  private take(option: Option<Tag>, attached: string | undefined): FoundOption<Tag> {
    const { tag, takes } = option;
    if (takes === 'flag') {
      if (attached === undefined) return { type: 'option', tag, value: undefined };
      return { type: 'fault', fault: 'option does not take an argument' };
    }
    if (attached !== undefined) return { type: 'option', tag, value: this.filledIn(attached) };
    const next = this.words[this.at];
    if (takes === 'maybe-value' && (next === undefined || next.startsWith('-'))) {
      return { type: 'option', tag, value: undefined };
    }
    if (next === undefined) return { type: 'fault', fault: 'missing argument' };
    this.at++;
    return { type: 'option', tag, value: this.filledIn(next) };
  }

  /**
   * The value with the next word that is no option in the place of each placeholder, which is then
   * used up. Where no such word follows, the placeholder is left standing.
   */
  private filledIn(value: string): string {
    if (!value.includes(placeholder)) return value;
    for (let place = this.at; place < this.words.length; place++) {
      const word = this.words[place] ?? '';
      if (this.used?.has(place) || word.startsWith('-')) continue;
      this.used ??= new Set();
      this.used.add(place);
      return value.replaceAll(placeholder, () => word);
    }
    return value;
  }
}
