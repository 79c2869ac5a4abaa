import { probe } from '../net/arp.ts';
import type { Link } from '../net/link.ts';
import type { NamespaceReference } from '../net/namespace-reference.ts';
import { solicit } from '../net/ndp.ts';
import type { Neighbour } from '../net/neighbours.ts';
import { bare, hasNeighbours, isWithin } from '../real-server/interfaces.ts';
import { wordsOf } from '../real-server/real-server-error.ts';
import type { DirectorFacts, VipHolder, WireAnswer, WireFacts } from './facts.ts';

export interface WireOptions {
  readonly netns: NamespaceReference | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Questions that are out at a time, each with a socket of its own. */
const together = 64;

/**
 * Asks on the network of every interface who has the virtual addresses, and who has those of the
 * servers there, so that an answer can be given a name.
 */
export async function askOnWire(
  vips: readonly string[],
  servers: readonly string[],
  facts: Pick<DirectorFacts, 'links' | 'addresses'>,
  neighbours: () => Promise<readonly Neighbour[]>,
  options: WireOptions,
): Promise<WireFacts> {
  const links = facts.links.filter((link) => link.up && link.carrier && hasNeighbours(link));
  const problems = new Set<string>();
  const heard = await inTurns(
    links.flatMap((link) => vips.map((vip) => ({ link, target: vip }))),
    (question) => ask(question, facts, options),
    problems,
    options,
  );
  const own = new Set(facts.links.flatMap(({ address }) => address ?? []));
  const answers = heard.map(({ link, target, macs }) => ({
    link: link.name,
    vip: target,
    others: macs.filter((mac) => !own.has(mac)),
  }));
  const busy = new Set(answers.flatMap(({ link, others }) => (others.length > 0 ? link : [])));
  // Only where somebody is to be named.
  const known = await inTurns(
    links
      .filter(({ name }) => busy.has(name))
      .flatMap((link) =>
        servers
          .filter((server) => isOn(server, link, facts))
          .map((server) => ({ link, target: server })),
      ),
    (question) => ask(question, facts, options),
    problems,
    options,
  );
  const names = new Map<string, VipHolder>();
  for (const { link, address, linkLayerAddress: mac } of busy.size > 0 ? await neighbours() : []) {
    if (mac !== undefined && !vips.includes(address) && busy.has(link)) {
      names.set(mac, { mac, address, kind: 'neighbour' });
    }
  }
  for (const { target, macs } of known) {
    for (const mac of macs) names.set(mac, { mac, address: target, kind: 'server' });
  }
  return {
    answers: answers.map(
      (answer): WireAnswer => ({
        ...answer,
        others: answer.others.map((mac) => names.get(mac) ?? { mac }),
      }),
    ),
    problems: [...problems],
  };
}

interface Question {
  readonly link: Link;
  readonly target: string;
}

/** Whether an address is of a network that the interface is on. */
function isOn(target: string, link: Link, { addresses }: Pick<DirectorFacts, 'addresses'>) {
  return addresses.some((one) => one.link === link.name && isWithin(target, one.address));
}

async function inTurns<Asked extends Question>(
  questions: readonly Asked[],
  put: (question: Asked) => Promise<readonly string[]>,
  problems: Set<string>,
  { signal }: WireOptions,
): Promise<readonly (Asked & { readonly macs: readonly string[] })[]> {
  const results: (Asked & { readonly macs: readonly string[] })[] = [];
  for (let at = 0; at < questions.length; at += together) {
    const some = questions.slice(at, at + together).map(async (question) => {
      try {
        return { ...question, macs: await put(question) };
      } catch (error) {
        signal?.throwIfAborted();
        problems.add(wordsOf(error));
        return undefined;
      }
    });
    results.push(...(await Promise.all(some)).filter((one) => one !== undefined));
  }
  return results;
}

async function ask(
  { link, target }: Question,
  { addresses }: Pick<DirectorFacts, 'addresses'>,
  { netns, timeoutMs, signal }: WireOptions,
): Promise<readonly string[]> {
  // More than once, since a busy network or machine loses a frame now and then.
  const repeat = { count: 3, intervalMs: Math.floor(timeoutMs / 4) };
  const question = { netns, link: link.name, target, timeoutMs, repeat, signal };
  if (!target.includes(':')) return (await probe(question)).map(({ mac }) => mac);
  // Without a sender the question would be that of who is about to take the address for himself.
  const sender = addresses
    .filter(({ family, link: on }) => family === 'ipv6' && on === link.name)
    .filter(({ flags }) => !flags.includes('tentative'))
    .map(bare)
    .find((address) => address !== target);
  const answers = await solicit(sender === undefined ? question : { ...question, sender });
  return answers.map(({ mac }) => mac);
}
