import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sysctl, sysctlName, sysctlPath } from '../../../src/net/sysctl.ts';

describe('the path of a sysctl', () => {
  it.each([
    ['net.ipv4.ip_forward', 'net/ipv4/ip_forward'],
    ['net/ipv4/ip_forward', 'net/ipv4/ip_forward'],
    ['net.ipv4.conf.eth0/10.arp_ignore', 'net/ipv4/conf/eth0.10/arp_ignore'],
    ['net/ipv4/conf/eth0.10/arp_ignore', 'net/ipv4/conf/eth0.10/arp_ignore'],
    ['net', 'net'],
  ])('of %s is %s', (name, path) => {
    expect(sysctlPath(name)).toBe(path);
  });

  it.each([
    '',
    '.',
    '..',
    '/',
    '/etc/passwd',
    '/proc/sys/net/ipv4/ip_forward',
    '.net.ipv4',
    'net.',
    'net/',
    'net..ipv4',
    'net//ipv4',
    'net/../../../etc/passwd',
    'net/./ipv4',
    'net.//.ipv4',
    'net.ipv4.conf.//.arp_ignore',
    'net\0',
    'net/ipv4\n',
  ])('refuses %j', (name) => {
    expect(() => sysctlPath(name)).toThrow(RangeError);
    expect(() => sysctlPath(name)).toThrow(/^sysctl name /);
  });

  it('refuses what is not text', () => {
    expect(() => sysctlPath(7 as never)).toThrow(TypeError);
  });

  it('never leads out of /proc/sys', () => {
    const part = fc.constantFrom('.', '/', '..', 'net', 'a', '\0', '');
    fc.assert(
      fc.property(
        fc.array(part).map((parts) => parts.join('')),
        (name) => {
          let path: string;
          try {
            path = sysctlPath(name);
          } catch {
            return;
          }
          expect(new URL(path, 'file:///proc/sys/').pathname).toBe(`/proc/sys/${path}`);
        },
      ),
    );
  });

  it('and its name are inverses', () => {
    const part = fc.stringMatching(/^[a-z][a-z0-9.]{0,8}[a-z0-9]$/);
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const path = ['net', ...parts].join('/');
        expect(sysctlPath(sysctlName(path))).toBe(path);
      }),
    );
  });
});

describe('Sysctl', () => {
  it.each([Number.NaN, 1.5, Number.POSITIVE_INFINITY, 2 ** 53, '1\n2', 'a\0'])(
    'refuses the value %j',
    async (value) => {
      await expect(new Sysctl().write('net.ipv4.ip_forward', value)).rejects.toThrow(RangeError);
    },
  );

  it.each([undefined, null, true, {}, 1n])('refuses a value of another type: %s', async (value) => {
    const write = new Sysctl().write('net.ipv4.ip_forward', value as never);
    await expect(write).rejects.toThrow(TypeError);
  });

  it('refuses a namespace that can be none', () => {
    expect(() => new Sysctl({ netns: 'a/b' })).toThrow(RangeError);
    expect(() => new Sysctl({ netns: -1 })).toThrow(RangeError);
    expect(() => new Sysctl({ netns: {} as never })).toThrow(TypeError);
  });
});
