import { probe } from '../net/arp.ts';
import type { Link } from '../net/link.ts';
import type { NamespaceReference } from '../net/namespace-reference.ts';
import { solicit } from '../net/ndp.ts';
import type { HostFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import { bare, hasNeighbours, isWithin } from './interfaces.ts';
import type { KernelHost } from './kernel-host.ts';
import { wordsOf } from './real-server-error.ts';
import { Rehearsal } from './rehearsal.ts';
import { familyOf } from './settings.ts';
import { finding } from './verify-local.ts';

/** Who answered for a VIP on one interface's network. */
export interface WireAnswer {
  readonly link: string;
  readonly vip: string;
  /** Ethernet addresses of others that answered. */
  readonly others: readonly string[];
  /** Whether this machine answered, or would. */
  readonly here: boolean;
}

export interface WireResult {
  readonly answers: readonly WireAnswer[];
  readonly findings: readonly Finding[];
}

export interface WireOptions {
  readonly netns?: NamespaceReference | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long to listen. Default 1000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Asks on every interface's network who has the VIPs: this machine must not answer, and of others
 * one at most, the director.
 */
export async function verifyOnWire(
  host: KernelHost,
  vips: readonly string[],
  facts: HostFacts,
  options: WireOptions,
): Promise<WireResult> {
  const links = facts.links.filter((link) => link.up && link.carrier && hasNeighbours(link));
  const findings: Finding[] = [];
  const own = await askOurselves(host, links, vips, findings);
  const macs = new Set(facts.links.flatMap(({ address }) => address ?? []));
  const questions = links.flatMap((link) => vips.map((vip) => ({ link, vip })));
  const answers = await Promise.all(
    questions.map(async ({ link, vip }): Promise<WireAnswer | undefined> => {
      try {
        const heard = await ask(link, vip, facts, options);
        const here = heard.some((mac) => macs.has(mac)) || (own.get(link.name)?.has(vip) ?? false);
        return { link: link.name, vip, here, others: heard.filter((mac) => !macs.has(mac)) };
      } catch (error) {
        options.signal?.throwIfAborted();
        findings.push(finding('not-asked', wordsOf(error), { severity: 'warning' }));
        return undefined;
      }
    }),
  );
  const asked = answers.filter((answer) => answer !== undefined);
  findings.push(...asked.flatMap((answer) => judge(answer, facts)));
  return { answers: asked, findings };
}

/** The VIPs that this machine would answer for, by interface. */
async function askOurselves(
  host: KernelHost,
  links: readonly Link[],
  vips: readonly string[],
  findings: Finding[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const result = new Map<string, ReadonlySet<string>>();
  try {
    await using rehearsal = await Rehearsal.open(host);
    for (const { name } of links) result.set(name, new Set(await rehearsal.answered(name, vips)));
  } catch (error) {
    const found = `this machine could not be asked itself: ${wordsOf(error)}`;
    findings.push(finding('not-asked', found, { severity: 'warning' }));
  }
  return result;
}

async function ask(
  link: Link,
  vip: string,
  { addresses }: HostFacts,
  { netns, signal, timeoutMs = 1000 }: WireOptions,
): Promise<readonly string[]> {
  // Single frames get lost.
  const repeat = { count: 3, intervalMs: Math.floor(timeoutMs / 4) };
  const question = { netns, link: link.name, target: vip, timeoutMs, repeat, signal };
  if (familyOf(vip) === 'ipv4') return (await probe(question)).map(({ mac }) => mac);
  const sender = addresses.find(
    ({ family, link: name, flags, address }) =>
      family === 'ipv6' &&
      name === link.name &&
      !flags.includes('tentative') &&
      !address.startsWith(`${vip}/`),
  );
  // Without an address the question would be that of who is about to take the VIP for himself.
  const answers = await solicit(
    sender === undefined ? question : { ...question, sender: bare(sender) },
  );
  return answers.map(({ mac }) => mac);
}

function judge({ link, vip, others, here }: WireAnswer, facts: HostFacts): readonly Finding[] {
  const protocol = familyOf(vip) === 'ipv4' ? 'ARP' : 'neighbour discovery';
  const result: Finding[] = [];
  if (here) {
    result.push(
      finding('vip-answered-here', `this machine answers ${protocol} for ${vip} on ${link}`),
    );
  }
  if (others.length > 1) {
    const found = `${others.length} others answer ${protocol} for ${vip} on ${link}: ${others.join(', ')}`;
    result.push(finding('vip-answered-by-several', found));
  }
  const isNear = facts.addresses.some(
    (address) => address.link === link && bare(address) !== vip && isWithin(vip, address.address),
  );
  if (others.length === 0 && isNear) {
    const found = `nobody else answers ${protocol} for ${vip} on ${link}`;
    result.push(finding('vip-unanswered', found, { severity: 'warning' }));
  }
  return result;
}
