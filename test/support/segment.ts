import { setTimeout as delay } from 'node:timers/promises';
import { loadModule } from '../../src/net/modules.ts';
import { NetworkNamespace } from '../../src/net/namespace.ts';
import { Network } from '../../src/net/network.ts';
import { Sysctl } from '../../src/net/sysctl.ts';
import { demandProgram } from './small-process.ts';

/** A host on the segment: a namespace with one link, `eth0`. */
export interface SegmentHost {
  readonly netns: string;
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly sysctl: Sysctl;
  /** Runs `ip …` in the host. */
  run(...words: string[]): Promise<void>;
  /** The Ethernet address at which the host has a neighbour in its cache. */
  neighbour(address: string): Promise<string | undefined>;
}

export interface Segment {
  readonly hosts: readonly SegmentHost[];
  /** Has all hosts forget their neighbours, about whom their kernels would ask again seconds later. */
  forget(): Promise<void>;
  remove(): Promise<void>;
}

async function batch(lines: readonly string[], ...options: string[]): Promise<void> {
  await demandProgram(['ip', ...options, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

function host(netns: string, number: number): SegmentHost {
  return {
    netns,
    mac: `02:00:00:00:82:0${number}`,
    ipv4: `10.82.0.${number}`,
    ipv6: `fd82::${number}`,
    sysctl: new Sysctl({ netns }),
    run: async (...words) => {
      await demandProgram(['ip', '-n', netns, ...words]);
    },
    neighbour: async (address) => {
      const words = ['-n', netns, '-j', 'neighbour', 'show', 'dev', 'eth0', 'to', address];
      const stdout = await demandProgram(['ip', ...words]);
      return JSON.parse(stdout || '[]')[0]?.lladdr;
    },
  };
}

/**
 * Waits until link-local addresses are through duplicate address detection, which changes their
 * flags and lets them answer, a second or two after the link came up.
 */
async function settled(netns: string): Promise<void> {
  await using network = await Network.open({ netns });
  const isUnderWay = async () =>
    (await network.addresses.list()).some(({ flags }) => flags.includes('tentative'));
  while (await isUnderWay()) await delay(100);
}

/** Makes hosts that are joined by a bridge, with IPv4 and IPv6 addresses in one subnet each. */
export async function segment(name: string, count: number): Promise<Segment> {
  await loadModule('ipv6');
  const bridge = `lvskit-${name}`;
  const hosts = Array.from({ length: count }, (_, index) =>
    host(`lvskit-${name}-${index + 1}`, index + 1),
  );
  const namespaces: NetworkNamespace[] = [];
  for (const netns of [bridge, ...hosts.map((one) => one.netns)]) {
    namespaces.push(await NetworkNamespace.create(netns));
  }
  const ports = hosts.map((_, index) => `port${index}`);
  await batch(
    hosts.map(
      ({ netns, mac }, index) =>
        `link add eth0 netns ${netns} address ${mac} type veth peer name ${ports[index]} netns ${bridge}`,
    ),
  );
  await batch(
    [
      'link add br0 type bridge mcast_snooping 0',
      'link set br0 up',
      ...ports.flatMap((port) => [`link set ${port} master br0`, `link set ${port} up`]),
    ],
    '-n',
    bridge,
  );
  for (const { netns, ipv4, ipv6 } of hosts) {
    await batch(
      [
        'link set eth0 up',
        `address add ${ipv4}/24 dev eth0`,
        `address add ${ipv6}/64 dev eth0 nodad`,
      ],
      '-n',
      netns,
    );
  }
  for (const { netns } of hosts) await settled(netns);
  return {
    hosts,
    forget: async () => {
      for (const { run } of hosts) await run('neighbour', 'flush', 'dev', 'eth0');
    },
    remove: async () => {
      for (const namespace of namespaces) await namespace.remove();
    },
  };
}
