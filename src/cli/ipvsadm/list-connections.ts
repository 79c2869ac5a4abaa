import type { ListCommand } from '../../formats/ipvsadm/command.ts';
import { type ConnectionListingEnd, listConnections } from '../../formats/ipvsadm/connections.ts';
import { loadAddon } from '../../native/load.ts';
import type { IpvsadmContext } from './context.ts';
import type { Run } from './run.ts';

const file = '/proc/net/ip_vs_conn';

/** Runs `-L -c`. Resolves to the exit code. */
export async function runListConnections(list: ListCommand, run: Run): Promise<number> {
  const { outputs, context, names } = run;
  const { openSync, readSync, closeSync } = process.getBuiltinModule('node:fs');
  let descriptor: number;
  try {
    descriptor = await open(context, openSync);
  } catch {
    outputs.complain(`cannot open file ${file}\n`);
    return 1;
  }
  try {
    const pieces = listConnections(
      (buffer, offset) => readSync(descriptor, buffer, offset, buffer.length - offset, null),
      {
        persistenceEngines: list.layout.persistentConnections === true,
        names: list.numeric ? undefined : names,
      },
    );
    for (;;) {
      const piece = pieces.next();
      if (piece.done) return ended(piece.value, run);
      outputs.print(piece.value);
    }
  } finally {
    closeSync(descriptor);
  }
}

function ended(end: ConnectionListingEnd, { outputs }: Run): number {
  if (end === 'complete') return 0;
  if (end === 'empty') outputs.complain(`unexpected input from ${file}\n`);
  return 1;
}

/** In another namespace the file has to be opened by a thread that is in it. */
async function open(
  { netns }: IpvsadmContext,
  openSync: (path: string, flags: 'r') => number,
): Promise<number> {
  if (netns === undefined) return openSync(file, 'r');
  return (await loadAddon().openFile('/proc/thread-self/net/ip_vs_conn', netns)).take();
}
