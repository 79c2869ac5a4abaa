import { describe, expect, it } from 'vitest';
import { compareSequence } from './arena.ts';
import { compareLines, outcomeLines } from './compare.ts';
import type { RealIpvsadm } from './real.ts';
import { RealIpvsadm as Real } from './real.ts';
import { corpus, parseSequences, stepText } from './sequence.ts';

describe('the comparison', () => {
  it('shows lines that only one has, with what cannot be seen', () => {
    const real = outcomeLines({ status: 0, stdout: 'one\ntwo \n', stderr: '' });
    const ours = outcomeLines({ status: 255, stdout: 'one\ntwo', stderr: 'three\n' });
    expect(compareLines(real, ours)).toEqual({
      same: 1,
      all: 6,
      difference: [
        '- exit status 0',
        '+ exit status 255',
        '  stdout: one',
        '- stdout: two ',
        '+ stdout: two\\\\',
        '+ stderr: three',
      ].join('\n'),
    });
  });

  it.each([
    ['a change', ['-A -t 10.0.0.1:80', '-A -t 10.0.0.1:80 -s rr'], /-.*"wlc".*\n\+.*"rr"/],
    ['an error', ['-A -t 10.0.0.1:80', '-A -t 10.0.0.1:x'], /\+ stderr: illegal virtual server/],
    ['a timeout', ['--set 1 2 3', '--set 1 2 4'], /-.*Timeout.* 1 2 3\n\+.*Timeout.* 1 2 4/],
  ])('sees %s that one made otherwise', async (_what, [theirs = '', ours = ''], expected) => {
    const real = await Real.start();
    try {
      // The real one is given other words than ours.
      const other = parseSequences(`== a\n${theirs}\n`)[0]?.steps ?? [];
      const misled = {
        run: (netns: string, steps: Parameters<RealIpvsadm['run']>[1]) =>
          real.run(netns, steps.length > other.length ? [...other, ...steps.slice(1)] : steps),
      } as RealIpvsadm;
      const [sequence] = parseSequences(`== a\n${ours}\n`);
      if (sequence === undefined) throw new Error('no sequence');
      expect((await compareSequence(misled, sequence)).difference).toMatch(expected);
    } finally {
      await real.stop();
    }
  });
});

describe('the corpus', () => {
  it('reads words, input and what is to be there before', () => {
    const text = [
      '# a comment',
      '== quoted',
      '@ link a b',
      '@ any-order',
      `-A 'a "b"' "c\\x00\\n" d'e'"f" ''`,
      '-R',
      '| one\\t',
      '|',
      '|- \\(ab*3)',
      '-',
    ].join('\n');
    expect(parseSequences(text)).toEqual([
      {
        title: 'quoted',
        links: ['a', 'b'],
        anyOrder: true,
        steps: [
          { words: ['-A', 'a "b"', 'c\0\n', 'def', ''] },
          { words: ['-R'], input: 'one\t\n\nababab' },
          { words: [] },
        ],
      },
    ]);
  });

  it.each([
    ['-A', 'line 1: no title yet'],
    ['== a\n-A "b', 'line 2: a quote has no end'],
    ['== a\n@ nothing', 'line 2: unknown preparation'],
    ['== a\n| b', 'line 2: there is no command for this input'],
    ['== a\n-A "\\q"', 'line 2: \\q is no escape'],
    ['== a\n-A\n== a\n-A', 'a: is there twice'],
    ['== a', 'a: has no command'],
  ])('refuses %j', (text, message) => {
    expect(() => parseSequences(text)).toThrow(message);
  });

  it('has more than four hundred sequences, each of which can be written as it was read', () => {
    const sequences = corpus().flatMap((subject) => subject.sequences);
    expect(sequences.length).toBeGreaterThanOrEqual(400);
    for (const { steps } of sequences) {
      const [again] = parseSequences(`== again\n${steps.map(stepText).join('\n')}\n`);
      expect(again?.steps).toEqual(steps);
    }
  });
});
