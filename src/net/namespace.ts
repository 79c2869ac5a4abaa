import { loadAddon } from '../native/load.ts';
import { NetworkError, networkError, type Refusals } from './network-error.ts';

const directory = '/run/netns';

/** What statfs(2) says of a file that stands for a namespace: `NSFS_MAGIC` of <linux/magic.h>. */
const nsfsMagic = 0x6e736673;

/** How to make a namespace. */
export interface CreateNamespaceOptions {
  /** Whether to bring the namespace's `lo` up, as every other program expects it. Default: true. */
  readonly loopback?: boolean | undefined;
}

/**
 * A network namespace with a name, as `ip netns` makes, lists, enters and removes them: what either
 * makes, the other works with. The name, or `path`, is what `netns` takes throughout the library.
 */
export class NetworkNamespace {
  /** As `ip netns` shows it. */
  readonly name: string;
  /** `/run/netns/NAME` */
  readonly path: string;

  private constructor(name: string) {
    this.name = name;
    this.path = `${directory}/${name}`;
  }

  /**
   * Makes an empty network namespace: a `lo`, no other link.
   *
   * @throws TypeError or RangeError when the name cannot be one.
   * @throws {@link NetworkError} `NETWORK_EXISTS`; `NETWORK_NOT_PERMITTED` without CAP_SYS_ADMIN.
   */
  static async create(
    name: string,
    options: CreateNamespaceOptions = {},
  ): Promise<NetworkNamespace> {
    const namespace = new NetworkNamespace(checkName(name));
    try {
      await loadAddon().createNamespace(name, options.loopback ?? true);
      return namespace;
    } catch (failure) {
      throw networkError(`cannot create network namespace ${name}`, failure, creating);
    }
  }

  /**
   * Finds a namespace by its name.
   *
   * @throws {@link NetworkError} `NETWORK_NAMESPACE_NOT_FOUND`
   */
  static async open(name: string): Promise<NetworkNamespace> {
    const namespace = new NetworkNamespace(checkName(name));
    if (await standsForNamespace(namespace.path)) return namespace;
    throw new NetworkError(
      'NETWORK_NAMESPACE_NOT_FOUND',
      `cannot open network namespace ${name}: there is no such namespace`,
    );
  }

  /** All namespaces with a name, in the order of their names. */
  static async list(): Promise<readonly NetworkNamespace[]> {
    const { readdir } = process.getBuiltinModule('node:fs/promises');
    const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw networkError('cannot list the network namespaces', error);
    });
    const found = names.sort().map((name) => new NetworkNamespace(name));
    // A file on which nothing is mounted is what is left of an interrupted `ip netns add`.
    const real = await Promise.all(found.map(({ path }) => standsForNamespace(path)));
    return found.filter((_, index) => real[index]);
  }

  /**
   * Takes the name away. The namespace itself, with its links, ends once no process, descriptor or
   * socket is in it any more.
   *
   * @throws {@link NetworkError} `NETWORK_NAMESPACE_NOT_FOUND`; `NETWORK_NOT_PERMITTED` without
   * CAP_SYS_ADMIN.
   */
  async remove(): Promise<void> {
    try {
      await loadAddon().removeNamespace(this.name);
    } catch (failure) {
      throw networkError(`cannot remove network namespace ${this.name}`, failure, removing);
    }
  }

  /** Its name. */
  toString(): string {
    return this.name;
  }
}

function checkName(name: string): string {
  if (typeof name !== 'string') throw new TypeError('namespace name must be a string');
  if (/^\.{0,2}$|[/\0]/.test(name) || Buffer.byteLength(name) > 255) {
    throw new RangeError(
      `namespace name ${JSON.stringify(name)} must be a file name of 1 to 255 bytes`,
    );
  }
  return name;
}

async function standsForNamespace(path: string): Promise<boolean> {
  try {
    const { statfs } = process.getBuiltinModule('node:fs/promises');
    return (await statfs(path)).type === nsfsMagic;
  } catch {
    return false;
  }
}

const needsAdmin = {
  code: 'NETWORK_NOT_PERMITTED',
  reason: 'that needs the capability CAP_SYS_ADMIN (run it as root, or grant it)',
} as const;

const creating: Refusals = {
  EPERM: needsAdmin,
  EACCES: needsAdmin,
  EEXIST: { code: 'NETWORK_EXISTS', reason: 'there is one of that name' },
  EROFS: { code: 'NETWORK_NOT_PERMITTED', reason: `${directory} is on a read-only file system` },
  ENOSPC: {
    code: 'NETWORK_OUT_OF_MEMORY',
    reason: 'there may be no more (sysctl user.max_net_namespaces), or the file system is full',
  },
};

const removing: Refusals = {
  EPERM: needsAdmin,
  EACCES: needsAdmin,
  ENOENT: { code: 'NETWORK_NAMESPACE_NOT_FOUND', reason: 'there is no such namespace' },
};
