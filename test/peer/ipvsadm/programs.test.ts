import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareLines, outcomeLines, together } from './compare.ts';
import { useOwnNames } from './name-files.ts';
import type { Outcome } from './outcome.ts';
import { type ProgramStep, runPrograms } from './programs.ts';
import { RealIpvsadm } from './real.ts';
import { countingAs } from './results.ts';
import { corpus, stepText } from './sequence.ts';
import { inFreshSpace, tableLines } from './spaces.ts';

let real: RealIpvsadm;
beforeAll(async () => {
  real = await RealIpvsadm.start();
});
afterAll(() => real.stop());
useOwnNames();

const count = countingAs('programs');

/** Runs the real programs and ours as processes, and compares what they say and what they leave. */
async function comparePrograms(steps: readonly ProgramStep[]): Promise<void> {
  await inFreshSpace(['sync0'], async (theirs) => {
    await inFreshSpace(['sync0'], async (space) => {
      const wanted = await runPrograms('real', theirs.path, steps);
      const found = await runPrograms('ours', space.path, steps);
      const comparison = together([
        ...steps.map((step, index) => {
          const title = `$ ${step.program ?? 'ipvsadm'} ${stepText(step)}`;
          const [one, other] = [wanted[index] as Outcome, found[index] as Outcome];
          return [title, compareLines(outcomeLines(one), outcomeLines(other))] as const;
        }),
        ['the table', compareLines(await tableLines(theirs.name), await tableLines(space.name))],
      ]);
      count(expect.getState().currentTestName ?? '', comparison);
      expect(comparison.difference).toBe('');
    });
  });
}

const table = [
  '-A -t 10.0.0.1:80 -s rr -p 60',
  '-a -t 10.0.0.1:80 -r 10.0.0.4:8080 -m -w 5',
  '-A -u 10.0.0.1:53 -s sh -b sh-port -o',
  '-A -f 7 -6 -s wlc',
].join('\n');

describe('as processes of their own', () => {
  // Few of the corpus, and few steps of each: Node takes its time to start in a guest.
  const samples = corpus()
    .flatMap(({ name, sequences }) => sequences.map((one) => ({ ...one, name })))
    .filter((_, index) => index % 100 === 20)
    .map(({ name, title, steps }) => [`${name}: ${title}`, steps.slice(0, 2)] as const);

  it.each(samples)('%s', async (_title, steps) => {
    await comparePrograms(steps);
  });

  it('rules come in by a pipe and go out', async () => {
    await comparePrograms([
      { words: ['-R'], input: `${table}\n` },
      { words: ['-Sn'] },
      { words: [] },
    ]);
  });

  it('ipvsadm-save prints the table with names and without', async () => {
    await comparePrograms([
      { words: ['-R'], input: table },
      { program: 'ipvsadm-save', words: [] },
      { program: 'ipvsadm-save', words: ['-n'] },
      { program: 'ipvsadm-save', words: ['-x'] },
      { program: 'ipvsadm-save', words: ['more'] },
    ]);
  });

  it('ipvsadm-restore replaces the table, and passes over comments', async () => {
    const rules = `# saved\n${table}\n#-A -t 10.0.0.9:80\n`;
    await comparePrograms([
      { words: ['-A', '-t', '10.0.0.2:80'] },
      { program: 'ipvsadm-restore', words: [], input: rules },
      { program: 'ipvsadm-restore', words: [], input: '-A -t 10.0.0.3:80\n-A -t 10.0.0.3:x\n' },
    ]);
  });

  it('ipvsadm-restore of nothing clears the table', async () => {
    await comparePrograms([
      { words: ['-R'], input: table },
      { program: 'ipvsadm-restore', words: [], input: '' },
      { words: ['-R'], input: table },
      { program: 'ipvsadm-restore', words: ['-n'], input: '\n\n# nothing\n' },
    ]);
  });

  it('ipvsadm-restore says of what is no text what the real one says', async () => {
    await comparePrograms([
      { words: ['-R'], input: table },
      { program: 'ipvsadm-restore', words: [], input: '-A -t 10.0.0.5:80\n\0\n' },
      {
        program: 'ipvsadm-restore',
        words: [],
        input: '-A -t 10.0.0.6:80\n# \xff\n\xff\xfe\n-A -t 10.0.0.7:80\n',
      },
    ]);
  });

  it('words that are no text arrive byte for byte', async () => {
    await comparePrograms([{ words: ['-A', '-t', '10.0.0.1:80', '-b', '\xff\xfe \xc3'] }]);
  });
});

describe('as a shell starts them', () => {
  it.each([
    [
      'output and errors come in the same order',
      `printf '%s\\n' '-A -f 5' -Ln '-A -f 5' -Ln '-A -q' '-Ln -f 6' -Ln | ipvsadm -R 2>&1`,
    ],
    ['output that cannot be written is no error', 'ipvsadm -Ln >/dev/full && ipvsadm -Ln >&-'],
    ['a folder is no rules, and neither is nothing', 'ipvsadm -R </ && ipvsadm -R <&-'],
    ['POSIXLY_CORRECT ends the options', 'POSIXLY_CORRECT=1 ipvsadm -L more -n'],
  ])('%s', async (_title, script) => {
    await comparePrograms([{ program: 'sh', words: ['-c', script] }]);
  });
});

describe('the reference', () => {
  it('says in one process for many steps what it says in one for each', async () => {
    const steps = corpus()
      .filter(({ name }) => ['options', 'restore', 'services'].includes(name))
      .flatMap(({ sequences }) => sequences)
      .filter((_, index) => index % 10 === 3)
      .flatMap(({ steps: all }) => all);
    await inFreshSpace([], async (one) => {
      await inFreshSpace([], async (other) => {
        expect(await real.run(one.path, steps, true)).toEqual(await real.run(other.path, steps));
      });
    });
  });
});
