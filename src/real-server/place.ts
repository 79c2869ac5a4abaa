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
  /** What scripts of `rs-setup script` keep their records in. Absent in a namespace: they have one. */
  readonly scriptRecords: string | undefined;
  /** Absent in a namespace, for which systemd sets no sysctls. */
  readonly sysctlFile: string | undefined;
  /** Absent in a namespace whose name no unit can bear. */
  readonly unitFile: string | undefined;
  /** Where the units of mounts are. Absent in a namespace, which has none. */
  readonly systemdFolder: string | undefined;
  /** Whether these are the files of the system that runs. */
  readonly isSystem: boolean;
}

export function placeOf({ netns, root = '/' }: PlaceOptions): Place {
  // Each namespace has a ledger of its own.
  const suffix = netns === undefined ? '' : `@${encodeURIComponent(String(netns))}`;
  const state = join(root, 'var/lib/lvskit');
  const unit = unitName(netns);
  return {
    netns,
    stateFile: join(state, `real-server${suffix}.json`),
    lockFile: join(state, 'real-server.lock'),
    scriptRecords: netns === undefined ? join(state, 'real-server-script') : undefined,
    sysctlFile:
      netns === undefined ? join(root, 'etc/sysctl.d/60-lvskit-real-server.conf') : undefined,
    unitFile: unit === undefined ? undefined : join(root, 'etc/systemd/system', unit),
    systemdFolder: netns === undefined ? join(root, 'etc/systemd/system') : undefined,
    isSystem: root === '/',
  };
}

/** A unit for each namespace, so that none removes that of another. */
function unitName(netns: NamespaceReference | undefined): string | undefined {
  if (netns === undefined) return 'lvskit-real-server.service';
  return /^[\w:.-]+$/.test(String(netns)) && typeof netns === 'string'
    ? `lvskit-real-server-${netns}.service`
    : undefined;
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
