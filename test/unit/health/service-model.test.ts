import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeclaredService } from '../../../src/config/director-config.ts';
import type { CheckResult } from '../../../src/health/check-result.ts';
import type { Override } from '../../../src/health/server-health.ts';
import { ServiceHealth } from '../../../src/health/service-health.ts';
import { checkOf, fallbackOf, kernelOf, serviceOf } from '../../support/health.ts';

const rise = 2;
const fall = 3;
const servers = 4;

/** What happens to a service. */
type Step =
  | {
      readonly type: 'result';
      readonly server: number;
      readonly passed: boolean;
      readonly times: number;
    }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'override'; readonly server: number; readonly override: Override };

const server = fc.nat({ max: servers - 1 });
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('result' as const),
        server,
        passed: fc.boolean(),
        times: fc.integer({ min: 1, max: 4 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('wait' as const),
        ms: fc.constantFrom(100, 1000, 7000, 200_000),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('override' as const),
        server,
        override: fc.record(
          {
            mode: fc.constantFrom('ready' as const, 'drain' as const, 'maint' as const),
            weight: fc.constantFrom(0, 5),
          },
          { requiredKeys: ['mode'] },
        ),
      }),
    },
  ),
  { maxLength: 40 },
);

const policies = fc.record({
  quorum: fc
    .integer({ min: 1, max: 25 })
    .chain((weight) =>
      fc.record({ weight: fc.constant(weight), hysteresis: fc.nat({ max: weight - 1 }) }),
    ),
  fallback: fc.constantFrom(undefined, fallbackOf()),
  onFailure: fc.constantFrom('inhibit' as const, 'remove' as const),
  onAllDown: fc.constantFrom('keep' as const, 'fallback' as const, 'down' as const),
  panicBelow: fc.constantFrom(0, 0, 0.5),
  slowStartMs: fc.constantFrom(0, 10_000),
});
const weights = fc.array(fc.integer({ min: 0, max: 12 }), {
  minLength: servers,
  maxLength: servers,
});
const kernels = fc.array(fc.constantFrom(undefined, 0, 'full' as const), {
  minLength: servers,
  maxLength: servers,
});

/**
 * One server as a story: everything that was ever said of it, looked through from the beginning each
 * time that something is asked.
 */
interface Story {
  readonly weight: number;
  readonly found: number | undefined;
  readonly results: { readonly at: number; readonly passed: boolean }[];
  override: Override;
  /** What it had when it went down; what an operator says of the weight later does not count. */
  lastWeight: number;
}

/** The moments at which it turned, and what it was from then on. */
function turnsOf({
  found,
  weight,
  results,
}: Story): { at: number | undefined; healthy: boolean }[] {
  const isNew = found === undefined;
  const turns: { at: number | undefined; healthy: boolean }[] = [
    { at: undefined, healthy: !isNew && (found > 0 || weight === 0) },
  ];
  let run = 0;
  for (const [index, { at, passed }] of results.entries()) {
    run = index > 0 && results[index - 1]?.passed === passed ? run + 1 : 1;
    const healthy = turns.at(-1)?.healthy;
    const turnsNow = run >= (passed ? rise : fall) || (isNew && index === 0 && passed);
    if (turnsNow && healthy !== passed) turns.push({ at, healthy: passed });
  }
  return turns;
}

const healthyIn = (story: Story) => turnsOf(story).at(-1)?.healthy ?? false;
const fullWeightOf = (story: Story) => story.override.weight ?? story.weight;
const isCapable = (story: Story) => story.override.mode === 'ready' && fullWeightOf(story) > 0;

/** Its weight while it is up: less than the whole for ten steps after it has recovered. */
function grownWeight(story: Story, now: number, slowStartMs: number): number {
  const full = fullWeightOf(story);
  const turns = turnsOf(story);
  const up = turns.at(-1);
  const hasFailed = turns
    .slice(0, -1)
    .some((turn, index) => turn.healthy || (index === 0 && story.found === 0));
  if (slowStartMs === 0 || up?.at === undefined || !hasFailed || full === 0) return full;
  const step = Math.min(10, Math.floor((now - up.at) / (slowStartMs / 10)) + 1);
  return Math.max(1, Math.round((full * step) / 10));
}

describe('a service under everything that can happen to it', () => {
  it('has the weights that its story tells', () => {
    fc.assert(
      fc.property(policies, weights, kernels, steps, (policy, configured, kernel, story) => {
        // Where weights are kept, how they grow depends on what was kept: that is not modelled.
        const slowStartMs =
          policy.onAllDown === 'keep' || policy.panicBelow > 0 ? 0 : policy.slowStartMs;
        const declared = declare(configured, { ...policy, slowStartMs });
        const found = configured.map((weight, n) => (kernel[n] === 'full' ? weight : kernel[n]));
        const health = new ServiceHealth(declared, {
          now: 0,
          found: kernelOf(declared, found as (number | undefined)[]),
        });
        health.settle(0);
        const stories = configured.map(
          (weight, n): Story => ({
            weight,
            found: found[n] as number | undefined,
            results: [],
            override: { mode: 'ready' },
            lastWeight: 0,
          }),
        );
        let now = 0;
        let hasQuorum = judgeQuorum(stories, policy.quorum, true);
        for (const step of story) {
          now = carryOut(step, health, stories, now, () => {
            hasQuorum = judgeQuorum(stories, policy.quorum, hasQuorum);
          });
          const { mode, servers: desired, fallback } = health.desired(now);
          const capable = stories.filter(isCapable);
          const live = capable.filter(healthyIn).length;
          expect(health.desired(now).hasQuorum).toBe(hasQuorum);
          if (mode === 'panic') {
            const tooFew =
              live === 0 ? policy.onAllDown === 'keep' : live < capable.length * policy.panicBelow;
            expect(tooFew).toBe(true);
            expect(desired.some(({ state }) => state === 'kept')).toBe(true);
          } else if (policy.fallback !== undefined && (live === 0 || !hasQuorum)) {
            expect(mode).toBe('fallback');
          } else if (capable.length === 0) expect(mode).toBe('idle');
          else expect(mode).toBe(live === 0 ? 'down' : 'serving');
          expect(fallback?.weight).toBe(mode === 'fallback' ? 1 : undefined);
          for (const [index, one] of stories.entries()) {
            const { state, destination } = desired[index] ?? { state: 'none' };
            expect(destination?.weight).toBe(
              weightByStory(one, state === 'kept', mode, now, policy.onFailure, slowStartMs),
            );
            // Only who may serve, is down, and served once, has a weight to keep.
            if (state === 'kept') {
              expect(isCapable(one) && !healthyIn(one)).toBe(true);
              expect(mode).toBe('panic');
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never takes the last weight of a service that served, unless that is wanted', () => {
    fc.assert(
      fc.property(weights, steps, (configured, story) => {
        const declared = declare(
          configured.map((weight) => weight + 1),
          {},
        );
        const health = new ServiceHealth(declared, {
          now: 0,
          found: kernelOf(
            declared,
            configured.map((weight) => weight + 1),
          ),
        });
        health.settle(0);
        const stories = configured.map(
          (weight): Story => ({
            weight,
            found: weight + 1,
            results: [],
            override: { mode: 'ready' },
            lastWeight: 0,
          }),
        );
        let now = 0;
        for (const step of story) {
          if (step.type === 'override') continue;
          now = carryOut(step, health, stories, now, () => undefined);
          const total = health
            .desired(now)
            .servers.reduce((sum, { destination }) => sum + (destination?.weight ?? 0), 0);
          expect(total).toBeGreaterThan(0);
        }
      }),
      { numRuns: 200 },
    );
  });
});

function declare(
  configured: readonly number[],
  policy: Partial<DeclaredService['policy']>,
): DeclaredService {
  const outlines = configured.map((weight, n) => {
    const address = `10.0.0.${n + 1}`;
    return { address, weight, check: checkOf(address, { kind: 'tcp' }, { rise, fall }) };
  });
  return serviceOf('web', outlines, policy);
}

function carryOut(
  step: Step,
  health: ServiceHealth,
  stories: readonly Story[],
  now: number,
  each: () => void,
): number {
  if (step.type === 'wait') {
    health.settle(now + step.ms);
    each();
    return now + step.ms;
  }
  const server = [...health.servers.values()][step.server];
  const story = stories[step.server];
  const [leaf] = server?.leaves ?? [];
  if (server === undefined || story === undefined || leaf === undefined) throw new Error('lost');
  if (step.type === 'override') {
    story.override = step.override;
    health.override(server, step.override, now);
    each();
    return now;
  }
  for (let time = 0; time < step.times; time++) {
    const result: CheckResult = { passed: step.passed, code: 'L4OK', detail: '', durationMs: 1 };
    const was = healthyIn(story);
    story.results.push({ at: now, passed: step.passed });
    if (was && !healthyIn(story)) story.lastWeight = fullWeightOf(story);
    health.record(server, leaf, result, now);
    each();
  }
  return now;
}

function judgeQuorum(
  stories: readonly Story[],
  { weight, hysteresis }: { readonly weight: number; readonly hysteresis: number },
  had: boolean,
): boolean {
  const sum = (some: readonly Story[]) => some.reduce((total, one) => total + fullWeightOf(one), 0);
  const capable = stories.filter(isCapable);
  const live = sum(capable.filter(healthyIn));
  if (live === 0 || live < weight - hysteresis) return false;
  return had || live >= weight + hysteresis || (live >= weight && live === sum(capable));
}

function weightByStory(
  story: Story,
  isKept: boolean,
  mode: string,
  now: number,
  onFailure: string,
  slowStartMs: number,
): number | undefined {
  if (story.override.mode === 'maint') return undefined;
  if (story.override.mode === 'drain') return 0;
  if (isKept) return story.lastWeight;
  if (!healthyIn(story)) return onFailure === 'remove' ? undefined : 0;
  return mode === 'fallback' ? 0 : grownWeight(story, now, slowStartMs);
}
