import { errnoName } from '../errors.ts';
import { isNativeError } from '../native/addon.ts';
import { loadAddon } from '../native/load.ts';
import {
  describeNamespace,
  type NamespaceReference,
  namespaceArgument,
  namespaceError,
} from './namespace-reference.ts';
import { NetworkError, type Refusal, type Refusals } from './network-error.ts';

/** Whose settings are meant. */
export interface SysctlOptions {
  /** The network namespace whose `net.*` is meant. Default: that of this process. */
  readonly netns?: NamespaceReference | undefined;
}

/** A setting and its value. */
export interface SysctlEntry {
  /** With dots, as `Sysctl` and sysctl(8) take it. */
  readonly name: string;
  /**
   * Absent when it cannot be read: some can only be written (`net.ipv4.route.flush`), some are not
   * set (`net.ipv6.conf.*.stable_secret`), some are not for this user.
   */
  readonly value?: string;
}

/**
 * The kernel's settings under /proc/sys, in any network namespace.
 *
 * Names are those of sysctl(8): `net.ipv4.ip_forward` or `net/ipv4/ip_forward`. Whichever separator
 * comes first is the separator, and the other one stands for a dot inside a part: the link `eth0.10`
 * is in `net.ipv4.conf.eth0/10.arp_ignore` and in `net/ipv4/conf/eth0.10/arp_ignore`.
 *
 * All methods throw TypeError or RangeError for what is no name, and {@link NetworkError}:
 * `NETWORK_NOT_FOUND` when the kernel has no such sysctl (the message says which module it may be
 * missing), `NETWORK_NOT_PERMITTED` when it may not be read or written, or /proc/sys is read-only
 * as in containers, `NETWORK_NAMESPACE_NOT_FOUND`.
 */
export class Sysctl {
  readonly #netns: NamespaceReference | undefined;

  /** @throws TypeError or RangeError when `netns` can name no namespace. */
  constructor(options: SysctlOptions = {}) {
    namespaceArgument(options.netns);
    this.#netns = options.netns;
  }

  /** The value as text, without the newline at its end. */
  async read(name: string): Promise<string> {
    const path = sysctlPath(name);
    try {
      return await loadAddon().readSysctl(path, namespaceArgument(this.#netns));
    } catch (failure) {
      throw namespaceError(`cannot read sysctl ${name}`, this.#netns, failure, {
        ...refusals(path),
        EACCES: notReadable,
        EPERM: notReadable,
      });
    }
  }

  /**
   * The value as a number.
   *
   * @throws {@link NetworkError} `NETWORK_INVALID` when it is anything but one whole number.
   */
  async readNumber(name: string): Promise<number> {
    const text = await this.read(name);
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value)) return value;
    throw new NetworkError(
      'NETWORK_INVALID',
      `cannot read sysctl ${name} as a number: it is ${JSON.stringify(text)}`,
    );
  }

  /**
   * Sets the value. The kernel takes it whole or not at all.
   *
   * @returns What it was before; undefined for the few that can only be written.
   * @throws {@link NetworkError} `NETWORK_INVALID` when the kernel does not take the value.
   */
  async write(name: string, value: string | number): Promise<string | undefined> {
    const path = sysctlPath(name);
    const text = valueText(value);
    try {
      return await loadAddon().writeSysctl(path, text, namespaceArgument(this.#netns));
    } catch (failure) {
      const invalid: Refusal = { code: 'NETWORK_INVALID', reason: 'the kernel refuses that value' };
      // Where none can be set, it is no matter to what.
      const isReadOnly = isNativeError(failure) && errnoName(failure.errno) === 'EROFS';
      const action = isReadOnly
        ? `cannot set sysctl ${name}`
        : `cannot set sysctl ${name} to ${text}`;
      throw namespaceError(action, this.#netns, failure, {
        ...refusals(path),
        EINVAL: invalid,
        ERANGE: invalid,
        EACCES: notWritable,
        EPERM: notWritable,
        EROFS: readOnly,
      });
    }
  }

  /** All sysctls at or below a name, by default below `net`, in the order of their paths. */
  async list(prefix = 'net'): Promise<readonly SysctlEntry[]> {
    const path = sysctlPath(prefix);
    try {
      const found = await loadAddon().listSysctls(path, namespaceArgument(this.#netns));
      return found.map(({ name, value }) => ({
        name: sysctlName(name),
        ...(value === undefined ? {} : { value }),
      }));
    } catch (failure) {
      const action = `cannot list the sysctls below ${prefix}`;
      throw namespaceError(action, this.#netns, failure, refusals(path));
    }
  }

  /** Whose sysctls they are, for messages. */
  toString(): string {
    return `sysctls of ${describeNamespace(this.#netns)}`;
  }
}

/**
 * The path below /proc/sys of a name.
 *
 * @throws TypeError when it is not a string, RangeError when it is no name, or would lead elsewhere.
 */
export function sysctlPath(name: string): string {
  if (typeof name !== 'string') throw new TypeError('sysctl name must be a string');
  const path = /^[^./]*\./.test(name) ? swapSeparators(name) : name;
  if (path.split('/').some((part) => /^\.{0,2}$|[\0\n]/.test(part))) {
    throw new RangeError(
      `sysctl name ${JSON.stringify(name)} must be parts such as net.ipv4.ip_forward`,
    );
  }
  return path;
}

/** The name with dots of a path below /proc/sys; `sysctlPath` is its inverse. */
export function sysctlName(path: string): string {
  return swapSeparators(path);
}

function swapSeparators(text: string): string {
  return text.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
}

function valueText(value: string | number): string {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return String(value);
    throw new RangeError(`sysctl value must be a whole number or text, not ${value}`);
  }
  if (typeof value !== 'string') throw new TypeError('sysctl value must be a string or a number');
  if (/[\0\n]/.test(value)) {
    throw new RangeError(`sysctl value ${JSON.stringify(value)} must be one line`);
  }
  return value;
}

const notReadable: Refusal = {
  code: 'NETWORK_NOT_PERMITTED',
  reason: 'this user may not read it, or it can only be written',
};
const notWritable: Refusal = {
  code: 'NETWORK_NOT_PERMITTED',
  reason: 'it is read-only, or needs the capability CAP_NET_ADMIN (run it as root, or grant it)',
};
const readOnly: Refusal = {
  code: 'NETWORK_NOT_PERMITTED',
  reason: '/proc/sys is read-only here, as in most containers: set it from outside',
};

/** Which module brings the sysctls below a path. */
const modules: readonly (readonly [prefix: string, module: string])[] = [
  ['net/ipv4/vs', 'ip_vs'],
  ['net/netfilter/nf_conntrack', 'nf_conntrack'],
  ['net/bridge', 'br_netfilter'],
  ['net/ipv6', 'ipv6'],
];

function refusals(path: string): Refusals {
  const link = /^net\/ipv[46]\/(?:conf|neigh)\/([^/]+)/.exec(path)?.[1];
  const module = modules.find(([prefix]) => path.startsWith(prefix))?.[1];
  let reason = 'this kernel has no such sysctl';
  if (link !== undefined) reason = `there is no link ${link}, or no such sysctl`;
  else if (module !== undefined) reason += `, or the module ${module} is not loaded`;
  return {
    ENOENT: { code: 'NETWORK_NOT_FOUND', reason },
    ENOTDIR: { code: 'NETWORK_NOT_FOUND', reason },
    EISDIR: { code: 'NETWORK_INVALID', reason: 'that is a folder of sysctls' },
  };
}
