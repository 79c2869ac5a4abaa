import type { ListCommand } from '../../formats/ipvsadm/command.ts';
import { listDaemons } from '../../formats/ipvsadm/daemons.ts';
import { listService, listTable, versionLine } from '../../formats/ipvsadm/listing.ts';
import { saveRules } from '../../formats/ipvsadm/rules.ts';
import { listTimeouts } from '../../formats/ipvsadm/timeouts.ts';
import { command } from '../../native/ipvs-records.ts';
import { errnoOf, errorText, type Kernel } from './kernel.ts';
import { runListConnections } from './list-connections.ts';
import type { Run } from './run.ts';

/** Runs `-L`. Resolves to the exit code; one that is not 0 ends the program. */
export async function runList(list: ListCommand, run: Run, kernel: Kernel): Promise<number> {
  const { outputs } = run;
  const { table, info } = kernel;
  const statistics = list.layout.statistics === true || list.layout.rates === true;
  const options = { ...list.layout, sort: list.sort, names: list.numeric ? undefined : run.names };
  switch (list.what) {
    case 'connections':
      return await runListConnections(list, run);
    case 'table':
      try {
        const services = await table.list(statistics);
        for (const piece of listTable(info, services, options)) outputs.print(piece);
      } catch (error) {
        outputs.print(versionLine(info));
        return refused(run, error);
      }
      return 0;
    case 'service': {
      const service = await table.find(list.service, statistics).catch((error) => error);
      if (service instanceof Error) return refused(run, service);
      if (service === undefined) {
        outputs.complain('No such service\n');
        return 1;
      }
      for (const piece of listService(service, options)) outputs.print(piece);
      return 0;
    }
    case 'timeouts':
      return await printed(table.timeouts().then(listTimeouts), run);
    case 'daemons':
      return await printed(table.syncDaemons().then(listDaemons), run);
  }
}

/** Prints what the kernel tells; when it tells nothing, ipvsadm ends without a word. */
async function printed(text: Promise<string>, { outputs }: Run): Promise<number> {
  try {
    outputs.print(await text);
    return 0;
  } catch (error) {
    errnoOf(error);
    return 1;
  }
}

/** Runs `-S`. */
export async function runSave(numeric: boolean, run: Run, { table }: Kernel): Promise<number> {
  try {
    const services = await table.list(false);
    for (const piece of saveRules(services, { names: numeric ? undefined : run.names })) {
      run.outputs.print(piece);
    }
  } catch (error) {
    return refused(run, error);
  }
  return 0;
}

function refused({ outputs }: Run, error: unknown): number {
  outputs.complain(`${errorText(command.getService, errnoOf(error))}\n`);
  return 1;
}
