import { isNativeError, type NativeNamespace } from '../native/addon.ts';
import { NetworkError, networkError, type Refusals } from './network-error.ts';

/**
 * Which network namespace to work in: a name as `ip netns` gives them (`rs1` is `/run/netns/rs1`),
 * an absolute path such as `/proc/1234/ns/net`, or the number of an open descriptor, which is not
 * needed any more once the handle that was opened with it is open.
 */
export type NamespaceReference = string | number;

/**
 * What the addon is handed for a namespace; undefined stays undefined, the process's own.
 *
 * @throws TypeError when it is neither text nor number, RangeError when it can name no namespace.
 */
export function namespaceArgument(
  reference: NamespaceReference | undefined,
): NativeNamespace | undefined {
  if (reference === undefined) return undefined;
  if (typeof reference === 'number') {
    if (Number.isInteger(reference) && reference >= 0 && reference <= 0x7fffffff) return reference;
    throw new RangeError(`netns ${reference} is not the number of an open descriptor`);
  }
  if (typeof reference !== 'string') {
    throw new TypeError('netns must be a name, an absolute path or the number of a descriptor');
  }
  if (reference.startsWith('/') && !reference.includes('\0')) return reference;
  if (/^\.{0,2}$|[/\0]/.test(reference)) {
    throw new RangeError(
      `netns ${JSON.stringify(reference)} is neither a name nor an absolute path`,
    );
  }
  return `/run/netns/${reference}`;
}

/** How a namespace is called in sentences. */
export function describeNamespace(reference: NamespaceReference | undefined): string {
  if (reference === undefined) return 'the network namespace of this process';
  return typeof reference === 'number'
    ? `the network namespace of descriptor ${reference}`
    : `network namespace ${reference}`;
}

const entering: Readonly<Record<string, Refusals>> = {
  open: {
    ENOENT: { code: 'NETWORK_NAMESPACE_NOT_FOUND', reason: 'there is no such namespace' },
    EACCES: { code: 'NETWORK_NOT_PERMITTED', reason: 'its file may not be read' },
  },
  setns: {
    EINVAL: { code: 'NETWORK_NAMESPACE_NOT_FOUND', reason: 'that is no network namespace' },
    EBADF: { code: 'NETWORK_NAMESPACE_NOT_FOUND', reason: 'the descriptor is not open' },
    EPERM: {
      code: 'NETWORK_NOT_PERMITTED',
      reason: 'that needs the capability CAP_SYS_ADMIN (run it as root, or grant it)',
    },
  },
};

/**
 * The error of an operation that had to enter a namespace: when entering it was what failed, the
 * sentence says so and the code tells; otherwise it is `networkError(action, …)`.
 */
export function namespaceError(
  action: string,
  reference: NamespaceReference | undefined,
  failure: unknown,
  refusals: Refusals = {},
): unknown {
  if (failure instanceof NetworkError || !isNativeError(failure)) return failure;
  const reasons = entering[failure.syscall];
  if (reference === undefined || reasons === undefined) {
    return networkError(action, failure, refusals);
  }
  return networkError(`${action} in ${describeNamespace(reference)}`, failure, reasons);
}
