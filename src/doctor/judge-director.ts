import { confName } from '../real-server/facts.ts';
import { isWithin } from '../real-server/interfaces.ts';
import type { DirectorFacts, ServerFacts, Sysctls, VipFacts } from './facts.ts';
import { addressKey, numberOf } from './facts.ts';
import { type Finding, finding } from './finding.ts';

/** What of the director's own settings keeps services from working. */
export function judgeDirector(
  servers: readonly ServerFacts[],
  vips: readonly VipFacts[],
  facts: DirectorFacts,
): readonly Finding[] {
  const translated = servers.filter(
    ({ server, way }) => server.forwarding === 'nat' && !way.local && way.link !== undefined,
  );
  return withoutRepeats([
    ...translated.flatMap((one) => forwardingOff(one, facts)),
    ...translated.flatMap((one) => oneNetwork(one, vips, facts)),
    ...vips.flatMap((vip) => strictFilter(vip, facts)),
  ]);
}

function isOn(sysctls: Sysctls, name: string): boolean {
  return (numberOf(sysctls, name) ?? 0) > 0;
}

/** Answers come in by the interface that leads to the server, and are for clients elsewhere. */
function forwardingOff({ server, way }: ServerFacts, { sysctls }: DirectorFacts) {
  const isIpv6 = server.key.address.includes(':');
  const name = isIpv6
    ? 'net.ipv6.conf.all.forwarding'
    : confName('ipv4', way.link ?? 'all', 'forwarding');
  if (!sysctls.has(name) || isOn(sysctls, name)) return [];
  const mend = `sysctl -w ${isIpv6 ? name : 'net.ipv4.ip_forward'}=1`;
  return [finding('forwarding-off', `${name} is 0, and servers are reached by nat`, { mend })];
}

/** Servers and clients on one network, which is where they find a way past the director. */
function oneNetwork(
  { service, server, way }: ServerFacts,
  vips: readonly VipFacts[],
  { sysctls }: DirectorFacts,
): readonly Finding[] {
  const key = addressKey(service);
  const vip = vips.find((one) => one.vip === key?.address);
  const { link = '', shared } = way;
  if (vip === undefined || shared === undefined || !vip.near.includes(link)) return [];
  const result: Finding[] = [];
  if (isWithin(vip.vip, shared)) {
    const found = `${vip.vip} and the server ${server.key.address} are on one network, ${shared} on ${link}, and forwarding is nat`;
    const mend = `on the servers: rs-setup apply --mode nat --vip ${vip.vip} --gateway ${shared.replace(/\/.*/, '')} --reply-route policy --port ${key?.protocol}:${server.key.port}`;
    result.push(finding('same-network', found, { severity: 'warning', mend }));
  }
  const names = [
    confName('ipv4', 'all', 'send_redirects'),
    confName('ipv4', link, 'send_redirects'),
  ];
  if (vip.family === 'ipv4' && names.some((name) => isOn(sysctls, name))) {
    const found = `clients and servers are both on ${link}, and send_redirects of ${link} or of all is 1`;
    const mend = `sysctl -w ${names.map((name) => `${name}=0`).join(' ')}`;
    result.push(finding('send-redirects', found, { severity: 'warning', mend }));
  }
  return result;
}

/** A strict filter where clients come in by one interface and the way back to them is another. */
function strictFilter({ vip, family, near }: VipFacts, { sysctls, routes }: DirectorFacts) {
  if (family !== 'ipv4') return [];
  const defaults = routes.filter(
    (route) => route.family === 'ipv4' && route.destination === 'default',
  );
  const ways = defaults.flatMap(({ link, nextHops }) => [link, ...nextHops.map((hop) => hop.link)]);
  return near.flatMap((link) => {
    const read = (name: string) => numberOf(sysctls, confName('ipv4', name, 'rp_filter')) ?? 0;
    if (Math.max(read('all'), read(link)) !== 1 || ways.length === 0 || ways.includes(link)) {
      return [];
    }
    const back = ways.filter((way) => way !== undefined).join(', ');
    const found = `rp_filter of ${link}, where clients come in for ${vip}, is 1, and the default route leads by ${back}`;
    // The larger of both counts, so that 2 is enough on the interface.
    const mend = `sysctl -w ${confName('ipv4', link, 'rp_filter')}=2`;
    return [finding('strict-filter', found, { severity: 'warning', mend })];
  });
}

function withoutRepeats(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ id, found }) => {
    const isNew = !seen.has(`${id} ${found}`);
    seen.add(`${id} ${found}`);
    return isNew;
  });
}
