import type { Address } from '../net/address.ts';
import type { AddressFamily } from '../net/ip.ts';
import type { Link } from '../net/link.ts';
import { NetworkError } from '../net/network-error.ts';
import type { Route } from '../net/route.ts';
import type { KernelHost } from './kernel-host.ts';
import { familyOf, type RealServerSettings } from './settings.ts';

/** What a plan has to know of the machine. */
export interface HostFacts {
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  /** Of the table main. */
  readonly routes: readonly Route[];
  /** Values of sysctls that decide what is to be done; absent where the kernel has none. */
  readonly sysctls: ReadonlyMap<string, string>;
}

/** @param originals What sysctls were before anything was applied, where that is known. */
export async function readFacts(
  host: KernelHost,
  settings: RealServerSettings,
  originals: ReadonlyMap<string, string> = new Map(),
): Promise<HostFacts> {
  const { network } = host;
  const links = await network.links.list();
  const addresses = await network.addresses.list();
  const routes = await network.routes.list({ table: 'main' });
  const sysctls = new Map<string, string>();
  for (const name of decisive(settings, links)) {
    try {
      sysctls.set(name, originals.get(name) ?? (await host.sysctl.read(name)));
    } catch (error) {
      if (!(error instanceof NetworkError && error.code === 'NETWORK_NOT_FOUND')) throw error;
    }
  }
  return { links, addresses, routes, sysctls };
}

/** The name of a sysctl of one link, or of `all` or `default`. */
export function confName(family: AddressFamily, link: string, name: string): string {
  // A dot in the name of a link, as in eth0.10, is written as the other separator.
  return `net.${family}.conf.${link.replaceAll('.', '/')}.${name}`;
}

function decisive(settings: RealServerSettings, links: readonly Link[]): readonly string[] {
  const names: string[] = ['net.ipv4.ip_forward'];
  const everywhere = ['all', 'default', ...links.map((link) => link.name)];
  const hasIpv4 = settings.vips.some((vip) => familyOf(vip) === 'ipv4');
  if (settings.mode === 'tun' && hasIpv4) {
    names.push(...everywhere.map((link) => confName('ipv4', link, 'rp_filter')));
  }
  names.push(...everywhere.map((link) => confName('ipv6', link, 'disable_ipv6')));
  return names;
}
