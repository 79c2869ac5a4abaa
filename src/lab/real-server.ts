import { KernelHost } from '../real-server/kernel-host.ts';
import { provision } from '../real-server/provision.ts';
import type { RealServerSettings } from '../real-server/settings.ts';
import type { LabHost } from './host.ts';
import type { PlannedHost, Topology } from './topology.ts';

/** Makes a host of a lab a real server of the lab's virtual addresses, as `rs-setup apply` does. */
export async function provisionRealServer(host: LabHost, topology: Topology): Promise<void> {
  await using kernel = await KernelHost.open(host.netns);
  await provision(kernel, settingsFor(host, topology), {
    onItem: ({ changes, command }) => {
      if (changes) host.note(command);
    },
  });
  host.done(summaries[topology.forwarding][topology.family]);
}

const summaries: Readonly<
  Record<Topology['forwarding'], Readonly<Record<Topology['family'], string>>>
> = {
  dr: {
    ipv4: 'answers no ARP for the VIP, holds it on lo:0',
    ipv6: 'holds the VIP on lo, for which it answers no neighbour solicitation',
  },
  tun: {
    ipv4: 'takes packets out of the tunnel, holds the VIP on tunl0',
    ipv6: 'takes packets out of the tunnel, holds the VIP on ip6tnl0',
  },
  nat: {
    ipv4: 'answers through the director, and knows nothing of the VIP',
    ipv6: 'answers through the director, and knows nothing of the VIP',
  },
};

function settingsFor(host: LabHost, { forwarding, vips, hosts }: Topology): RealServerSettings {
  if (forwarding !== 'nat') return { mode: forwarding, vips };
  const planned = hosts.find((one: PlannedHost) => one.name === host.name);
  const gateway = planned?.routes.find(({ to }) => to === 'default')?.gateway;
  return { mode: 'nat', vips, ...(gateway === undefined ? {} : { gateways: [gateway] }) };
}
