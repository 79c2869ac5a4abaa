import type { Ipvs } from '../ipvs/client.ts';
import type { IpvsErrorCode } from '../ipvs/ipvs-error.ts';
import { formatServiceKey } from '../ipvs/service.ts';
import { type PlanStep, subjectOf } from '../reconcile/plan.ts';

/** A change that the kernel did not take. */
export interface RefusedStep {
  readonly service: string;
  readonly subject: string;
  readonly reason: string;
}

export interface CarriedOut {
  /** How many changes were made. */
  readonly changes: number;
  readonly refusals: readonly RefusedStep[];
  /** The services that may not be what the plan would have made of them. */
  readonly unsure: ReadonlySet<string>;
  /** Whether others have changed the table since it was read. */
  readonly raced: boolean;
}

/** The table is not what the plan was made for, or it is not known what became of a step. */
const races: ReadonlySet<IpvsErrorCode> = new Set([
  'IPVS_SERVICE_EXISTS',
  'IPVS_SERVICE_NOT_FOUND',
  'IPVS_DESTINATION_EXISTS',
  'IPVS_DESTINATION_NOT_FOUND',
  'IPVS_NO_ANSWER',
]);

const stages = ['services', 'destinations', 'removals'] as const;

/**
 * Carries out the steps of a plan, stage by stage, as many as the kernel takes: what is refused is
 * told, and stops nothing but what depends on it.
 *
 * @throws IpvsError when nothing can be changed at all.
 */
export async function carryOut(
  ipvs: Pick<Ipvs, 'transaction'>,
  steps: readonly PlanStep[],
): Promise<CarriedOut> {
  const refusals: RefusedStep[] = [];
  const unsure = new Set<string>();
  const missing = new Set<string>();
  let changes = 0;
  let raced = false;
  for (const stage of stages) {
    const some = steps.filter(
      ({ stage: own, change }) => own === stage && !missing.has(formatServiceKey(change.service)),
    );
    if (some.length === 0) continue;
    const results = await ipvs.transaction(some.map(({ change }) => change));
    for (const [index, { change }] of some.entries()) {
      const result = results[index];
      if (result === undefined || result.ok) {
        changes++;
        continue;
      }
      const service = formatServiceKey(change.service);
      unsure.add(service);
      if (change.type === 'add-service') missing.add(service);
      const { code, message } = result.error;
      if (races.has(code)) raced = true;
      else refusals.push({ service, subject: subjectOf(change), reason: message });
    }
  }
  return { changes, refusals, unsure, raced };
}
