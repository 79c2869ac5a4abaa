import { describe, expect, it } from 'vitest';
import { lastWordsOf, wordsOf } from '../../../../src/formats/ipvsadm/rule-words.ts';

const words = (line: string) => wordsOf(Buffer.from(line, 'latin1'), 0, line.length);
const lastWords = (line: string) => lastWordsOf(Buffer.from(line, 'latin1'), 0, line.length);

describe('a line of rules', () => {
  it.each([
    ['', []],
    [' \t\r', []],
    ['-A  -t\t1.2.3.4:80\r', ['-A', '-t', '1.2.3.4:80']],
    ['ipvsadm -A', ['-A']],
    ['-A ipvsadm -t ipvsadm', ['-A', '-t']],
    ['ipvsadmx', ['ipvsadmx']],
    ['-A # comment', ['-A', '#', 'comment']],
    ['"a b"', ['"a', 'b"']],
    ['a\vb\fc', ['a\vb\fc']],
    ['\xe4\xff', ['\xe4\xff']],
    ['a\0b \0c', ['a', '']],
  ])('%j has the words %j', (line, expected) => {
    expect(words(line)).toEqual(expected);
  });

  it('has long words cut to pieces of 4096 bytes', () => {
    const long = 'x'.repeat(9000);
    expect(words(`-A ${long} -t`).map((word) => word.length)).toEqual([2, 4096, 4096, 808, 2]);
  });

  it('is read from its place in a buffer', () => {
    expect(wordsOf(Buffer.from('-A -t\n-C x\n'), 6, 10)).toEqual(['-C', 'x']);
  });
});

describe('a last line without an end', () => {
  it.each([
    ['-C', ['-C']],
    ['-C ', ['-C']],
    ['-C\r', ['-C']],
    ['  -C', ['-C']],
    ['-C  ', []],
    ['-C \r', []],
    ['', []],
  ])('%j has the words %j', (line, expected) => {
    expect(lastWords(line)).toEqual(expected);
  });
});
