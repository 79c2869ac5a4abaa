import type { Ipvs } from '../ipvs/client.ts';
import type { ServiceKey } from '../ipvs/service.ts';
import type { ServiceState } from '../ipvs/table.ts';
import { type Plan, planChanges } from '../reconcile/plan.ts';
import type { CommandContext } from './command-context.ts';
import { writeDocument } from './output/document.ts';
import { planDocument, planText } from './output/plan-document.ts';
import { styleFor } from './output/style.ts';
import type { ShownOptions } from './table-options.ts';

/** Changes one service, and shows what it came to, as the kernel has it. */
export async function changeAndReport(
  ipvs: Ipvs,
  service: ServiceKey,
  options: ShownOptions,
  context: CommandContext,
  change: (before: ServiceState | undefined) => Promise<void>,
): Promise<void> {
  const before = await ipvs.find(service);
  await change(before);
  const after = await ipvs.find(service);
  await report(planChanges(listOf(before), listOf(after)), options, context);
}

async function report(
  plan: Plan,
  { output }: ShownOptions,
  { stdout, environment }: CommandContext,
): Promise<void> {
  if (output !== 'text') await writeDocument(stdout, output, planDocument(plan, true));
  else if (plan.changes.length === 0) stdout.write('it was so already\n');
  else stdout.write(planText(plan, styleFor(stdout, environment)));
}

function listOf(service: ServiceState | undefined): readonly ServiceState[] {
  return service === undefined ? [] : [service];
}
