import { describe, expect, it } from 'vitest';
import { errnoNumber } from '../../../src/errors.ts';
import {
  describeNamespace,
  namespaceArgument,
  namespaceError,
} from '../../../src/net/namespace-reference.ts';
import { NetworkError, networkError } from '../../../src/net/network-error.ts';

type ErrnoName = Parameters<typeof errnoNumber>[0];

/** What the addon rejects with. */
function native(errno: number, syscall = 'sendmsg', kernelMessage = ''): Error {
  return Object.assign(new Error(syscall), { errno, syscall, kernelMessage });
}

const refused = (name: ErrnoName, syscall?: string, kernelMessage?: string) =>
  native(errnoNumber(name), syscall, kernelMessage);

describe('NetworkError', () => {
  it('is told by class, name and code, and carries the number', () => {
    const cause = refused('EEXIST');
    const error = networkError('cannot add address 10.0.0.1/24 to eth0', cause);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({
      name: 'NetworkError',
      message: 'cannot add address 10.0.0.1/24 to eth0: it is already there',
      code: 'NETWORK_EXISTS',
      errno: 17,
      errnoName: 'EEXIST',
      kernelMessage: undefined,
      cause,
    });
  });

  it.each([
    ['EPERM', 'NETWORK_NOT_PERMITTED'],
    ['EACCES', 'NETWORK_NOT_PERMITTED'],
    ['EEXIST', 'NETWORK_EXISTS'],
    ['ENOENT', 'NETWORK_NOT_FOUND'],
    ['ESRCH', 'NETWORK_NOT_FOUND'],
    ['EADDRNOTAVAIL', 'NETWORK_NOT_FOUND'],
    ['ENODEV', 'NETWORK_NO_DEVICE'],
    ['ENXIO', 'NETWORK_NO_DEVICE'],
    ['EOPNOTSUPP', 'NETWORK_UNSUPPORTED'],
    ['EAFNOSUPPORT', 'NETWORK_UNSUPPORTED'],
    ['EINVAL', 'NETWORK_INVALID'],
    ['ERANGE', 'NETWORK_INVALID'],
    ['ENETUNREACH', 'NETWORK_UNREACHABLE'],
    ['EHOSTUNREACH', 'NETWORK_UNREACHABLE'],
    ['ENETDOWN', 'NETWORK_UNREACHABLE'],
    ['EBUSY', 'NETWORK_BUSY'],
    ['EINTR', 'NETWORK_DUMP_INTERRUPTED'],
    ['ETIMEDOUT', 'NETWORK_TIMEOUT'],
    ['ENOMEM', 'NETWORK_OUT_OF_MEMORY'],
    ['ENOBUFS', 'NETWORK_OUT_OF_MEMORY'],
    ['EMFILE', 'NETWORK_FAILED'],
  ] as const)('says %s with the code %s', (name, code) => {
    const error = networkError('cannot try', refused(name));
    expect(error).toMatchObject({ code, errnoName: name });
    expect((error as Error).message).toMatch(/^cannot try: [^A-Z]/);
  });

  it('says what to do about a missing capability', () => {
    expect((networkError('cannot try', refused('EPERM')) as Error).message).toContain(
      'CAP_NET_ADMIN',
    );
  });

  it('lets an operation say what a number means to it', () => {
    const error = networkError('cannot remove FOU port 1', refused('EINVAL'), {
      EINVAL: { code: 'NETWORK_NOT_FOUND', reason: 'it is not there' },
    });
    expect(error).toMatchObject({
      code: 'NETWORK_NOT_FOUND',
      message: 'cannot remove FOU port 1: it is not there',
    });
  });

  it('adds the words of the kernel without their full stop', () => {
    const error = networkError('cannot try', refused('EINVAL', 'sendmsg', 'Mtu out of range.'));
    expect(error).toMatchObject({
      kernelMessage: 'Mtu out of range',
      message: 'cannot try: the kernel finds it invalid (the kernel says: Mtu out of range)',
    });
  });

  it('says of a request without an answer that it had none', () => {
    expect(networkError('cannot try', native(-1))).toMatchObject({
      code: 'NETWORK_UNANSWERED',
      errno: undefined,
      errnoName: undefined,
    });
  });

  it('reads the negative numbers of Node’s own errors', () => {
    const failure = Object.assign(new Error('EPERM'), {
      errno: -1,
      code: 'EPERM',
      syscall: 'open',
    });
    expect(networkError('cannot try', failure)).toMatchObject({
      code: 'NETWORK_NOT_PERMITTED',
      errno: 1,
    });
  });

  it('passes on what is no refusal, and what is explained already', () => {
    const other = new TypeError('no');
    expect(networkError('cannot try', other)).toBe(other);
    expect(namespaceError('cannot try', 'x', other)).toBe(other);
    const explained = new NetworkError('NETWORK_CLOSED', 'closed');
    expect(networkError('cannot try', explained)).toBe(explained);
  });
});

describe('references to namespaces', () => {
  it('are names, absolute paths and descriptors', () => {
    expect(namespaceArgument(undefined)).toBeUndefined();
    expect(namespaceArgument('rs1')).toBe('/run/netns/rs1');
    expect(namespaceArgument('/proc/1/ns/net')).toBe('/proc/1/ns/net');
    expect(namespaceArgument(7)).toBe(7);
    for (const bad of ['', '.', '..', 'a/b', './x', 'a\0b', '/a\0', -1, 1.5, Number.NaN]) {
      expect(() => namespaceArgument(bad)).toThrow(RangeError);
    }
    for (const bad of [null, {}, true]) {
      expect(() => namespaceArgument(bad as never)).toThrow(TypeError);
    }
  });

  it('are called by name in sentences', () => {
    expect(describeNamespace(undefined)).toBe('the network namespace of this process');
    expect(describeNamespace('rs1')).toBe('network namespace rs1');
    expect(describeNamespace(7)).toBe('the network namespace of descriptor 7');
  });

  it('are what failed when entering them failed', () => {
    expect(namespaceError('cannot open', 'rs1', refused('ENOENT', 'open'))).toMatchObject({
      code: 'NETWORK_NAMESPACE_NOT_FOUND',
      message: 'cannot open in network namespace rs1: there is no such namespace',
    });
    expect(namespaceError('cannot open', 'rs1', refused('EPERM', 'setns'))).toMatchObject({
      code: 'NETWORK_NOT_PERMITTED',
      message: expect.stringContaining('CAP_SYS_ADMIN'),
    });
    expect(namespaceError('cannot open', 'rs1', refused('EPERM', 'socket'))).toMatchObject({
      message: expect.stringMatching(/^cannot open: .*CAP_NET_ADMIN/),
    });
    expect(namespaceError('cannot open', undefined, refused('ENOENT', 'open'))).toMatchObject({
      code: 'NETWORK_NOT_FOUND',
    });
  });
});
