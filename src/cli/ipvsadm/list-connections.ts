import type { ListCommand } from '../../formats/ipvsadm/command.ts';
import { type MakeRows, rowMaker } from '../../formats/ipvsadm/connection-rows.ts';
import { type ConnectionListingEnd, listConnections } from '../../formats/ipvsadm/connections.ts';
import { loadAddon } from '../../native/load.ts';
import type { NativeDescriptor } from '../../native/system.ts';
import type { Run } from './run.ts';

const path = '/proc/net/ip_vs_conn';

/** Runs `-L -c`. Resolves to the exit code. */
export async function runListConnections(list: ListCommand, run: Run): Promise<number> {
  const { outputs, context } = run;
  const addon = loadAddon();
  let file: NativeDescriptor;
  try {
    // Of the thread, since it is a thread that enters a namespace, and not the process.
    file = await addon.openFile('/proc/thread-self/net/ip_vs_conn', context.netns);
  } catch {
    outputs.complain(`cannot open file ${path}\n`);
    return 1;
  }
  const persistenceEngines = list.layout.persistentConnections === true;
  // Of numbers alone, since a table may be large, the addon makes the rows.
  const makeRows: MakeRows = list.numeric
    ? (input, output) => addon.connectionRows(input, output, persistenceEngines)
    : rowMaker(run.names, persistenceEngines);
  try {
    const pieces = listConnections((buffer) => file.read(buffer), { persistenceEngines, makeRows });
    for (;;) {
      const piece = await pieces.next();
      if (piece.done) return ended(piece.value, run);
      outputs.print(piece.value);
    }
  } finally {
    file.close();
  }
}

function ended(end: ConnectionListingEnd, { outputs }: Run): number {
  if (end === 'complete') return 0;
  if (end === 'empty') outputs.complain(`unexpected input from ${path}\n`);
  return 1;
}
