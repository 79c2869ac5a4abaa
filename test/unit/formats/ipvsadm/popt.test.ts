import { describe, expect, it } from 'vitest';
import { type Option, OptionReader } from '../../../../src/formats/ipvsadm/popt.ts';

type Tag = 'all' | 'name' | 'maybe' | 'quiet';

const options: readonly Option<Tag>[] = [
  { tag: 'all', long: 'all', short: 'a', takes: 'flag' },
  { tag: 'name', long: 'name', short: 'n', takes: 'value' },
  { tag: 'maybe', long: 'maybe', short: 'm', takes: 'maybe-value' },
  { tag: 'quiet', long: 'quiet', takes: 'flag' },
];

/** Everything that is found, in short, and the words left over behind "rest". */
function read(words: readonly string[], posix = false): string[] {
  const reader = new OptionReader(words, options, posix);
  const found: string[] = [];
  for (;;) {
    const next = reader.next();
    if (next.type === 'option') {
      found.push(next.value === undefined ? next.tag : `${next.tag}=${next.value}`);
    } else {
      if (next.type === 'fault') found.push(`${reader.word}: ${next.fault}`);
      if (reader.rest.length > 0) found.push(`rest ${reader.rest.join(',')}`);
      return found;
    }
  }
}

describe('the options of popt', () => {
  it.each([
    [
      ['--all', '-a'],
      ['all', 'all'],
    ],
    [['-aa'], ['all', 'all']],
    [['--name', 'x'], ['name=x']],
    [['--name=x'], ['name=x']],
    [['--name='], ['name=']],
    [['--name=a=b'], ['name=a=b']],
    [['-n', 'x'], ['name=x']],
    [['-nx'], ['name=x']],
    [['-n=x'], ['name=x']],
    [['-n=='], ['name==']],
    [['-anx'], ['all', 'name=x']],
    [
      ['-an', 'x'],
      ['all', 'name=x'],
    ],
    [['-na'], ['name=a']],
    [['-n', '-a'], ['name=-a']],
    [['--name', '--'], ['name=--']],
  ])('of %j are %j', (words, found) => {
    expect(read(words)).toEqual(found);
  });

  it.each([
    [['-m'], ['maybe']],
    [
      ['-m', '-a'],
      ['maybe', 'all'],
    ],
    [
      ['-m', '5', '-a'],
      ['maybe=5', 'all'],
    ],
    [['-m5'], ['maybe=5']],
    [['-ma'], ['maybe=a']],
    [['--maybe=5'], ['maybe=5']],
    [['-m', ''], ['maybe=']],
  ])('take a value that may be left out: %j are %j', (words, found) => {
    expect(read(words)).toEqual(found);
  });

  it.each([
    [['-x'], ['-x: unknown option']],
    [['-ax'], ['all', '-ax: unknown option']],
    [['--nam', 'x'], ['--nam: unknown option']],
    [['---all'], ['---all: unknown option']],
    [['--=x'], ['--=x: unknown option']],
    [['-all'], ['all', '-all: unknown option']],
    [['-n'], ['-n: missing argument']],
    [
      ['-a', '--name'],
      ['all', '--name: missing argument'],
    ],
    [['--all=x'], ['--all=x: option does not take an argument']],
    [['--all='], ['--all=: option does not take an argument']],
    [['-a=x'], ['-a=x: option does not take an argument']],
    [
      ['--quiet', '-q'],
      ['quiet', '-q: unknown option'],
    ],
    [['-\xe4'], ['-\xe4: unknown option']],
  ])('have faults: %j ends in %j', (words, found) => {
    expect(read(words)).toEqual(found);
  });

  it('are found behind words that are none, which are kept apart in their order', () => {
    expect(read(['x', '-a', '-', '', 'y'])).toEqual(['all', 'rest x,-,,y']);
    expect(read(['-a', '--', '-a', '--name'])).toEqual(['all', 'rest -a,--name']);
  });

  it('end at the first other word where POSIX is to be followed', () => {
    expect(read(['-a', 'x', '-a'], true)).toEqual(['all', 'rest x,-a']);
  });

  it('have a later word filled in for the placeholder, which uses that word up', () => {
    expect(read(['-n', '!#:+', 'x', '-a', 'y'])).toEqual(['name=x', 'all', 'rest y']);
    expect(read(['-na!#:+b!#:+', '-a', 'x'])).toEqual(['name=axbx', 'all']);
    expect(read(['-n!#:+', '-n!#:+', 'x', 'y'])).toEqual(['name=x', 'name=y']);
    expect(read(['-n!#:+', '$&'])).toEqual(['name=$&']);
    expect(read(['-n!#:+', '-a'])).toEqual(['name=!#:+', 'all']);
    expect(read(['-n!#', 'x'])).toEqual(['name=!#', 'rest x']);
  });

  it('take a word that was used up for the value of an option all the same', () => {
    expect(read(['-n!#:+', '-n', 'x'])).toEqual(['name=x', 'name=x']);
  });
});
