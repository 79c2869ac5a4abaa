import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { Ipvs, IpvsError } from '../../src/index.ts';
import { loadAddon } from '../../src/native/load.ts';
import { collectUntil, socketCount } from '../support/descriptors.ts';
import { describeLifetime } from '../support/socket-lifetime.ts';

const { IpvsSocket, RouteSocket } = loadAddon();

describeLifetime(
  'RouteSocket',
  () => new RouteSocket(),
  // Links have counters, which change while others use this machine.
  (socket) => socket.list('address', {}),
);

describe('a socket that cannot be opened', () => {
  it.each([
    ['a namespace that is not there', '/run/netns/lvskit-no-such-namespace', 'ENOENT', 'open'],
    ['a file that is no namespace', '/proc/self/status', 'EINVAL', 'setns'],
    ['a descriptor that is not open', 0x7fffffff, 'EBADF', 'setns'],
  ])('in %s says why, and leaves no descriptor', async (_where, netns, name, syscall) => {
    const before = socketCount();
    for (const Class of [IpvsSocket, RouteSocket]) {
      const socket = new Class();
      const failure = await socket.open(netns).catch((error: unknown) => error);
      expect(failure).toMatchObject({ errno: constants.errno[name as 'ENOENT'], syscall });
      expect(() => new Class().close()).not.toThrow();
    }
    expect(socketCount()).toBe(before);
  });

  it('100 times over leaves no descriptor', async () => {
    const before = socketCount();
    const netns = '/run/netns/lvskit-no-such-namespace';
    await Promise.allSettled(
      Array.from({ length: 100 }, () => Ipvs.open({ netns: 'lvskit-no-such-namespace' })),
    );
    const sockets = Array.from({ length: 100 }, () => new RouteSocket());
    await Promise.allSettled(sockets.map((socket) => socket.open(netns)));
    expect(await collectUntil(() => socketCount() === before)).toBe(true);
  });
});

describe('Ipvs.open()', () => {
  it.runIf(!existsSync('/proc/net/ip_vs'))(
    'says of a kernel without IPVS that it is one',
    async () => {
      const before = socketCount();
      const failure = await Ipvs.open().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(IpvsError);
      expect(failure).toMatchObject({ code: 'IPVS_NOT_AVAILABLE', errnoName: 'ENOENT' });
      expect((failure as Error).message).toMatch(
        /^cannot open the IPVS table: this kernel has no IPVS: cannot load kernel module ip_vs: /,
      );
      expect(socketCount()).toBe(before);
    },
  );

  it('says of a missing namespace that it is missing, by its name', async () => {
    const opening = Ipvs.open({ netns: 'lvskit-no-such-namespace' });
    await expect(opening).rejects.toThrow(IpvsError);
    await expect(opening).rejects.toMatchObject({ code: 'IPVS_NAMESPACE_NOT_FOUND' });
  });

  it.each([
    [''],
    ['.'],
    ['..'],
    ['a/b'],
    ['a\0b'],
    ['/a\0b'],
    [-1],
    [1.5],
    [Number.NaN],
    [2 ** 31],
  ])('refuses %j for a namespace before anything is opened', async (netns) => {
    await expect(Ipvs.open({ netns })).rejects.toThrow(/^netns /);
    await expect(Ipvs.open({ netns })).rejects.toThrow(RangeError);
  });

  it.each([[null], [{}], [true], [1n]])(
    'refuses %s for a namespace, of the wrong type',
    async (netns) => {
      await expect(Ipvs.open({ netns: netns as never })).rejects.toThrow(TypeError);
      await expect(Ipvs.open({ netns: netns as never })).rejects.toThrow(/^netns must be/);
    },
  );
});
