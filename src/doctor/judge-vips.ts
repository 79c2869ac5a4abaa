import type { Address } from '../net/address.ts';
import type { Link } from '../net/link.ts';
import { confName } from '../real-server/facts.ts';
import type {
  DirectorFacts,
  Sysctls,
  VipFacts,
  VipHolder,
  WireAnswer,
  WireFacts,
} from './facts.ts';
import { numberOf } from './facts.ts';
import { type Finding, finding } from './finding.ts';

/** What is wrong with where the virtual addresses are, and who answers for them. */
export function judgeVips(
  vips: readonly VipFacts[],
  facts: DirectorFacts,
  wire: WireFacts | undefined,
): readonly Finding[] {
  return [
    ...vips.flatMap((vip) => judgeVip(vip, facts, wire)),
    ...(wire?.problems ?? []).map((found) => finding('not-asked', found, { severity: 'warning' })),
  ];
}

function judgeVip(
  vip: VipFacts,
  facts: DirectorFacts,
  wire: WireFacts | undefined,
): readonly Finding[] {
  const answers = (wire?.answers ?? []).filter(
    (answer) => answer.vip === vip.vip && answer.others.length > 0,
  );
  return vip.here
    ? [...answers.map((answer) => answeredByOthers(vip, answer)), ...silent(vip, facts)]
    : notHere(vip, answers, wire !== undefined);
}

/** Such as `02:00:00:00:00:01 (real server 10.0.0.11)`. */
export function nameOfHolder({ mac, address, kind }: VipHolder): string {
  if (address === undefined) return mac;
  return `${mac} (${kind === 'server' ? 'real server' : 'neighbour'} ${address})`;
}

function answeredByOthers({ vip, family }: VipFacts, { link, others }: WireAnswer): Finding {
  const protocol = family === 'ipv4' ? 'ARP' : 'neighbour discovery';
  const servers = others.flatMap(({ address, kind }) =>
    kind === 'server' && address !== undefined ? [address] : [],
  );
  return finding(
    'vip-answered-by-others',
    `besides the director, on ${link} ${others.map(nameOfHolder).join(' and ')} answers ${protocol} for ${vip}`,
    {
      about: vip,
      mend:
        servers.length > 0
          ? `on ${servers.join(', ')}: rs-setup apply --mode dr --vip ${vip}`
          : `on that machine: ip address show to ${vip}`,
    },
  );
}

function notHere(
  vip: VipFacts,
  answers: readonly WireAnswer[],
  wasAsked: boolean,
): readonly Finding[] {
  const about = vip.vip;
  const [near = 'eth0'] = vip.near;
  const mend = `ip address add ${about}/${vip.family === 'ipv4' ? '32' : '128 nodad'} dev ${near}`;
  const holders = answers.flatMap(({ others }) => others);
  const [only, ...more] = holders;
  if (only === undefined) {
    const found = `${about} is on no interface of the director${wasAsked ? ', and nobody answers for it' : ''}`;
    return [
      finding('vip-not-here', found, { about, mend, severity: wasAsked ? 'error' : 'warning' }),
    ];
  }
  if (more.length === 0 && only.kind !== 'server') {
    const found = `${about} is not on the director, and ${nameOfHolder(only)} answers for it`;
    return [finding('vip-elsewhere', found, { about, severity: 'warning' })];
  }
  const found = `${about} is on no interface of the director`;
  return [
    finding('vip-not-here', found, { about, mend }),
    ...answers.map((answer) => answeredByOthers(vip, answer)),
  ];
}

/** Networks of the virtual address on which the director's kernel keeps silent. */
function silent(vip: VipFacts, facts: DirectorFacts): readonly Finding[] {
  return vip.near.flatMap((name) => {
    const link = facts.links.find((one) => one.name === name);
    const why = link && whySilent(vip, link, facts);
    if (why === undefined) return [];
    const found = `the director does not answer for ${vip.vip} on ${name}: ${why.reason}`;
    return [finding('vip-silent', found, { about: vip.vip, mend: why.mend })];
  });
}

interface Silence {
  readonly reason: string;
  readonly mend: string;
}

function whySilent(vip: VipFacts, link: Link, { sysctls }: DirectorFacts): Silence | undefined {
  const { name } = link;
  if (!link.arp) return { reason: `${name} does not use ARP`, mend: `ip link set ${name} arp on` };
  const own = vip.addresses.filter((address) => address.link === name);
  const unsure = own.find(
    ({ flags }) => flags.includes('tentative') || flags.includes('dadfailed'),
  );
  if (unsure !== undefined) {
    return {
      reason: `the address is ${unsure.flags.includes('dadfailed') ? 'a duplicate of another machine’s' : 'tentative'}`,
      mend: `ip address replace ${unsure.address} dev ${name} nodad`,
    };
  }
  if (vip.family === 'ipv6') {
    if (own.length > 0) return undefined;
    const reason = 'the address is on another interface';
    return { reason, mend: `ip address add ${vip.vip}/128 dev ${name} nodad` };
  }
  return silentByArpIgnore(vip, own, name, sysctls);
}

/** `arp_ignore` of Linux, where the larger of `all` and the interface that is asked on counts. */
function silentByArpIgnore(
  { vip, addresses }: VipFacts,
  own: readonly Address[],
  link: string,
  sysctls: Sysctls,
): Silence | undefined {
  const read = (name: string) => numberOf(sysctls, confName('ipv4', name, 'arp_ignore')) ?? 0;
  const value = Math.max(read('all'), read(link));
  const because = `arp_ignore of ${link} is ${value}`;
  const reset = `sysctl -w ${confName('ipv4', 'all', 'arp_ignore')}=0 ${confName('ipv4', link, 'arp_ignore')}=0`;
  if ((value === 1 || value === 2) && own.length === 0) {
    const reason = `the address is on another interface, and ${because}`;
    return { reason, mend: `ip address add ${vip}/32 dev ${link}` };
  }
  if (value === 2 && own.every(({ address }) => address.endsWith('/32'))) {
    return {
      reason: `${because}, which answers neighbours of the address’s prefix alone`,
      mend: reset,
    };
  }
  if (value === 3 && addresses.length > 0 && addresses.every(({ scope }) => scope === 'host')) {
    return { reason: `${because}, and the address has scope host`, mend: reset };
  }
  return value === 8 ? { reason: because, mend: reset } : undefined;
}
