import { readdir } from 'node:fs/promises';
import { Network } from '../../src/net/network.ts';
import { Sysctl } from '../../src/net/sysctl.ts';

/** Everything about a namespace that setting up a real server could touch, ready to be compared. */
export interface HostState {
  readonly links: readonly unknown[];
  readonly addresses: readonly unknown[];
  readonly routes: readonly unknown[];
  readonly rules: readonly unknown[];
  readonly sysctls: Readonly<Record<string, string | undefined>>;
}

/**
 * What changes by itself, as counters and lifetimes do, is left out.
 *
 * @param netns Default: the namespace of this process.
 */
export async function hostState(netns?: string): Promise<HostState> {
  await using network = await Network.open(netns === undefined ? {} : { netns });
  const sysctl = new Sysctl({ netns });
  const links = await network.links.list();
  const sysctls: Record<string, string | undefined> = {};
  for (const prefix of ['net.ipv4.conf', 'net.ipv6.conf']) {
    for (const { name, value } of await sysctl.list(prefix)) sysctls[name] = value;
  }
  sysctls['net.ipv4.ip_forward'] = await sysctl.read('net.ipv4.ip_forward');
  return {
    links: links.map(({ index, name, kind, up, mtu, tunnel }) => ({
      index,
      name,
      kind,
      up,
      mtu,
      tunnel,
    })),
    addresses: await network.addresses.list(),
    routes: await network.routes.list(),
    rules: await network.rules.list(),
    sysctls,
  };
}

/** Whether a folder has nothing in it but folders, all the way down. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
}
