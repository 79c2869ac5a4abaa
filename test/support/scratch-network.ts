import { afterAll, afterEach } from 'vitest';
import { loadModule } from '../../src/net/modules.ts';
import { NetworkNamespace } from '../../src/net/namespace.ts';
import { Network } from '../../src/net/network.ts';
import { Sysctl } from '../../src/net/sysctl.ts';
import { demandProgram, prepareSmallProcess } from './small-process.ts';

// biome-ignore lint/suspicious/noExplicitAny: what iproute2 prints is compared, not used
type Printed = any;

/** A namespace of a test's own, the library's view of it, and iproute2's. */
export interface ScratchNetwork {
  readonly name: string;
  readonly network: Network;
  /** What `ip -j -d …` prints, read. */
  ip(...words: string[]): Promise<Printed>;
  /** Runs `ip …` for what it does. */
  run(...words: string[]): Promise<void>;
  /** Runs the lines through one `ip -batch`. */
  batch(lines: readonly string[]): Promise<void>;
}

let made = 0;
const cleanups: (() => Promise<unknown>)[] = [];

/** Makes a namespace with nothing but `lo`, which is up; it goes as removeScratchNetworks says. */
export async function scratchNetwork(): Promise<ScratchNetwork> {
  prepareSmallProcess();
  // Where it is a module, ip does not load it.
  await loadModule('ipv6');
  const name = `lvskit-${process.pid}-${++made}`;
  const namespace = await NetworkNamespace.create(name);
  cleanups.push(() => namespace.remove());
  // Link-local addresses come and change by themselves, at times of their own.
  await new Sysctl({ netns: name }).write('net.ipv6.conf.default.addr_gen_mode', 1);
  const network = await Network.open({ netns: name });
  cleanups.push(() => network.close());
  return {
    name,
    network,
    ip: async (...words) => {
      const stdout = await demandProgram(['ip', '-n', name, '-j', '-d', ...words]);
      return stdout === '' ? [] : JSON.parse(stdout);
    },
    run: async (...words) => {
      await demandProgram(['ip', '-n', name, ...words]);
    },
    batch: async (lines) => {
      await demandProgram(['ip', '-n', name, '-batch', '-'], { input: `${lines.join('\n')}\n` });
    },
  };
}

/** Closes and removes what was made, the last first: at the end of each test, or of all together. */
export function removeScratchNetworks(of: 'each' | 'all' = 'each'): void {
  (of === 'each' ? afterEach : afterAll)(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
}
