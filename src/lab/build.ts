import { NetworkError } from '../net/network-error.ts';
import type { Cleanup } from './cleanup.ts';
import { LabHost, type StepListener } from './host.ts';
import type { Topology } from './topology.ts';

export interface BuildOptions {
  readonly onStep: StepListener;
  readonly signal: AbortSignal | undefined;
}

/** The hosts of a lab, with links, addresses and routes. */
export interface BuiltNetwork {
  /** Names of the namespaces begin with it. */
  readonly name: string;
  /** Where the bridges are. */
  readonly switch: LabHost;
  /** As in the topology. */
  readonly hosts: readonly LabHost[];
}

const mostLabsOfAProcess = 10_000;

/** Makes the namespaces of a lab, joins them, and makes the director own the virtual addresses. */
export async function buildNetwork(
  topology: Topology,
  { onStep, signal }: BuildOptions,
  cleanup: Cleanup,
): Promise<BuiltNetwork> {
  const { name, host: bridges } = await createSwitch(onStep);
  cleanup.add(() => bridges[Symbol.asyncDispose]());
  for (const { bridge } of topology.segments) await bridges.addBridge(bridge);
  const prefixes = topology.segments.map((segment) => segment.prefix);
  bridges.done(`is the network: a bridge for ${prefixes.join(', one for ')}`);

  const hosts: LabHost[] = [];
  for (const planned of topology.hosts) {
    signal?.throwIfAborted();
    const addresses = planned.attachments.flatMap((attachment) => attachment.addresses);
    const identity = { name: planned.name, role: planned.role, addresses };
    const host = await LabHost.create(identity, `${name}-${planned.name}`, onStep);
    cleanup.add(() => host[Symbol.asyncDispose]());
    hosts.push(host);
    if (topology.family === 'ipv6') {
      // Until a link knows that its own address is unique, it asks for no neighbour either.
      await host.setSysctl('net.ipv6.conf.default.accept_dad', '0');
    }
    for (const { link, segment, addresses: own } of planned.attachments) {
      const port = planned.attachments.length > 1 ? `${planned.name}-${link}` : planned.name;
      await bridges.addCable(port, segment.bridge, host, link);
      await host.setUp(link);
      for (const address of own) await host.addAddress(`${address}/${segment.prefixLength}`, link);
    }
    for (const route of planned.routes) await host.addRoute(route);
    host.done(`has ${addresses.join(', ')}`);
    if (planned.forwards) await forward(host, topology);
    if (planned.role === 'director') await ownVirtualAddresses(host, topology);
  }
  return { name, switch: bridges, hosts };
}

/** A lab that another process of the same number left behind keeps its names. */
async function createSwitch(onStep: StepListener): Promise<{ name: string; host: LabHost }> {
  const identity = { name: 'switch', role: 'switch', addresses: [] } as const;
  for (let attempt = 1; ; attempt++) {
    const name = attempt === 1 ? `lvs-${process.pid}` : `lvs-${process.pid}-${attempt}`;
    try {
      return { name, host: await LabHost.create(identity, `${name}-switch`, onStep) };
    } catch (error) {
      const taken = error instanceof NetworkError && error.code === 'NETWORK_EXISTS';
      if (!taken || attempt === mostLabsOfAProcess) throw error;
    }
  }
}

async function forward(host: LabHost, { family, forwarding }: Topology): Promise<void> {
  if (family === 'ipv6') {
    await host.setSysctl('net.ipv6.conf.all.forwarding', '1');
  } else {
    await host.setSysctl('net.ipv4.ip_forward', '1');
    if (forwarding === 'tun') {
      // Answers come from the VIP, and by another way than the one that leads to it.
      for (const link of ['all', 'eth1']) {
        await host.setSysctl(`net.ipv4.conf.${link}.rp_filter`, '0');
      }
    }
  }
  host.done('forwards packets');
}

async function ownVirtualAddresses(host: LabHost, { family, vips }: Topology): Promise<void> {
  for (const vip of vips) {
    if (family === 'ipv4') {
      await host.addAddress(`${vip}/32`, host.link, { label: `${host.link}:0` });
    } else {
      // A tunnel must not come from the VIP: a real server, which has it too, would drop its packets.
      await host.addAddress(`${vip}/128`, host.link, { deprecated: true });
    }
  }
  host.done(`holds the VIP on ${host.link}`);
}
