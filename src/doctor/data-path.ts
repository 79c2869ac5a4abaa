import type { Ipvs } from '../ipvs/client.ts';
import type { NamespaceReference } from '../net/namespace-reference.ts';
import { confName } from '../real-server/facts.ts';
import { attempt, isAnswer } from './attempt.ts';
import type { BorrowedSysctls } from './borrowed-sysctls.ts';
import type { Outcome, PathFacts, ServerFacts, VipFacts } from './facts.ts';
import { addressKey } from './facts.ts';
import { addHelpers, removeHelpers } from './helper-services.ts';
import type { LoneAddresses } from './lone-addresses.ts';
import type { PinnedWays } from './pinned-ways.ts';
import type { Source } from './source-address.ts';

/** A server that is about to be tried. */
export interface Candidate extends Omit<ServerFacts, 'trial' | 'untried'> {
  readonly vip: VipFacts;
  readonly source: Source;
}

export type Tried = Omit<PathFacts, 'mac'> | Error;

export interface TrialOptions {
  readonly ipvs: Ipvs;
  readonly sysctls: BorrowedSysctls;
  readonly ways: PinnedWays;
  readonly lone: LoneAddresses;
  readonly netns: NamespaceReference | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Servers that are tried at a time; fewer than there are marks of helper services. */
const together = 64;
/** What to ask at where a service is for all ports. */
const anyPort = 80;

/**
 * Connects to the virtual address so that the kernel gives the connection to one server, and to the
 * server's own address. The connection carries a mark that only a helper service knows, whose one
 * destination is the server; it comes from an address of the director, so that the answer, which is
 * from the virtual one, finds back.
 */
export async function tryServers(
  candidates: readonly Candidate[],
  options: TrialOptions,
): Promise<readonly Tried[]> {
  const { ipvs, sysctls, ways, lone } = options;
  const results: Tried[] = [];
  try {
    await removeHelpers(ipvs);
    await ways.release();
    await lone.release();
    await sysctls.borrow(acceptingOn(candidates), '1');
    const translated = candidates.filter(({ server }) => server.forwarding === 'nat');
    await lone.take(translated.map(({ vip }) => vip.family));
    for (let at = 0; at < candidates.length; at += together) {
      results.push(...(await trySome(candidates.slice(at, at + together), options)));
    }
  } finally {
    await removeHelpers(ipvs);
    await ways.release();
    await lone.release();
    await sysctls.giveBack();
  }
  return results;
}

async function trySome(
  candidates: readonly Candidate[],
  options: TrialOptions,
): Promise<readonly Tried[]> {
  const { ipvs } = options;
  const helpers = candidates.map(({ vip, server: { key, forwarding, tunnel } }) => ({
    family: vip.family,
    // Only address translation changes the port.
    destination: forwarding === 'nat' ? key : { ...key, port: 0 },
    config: tunnel === undefined ? { forwarding } : { forwarding, tunnel },
  }));
  const marks = await addHelpers(ipvs, helpers);
  const tried = await settled(
    candidates.map(async (candidate, index) => {
      const mark = marks[index] ?? 0;
      return mark instanceof Error ? mark : await tryOne(candidate, mark, options);
    }),
  );
  const results = await tryTunnels(candidates, marks, tried, options);
  await removeHelpers(ipvs);
  return results;
}

/** All of them, so that nothing is under way any more when one has failed. */
async function settled<Result>(work: readonly Promise<Result>[]): Promise<readonly Result[]> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

async function tryOne(
  { service, server, vip, source }: Candidate,
  mark: number,
  { netns, timeoutMs, signal }: TrialOptions,
): Promise<Tried> {
  const key = addressKey(service);
  const port = key?.port || anyPort;
  const common = { netns, timeoutMs, signal };
  const marked = { ...common, sourceAddress: source.address, mark };
  const directPort = server.forwarding === 'nat' ? server.key.port || port : port;
  const [path, direct] = await settled<Outcome>([
    attempt({ ...marked, address: vip.vip, port }),
    attempt({ ...common, address: server.key.address, port: directPort }),
  ]);
  if (path === undefined || direct === undefined) throw new Error('a trial came to nothing');
  return { path, from: source.address, direct, provesWayBack: source.provesWayBack };
}

/**
 * Where the virtual address is not reached through a tunnel and the server answers directly, tries
 * the server's own address through the tunnel: that one is surely there.
 */
async function tryTunnels(
  candidates: readonly Candidate[],
  marks: readonly (number | Error)[],
  tried: readonly Tried[],
  { ways, netns, timeoutMs, signal }: TrialOptions,
): Promise<readonly Tried[]> {
  const doubtful = candidates.filter((candidate, index) => isDoubtful(candidate, tried[index]));
  if (doubtful.length === 0) return tried;
  await ways.pin(doubtful.map(({ server, way }) => ({ address: server.key.address, way })));
  const results = await settled(
    candidates.map(async (candidate, index): Promise<Tried> => {
      const before = tried[index] ?? new Error('a trial came to nothing');
      const mark = marks[index];
      if (before instanceof Error || typeof mark !== 'number') return before;
      if (!doubtful.includes(candidate)) return before;
      const { service, server, source } = candidate;
      const port = addressKey(service)?.port || anyPort;
      const { address } = server.key;
      const from = { netns, timeoutMs, signal, mark, sourceAddress: source.address };
      return { ...before, tunnelled: await attempt({ ...from, address, port }) };
    }),
  );
  await ways.release();
  return results;
}

function isDoubtful({ server, vip }: Candidate, tried: Tried | undefined): boolean {
  const isSameFamily = server.key.address.includes(':') === (vip.family === 'ipv6');
  return (
    server.forwarding === 'tun' &&
    isSameFamily &&
    tried !== undefined &&
    !(tried instanceof Error) &&
    tried.path !== 'connected' &&
    isAnswer(tried.direct)
  );
}

/**
 * The sysctls by which IPv4 takes answers in that are from an address of the director itself: on
 * the interface that leads to the server, and on that of the address that asks. IPv6 minds nothing.
 */
function acceptingOn(candidates: readonly Candidate[]): readonly string[] {
  const links = candidates
    .filter(({ server, vip }) => server.forwarding !== 'nat' && vip.here && vip.family === 'ipv4')
    .flatMap(({ way, source }) => [way.link ?? source.link, source.link]);
  return [...new Set(links)].map((link) => confName('ipv4', link, 'accept_local'));
}
