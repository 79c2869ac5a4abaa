import type { LabHost } from './host.ts';
import type { Topology } from './topology.ts';

/** Makes a host of a lab a real server of the lab's virtual addresses. */
export async function provisionRealServer(host: LabHost, topology: Topology): Promise<void> {
  switch (topology.forwarding) {
    case 'dr':
      await provisionDirectRouting(host, topology);
      break;
    case 'tun':
      await provisionTunnel(host, topology);
      break;
    case 'nat':
      // Its default route leads through the director, and it knows nothing of the virtual address.
      break;
  }
}

async function provisionDirectRouting(host: LabHost, { family, vips }: Topology): Promise<void> {
  if (family === 'ipv4') {
    await keepQuiet(host);
    for (const vip of vips) {
      await host.addAddress(`${vip}/32`, 'lo', { label: 'lo:0' });
      await host.addRoute({ to: `${vip}/32`, link: 'lo', scope: 'link' });
    }
    host.done('answers no ARP for the VIP, holds it on lo:0');
  } else {
    // Neighbour discovery answers only for addresses of the link that was asked on.
    for (const vip of vips) await host.addAddress(`${vip}/128`, 'lo');
    host.done('holds the VIP on lo, for which it answers no neighbour solicitation');
  }
}

async function provisionTunnel(host: LabHost, { family, vips }: Topology): Promise<void> {
  const link = family === 'ipv4' ? 'tunl0' : 'ip6tnl0';
  await host.addFallbackTunnel(family === 'ipv4' ? 'ipip' : 'ip6tnl', link);
  if (family === 'ipv4') {
    // A packet out of the tunnel is from a client, to whom the way back is not through the tunnel.
    await host.setSysctl('net.ipv4.conf.all.rp_filter', '0');
    await host.setSysctl(`net.ipv4.conf.${link}.rp_filter`, '0');
    await keepQuiet(host);
  }
  await host.setUp(link);
  for (const vip of vips) await host.addAddress(`${vip}/${family === 'ipv4' ? 32 : 128}`, link);
  host.done(`takes packets out of the tunnel, holds the VIP on ${link}`);
}

/**
 * No ARP answer for addresses of other links, and no ARP question from the VIP. Has to be in effect
 * before the VIP is there. What counts is the link that ARP arrives on, or all; never lo.
 */
async function keepQuiet(host: LabHost): Promise<void> {
  for (const link of ['all', host.link]) {
    await host.setSysctl(`net.ipv4.conf.${link}.arp_ignore`, '1');
    await host.setSysctl(`net.ipv4.conf.${link}.arp_announce`, '2');
  }
}
