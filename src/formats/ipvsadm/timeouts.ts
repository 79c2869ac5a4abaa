import type { Timeouts } from '../../ipvs/timeouts.ts';

/** The timeouts as `ipvsadm -L --timeout` prints them. */
export function listTimeouts({ tcp, tcpFin, udp }: Timeouts): string {
  return `Timeout (tcp tcpfin udp): ${tcp | 0} ${tcpFin | 0} ${udp | 0}\n`;
}
