import type { ListCommand } from '../../formats/ipvsadm/command.ts';
import type { Run } from './run.ts';

const file = '/proc/net/ip_vs_conn';

export async function listConnections(_list: ListCommand, { outputs }: Run): Promise<number> {
  outputs.complain(`cannot open file ${file}\n`);
  return 1;
}
