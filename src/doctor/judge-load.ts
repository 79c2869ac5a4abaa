import type { LoadFacts, Sysctls } from './facts.ts';
import { numberOf } from './facts.ts';
import { type Finding, finding } from './finding.ts';

/** Connections in a bucket, on average, from which on it is worth a word. */
const manyInBucket = 4;
/** Parts of a limit from which on it is near. */
const near = 0.8;
/** The most that every kernel takes as conn_tab_bits; since 6.5 it is 27. */
const mostBits = 20;
const leastBits = 8;

/** Whether the kernel's tables are large enough for what is in them. */
export function judgeLoad(load: LoadFacts, sysctls: Sysctls): readonly Finding[] {
  return [...judgeBuckets(load, sysctls), ...judgeLimits(load, sysctls)];
}

function judgeBuckets({ connections, buckets }: LoadFacts, sysctls: Sysctls): readonly Finding[] {
  if (buckets === 0 || connections <= buckets * manyInBucket) return [];
  const found = `there are ${connections} connections in ${buckets} buckets`;
  const factor = numberOf(sysctls, 'net.ipv4.vs.conn_lfactor');
  if (factor !== undefined) {
    // The table grows by itself, to what this says.
    const mend = 'sysctl -w net.ipv4.vs.conn_lfactor=-4';
    const words = `${found}, and conn_lfactor is ${factor}`;
    return factor > 0 ? [finding('connection-table', words, { severity: 'warning', mend })] : [];
  }
  const bits = Math.min(mostBits, Math.max(leastBits, Math.ceil(Math.log2(connections))));
  if (2 ** bits <= buckets) return [];
  const mend = `echo options ip_vs conn_tab_bits=${bits} > /etc/modprobe.d/ip_vs.conf (from the next loading of the module on)`;
  return [finding('connection-table', found, { severity: 'warning', mend })];
}

function judgeLimits({ connections }: LoadFacts, sysctls: Sysctls): readonly Finding[] {
  const result: Finding[] = [];
  const most = numberOf(sysctls, 'net.ipv4.vs.conn_max');
  if (most !== undefined && connections >= most * near) {
    const found = `there are ${connections} connections, and net.ipv4.vs.conn_max is ${most}`;
    const mend = `sysctl -w net.ipv4.vs.conn_max=${most * 2}`;
    result.push(finding('connection-limit', found, { severity: 'warning', mend }));
  }
  const tracked = numberOf(sysctls, 'net.netfilter.nf_conntrack_count') ?? 0;
  const room = numberOf(sysctls, 'net.netfilter.nf_conntrack_max') ?? 0;
  if (numberOf(sysctls, 'net.ipv4.vs.conntrack') === 1 && room > 0 && tracked >= room * near) {
    const found = `nf_conntrack has ${tracked} entries of ${room}, and balanced connections are among them`;
    const mend = `sysctl -w net.netfilter.nf_conntrack_max=${room * 2}`;
    result.push(finding('conntrack-full', found, { severity: 'warning', mend }));
  }
  return result;
}
