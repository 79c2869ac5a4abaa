/** ipvsadm cuts longer words to pieces of this many bytes. */
const longestWord = 4096;

const space = 0x20;
const tab = 0x09;
const carriageReturn = 0x0d;

/** A word of a restore that is dropped wherever it stands, so that scripts can be restored too. */
const dropped = 'ipvsadm';

/**
 * The words of a line of rules, without its line break. Bytes become characters; what is behind a NUL
 * of a word is lost.
 */
export function wordsOf(bytes: Buffer, from: number, to: number): string[] {
  const words: string[] = [];
  let at = from;
  for (;;) {
    while (at < to && isSpace(bytes[at])) at++;
    if (at >= to) return words;
    const start = at;
    while (at < to && at - start < longestWord && !isSpace(bytes[at])) at++;
    const text = bytes.toString('latin1', start, at);
    const nul = text.indexOf('\0');
    const word = nul < 0 ? text : text.slice(0, nul);
    if (word !== dropped) words.push(word);
  }
}

/**
 * The words of what follows the last line break, as ipvsadm gets to see them: none when more than one
 * white space ends the input.
 */
export function lastWordsOf(bytes: Buffer, from: number, to: number): string[] {
  if (to - from >= 2 && isSpace(bytes[to - 1]) && isSpace(bytes[to - 2])) return [];
  return wordsOf(bytes, from, to);
}

function isSpace(byte: number | undefined): boolean {
  return byte === space || byte === tab || byte === carriageReturn;
}
