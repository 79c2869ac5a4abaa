import { formatDestinationKey } from '../ipvs/destination.ts';
import { bare } from '../real-server/interfaces.ts';
import { isAnswer } from './attempt.ts';
import type { Outcome, PathFacts, ServerFacts, VipFacts } from './facts.ts';
import { addressKey } from './facts.ts';
import { type Finding, type FindingId, finding } from './finding.ts';

/** What is wrong with one server of a service. */
export function judgeServer(facts: ServerFacts, vip: VipFacts | undefined): readonly Finding[] {
  return [...judgeWay(facts), ...judgePort(facts), ...judgeTrial(facts, vip)];
}

function judgeWay({ server, way, about }: ServerFacts): readonly Finding[] {
  const { address } = server.key;
  if (way.local || server.forwarding === 'local' || server.forwarding === 'bypass') return [];
  if (way.link === undefined) {
    return [finding('no-route', `there is no route to ${address}`, { about })];
  }
  if (server.forwarding === 'dr' && way.via !== undefined) {
    const found = `${address} is behind the router ${way.via} on ${way.link}`;
    const mend = `put it on a network of the director, or let it be reached through a tunnel`;
    return [finding('behind-router', found, { about, mend })];
  }
  return [];
}

function judgePort({ service, server, about }: ServerFacts): readonly Finding[] {
  const key = addressKey(service);
  const { forwarding, key: own } = server;
  if (key === undefined || (forwarding !== 'dr' && forwarding !== 'tun')) return [];
  if (own.port === key.port || own.port === 0) return [];
  const found = `the server has port ${own.port}, the service ${key.port}, and forwarding is ${forwarding}`;
  return [finding('port-ignored', found, { about, severity: 'warning' })];
}

function judgeTrial(facts: ServerFacts, vip: VipFacts | undefined): readonly Finding[] {
  const { trial, server, service, about } = facts;
  if (trial === undefined || vip === undefined) return [];
  const verdict = verdictOf(facts, trial, vip);
  if (verdict === undefined) return [];
  const details = { about, mend: verdict.mend };
  const who = trial.mac === undefined ? server.key.address : `${server.key.address} (${trial.mac})`;
  const found = `${who}: ${foundText(facts, trial)}`;
  // No new client comes there, so that it can be as it is for a reason.
  const severity = server.weight === 0 ? ('warning' as const) : ('error' as const);
  const isTcp = addressKey(service)?.protocol === 'tcp';
  // The trial was by TCP, of which such a server need know nothing.
  if (!isTcp && verdict.id === 'server-unreachable') return [];
  return [finding(verdict.id, found, { ...details, severity })];
}

interface Verdict {
  readonly id: FindingId;
  readonly mend?: string;
}

function verdictOf(facts: ServerFacts, trial: PathFacts, vip: VipFacts): Verdict | undefined {
  const { path, direct, tunnelled } = trial;
  const { address, port } = facts.server.key;
  const isTcp = addressKey(facts.service)?.protocol === 'tcp';
  if (path === 'connected') return undefined;
  // To learn that its TCP port is closed takes a server that has the address.
  const isReached = isAnswer(path) && (tunnelled === undefined || tunnelled === direct);
  if (!isTcp && isReached) return undefined;
  if (isReached && direct !== 'connected') {
    return { id: 'server-refuses', mend: `on ${address}: ss -ltn sport = ${port}` };
  }
  if (!isAnswer(direct)) return { id: 'server-unreachable', mend: `ping ${address}` };
  return pathVerdict(facts, trial, vip);
}

function pathVerdict(facts: ServerFacts, trial: PathFacts, vip: VipFacts): Verdict {
  const { path } = trial;
  const { server, way } = facts;
  const { address } = server.key;
  const setUp = `on ${address}: rs-setup apply --mode ${server.forwarding} --vip ${vip.vip}`;
  const broken: Verdict = {
    id: 'path-broken',
    mend: `on ${address}: rs-setup verify --mode ${server.forwarding} --vip ${vip.vip}`,
  };
  switch (server.forwarding) {
    case 'dr':
      if (path === 'refused') {
        return { id: 'vip-not-served', mend: `on ${address}: ss -ltn` };
      }
      return path === 'timed-out' ? { id: 'vip-missing', mend: setUp } : broken;
    case 'tun':
      return tunnelVerdict(facts, trial, vip) ?? broken;
    case 'nat': {
      if (path !== 'timed-out' && path !== 'unreachable') return broken;
      const gateway = way.shared === undefined ? undefined : bare({ address: way.shared });
      if (gateway === undefined) return { id: 'gateway' };
      const mend = `on ${address}: ip route replace default via ${gateway}`;
      return { id: 'gateway', mend };
    }
    default:
      return broken;
  }
}

/**
 * A tunnel has failed with the virtual address. With the server's own it comes to the same as
 * without a tunnel when the tunnel works; is without an answer when something drops what comes out
 * of it; and is refused, once in a while, when nothing unpacks it.
 */
function tunnelVerdict(
  { server }: ServerFacts,
  { path, direct, tunnelled }: PathFacts,
  vip: VipFacts,
): Verdict | undefined {
  if (tunnelled === undefined) return undefined;
  const { tunnel, key } = server;
  const words = [
    `rs-setup apply --mode tun --vip ${vip.vip}`,
    ...(tunnel?.type === 'gre' ? ['--tunnel-type gre'] : []),
    ...(tunnel?.type === 'gue' ? [`--tunnel-type gue --tunnel-port ${tunnel.port}`] : []),
  ];
  const mend = `on ${key.address}: ${words.join(' ')}`;
  const works = tunnelled === direct;
  if (path === 'timed-out') {
    if (works) return { id: 'vip-missing', mend };
    // IPv6 has no such filter.
    const isFilter = tunnelled === 'timed-out' && vip.family === 'ipv4';
    return { id: isFilter ? 'rp-filter' : 'tunnel-link', mend };
  }
  return works
    ? { id: 'vip-not-served', mend: `on ${key.address}: ss -ltn` }
    : { id: 'tunnel-link', mend };
}

const words: Readonly<Record<Outcome, string>> = {
  connected: 'works',
  refused: 'is refused',
  reset: 'is reset',
  'timed-out': 'times out',
  unreachable: 'is told that it is unreachable',
  'not-permitted': 'is forbidden here',
  failed: 'fails',
};

/** What an outcome is in words, behind `a connection`. */
export function outcomeWords(outcome: Outcome): string {
  return words[outcome];
}

function foundText({ service, server }: ServerFacts, trial: PathFacts): string {
  const key = addressKey(service);
  const target = key?.address ?? 'the virtual address';
  const own = server.forwarding === 'nat' ? formatDestinationKey(server.key) : server.key.address;
  // With the other methods the way back is no matter of the director's.
  const from = server.forwarding === 'nat' && trial.from ? ` from ${trial.from}` : '';
  const parts = [
    `a connection to ${target} by ${server.forwarding}${from} ${words[trial.path]}`,
    `one to ${own} directly ${words[trial.direct]}`,
  ];
  if (trial.tunnelled !== undefined) {
    parts.push(`one to ${server.key.address} through the tunnel ${words[trial.tunnelled]}`);
  }
  return parts.join('; ');
}
