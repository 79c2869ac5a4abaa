import type { Ipvs } from '../ipvs/client.ts';
import { IpvsError } from '../ipvs/ipvs-error.ts';
import { diffTables } from '../ipvs/table-diff.ts';
import {
  type Plan,
  type PlannedChange,
  type PlanStage,
  type PlanStep,
  stepsOf,
  subjectOf,
} from './plan.ts';
import { type PutBack, ReconcileError, type Refusal } from './reconcile-error.ts';

export interface ApplyOptions {
  /** Aborting puts back what was changed so far; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called as the work goes on, with the number of steps done, out of all. */
  readonly onProgress?: (done: number, all: number) => void;
}

/** The part of the client that applying a plan needs. */
export type PlanTarget = Pick<Ipvs, 'list' | 'transaction'>;

/** Between two of these the work can be told to end. */
const stepsAtOnce = 8192;
const stages: readonly PlanStage[] = ['services', 'destinations', 'removals'];

/**
 * Carries a plan out, all or nothing: when the kernel refuses a step, what was changed is put back.
 * Refused steps do not stop others of their stage, so that every refusal is told, but nothing is
 * removed unless all additions and edits were taken.
 *
 * Something that is to be removed and is gone already is no refusal.
 *
 * @throws {@link ReconcileError} with all refusals, after putting back what was changed.
 */
export async function applyPlan(
  ipvs: PlanTarget,
  plan: Plan,
  options: ApplyOptions = {},
): Promise<void> {
  const { signal, onProgress } = options;
  let begun = 0;
  try {
    signal?.throwIfAborted();
    for (const stage of stages) {
      const steps = plan.steps.filter((step) => step.stage === stage);
      const refusals: Refusal[] = [];
      for (let from = 0; from < steps.length; from += stepsAtOnce) {
        const some = steps.slice(from, from + stepsAtOnce);
        begun += some.length;
        refusals.push(...(await carryOut(ipvs, some)));
        onProgress?.(begun, plan.steps.length);
        signal?.throwIfAborted();
      }
      if (refusals.length > 0) throw new Refused(refusals);
    }
  } catch (error) {
    if (begun === 0) throw error;
    const refusals = error instanceof Refused ? error.refusals : [];
    const refused = new Set(refusals.filter(wasNotMade).map(({ change }) => change));
    const made = plan.steps.slice(0, begun).map(({ change }) => change);
    const outcome = await putBack(
      ipvs,
      plan,
      made.filter((change) => !refused.has(change)),
    );
    if (signal?.aborted && refusals.length === 0 && outcome.failures.length === 0) throw error;
    throw new ReconcileError(refusals, outcome, error instanceof Refused ? undefined : error);
  }
}

/** Carries the refusals of a stage to where they are answered. */
class Refused extends Error {
  readonly refusals: readonly Refusal[];
  constructor(refusals: readonly Refusal[]) {
    super('refused');
    this.refusals = refusals;
  }
}

async function carryOut(ipvs: PlanTarget, steps: readonly PlanStep[]): Promise<Refusal[]> {
  const results = await ipvs.transaction(steps.map(({ change }) => change));
  const refusals: Refusal[] = [];
  for (const [index, result] of results.entries()) {
    const step = steps[index];
    if (result.ok || step === undefined || isDone(step, result.error)) continue;
    refusals.push({ change: step.change, error: result.error });
  }
  return refusals;
}

/** What is refused because another program made it must not be taken from that. */
function wasNotMade({ error }: Refusal): boolean {
  return !(error instanceof IpvsError && error.code === 'IPVS_NO_ANSWER');
}

/** Whether the step's end is reached although the kernel refused it. */
function isDone({ change }: PlanStep, { code }: IpvsError): boolean {
  if (change.type === 'remove-service') return code === 'IPVS_SERVICE_NOT_FOUND';
  if (change.type !== 'remove-destination') return false;
  return code === 'IPVS_SERVICE_NOT_FOUND' || code === 'IPVS_DESTINATION_NOT_FOUND';
}

/**
 * Makes everything that the changes may have touched what it was before. It goes by the table as it is
 * now, not by what was answered: a step whose answer was lost is put back as well, and one that
 * another program undid is left.
 */
async function putBack(
  ipvs: PlanTarget,
  plan: Plan,
  made: readonly PlannedChange[],
): Promise<PutBack> {
  const touched = new Set<string>();
  const goneServices = new Set<string>();
  for (const change of made) {
    const subject = subjectOf(change);
    touched.add(subject);
    if (change.type === 'remove-service') goneServices.add(subject);
  }
  const isTouched = (change: Parameters<typeof subjectOf>[0]) =>
    touched.has(subjectOf(change)) || goneServices.has(subjectOf({ service: change.service }));
  const services = new Set(plan.changes.map(({ service }) => subjectOf({ service })));
  let changes: number;
  try {
    const now = await ipvs.list({ consistent: true });
    const affected = now.filter(({ key }) => services.has(subjectOf({ service: key })));
    const steps = stepsOf(diffTables(affected, plan.before).filter(isTouched));
    changes = steps.length;
    const failures: Refusal[] = [];
    for (const stage of stages) {
      for (const some of piecesOf(steps.filter((step) => step.stage === stage))) {
        failures.push(...(await carryOutEach(ipvs, some)));
      }
    }
    return { changes, failures };
  } catch (error) {
    return { changes: 0, failures: [{ change: undefined, error: error as Error }] };
  }
}

function* piecesOf(steps: readonly PlanStep[]): Generator<readonly PlanStep[]> {
  for (let from = 0; from < steps.length; from += stepsAtOnce) {
    yield steps.slice(from, from + stepsAtOnce);
  }
}

/**
 * As {@link carryOut}; but what was there may be what this library never sends, having been made by
 * another, and then the rest has to be put back all the same.
 */
async function carryOutEach(ipvs: PlanTarget, steps: readonly PlanStep[]): Promise<Refusal[]> {
  try {
    return await carryOut(ipvs, steps);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    const [step] = steps;
    if (steps.length === 1 && step !== undefined) return [{ change: step.change, error }];
    const middle = Math.ceil(steps.length / 2);
    return [
      ...(await carryOutEach(ipvs, steps.slice(0, middle))),
      ...(await carryOutEach(ipvs, steps.slice(middle))),
    ];
  }
}
