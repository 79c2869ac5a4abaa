import { SourceError, type SourcePlace } from '../source.ts';
import { PlacedText } from './placed-text.ts';

/** A word of a configuration. */
export interface Word {
  readonly text: string;
  readonly place: SourcePlace;
}

/** Keywords whose values keepalived reads as a shell would: both quotes, and backslashes. */
const shellLike: ReadonlySet<string> = new Set([
  'misc_path',
  'quorum_up',
  'quorum_down',
  'notify',
  'notify_up',
  'notify_down',
  'notify_master',
  'notify_backup',
  'notify_fault',
  'notify_stop',
  'notify_deleted',
  'notify_master_rx_lower_pri',
  'notify_fifo_script',
  'vrrp_notify_fifo_script',
  'lvs_notify_fifo_script',
  'script',
  'regex',
]);

/** The words of a line without comment. @throws SourceError for a quote that does not end. */
export function wordsOf(line: PlacedText): Word[] {
  const [keyword = ''] = /^\S*/.exec(line.text) ?? [];
  // A program is taken apart once more, and its backslashes count only then.
  return shellLike.has(keyword) ? shellWords(line, keyword === 'misc_path') : plainWords(line);
}

/** Double quotes around a word alone keep its blanks; nothing else is special. */
function plainWords(line: PlacedText): Word[] {
  const words: Word[] = [];
  for (const match of line.text.matchAll(/"([^"]*)("?)|[^\s"]+/g)) {
    const place = line.placeAt(match.index);
    if (match[2] === '') throw new SourceError(place, 'the quote does not end on this line');
    words.push({ text: match[1] ?? match[0], place });
  }
  return words;
}

const escaped: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** The words of a program with its arguments that is one text. @throws SourceError */
export function commandOf({ text, place }: Word): readonly string[] {
  const line = PlacedText.of(text, place.file, place.line);
  return shellWords(line, false).map((word) => word.text);
}

function shellWords(line: PlacedText, keepsEscapes: boolean): Word[] {
  const { text } = line;
  const words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at] ?? '')) {
      at++;
      continue;
    }
    const start = at;
    let word = '';
    let quote = '';
    for (; at < text.length; at++) {
      const letter = text[at] ?? '';
      if (letter === '\\' && at + 1 < text.length) {
        const [value, length] = keepsEscapes ? [text.slice(at, at + 2), 2] : escapeAt(text, at);
        word += value;
        at += length - 1;
      } else if (quote === '' && (letter === '"' || letter === "'")) {
        quote = letter;
      } else if (letter === quote) {
        quote = '';
      } else if (quote === '' && /\s/.test(letter)) {
        break;
      } else {
        word += letter;
      }
    }
    const place = line.placeAt(start);
    if (quote !== '') throw new SourceError(place, 'the quote does not end on this line');
    words.push({ text: word, place });
  }
  return words;
}

/** What a backslash and what follows it stand for, and how long they are. */
function escapeAt(text: string, at: number): readonly [string, number] {
  const rest = text.slice(at + 1);
  const hex = /^x([0-9A-Fa-f]{1,2})/.exec(rest);
  if (hex !== null)
    return [String.fromCharCode(Number.parseInt(hex[1] ?? '', 16)), hex[0].length + 1];
  const octal = /^[0-7]{1,3}/.exec(rest);
  if (octal !== null) {
    return [String.fromCharCode(Number.parseInt(octal[0], 8) & 0xff), octal[0].length + 1];
  }
  const control = /^c(.)/.exec(rest);
  if (control !== null) return [String.fromCharCode((control[1] ?? '').charCodeAt(0) & 0x1f), 3];
  const letter = rest[0] ?? '';
  return [escaped[letter] ?? letter, 2];
}
