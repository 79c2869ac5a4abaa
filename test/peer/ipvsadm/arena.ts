import { kernelIs } from '../../support/kernel.ts';
import { type Comparison, compareLines, outcomeLines, together } from './compare.ts';
import { runOurs } from './ours.ts';
import type { Outcome, Step } from './outcome.ts';
import type { RealIpvsadm } from './real.ts';
import { type Sequence, stepText } from './sequence.ts';
import { inFreshSpace, tableLines } from './spaces.ts';

/** What the table is asked for when a sequence is over, all of it by one program. */
const views: Step = {
  words: ['-R'],
  input: ['-Sn', '-Ln --thresholds', '-Ln --tun-info', '-L --daemon', '-L --timeout', ''].join(
    '\n',
  ),
};

/** Listings for which both programs read the same table, where even the order has to be the same. */
const listings: readonly Step[] = [
  views,
  {
    words: ['-R'],
    input: ['-Ln', '-Ln --nosort', '-S', '-Ln --stats', '-Ln --rate --exact', ''].join('\n'),
  },
];

/**
 * Since Linux 7.0 the size of the connection table, and the order in which the services of a
 * namespace are told, differ from one namespace to the next.
 */
const sizeDiffers = kernelIs('7.0');

function comparable(outcome: Outcome, anyOrder: boolean): string[] {
  const lines = outcomeLines(outcome).map((line) =>
    sizeDiffers ? line.replace(/(version 1\.2\.1 \(size=)\d+\)$/, '$1…)') : line,
  );
  return anyOrder ? lines.sort() : lines;
}

/**
 * Since Linux 7.1 the kernel also rearranges a table that has just grown, in the background; between
 * two listings even of one namespace, then. It comes to rest within this time.
 */
const restMs = 500;
const rearranges = kernelIs('7.1');

/** The listings of one table by both programs, once the kernel leaves it alone. */
async function listedAlike(
  real: RealIpvsadm,
  space: string,
  before: readonly Outcome[],
): Promise<readonly Comparison[]> {
  const compareWith = async (theirs: readonly Outcome[]) => {
    const ours = await runOurs(space, listings);
    return listings.map((_, index) =>
      compareLines(outcomeLines(theirs[index] as Outcome), outcomeLines(ours[index] as Outcome)),
    );
  };
  const first = await compareWith(before);
  if (!rearranges || first.every(({ difference }) => difference === '')) return first;
  await new Promise((resolve) => setTimeout(resolve, restMs));
  return await compareWith(await real.run(space, listings));
}

const title = (step: Step) => `$ ipvsadm ${stepText(step)}`;

/** Where the real one crashes, ours has to refuse. Nothing there counts as the same. */
function besideACrash(real: Outcome, ours: Outcome): Comparison {
  if (ours.status === 2 && ours.stderr !== '') return { same: 0, all: 0, difference: '' };
  return compareLines(outcomeLines(real), outcomeLines(ours));
}

/** Runs a sequence with both programs, and compares everything that can be seen of it. */
export async function compareSequence(real: RealIpvsadm, sequence: Sequence): Promise<Comparison> {
  const { links, steps, anyOrder } = sequence;
  return await inFreshSpace(links, async (theirs) => {
    return await inFreshSpace(links, async (space) => {
      const outcomes = await real.run(theirs.path, [...steps, views, ...listings]);
      const [theirViews, ...theirListings] = outcomes.slice(steps.length);
      const ourOutcomes = await runOurs(space.path, steps);
      const ourTable = await tableLines(space.name);
      const [ourViews] = await real.run(space.path, [views]);
      const listed = await listedAlike(real, theirs.path, theirListings);
      const compared = (one: Outcome | undefined, other: Outcome | undefined) => {
        if (one === undefined || other === undefined) throw new Error('an outcome is missing');
        if (typeof one.status === 'string') return besideACrash(one, other);
        return compareLines(comparable(one, anyOrder), comparable(other, anyOrder));
      };
      return together([
        ...steps.map(
          (step, index) => [title(step), compared(outcomes[index], ourOutcomes[index])] as const,
        ),
        ['the table as ipvsadm sees it', compared(theirViews, ourViews)],
        ['the table as the library sees it', compareLines(await tableLines(theirs.name), ourTable)],
        ...listings.map(
          (step, index) =>
            [`the same table listed with ${title(step)}`, listed[index] as Comparison] as const,
        ),
      ]);
    });
  });
}
