import { describe, expect, it } from 'vitest';
import {
  isText,
  readAll,
  sourceOf,
  withoutComments,
} from '../../../../src/cli/ipvsadm/restore-input.ts';

const kept = (text: string) => withoutComments(Buffer.from(text, 'latin1')).toString('latin1');

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
