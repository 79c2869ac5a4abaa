import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { NamespaceReference } from '../net/namespace-reference.ts';

/** Which machine, or network namespace, and where its files are. */
export interface PlaceOptions {
  /** The network namespace that is made a real server. Default: that of this process. */
  readonly netns?: NamespaceReference | undefined;
  /** The folder that `/var/lib/lvskit` and `/etc` are below. Default `/`. */
  readonly root?: string | undefined;
}

/** Where things are kept. */
export interface Place {
  readonly netns: NamespaceReference | undefined;
  readonly stateFile: string;
  readonly lockFile: string;
  readonly sysctlFile: string;
  readonly unitFile: string;
  readonly unitLink: string;
  /** Whether these are the files of the running system. */
  readonly isSystem: boolean;
}

const unit = 'lvskit-real-server.service';

export function placeOf({ netns, root = '/' }: PlaceOptions): Place {
  // Each namespace has a ledger of its own.
  const suffix = netns === undefined ? '' : `@${encodeURIComponent(String(netns))}`;
  const state = join(root, 'var/lib/lvskit');
  const systemd = join(root, 'etc/systemd/system');
  return {
    netns,
    stateFile: join(state, `real-server${suffix}.json`),
    lockFile: join(state, 'real-server.lock'),
    sysctlFile: join(root, 'etc/sysctl.d/60-lvskit-real-server.conf'),
    unitFile: join(systemd, unit),
    unitLink: join(systemd, 'multi-user.target.wants', unit),
    isSystem: root === '/' && netns === undefined,
  };
}

/** What changes when the kernel forgets everything: the start of the machine, the namespace. */
export async function currentEpoch({ netns }: Place): Promise<string> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  if (netns === undefined) return boot;
  const path =
    typeof netns === 'number'
      ? `/proc/self/fd/${netns}`
      : netns.startsWith('/')
        ? netns
        : `/run/netns/${netns}`;
  const { dev, ino } = await stat(path);
  return `${boot} ${dev}:${ino}`;
}
