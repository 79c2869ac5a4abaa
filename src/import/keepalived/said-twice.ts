import type { Statement } from '../../formats/keepalived/parse.ts';
import type { Notes } from './account.ts';

/** Keywords of which only the last counts, under one name where there are two for the same. */
const single: ReadonlyMap<string, string> = new Map([
  ...(
    'lb_algo lb_kind persistence_timeout persistence_granularity persistence_engine protocol ip_family ' +
    'quorum hysteresis weight delay_loop retry delay_before_retry connect_timeout virtualhost snmp_name ' +
    'uthreshold lthreshold ops connect_port connect_ip path status_code regex helo_name type name payload ' +
    'require_reply misc_path misc_timeout sni_name'
  )
    .split(' ')
    .map((keyword) => [keyword, keyword] as const),
  ['lvs_sched', 'lb_algo'],
  ['lvs_method', 'lb_kind'],
  ['nb_get_retry', 'retry'],
]);

/** Notes what is said once more below, in the same block, and so does not count. */
export function noteSaidTwice(statements: readonly Statement[], notes: Notes): void {
  const last = new Map<string, Statement>();
  for (const statement of statements) {
    const name = single.get(statement.words[0]?.text ?? '');
    if (name === undefined) continue;
    const earlier = last.get(name);
    if (earlier !== undefined) {
      const { line } = statement.place;
      notes.leaveOut(earlier, `it is said once more in line ${line}, and that is what counts`);
    }
    last.set(name, statement);
  }
}
