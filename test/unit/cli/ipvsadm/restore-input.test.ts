import { describe, expect, it } from 'vitest';
import {
  isText,
  readAll,
  readsUtf8,
  sourceOf,
  withoutComments,
} from '../../../../src/cli/ipvsadm/restore-input.ts';

const kept = (text: string) =>
  withoutComments(Buffer.from(text, 'latin1')).rules.toString('latin1');

describe('the input of ipvsadm-restore', () => {
  it.each([
    ['', '\n'],
    ['-C', '-C\n'],
    ['-C\n', '-C\n'],
    ['-C\n\n\n', '-C\n'],
    ['# a\n-C\n#b', '-C\n'],
    ['#', '\n'],
    [' # a\n-C # b\n', ' # a\n-C # b\n'],
    ['\n\n-C\n', '\n\n-C\n'],
    ['-C\r\n#\r\n', '-C\r\n'],
    ['-C  ', '-C  \n'],
    ['\xe4\xff', '\xe4\xff\n'],
  ])('%j loses its comments and ends in one line break: %j', (input, expected) => {
    expect(kept(input)).toBe(expected);
  });

  it.each(['-n', '-e\n', '# x\n-nE\n'])('%j is an option to echo and no rule', (input) => {
    expect(kept(input)).toBe('\n');
  });

  it('loses lines that are no UTF-8 where text is UTF-8', () => {
    const input = Buffer.from('-C\n# \xff\n-A \xff\n-A \xc3\xa4', 'latin1');
    const { rules, incomplete } = withoutComments(input, true);
    expect([rules.toString(), incomplete]).toEqual(['-C\n-A \u00e4\n', true]);
    expect(withoutComments(Buffer.from('# \xff\n-C\n', 'latin1'), true).incomplete).toBe(false);
  });

  it.each([
    [{}, false],
    [{ LANG: 'C' }, false],
    [{ LANG: 'de_DE.UTF-8' }, true],
    [{ LC_CTYPE: 'C.utf8', LANG: 'C' }, true],
    [{ LC_ALL: 'C', LC_CTYPE: 'C.UTF-8' }, false],
    [{ LC_ALL: '', LANG: 'de_DE.UTF-8@euro' }, true],
    [{ LANG: 'de_DE' }, false],
  ])('is UTF-8 as %j says: %j', (environment, expected) => {
    expect(readsUtf8(environment)).toBe(expected);
  });

  it('is no text with a NUL anywhere', () => {
    expect(isText(Buffer.from('-C\n'))).toBe(true);
    expect(isText(Buffer.from('\xff\n', 'latin1'))).toBe(true);
    expect(isText(Buffer.from('-C\n-A\0\n'))).toBe(false);
  });

  it('is read to its end, however it comes', async () => {
    const bytes = Buffer.from('0123456789'.repeat(100_000));
    const source = sourceOf(bytes);
    let reads = 0;
    const grudging = {
      read: (buffer: Uint8Array) => {
        reads++;
        return source.read(buffer.subarray(0, 70_001));
      },
    };
    expect((await readAll(grudging)).equals(bytes)).toBe(true);
    expect(reads).toBe(16);
  });
});
