import { mkdtemp, rm } from 'node:fs/promises';
import { afterAll, afterEach } from 'vitest';
import { loadModule } from '../../src/net/modules.ts';
import { Sysctl } from '../../src/net/sysctl.ts';
import { fallbackModules } from '../../src/real-server/setting-text.ts';
import { type Outcome, rsSetup } from './command.ts';
import { type HostState, hostState } from './host-state.ts';
import { type ScratchNetwork, scratchNetwork } from './scratch-network.ts';

/** A machine to be made a real server: a namespace, and a folder for its files. */
export interface Machine extends ScratchNetwork {
  /** Has /etc and /var of the machine. */
  readonly root: string;
  readonly sysctl: Sysctl;
  /** Runs `rs-setup WORDS…` there. */
  rsSetup(...words: string[]): Promise<Outcome>;
  state(): Promise<HostState>;
}

const folders: string[] = [];

/**
 * Makes a machine with `eth0`, 10.82.0.11/24 and fd82::11/64, plugged into a cable, and a default
 * route to a router that is not there.
 */
export async function machine(): Promise<Machine> {
  const scratch = await scratchNetwork();
  await scratch.batch([
    'link add eth0 type veth peer name cable',
    'link set cable up',
    'link set eth0 up',
    'address add 10.82.0.11/24 brd + dev eth0',
    'address add fd82::11/64 dev eth0 nodad',
    'route add default via 10.82.0.254 metric 100',
  ]);
  const root = await mkdtemp('/dev/shm/lvskit-rs-');
  folders.push(root);
  return {
    ...scratch,
    root,
    sysctl: new Sysctl({ netns: scratch.name }),
    rsSetup: (...words) => rsSetup([...words, '--netns', scratch.name, '--root', root]),
    state: () => hostState(scratch.name),
  };
}

/**
 * A machine on which the links that come with the modules of tunnels have been up before: they come once
 * and for all, and have IPv6 sysctls from then on.
 */
export async function machineWithTunnels(links: readonly string[]): Promise<Machine> {
  for (const link of links) await loadModule(fallbackModules[link] ?? link);
  const host = await machine();
  for (const link of links) {
    for (const up of [true, false]) await host.network.links.set(link, { up });
  }
  return host;
}

/** A state without the numbers of links, which grow with each that is made. */
export function withoutNumbers(state: HostState): unknown {
  const isNumber = (key: string) => key === 'index' || key === 'linkIndex';
  return JSON.parse(
    JSON.stringify(state, (key, value) => (isNumber(key) ? undefined : value)),
  ) as unknown;
}

/** Removes the files of machines: at the end of each test, or of all that are together. */
export function removeMachines(of: 'each' | 'all' = 'each'): void {
  (of === 'each' ? afterEach : afterAll)(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });
}
