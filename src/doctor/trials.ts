import { join } from 'node:path';
import type { Ipvs } from '../ipvs/client.ts';
import type { Network } from '../net/network.ts';
import type { Sysctl } from '../net/sysctl.ts';
import { acquireLock, type LockOptions } from '../real-server/lock.ts';
import type { PlaceOptions } from '../real-server/place.ts';
import { wordsOf } from '../real-server/real-server-error.ts';
import { BorrowedSysctls } from './borrowed-sysctls.ts';
import { type Candidate, tryServers } from './data-path.ts';
import { addressKey, type DirectorFacts, type ServerFacts, type VipFacts } from './facts.ts';
import { LoneAddresses } from './lone-addresses.ts';
import { PinnedWays } from './pinned-ways.ts';
import { sourceFor } from './source-address.ts';

export interface TrialsOptions extends PlaceOptions, LockOptions {
  readonly ipvs: Ipvs;
  readonly network: Network;
  readonly sysctl: Sysctl;
  readonly timeoutMs: number;
  /** The director's address to try servers by address translation from. */
  readonly from?: string | undefined;
}

export interface Trials {
  readonly servers: readonly ServerFacts[];
  /** Why no server could be tried. */
  readonly problem?: string;
}

/** Tries all servers that can be tried; of the others it says why they cannot. */
export async function withTrials(
  servers: readonly ServerFacts[],
  vips: readonly VipFacts[],
  director: DirectorFacts,
  options: TrialsOptions,
): Promise<Trials> {
  const virtual = new Set(vips.map(({ vip }) => vip));
  const planned = servers.map((facts) => candidate(facts, vips, virtual, director, options.from));
  const candidates = planned.filter((one) => typeof one !== 'string');
  try {
    const tried = await tryAll(candidates, options);
    const macs = await macsOf(options.network);
    const results = new Map(candidates.map(({ about }, index) => [about, tried[index]]));
    return {
      servers: servers.map((facts, index): ServerFacts => {
        const plan = planned[index];
        const trial = results.get(facts.about);
        if (typeof plan === 'string') return { ...facts, untried: plan };
        if (trial === undefined) return facts;
        if (trial instanceof Error) return { ...facts, untried: wordsOf(trial) };
        const mac = macs.get(facts.server.key.address);
        return { ...facts, trial: mac === undefined ? trial : { ...trial, mac } };
      }),
    };
  } catch (error) {
    options.signal?.throwIfAborted();
    return { servers, problem: `servers could not be tried: ${wordsOf(error)}` };
  }
}

/** What is to be tried, or why it cannot be. */
function candidate(
  facts: ServerFacts,
  vips: readonly VipFacts[],
  virtual: ReadonlySet<string>,
  director: DirectorFacts,
  from: string | undefined,
): Candidate | string {
  const { service, server, way } = facts;
  const key = addressKey(service);
  const vip = vips.find((one) => one.vip === key?.address);
  if (vip === undefined) return 'a firewall mark has no address to connect to';
  if (way.local || server.forwarding === 'local') return 'the server is the director itself';
  if (server.forwarding === 'bypass') return 'there is no server behind it';
  if (way.link === undefined) return 'there is no route to it';
  const source = sourceFor(vip, server, way, virtual, director, from);
  if (source === undefined) {
    return `the director has no address of its own to connect from, of the family of ${vip.vip}`;
  }
  return { ...facts, vip, source };
}

/**
 * One run at a time: with the lock, what is there of helper services, routes and changed sysctls
 * is what a run has left behind that was killed.
 */
async function tryAll(candidates: readonly Candidate[], options: TrialsOptions) {
  const { root = '/', netns, signal, onWait, ipvs, network, sysctl, timeoutMs } = options;
  const file = join(root, 'run/lvskit/doctor.lock');
  await using _lock = await acquireLock(file, { signal, onWait });
  const sysctls = await BorrowedSysctls.open(sysctl, { root, netns });
  const ways = new PinnedWays(network);
  const lone = new LoneAddresses(network);
  return await tryServers(candidates, { ipvs, sysctls, ways, lone, netns, timeoutMs, signal });
}

async function macsOf(network: Network): Promise<ReadonlyMap<string, string>> {
  const neighbours = await network.neighbours.list();
  return new Map(
    neighbours.flatMap(({ address, linkLayerAddress }) =>
      linkLayerAddress === undefined ? [] : [[address, linkLayerAddress] as const],
    ),
  );
}
