import type { ListCommand } from '../../formats/ipvsadm/command.ts';
import { listDaemons } from '../../formats/ipvsadm/daemons.ts';
import { headings, listServices, versionLine } from '../../formats/ipvsadm/listing.ts';
import { saveRules } from '../../formats/ipvsadm/rules.ts';
import { listTimeouts } from '../../formats/ipvsadm/timeouts.ts';
import { servicesOf } from '../../ipvs/table.ts';
import type { NativeTable } from '../../native/ipvs.ts';
import { command } from '../../native/ipvs-records.ts';
import { loadAddon } from '../../native/load.ts';
import { errnoOf, errorText, type Kernel } from './kernel.ts';
import { runListConnections } from './list-connections.ts';
import type { Run } from './run.ts';

/** Runs `-L`. Resolves to the exit code; one that is not 0 ends the program. */
export async function runList(list: ListCommand, run: Run, kernel: Kernel): Promise<number> {
  const { outputs } = run;
  const { table, info } = kernel;
  const statistics = list.layout.statistics === true || list.layout.rates === true;
  switch (list.what) {
    case 'connections':
      return await runListConnections(list, run);
    case 'table':
      outputs.print(versionLine(info));
      try {
        printServices(await table.read(statistics), list, run);
      } catch (error) {
        return refused(run, error);
      }
      return 0;
    case 'service': {
      const found = await table.readService(list.service, statistics).catch((error) => error);
      if (found instanceof Error) return refused(run, found);
      if (found.services.byteLength === 0) {
        outputs.complain('No such service\n');
        return 1;
      }
      printServices(found, list, run);
      return 0;
    }
    case 'timeouts':
      return await printed(table.timeouts().then(listTimeouts), run);
    case 'daemons':
      return await printed(table.syncDaemons().then(listDaemons), run);
  }
}

function printServices(table: NativeTable, list: ListCommand, run: Run): void {
  const { outputs, names } = run;
  const { layout, sort, numeric } = list;
  const { statistics = false, exact = false, rates, thresholds } = layout;
  const other = rates || thresholds || layout.persistentConnections || layout.tunnels;
  if (numeric && (statistics || !other)) {
    // Numbers in the columns that large tables are listed in: the addon has a short way.
    outputs.print(headings(layout));
    outputs.print(loadAddon().tableLines(table, { statistics, exact, sort }));
    return;
  }
  const options = { ...layout, sort, names: numeric ? undefined : names };
  for (const piece of listServices(servicesOf(table), options)) outputs.print(piece);
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
    const services = servicesOf(await table.read(false));
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
