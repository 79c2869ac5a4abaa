import { getSystemErrorMap } from 'node:util';
import { errnoName } from '../errors.ts';
import { isNativeError } from '../native/addon.ts';

/**
 * Why the network part refused, to be matched by programs.
 *
 * - `NETWORK_EXISTS`: what was to be added is already there.
 * - `NETWORK_NOT_FOUND`: what was named is not there.
 * - `NETWORK_NO_DEVICE`: a link that was named is not there.
 * - `NETWORK_NAMESPACE_NOT_FOUND`: the network namespace that was named is not there, or what was
 *   named is no network namespace.
 * - `NETWORK_NOT_PERMITTED`: a capability is missing; the message says which.
 * - `NETWORK_UNSUPPORTED`: this kernel lacks the feature, or a module that is not loaded has it.
 * - `NETWORK_INVALID`: the kernel found the values contradictory or out of its range.
 * - `NETWORK_UNREACHABLE`: no route leads there, or the link is down.
 * - `NETWORK_REFUSED`: the other side answered that nobody listens there.
 * - `NETWORK_BUSY`: the state of the thing does not allow the change now.
 * - `NETWORK_DUMP_INTERRUPTED`: the table changed during each of several reads of it.
 * - `NETWORK_UNANSWERED`: the kernel took the request and never said what became of it; read back.
 * - `NETWORK_TIMEOUT`: no answer within the time allowed.
 * - `NETWORK_OUT_OF_MEMORY`: the kernel has no memory or buffer space for it.
 * - `NETWORK_CLOSED`: the handle was closed before the call.
 * - `NETWORK_FAILED`: anything else; `errno` says what.
 */
export type NetworkErrorCode =
  | 'NETWORK_EXISTS'
  | 'NETWORK_NOT_FOUND'
  | 'NETWORK_NO_DEVICE'
  | 'NETWORK_NAMESPACE_NOT_FOUND'
  | 'NETWORK_NOT_PERMITTED'
  | 'NETWORK_UNSUPPORTED'
  | 'NETWORK_INVALID'
  | 'NETWORK_UNREACHABLE'
  | 'NETWORK_REFUSED'
  | 'NETWORK_BUSY'
  | 'NETWORK_DUMP_INTERRUPTED'
  | 'NETWORK_UNANSWERED'
  | 'NETWORK_TIMEOUT'
  | 'NETWORK_OUT_OF_MEMORY'
  | 'NETWORK_CLOSED'
  | 'NETWORK_FAILED';

/** What is known of a {@link NetworkError} besides its code and sentence. */
export interface NetworkErrorDetails extends ErrorOptions {
  readonly errno?: number | undefined;
  readonly kernelMessage?: string | undefined;
}

/** Thrown when links, addresses, routes, packets, sysctls or namespaces refuse what was asked. */
export class NetworkError extends Error {
  static {
    NetworkError.prototype.name = 'NetworkError';
  }

  /** The stable name of the reason. */
  readonly code: NetworkErrorCode;
  /** The positive error number, where the kernel gave one. */
  readonly errno: number | undefined;
  /** Its symbolic name, such as `EEXIST`. */
  readonly errnoName: string | undefined;
  /** The kernel's own words (extended acknowledgement), where it had any. */
  readonly kernelMessage: string | undefined;

  constructor(code: NetworkErrorCode, message: string, details: NetworkErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.errno = details.errno;
    this.errnoName = details.errno === undefined ? undefined : errnoName(details.errno);
    this.kernelMessage = details.kernelMessage || undefined;
  }
}

/** What one error number means to one operation. */
export interface Refusal {
  readonly code: NetworkErrorCode;
  /** Ends the sentence `cannot …: `. */
  readonly reason: string;
}

/** What error numbers, by symbolic name, mean to one operation; others keep their usual meaning. */
export type Refusals = Readonly<Record<string, Refusal>>;

const notPermitted: Refusal = {
  code: 'NETWORK_NOT_PERMITTED',
  reason: 'that needs the capability CAP_NET_ADMIN (run it as root, or grant it)',
};
const notFound: Refusal = { code: 'NETWORK_NOT_FOUND', reason: 'it is not there' };
const noDevice: Refusal = { code: 'NETWORK_NO_DEVICE', reason: 'there is no such link' };
const unsupported: Refusal = {
  code: 'NETWORK_UNSUPPORTED',
  reason: 'this kernel does not have it, or its module is not loaded',
};
const invalid: Refusal = { code: 'NETWORK_INVALID', reason: 'the kernel finds it invalid' };
const noMemory: Refusal = {
  code: 'NETWORK_OUT_OF_MEMORY',
  reason: 'the kernel has no memory for it',
};

const usualRefusals: Refusals = {
  EPERM: notPermitted,
  EACCES: notPermitted,
  EEXIST: { code: 'NETWORK_EXISTS', reason: 'it is already there' },
  ENOENT: notFound,
  ESRCH: notFound,
  EADDRNOTAVAIL: notFound,
  ENODEV: noDevice,
  ENXIO: noDevice,
  EOPNOTSUPP: unsupported,
  EAFNOSUPPORT: unsupported,
  EPROTONOSUPPORT: unsupported,
  EINVAL: invalid,
  ERANGE: invalid,
  ENETUNREACH: { code: 'NETWORK_UNREACHABLE', reason: 'no route leads there' },
  EHOSTUNREACH: { code: 'NETWORK_UNREACHABLE', reason: 'no route leads there' },
  ENETDOWN: { code: 'NETWORK_UNREACHABLE', reason: 'the link is down' },
  EBUSY: { code: 'NETWORK_BUSY', reason: 'it is in use' },
  EINTR: {
    code: 'NETWORK_DUMP_INTERRUPTED',
    reason: 'the table changed during every attempt to read it',
  },
  ETIMEDOUT: { code: 'NETWORK_TIMEOUT', reason: 'there was no answer in time' },
  ENOMEM: noMemory,
  ENOBUFS: noMemory,
};

const unanswered: Refusal = {
  code: 'NETWORK_UNANSWERED',
  reason: 'the kernel never said what became of it',
};

/**
 * The error of an operation: `${action}: ${reason}`, decided by the operation and the error number.
 * What is no refusal by the system (a TypeError, say) comes back as it is.
 *
 * @param action What was tried on what, such as `cannot add address 10.0.0.1/24 to eth0`.
 * @param failure What the addon or `node:fs` failed with.
 * @param refusals What error numbers mean to this operation in particular.
 */
export function networkError(action: string, failure: unknown, refusals: Refusals = {}): unknown {
  if (failure instanceof NetworkError || !isNativeError(failure)) return failure;
  // Node's own errors carry negative numbers and a code; the addon's -1 is no error number.
  const errno = 'code' in failure ? Math.abs(failure.errno) : failure.errno;
  const name = errnoName(errno);
  const refusal =
    errno < 0 ? unanswered : (refusals[name] ?? usualRefusals[name] ?? unusual(errno));
  const kernelMessage = (failure.kernelMessage ?? '').replace(/\.$/, '');
  const words = kernelMessage === '' ? '' : ` (the kernel says: ${kernelMessage})`;
  return new NetworkError(refusal.code, `${action}: ${refusal.reason}${words}`, {
    cause: failure,
    errno: errno < 0 ? undefined : errno,
    kernelMessage,
  });
}

function unusual(errno: number): Refusal {
  const text = getSystemErrorMap().get(-errno)?.[1];
  return { code: 'NETWORK_FAILED', reason: text ?? errnoName(errno) };
}
