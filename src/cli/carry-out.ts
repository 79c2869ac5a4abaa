import { withoutDataPathServices } from '../config/data-path-marks.ts';
import type { Ipvs } from '../ipvs/client.ts';
import type { ServiceState } from '../ipvs/table.ts';
import { applyPlan } from '../reconcile/apply.ts';
import { plural, summarisePlan } from '../reconcile/describe.ts';
import type { Plan } from '../reconcile/plan.ts';
import type { CommandContext } from './command-context.ts';
import { type OutputFormat, writeDocument } from './output/document.ts';
import { planDocument, planText } from './output/plan-document.ts';
import { progressOn } from './output/progress.ts';
import { styleFor } from './output/style.ts';

/** The table as it is, without what a running director has for its checks. */
export async function readTable(ipvs: Ipvs): Promise<readonly ServiceState[]> {
  return withoutDataPathServices(await ipvs.list({ consistent: true }));
}

/** Carries a plan out, all or nothing, showing how far it is. */
export async function carryOut(
  ipvs: Ipvs,
  plan: Plan,
  { stderr, signal }: CommandContext,
): Promise<void> {
  const progress = progressOn(stderr, 'changes');
  try {
    await applyPlan(ipvs, plan, { signal, onProgress: progress.show });
  } finally {
    progress.end();
  }
}

/** Says what a plan is, or was once it has been carried out. */
export async function reportPlan(
  plan: Plan,
  { output, dryRun }: { readonly output: OutputFormat; readonly dryRun?: boolean },
  { stdout, environment }: CommandContext,
): Promise<void> {
  if (output !== 'text') {
    await writeDocument(stdout, output, planDocument(plan, dryRun !== true));
  } else if (plan.changes.length === 0) {
    stdout.write('nothing to change\n');
  } else if (dryRun === true) {
    stdout.write(planText(plan, styleFor(stdout, environment)));
    stdout.write(`would ${summarisePlan(plan)}\n`);
  } else {
    stdout.write(`${plural(plan.steps.length, 'change')} made: ${summarisePlan(plan)}\n`);
  }
}
