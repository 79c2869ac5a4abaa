import { errnoNumber } from '../../errors.ts';
import { command } from '../../native/ipvs-records.ts';

type Errno = Parameters<typeof errnoNumber>[0];

const noSuchService = 'No such service';
const noModule = 'Scheduler or persistence engine not found';

/** What a refusal means to one command, by the number of the command. */
const byCommand: Readonly<Partial<Record<number, Readonly<Partial<Record<Errno, string>>>>>> = {
  [command.newService]: { EEXIST: 'Service already exists', ENOENT: noModule },
  [command.setService]: { ESRCH: noSuchService, ENOENT: noModule },
  [command.delService]: { ESRCH: noSuchService },
  [command.getService]: { ESRCH: noSuchService },
  [command.zero]: { ESRCH: noSuchService },
  [command.newDest]: { ESRCH: 'Service not defined', EEXIST: 'Destination already exists' },
  [command.setDest]: { ESRCH: 'Service not defined', ENOENT: 'No such destination' },
  [command.delDest]: { ESRCH: 'Service not defined', ENOENT: 'No such destination' },
  [command.newDaemon]: { EEXIST: 'Daemon has already run' },
  [command.delDaemon]: { ESRCH: 'No daemon is running' },
};

/** What it means to all others. */
const common: Readonly<Partial<Record<Errno, string>>> = {
  EPERM: 'Permission denied (you must be root)',
  EINVAL: 'Invalid operation.  Possibly wrong module version, address not unicast, ...',
  ENOPROTOOPT: 'Protocol not available',
  ENOMEM: 'Memory allocation problem',
  EOPNOTSUPP: 'Operation not supported with IPv6',
  EAFNOSUPPORT: 'Operation not supported with specified address family',
  EMSGSIZE: 'Module is wrong version',
};

/**
 * What ipvsadm says when the kernel refuses a command.
 *
 * @param number The number of the command, 0 for none.
 * @returns Undefined for refusals that ipvsadm has no words of its own for, but the C library's.
 */
export function kernelErrorText(number: number, errno: number): string | undefined {
  return textOf(byCommand[number] ?? {}, errno) ?? textOf(common, errno);
}

function textOf(
  texts: Readonly<Partial<Record<Errno, string>>>,
  errno: number,
): string | undefined {
  for (const [name, text] of Object.entries(texts)) {
    if (errnoNumber(name as Errno) === errno) return text;
  }
  return undefined;
}
