import { errnoName, errnoNumber } from '../errors.ts';
import { isNativeError, type NativeError } from '../native/addon.ts';
import { type Change, describeChange } from './change.ts';

/** What an {@link IpvsError} can be; stable, to be matched by programs. */
export type IpvsErrorCode =
  /** Not allowed: every IPVS command, reading too, needs CAP_NET_ADMIN in the initial user namespace. */
  | 'IPVS_NOT_PERMITTED'
  /** This kernel has no IPVS, or could not load it. */
  | 'IPVS_NOT_AVAILABLE'
  /** The service that was to be added is already there (EEXIST). */
  | 'IPVS_SERVICE_EXISTS'
  /** There is no such service, or none any more (ESRCH). */
  | 'IPVS_SERVICE_NOT_FOUND'
  /** The destination that was to be added is already there (EEXIST). */
  | 'IPVS_DESTINATION_EXISTS'
  /** The service has no such destination (ENOENT). */
  | 'IPVS_DESTINATION_NOT_FOUND'
  /** No such scheduler in this kernel (ENOENT). */
  | 'IPVS_SCHEDULER_NOT_FOUND'
  /** No such persistence engine in this kernel (ENOENT). */
  | 'IPVS_ENGINE_NOT_FOUND'
  /** The host has no IPv6 (EAFNOSUPPORT). */
  | 'IPVS_FAMILY_UNSUPPORTED'
  /** A sync daemon runs in this role (EEXIST). */
  | 'IPVS_DAEMON_EXISTS'
  /** No sync daemon runs in this role (ESRCH). */
  | 'IPVS_DAEMON_NOT_FOUND'
  /** No such network interface (ENODEV). */
  | 'IPVS_INTERFACE_NOT_FOUND'
  /** The kernel refuses the values, though each by itself may be right (EINVAL and others). */
  | 'IPVS_INVALID'
  /** A value is out of the kernel's range (ERANGE); the library checks them all before. */
  | 'IPVS_OUT_OF_RANGE'
  /** This kernel does not know the command (EOPNOTSUPP). */
  | 'IPVS_UNSUPPORTED'
  /** The kernel is out of memory (ENOMEM). */
  | 'IPVS_OUT_OF_MEMORY'
  /** The module is being unloaded (ENOPROTOOPT). */
  | 'IPVS_UNLOADING'
  /** The kernel did not say what became of it: read the table to know. */
  | 'IPVS_NO_ANSWER'
  /** Other programs changed the table as often as it was read. */
  | 'IPVS_DUMP_INTERRUPTED'
  | 'IPVS_NAMESPACE_NOT_FOUND'
  /** The kernel printed something in /proc that is not known to us; the message has the line. */
  | 'IPVS_UNKNOWN_FORMAT'
  /** The client was closed. */
  | 'IPVS_CLOSED'
  /** Any other refusal; see `errnoName`. */
  | 'IPVS_FAILED';

interface Details {
  readonly errno?: number | undefined;
  readonly kernelMessage?: string | undefined;
  readonly cause?: unknown;
}

/** The kernel, or the way to it, refused. */
export class IpvsError extends Error {
  static {
    IpvsError.prototype.name = 'IpvsError';
  }

  /** The stable name of the reason. */
  readonly code: IpvsErrorCode;
  /** The kernel's error number, where it gave one. */
  readonly errno: number | undefined;
  /** Its name, such as `EEXIST`. */
  readonly errnoName: string | undefined;
  /** The kernel's own words (extended acknowledgement), where it had any. */
  readonly kernelMessage: string | undefined;

  constructor(code: IpvsErrorCode, message: string, details: Details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.errno = details.errno;
    this.errnoName = details.errno === undefined ? undefined : errnoName(details.errno);
    this.kernelMessage = details.kernelMessage === '' ? undefined : details.kernelMessage;
  }
}

type Explanation = readonly [code: IpvsErrorCode, because: string];

const notPermitted =
  'not permitted: IPVS needs CAP_NET_ADMIN in the initial user namespace (run as root, or give the program the capability)';

/** Refusals that mean the same whatever was tried. */
const common: Readonly<Record<string, Explanation>> = {
  EPERM: ['IPVS_NOT_PERMITTED', notPermitted],
  EACCES: ['IPVS_NOT_PERMITTED', notPermitted],
  ESRCH: ['IPVS_SERVICE_NOT_FOUND', 'there is no such service'],
  EAFNOSUPPORT: ['IPVS_FAMILY_UNSUPPORTED', 'this host has IPv6 disabled'],
  EOPNOTSUPP: ['IPVS_UNSUPPORTED', 'this kernel does not know the command'],
  ENOMEM: ['IPVS_OUT_OF_MEMORY', 'the kernel is out of memory'],
  ENOPROTOOPT: ['IPVS_UNLOADING', 'the ip_vs module is being unloaded'],
  ERANGE: ['IPVS_OUT_OF_RANGE', 'a value is out of range'],
  EINVAL: ['IPVS_INVALID', 'the kernel finds it invalid'],
  EINTR: ['IPVS_DUMP_INTERRUPTED', 'other programs kept changing the table while it was read'],
};

const destinationInvalid: Explanation = [
  'IPVS_INVALID',
  'the address must be a unicast address this host may send to, of the family of the service unless it is tunnelled to and no sync daemon runs',
];

/** Refusals by what was tried; the kernel uses one number for different things. */
const byChange: Partial<Record<Change['type'], Readonly<Record<string, Explanation>>>> = {
  'add-service': { EEXIST: ['IPVS_SERVICE_EXISTS', 'it is already there'] },
  'add-destination': {
    EEXIST: ['IPVS_DESTINATION_EXISTS', 'it is already there'],
    EINVAL: destinationInvalid,
  },
  'edit-destination': {
    ENOENT: ['IPVS_DESTINATION_NOT_FOUND', 'the service has no such destination'],
    EINVAL: destinationInvalid,
  },
  'remove-destination': {
    ENOENT: ['IPVS_DESTINATION_NOT_FOUND', 'the service has no such destination'],
  },
  'start-sync-daemon': {
    EEXIST: ['IPVS_DAEMON_EXISTS', 'one is already running in this role'],
    ENODEV: ['IPVS_INTERFACE_NOT_FOUND', 'there is no such interface'],
    EINVAL: [
      'IPVS_INVALID',
      'the kernel finds it invalid (synchronisation and services with destinations of both families exclude each other; an IPv6 group takes an interface with IPv6)',
    ],
    EADDRNOTAVAIL: ['IPVS_INVALID', 'the interface has no address to send from'],
    ENETUNREACH: [
      'IPVS_INVALID',
      'the group cannot be reached over the interface (is it up, and has it addresses of that family?)',
    ],
  },
  'stop-sync-daemon': { ESRCH: ['IPVS_DAEMON_NOT_FOUND', 'none is running in this role'] },
};

const unanswered: Explanation = [
  'IPVS_NO_ANSWER',
  'the kernel did not answer; read the table to see what became of it',
];

/** The error for a change that the kernel refused with this number (-1: did not answer). */
export function changeError(
  change: Change,
  what: string,
  errno: number,
  kernelMessage: string,
): IpvsError {
  if (errno < 0) return compose(unanswered, what, undefined, kernelMessage);
  const name = errnoName(errno);
  const explanation =
    (errno === errnoNumber('ENOENT') ? missingModule(change) : undefined) ??
    byChange[change.type]?.[name] ??
    common[name];
  return compose(explanation, what, errno, kernelMessage);
}

/** The error for an edit whose object was not there to be completed from. */
export function absentError(change: Change): IpvsError {
  const errno = errnoNumber(change.type === 'edit-service' ? 'ESRCH' : 'ENOENT');
  return changeError(change, describeChange(change), errno, '');
}

/** A service is refused with ENOENT when its scheduler or its engine has no module. */
function missingModule(change: Change): Explanation | undefined {
  if (change.type !== 'add-service' && change.type !== 'edit-service') return undefined;
  const { scheduler, persistenceEngine } = change.config ?? {};
  if (typeof persistenceEngine === 'string' && persistenceEngine !== 'sip') {
    return [
      'IPVS_ENGINE_NOT_FOUND',
      `this kernel has no persistence engine ${persistenceEngine} (module ip_vs_pe_${persistenceEngine})`,
    ];
  }
  const engine = typeof persistenceEngine === 'string' ? `, or no engine ${persistenceEngine}` : '';
  const name = scheduler ?? 'wlc';
  return [
    'IPVS_SCHEDULER_NOT_FOUND',
    `this kernel has no scheduler ${name} (module ip_vs_${name})${engine}`,
  ];
}

/** Whether the kernel answered that it knows of no generic netlink family IPVS. */
export function isMissingFamily(error: unknown): error is NativeError {
  return (
    isNativeError(error) &&
    error.errno === errnoNumber('ENOENT') &&
    error.syscall === 'CTRL_CMD_GETFAMILY'
  );
}

/** The error for a kernel without IPVS. @param loading How loading it failed, where that was tried. */
export function notAvailable(cause: NativeError, what: string, loading?: string): IpvsError {
  const tried = loading === undefined ? ', or has not loaded the module ip_vs' : `: ${loading}`;
  return new IpvsError('IPVS_NOT_AVAILABLE', `cannot ${what}: this kernel has no IPVS${tried}`, {
    errno: cause.errno,
    cause,
  });
}

/** The error for a read, or for opening, that failed; anything but a kernel's refusal as it is. */
export function readError(error: unknown, what: string): unknown {
  if (error instanceof IpvsError || !isNativeError(error)) return error;
  if (isMissingFamily(error)) return notAvailable(error, what);
  const { errno, syscall, kernelMessage } = error;
  if (errno === errnoNumber('ENOENT') && (syscall === 'open' || syscall === 'openat')) {
    return new IpvsError(
      'IPVS_NAMESPACE_NOT_FOUND',
      `cannot ${what}: there is no such network namespace`,
      { errno, cause: error },
    );
  }
  if (syscall === 'setns') {
    const because =
      errno === errnoNumber('EPERM')
        ? 'entering a network namespace needs CAP_SYS_ADMIN'
        : 'that is not a network namespace';
    const code = errno === errnoNumber('EPERM') ? 'IPVS_NOT_PERMITTED' : 'IPVS_NAMESPACE_NOT_FOUND';
    return new IpvsError(code, `cannot ${what}: ${because}`, { errno, cause: error });
  }
  return compose(common[errnoName(errno)], what, errno, kernelMessage, error);
}

function compose(
  explanation: Explanation | undefined,
  what: string,
  errno: number | undefined,
  kernelMessage: string,
  cause?: unknown,
): IpvsError {
  const [code, because] = explanation ?? [
    'IPVS_FAILED' as const,
    `the kernel answered ${errno === undefined ? 'nothing' : errnoName(errno)}`,
  ];
  const words = kernelMessage === '' ? '' : ` (kernel: ${kernelMessage})`;
  return new IpvsError(code, `cannot ${what}: ${because}${words}`, { errno, kernelMessage, cause });
}
