import { probe } from '../net/arp.ts';
import { solicit } from '../net/ndp.ts';
import { NetworkError } from '../net/network-error.ts';
import type { LabHost } from './host.ts';
import type { Lab } from './lab.ts';

/** One who says to have the virtual address. */
export interface VipClaim {
  readonly linkLayerAddress: string;
  /** Name of the host with that address on the network that was asked; absent for nobody's. */
  readonly host?: string;
}

/** Who answers on the client's network when it is asked who has the virtual address. */
export interface VipClaims {
  readonly protocol: 'arp' | 'ndp';
  readonly answers: readonly VipClaim[];
  /** As it must be, or clients get past the director. */
  readonly onlyDirector: boolean;
  /**
   * Who would answer if the real servers answered ARP as Linux does by itself: names, present with
   * direct routing over IPv4, the one case in which they would.
   */
  readonly careless?: readonly string[];
}

const listenMs = 400;

/** Asks on the client's network, as the client, who has the first virtual address. */
export async function askWhoHasVip(lab: Lab): Promise<VipClaims> {
  const ipv4 = lab.family === 'ipv4';
  const careless = lab.forwarding === 'dr' && ipv4 ? await askCareless(lab) : undefined;
  const answers = await ask(lab);
  return {
    protocol: ipv4 ? 'arp' : 'ndp',
    answers,
    onlyDirector: answers.length === 1 && answers[0]?.host === lab.director.name,
    ...(careless === undefined ? {} : { careless }),
  };
}

async function ask(lab: Lab): Promise<readonly VipClaim[]> {
  const { client, vip, family } = lab;
  const question = {
    netns: client.netns,
    link: client.link,
    target: vip,
    sender: client.address,
    timeoutMs: listenMs,
  };
  const answers = await (family === 'ipv4' ? probe(question) : solicit(question));
  const names = await neighbours(lab);
  return answers.map(({ mac }) => {
    const host = names.get(mac);
    return { linkLayerAddress: mac, ...(host === undefined ? {} : { host }) };
  });
}

/** The names of hosts on the client's network by their link-layer addresses. */
async function neighbours(lab: Lab): Promise<ReadonlyMap<string, string>> {
  const [lan] = lab.topology.segments;
  const names = new Map<string, string>();
  for (const [index, planned] of lab.topology.hosts.entries()) {
    const host = lab.hosts[index];
    const plug = planned.attachments.find(({ segment }) => segment === lan);
    if (host === undefined || plug === undefined) continue;
    const address = (await host.network.links.find(plug.link))?.address;
    if (address !== undefined) names.set(address, host.name);
  }
  return names;
}

/** Asks while the real servers answer for every address they have, on whatever link it is. */
async function askCareless(lab: Lab): Promise<readonly string[]> {
  try {
    await setArpIgnore(lab.realServers, 0);
    const answers = await ask(lab);
    return answers.map(({ host, linkLayerAddress }) => host ?? linkLayerAddress).sort();
  } finally {
    await setArpIgnore(lab.realServers, 1);
    await forgetVip(lab.client, lab.vip);
  }
}

async function setArpIgnore(servers: readonly LabHost[], value: number): Promise<void> {
  for (const { sysctl, link } of servers) {
    for (const name of ['all', link]) {
      await sysctl.write(`net.ipv4.conf.${name}.arp_ignore`, value);
    }
  }
}

/** What the client learnt from the wrong answers would lead it past the director. */
async function forgetVip({ network, link }: LabHost, vip: string): Promise<void> {
  try {
    await network.neighbours.remove({ link, address: vip });
  } catch (error) {
    if (!(error instanceof NetworkError && error.code === 'NETWORK_NOT_FOUND')) throw error;
  }
}
