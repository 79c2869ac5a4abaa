import { describe, expect, it } from 'vitest';
import type { Address } from '../../../src/net/address.ts';
import type { Link } from '../../../src/net/link.ts';
import type { HostFacts } from '../../../src/real-server/facts.ts';
import { vipConflicts } from '../../../src/real-server/vip-conflicts.ts';
import { listedAddress } from '../../support/addresses.ts';

const eth0 = { name: 'eth0', arp: true, up: true, flags: ['broadcast'] } as unknown as Link;
const tunl0 = { name: 'tunl0', arp: false, up: true, flags: [] } as unknown as Link;

function conflict(vip: string, link: string | undefined, ...addresses: readonly Address[]) {
  const facts: HostFacts = {
    links: [eth0, tunl0],
    addresses,
    routes: [],
    sysctls: new Map([['net.ipv6.conf.all.disable_ipv6', '0']]),
  };
  return vipConflicts(vip, { link, ownIds: new Set() }, facts);
}

describe('a VIP that is on the machine already', () => {
  const own = (vip: string, full: string) => [
    `VIP ${vip} is this machine's own address ${full} on eth0: a VIP is an address of the director`,
  ];

  // What is deleted by the words of an error message must not be what one is logged in by.
  it.each([
    ['10.0.0.5', '10.0.0.5/24'],
    ['10.0.0.5', '10.0.0.5/32'],
    ['2001:db8::5', '2001:db8::5/64'],
    ['2001:db8::5', '2001:db8::5/128'],
  ])('is never to be removed when it is the address of an interface: %s of %s', (vip, full) => {
    for (const link of ['lo', 'tunl0', undefined]) {
      expect(conflict(vip, link, listedAddress(full, 'eth0'))).toEqual(own(vip, full));
    }
  });

  it('is to be removed where it is one more address, or on a link without a network', () => {
    const main = listedAddress('10.0.0.5/24', 'eth0');
    expect(conflict('192.0.2.10', 'lo', main, listedAddress('192.0.2.10/32', 'eth0'))).toEqual([
      'VIP 192.0.2.10 is already on eth0, and cannot be on lo too (ip address del 192.0.2.10/32 dev eth0)',
    ]);
    expect(conflict('192.0.2.10', 'lo', main, listedAddress('192.0.2.10/32', 'tunl0'))).toEqual([
      'VIP 192.0.2.10 is already on tunl0, and cannot be on lo too (ip address del 192.0.2.10/32 dev tunl0)',
    ]);
    expect(conflict('192.0.2.10', undefined, main, listedAddress('192.0.2.10/32', 'lo'))).toEqual([
      'VIP 192.0.2.10 is on lo: with nat only the director has it, here it would be answered locally (ip address del 192.0.2.10/32 dev lo)',
    ]);
    expect(conflict('192.0.2.10', 'lo', main, listedAddress('192.0.2.10/24', 'lo'))).toEqual([
      'VIP 192.0.2.10 is on lo as 192.0.2.10/24: that makes the whole network local, it has to be /32 (ip address del 192.0.2.10/24 dev lo)',
    ]);
  });
});
