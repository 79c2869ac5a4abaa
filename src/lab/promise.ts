import type { KnownScheduler } from '../ipvs/scheduler.ts';

/** The least and the most requests that one server may get. */
export interface Share {
  readonly least: number;
  readonly most: number;
}

/** What a scheduler promises of how it spreads requests, and how to see that it keeps it. */
export interface SchedulerPromise {
  /** In words, to follow "promises:". */
  readonly sentence: string;
  /**
   * Whether it decides by the connections that are open. Its promise shows only while they stay
   * open: connections that ended count for little (`lc`, `wlc`) or not at all.
   */
  readonly countsOpenConnections: boolean;
  /** Weights with which the promise differs from an even spread, where it depends on them. */
  weights(servers: number, requests: number): readonly number[];
  /** The share of every server; `one` when a single one, whichever it is, gets everything. */
  expect(weights: readonly number[], requests: number): readonly Share[] | 'one';
}

/** Whether the requests were spread as promised, and what to tell if not. */
export interface Verdict {
  readonly kept: boolean;
  /** Such as `rs1 13 to 14, rs2 6 to 7`. */
  readonly expected: string;
  /** Such as `rs1 14, rs2 6`. */
  readonly seen: string;
}

/** A server, its weight, and how many requests it answered. */
export interface Tally {
  readonly name: string;
  readonly weight: number;
  readonly requests: number;
}

/** Compares what was seen with what the scheduler promises. */
export function judge(promise: SchedulerPromise, tallies: readonly Tally[]): Verdict {
  const total = tallies.reduce((sum, tally) => sum + tally.requests, 0);
  const seen = tallies.map(({ name, requests }) => `${name} ${requests}`).join(', ');
  const shares = promise.expect(
    tallies.map((tally) => tally.weight),
    total,
  );
  if (shares === 'one') {
    const answering = tallies.filter((tally) => tally.requests > 0).length;
    return { kept: answering === 1, expected: `all ${total} from one server`, seen };
  }
  const expected = tallies.map(({ name }, index) => `${name} ${formatShare(shares[index])}`);
  const kept = tallies.every(({ requests }, index) => {
    const share = shares[index];
    return share !== undefined && requests >= share.least && requests <= share.most;
  });
  return { kept: kept && total > 0, expected: expected.join(', '), seen };
}

function formatShare(share: Share | undefined): string {
  if (share === undefined) return 'none';
  return share.least === share.most ? `${share.least}` : `${share.least} to ${share.most}`;
}

/**
 * The shares when every request goes to a server whose cost, for what it has already, is lowest.
 * Which of several equal ones the kernel takes depends on the order of its list, so each server
 * is followed twice: winning all ties, and losing them.
 */
function cheapestFirst(
  weights: readonly number[],
  requests: number,
  cost: (has: number, weight: number) => number,
): readonly Share[] {
  const outcome = (followed: number, favoured: boolean): number => {
    const has = weights.map(() => 0);
    for (let request = 0; request < requests; request++) {
      const costs = weights.map((weight, index) => cost(has[index] ?? 0, weight));
      const lowest = Math.min(...costs);
      const cheapest = [...costs.keys()].filter((index) => costs[index] === lowest);
      const others = cheapest.filter((index) => index !== followed);
      const wins = cheapest.length > others.length && (favoured || others.length === 0);
      const winner = wins ? followed : (others[0] ?? followed);
      has[winner] = (has[winner] ?? 0) + 1;
    }
    return has[followed] ?? 0;
  };
  return weights.map((_, index) => ({ least: outcome(index, false), most: outcome(index, true) }));
}

/** Whole rounds are exact; of the round that is cut off, nobody has more than a round's worth. */
function rounds(weights: readonly number[], requests: number): readonly Share[] {
  const divisor = weights.reduce(greatestCommonDivisor, 0);
  const turns = weights.map((weight) => weight / divisor);
  const round = turns.reduce((sum, turn) => sum + turn, 0);
  const full = Math.floor(requests / round);
  const rest = requests % round;
  return turns.map((turn) => ({
    least: full * turn + Math.max(0, rest - (round - turn)),
    most: full * turn + Math.min(turn, rest),
  }));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function exactly(counts: readonly number[]): readonly Share[] {
  return counts.map((count) => ({ least: count, most: count }));
}

const alike = (servers: number): readonly number[] => Array.from({ length: servers }, () => 1);
/** The first server twice as strong as the others. */
const firstDouble = (servers: number): readonly number[] =>
  Array.from({ length: servers }, (_, index) => (index === 0 ? 2 : 1));
/** All different, the first the highest. */
const descending = (servers: number): readonly number[] =>
  Array.from({ length: servers }, (_, index) => servers - index);

const sticksToOne = (sentence: string): SchedulerPromise => ({
  sentence,
  countsOpenConnections: false,
  weights: alike,
  expect: () => 'one',
});

const leastLoaded = (
  sentence: string,
  weights: (servers: number) => readonly number[],
  cost: (has: number, weight: number) => number,
): SchedulerPromise => ({
  sentence,
  countsOpenConnections: true,
  weights,
  expect: (given, requests) => cheapestFirst(given, requests, cost),
});

/**
 * How far a server may be from its share under `twos`. The scheduler picks two servers at random,
 * so its promise is one of likelihood. A server that is ahead by d falls back three times as often
 * as it gains, so being ahead by 12 of 2 servers' requests has a chance of about 3^-12.
 */
const randomSpread = 6;

/** What each scheduler of the Linux tree promises to one client's requests. */
export const schedulerPromises: Readonly<Record<KnownScheduler, SchedulerPromise>> = {
  rr: {
    sentence: 'every server in turn, so all get the same',
    countsOpenConnections: false,
    weights: alike,
    expect: (weights, requests) =>
      rounds(
        weights.map(() => 1),
        requests,
      ),
  },
  wrr: {
    sentence: 'every server in turn, as often as its weight says',
    countsOpenConnections: false,
    weights: firstDouble,
    expect: rounds,
  },
  lc: leastLoaded('the server with the fewest open connections', alike, (has) => has),
  wlc: leastLoaded(
    'the server with the fewest open connections for its weight',
    firstDouble,
    (has, weight) => has / weight,
  ),
  sed: leastLoaded(
    'the server where one more connection costs least for its weight',
    firstDouble,
    (has, weight) => (has + 1) / weight,
  ),
  nq: leastLoaded('an idle server while there is one, then as sed', firstDouble, (has, weight) =>
    has === 0 ? 0 : (has + 1) / weight,
  ),
  sh: sticksToOne('a client always gets the same server, by its address'),
  dh: sticksToOne('an address that is asked for always gets the same server'),
  mh: sticksToOne('a client always gets the same server, by Maglev hashing of its address'),
  lblc: sticksToOne('an address that is asked for stays with its server until that is overloaded'),
  lblcr: sticksToOne(
    'an address that is asked for stays with its set of servers until they are overloaded',
  ),
  fo: {
    sentence: 'everything to the available server with the highest weight',
    countsOpenConnections: false,
    weights: descending,
    expect: (weights, requests) => {
      const chosen = weights.indexOf(Math.max(...weights));
      return exactly(weights.map((_, index) => (index === chosen ? requests : 0)));
    },
  },
  ovf: {
    sentence:
      'the server with the highest weight until it has more connections than that, then the next',
    countsOpenConnections: true,
    // The first fills up and the others have room for the rest, each less than the one before.
    weights: (servers, requests) => {
      const first = Math.max(servers, servers === 1 ? requests : Math.ceil(requests * 0.6));
      return Array.from({ length: servers }, (_, index) => first - index);
    },
    expect: (weights, requests) => {
      const has = weights.map(() => 0);
      for (let request = 0; request < requests; request++) {
        let chosen = -1;
        for (const [index, weight] of weights.entries()) {
          // A server is passed over once it has more connections than its weight.
          if ((has[index] ?? 0) > weight) continue;
          if (chosen < 0 || weight > (weights[chosen] ?? 0)) chosen = index;
        }
        if (chosen >= 0) has[chosen] = (has[chosen] ?? 0) + 1;
      }
      return exactly(has);
    },
  },
  twos: {
    sentence: 'of two servers picked at random the one with fewer connections for its weight',
    countsOpenConnections: true,
    weights: alike,
    expect: (weights, requests) => {
      const sum = weights.reduce((total, weight) => total + weight, 0);
      return weights.map((weight) => {
        const share = (requests * weight) / sum;
        return {
          least: Math.max(0, Math.floor(share - randomSpread)),
          most: Math.min(requests, Math.ceil(share + randomSpread)),
        };
      });
    },
  },
};
