import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatDestinationKey,
  formatServiceKey,
  parseServiceKey,
  type ServiceKey,
} from '../../../src/index.ts';
import { serviceKeys } from '../../support/arbitraries.ts';

describe('a service key in text', () => {
  it.each<[string, ServiceKey]>([
    ['tcp 192.0.2.1:80', { protocol: 'tcp', address: '192.0.2.1', port: 80 }],
    ['udp [2001:db8::1]:53', { protocol: 'udp', address: '2001:db8::1', port: 53 }],
    ['sctp 192.0.2.1:65535', { protocol: 'sctp', address: '192.0.2.1', port: 65535 }],
    ['tcp 192.0.2.1:0', { protocol: 'tcp', address: '192.0.2.1', port: 0 }],
    ['fwmark 7', { firewallMark: 7 }],
    ['fwmark 4294967295', { firewallMark: 4294967295 }],
    ['fwmark 7 ipv6', { firewallMark: 7, family: 'ipv6' }],
  ])('is %s', (text, key) => {
    expect(formatServiceKey(key)).toBe(text);
    expect(parseServiceKey(text)).toEqual(key);
  });

  it('is read back as the same key', () => {
    fc.assert(
      fc.property(serviceKeys, (key) => {
        const text = formatServiceKey(key);
        expect(formatServiceKey(parseServiceKey(text))).toBe(text);
        expect(parseServiceKey(text)).toEqual(key);
      }),
      { numRuns: 500 },
    );
  });

  it('names IPv4 marks without their family', () => {
    expect(parseServiceKey('fwmark 7 ipv4')).toEqual({ firewallMark: 7 });
    expect(formatServiceKey({ firewallMark: 7, family: 'ipv4' })).toBe('fwmark 7');
  });

  it('has its address in the one spelling when read', () => {
    expect(parseServiceKey('tcp [2001:DB8:0:0::1]:80')).toEqual({
      protocol: 'tcp',
      address: '2001:db8::1',
      port: 80,
    });
  });

  it.each([
    '',
    'tcp',
    'tcp 192.0.2.1',
    'tcp 192.0.2.1:',
    'tcp 192.0.2.1:http',
    'tcp 192.0.2.1:-1',
    'tcp 192.0.2.1:+80',
    'tcp 192.0.2.1:080',
    'tcp 192.0.2.1:100000',
    'tcp 192.0.2.1:80 ',
    ' tcp 192.0.2.1:80',
    'tcp  192.0.2.1:80',
    'TCP 192.0.2.1:80',
    'icmp 192.0.2.1:80',
    '192.0.2.1:80',
    'tcp 2001:db8::1:80',
    'tcp [2001:db8::1]',
    'tcp [192.0.2.1]:80',
    'tcp []:80',
    'tcp 192.0.2.1:80\n',
    'fwmark',
    'fwmark x',
    'fwmark -1',
    'fwmark 07',
    'fwmark 0x7',
    'fwmark 7 ipv5',
    'fwmark 7 IPv6',
    'fwmark 7 ',
  ])('is not %j', (text) => {
    expect(() => parseServiceKey(text)).toThrow(
      new RangeError(
        `service ${JSON.stringify(text)} must read like "tcp 192.0.2.1:80", "udp [2001:db8::1]:53" or "fwmark 7"`,
      ),
    );
  });

  it.each([
    ['tcp 192.0.2.1:65536', 'service port must be a whole number from 0 to 65535, not 65536'],
    ['tcp 192.0.2.256:80', 'service address "192.0.2.256" is not an IP address'],
    ['tcp 192.0.2.01:80', 'service address "192.0.2.01" is not an IP address'],
    ['tcp localhost:80', 'service address "localhost" is not an IP address'],
    ['tcp :80', 'service address "" is not an IP address'],
    ['fwmark 0', 'firewall mark must be a whole number from 1 to 4294967295, not 0'],
    ['fwmark 4294967296', 'firewall mark must be a whole number from 1 to 4294967295'],
  ])('is not %j, for a reason that names the part', (text, reason) => {
    expect(() => parseServiceKey(text)).toThrow(RangeError);
    expect(() => parseServiceKey(text)).toThrow(reason);
  });

  it('is not anything but text', () => {
    for (const value of [undefined, null, 7, {}, ['fwmark 7']]) {
      expect(() => parseServiceKey(value as never)).toThrow(
        new TypeError('service must be a string'),
      );
    }
  });
});

describe('a destination key in text', () => {
  it('has the port it was given, or none', () => {
    expect(formatDestinationKey({ address: '10.0.0.11', port: 8080 })).toBe('10.0.0.11:8080');
    expect(formatDestinationKey({ address: '2001:db8::11', port: 80 })).toBe('[2001:db8::11]:80');
    expect(formatDestinationKey({ address: '10.0.0.11' })).toBe('10.0.0.11');
  });
});
