import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type Change, IpvsError, type IpvsErrorCode } from '../../../src/index.ts';
import { describeChange } from '../../../src/ipvs/change.ts';
import { changeError, readError } from '../../../src/ipvs/ipvs-error.ts';

const { errno } = constants;
const web = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;
const member = { address: '10.0.0.11' } as const;
const at = { service: web, destination: member };

function refusal(change: Change, number: number, words = ''): IpvsError {
  return changeError(change, describeChange(change), number, words);
}

describe('a refused change', () => {
  it.each<[Change, keyof typeof errno, IpvsErrorCode, string]>([
    [
      { type: 'add-service', service: web },
      'EEXIST',
      'IPVS_SERVICE_EXISTS',
      'cannot add service tcp 192.0.2.1:80: it is already there',
    ],
    [
      { type: 'add-service', service: web, config: { scheduler: 'nosuch' } },
      'ENOENT',
      'IPVS_SCHEDULER_NOT_FOUND',
      'cannot add service tcp 192.0.2.1:80: this kernel has no scheduler nosuch (module ip_vs_nosuch)',
    ],
    [
      { type: 'edit-service', service: web, config: { persistenceEngine: 'nosuch' } },
      'ENOENT',
      'IPVS_ENGINE_NOT_FOUND',
      'cannot edit service tcp 192.0.2.1:80: this kernel has no persistence engine nosuch (module ip_vs_pe_nosuch)',
    ],
    [
      { type: 'edit-service', service: web, config: {} },
      'ESRCH',
      'IPVS_SERVICE_NOT_FOUND',
      'cannot edit service tcp 192.0.2.1:80: there is no such service',
    ],
    [
      { type: 'remove-service', service: { firewallMark: 7, family: 'ipv6' } },
      'ESRCH',
      'IPVS_SERVICE_NOT_FOUND',
      'cannot remove service fwmark 7 ipv6: there is no such service',
    ],
    [
      { type: 'add-destination', ...at },
      'EEXIST',
      'IPVS_DESTINATION_EXISTS',
      'cannot add destination 10.0.0.11:80 to tcp 192.0.2.1:80: it is already there',
    ],
    [
      { type: 'add-destination', ...at },
      'ESRCH',
      'IPVS_SERVICE_NOT_FOUND',
      'cannot add destination 10.0.0.11:80 to tcp 192.0.2.1:80: there is no such service',
    ],
    [
      { type: 'add-destination', ...at },
      'EINVAL',
      'IPVS_INVALID',
      'cannot add destination 10.0.0.11:80 to tcp 192.0.2.1:80: the address must be a unicast address',
    ],
    [
      { type: 'edit-destination', ...at, config: {} },
      'ENOENT',
      'IPVS_DESTINATION_NOT_FOUND',
      'cannot edit destination 10.0.0.11:80 of tcp 192.0.2.1:80: the service has no such destination',
    ],
    [
      { type: 'edit-destination', ...at, config: {} },
      'ERANGE',
      'IPVS_OUT_OF_RANGE',
      'cannot edit destination 10.0.0.11:80 of tcp 192.0.2.1:80: a value is out of range',
    ],
    [
      { type: 'remove-destination', service: { firewallMark: 7 }, destination: member },
      'ENOENT',
      'IPVS_DESTINATION_NOT_FOUND',
      'cannot remove destination 10.0.0.11:0 from fwmark 7: the service has no such destination',
    ],
    [
      { type: 'start-sync-daemon', daemon: { role: 'master', interface: 'eth7' } },
      'ENODEV',
      'IPVS_INTERFACE_NOT_FOUND',
      'cannot start the master sync daemon on eth7: there is no such interface',
    ],
    [
      { type: 'start-sync-daemon', daemon: { role: 'backup', interface: 'lo' } },
      'EEXIST',
      'IPVS_DAEMON_EXISTS',
      'cannot start the backup sync daemon on lo: one is already running in this role',
    ],
    [
      { type: 'stop-sync-daemon', role: 'backup' },
      'ESRCH',
      'IPVS_DAEMON_NOT_FOUND',
      'cannot stop the backup sync daemon: none is running in this role',
    ],
    [
      { type: 'zero', service: web },
      'ESRCH',
      'IPVS_SERVICE_NOT_FOUND',
      'cannot zero the counters of tcp 192.0.2.1:80: there is no such service',
    ],
    [
      { type: 'zero' },
      'EPERM',
      'IPVS_NOT_PERMITTED',
      'cannot zero all counters: not permitted: IPVS needs CAP_NET_ADMIN in the initial user namespace (run as root, or give the program the capability)',
    ],
    [
      { type: 'flush' },
      'ENOPROTOOPT',
      'IPVS_UNLOADING',
      'cannot flush the table: the ip_vs module is being unloaded',
    ],
    [
      { type: 'set-timeouts', timeouts: {} },
      'EINVAL',
      'IPVS_INVALID',
      'cannot set the timeouts: the kernel finds it invalid',
    ],
    [
      { type: 'set-timeouts', timeouts: {} },
      'EOPNOTSUPP',
      'IPVS_UNSUPPORTED',
      'cannot set the timeouts: this kernel does not know the command',
    ],
    [
      { type: 'add-service', service: { ...web, address: '::1' } },
      'EAFNOSUPPORT',
      'IPVS_FAMILY_UNSUPPORTED',
      'cannot add service tcp [::1]:80: this host has IPv6 disabled',
    ],
    [
      { type: 'flush' },
      'ENOMEM',
      'IPVS_OUT_OF_MEMORY',
      'cannot flush the table: the kernel is out of memory',
    ],
    [
      { type: 'start-sync-daemon', daemon: { role: 'master', interface: 'eth1' } },
      'EADDRNOTAVAIL',
      'IPVS_INVALID',
      'cannot start the master sync daemon on eth1: the interface has no address to send from',
    ],
    [
      { type: 'flush' },
      'EXDEV',
      'IPVS_FAILED',
      'cannot flush the table: the kernel answered EXDEV',
    ],
  ])('%j with %s is %s', (change, name, code, says) => {
    const error = refusal(change, errno[name]);
    expect(error).toBeInstanceOf(IpvsError);
    expect(error).toMatchObject({ name: 'IpvsError', code, errno: errno[name], errnoName: name });
    expect(error.message.slice(0, says.length)).toBe(says);
    expect(error.kernelMessage).toBeUndefined();
  });

  it("carries the kernel's own words where there are any", () => {
    const error = refusal({ type: 'flush' }, errno.EINVAL, 'Attribute failed policy validation');
    expect(error.kernelMessage).toBe('Attribute failed policy validation');
    expect(error.message).toBe(
      'cannot flush the table: the kernel finds it invalid (kernel: Attribute failed policy validation)',
    );
  });

  it('that was not answered has no error number', () => {
    const error = refusal({ type: 'stop-sync-daemon', role: 'master' }, -1);
    expect(error.code).toBe('IPVS_NO_ANSWER');
    expect(error.errno).toBeUndefined();
    expect(error.errnoName).toBeUndefined();
  });
});

describe('a read that failed', () => {
  const native = (number: number, syscall: string) =>
    Object.assign(new Error('x'), { errno: number, syscall, kernelMessage: '' });

  it.each<[keyof typeof errno, string, IpvsErrorCode]>([
    ['ENOENT', 'CTRL_CMD_GETFAMILY', 'IPVS_NOT_AVAILABLE'],
    ['ENOENT', 'open', 'IPVS_NAMESPACE_NOT_FOUND'],
    ['EINVAL', 'setns', 'IPVS_NAMESPACE_NOT_FOUND'],
    ['EBADF', 'setns', 'IPVS_NAMESPACE_NOT_FOUND'],
    ['EPERM', 'setns', 'IPVS_NOT_PERMITTED'],
    ['EPERM', 'sendmsg', 'IPVS_NOT_PERMITTED'],
    ['EACCES', 'open', 'IPVS_NOT_PERMITTED'],
    ['EINTR', 'recvmmsg', 'IPVS_DUMP_INTERRUPTED'],
    ['EAFNOSUPPORT', 'sendmsg', 'IPVS_FAMILY_UNSUPPORTED'],
    ['EMFILE', 'socket', 'IPVS_FAILED'],
  ])('with %s in %s is %s, and has its cause', (name, syscall, code) => {
    const cause = native(errno[name], syscall);
    const error = readError(cause, 'list the IPVS table');
    expect(error).toMatchObject({ code, errno: errno[name], errnoName: name, cause });
    expect((error as Error).message).toMatch(/^cannot list the IPVS table: /);
  });

  it('for another reason than a refusal fails with that reason', () => {
    const reason = new RangeError('netns -1 is not the number of an open descriptor');
    expect(readError(reason, 'open the IPVS table')).toBe(reason);
    expect(readError('odd', 'open the IPVS table')).toBe('odd');
  });
});
