import type { Address } from '../../src/net/address.ts';

/** An address as the kernel lists those that somebody has added, such as `192.0.2.10/32`. */
export function listedAddress(text: string, link: string, more: Partial<Address> = {}): Address {
  return {
    link,
    linkIndex: 2,
    family: text.includes(':') ? 'ipv6' : 'ipv4',
    address: text,
    scope: 'global',
    flags: [],
    validLifetimeSeconds: 'forever',
    preferredLifetimeSeconds: 'forever',
    ...more,
  };
}
