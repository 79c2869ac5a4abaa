import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  mergeSort,
  sortDestinations,
  sortServices,
} from '../../../../src/formats/ipvsadm/order.ts';
import { formatDestinationKey, formatServiceKey, type ServiceKey } from '../../../../src/index.ts';
import { destinationState, serviceState } from '../../../support/table-states.ts';

function sortedServices(...keys: readonly ServiceKey[]): string[] {
  return sortServices(keys.map((key) => serviceState(1, { key }))).map(({ key }) =>
    formatServiceKey(key),
  );
}

function sortedDestinations(...endpoints: readonly [string, number][]): string[] {
  const states = endpoints.map(([address, port]) =>
    destinationState(1, { key: { address, port } }),
  );
  return sortDestinations(states).map(({ key }) => formatDestinationKey(key));
}

const tcp = (address: string, port = 80): ServiceKey => ({ protocol: 'tcp', address, port });

describe('the order of a listing', () => {
  it('is that of a stable sort where the comparison has no circles', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), (values) => {
        const places = new Uint32Array(values.length);
        mergeSort(
          places,
          new Uint32Array(values.length),
          values.length,
          (first, second) => (values[first] ?? 0) - (values[second] ?? 0),
        );
        const stable = values
          .map((value, place) => ({ value, place }))
          .sort((one, other) => one.value - other.value)
          .map(({ place }) => place);
        expect([...places]).toEqual(stable);
      }),
    );
  });

  it('of services is by mark, family, protocol, address and port', () => {
    expect(
      sortedServices(
        { firewallMark: 101, family: 'ipv6' },
        tcp('2001:db8::1'),
        { firewallMark: 100 },
        { protocol: 'udp', address: '10.0.0.1', port: 53 },
        tcp('10.0.0.1', 443),
        { protocol: 'sctp', address: '10.0.0.1', port: 80 },
        tcp('10.0.0.1'),
        { firewallMark: 101 },
      ),
    ).toEqual([
      'tcp 10.0.0.1:80',
      'tcp 10.0.0.1:443',
      'udp 10.0.0.1:53',
      'sctp 10.0.0.1:80',
      'tcp [2001:db8::1]:80',
      'fwmark 100',
      'fwmark 101',
      'fwmark 101 ipv6',
    ]);
  });

  // Recorded: ipvsadm's differences of addresses turn round at 2^31.
  it('goes in circles where that of ipvsadm does', () => {
    expect(
      sortedDestinations(
        ['10.0.0.2', 79],
        ['100.64.0.2', 80],
        ['10.0.0.2', 80],
        ['192.168.0.2', 80],
        ['172.16.0.2', 80],
      ),
    ).toEqual(['172.16.0.2:80', '192.168.0.2:80', '10.0.0.2:79', '10.0.0.2:80', '100.64.0.2:80']);
    expect(
      sortedServices({ firewallMark: 0xffffffff }, tcp('10.0.0.1'), { firewallMark: 5 }),
    ).toEqual(['fwmark 4294967295', 'tcp 10.0.0.1:80', 'fwmark 5']);
  });

  it('compares a pair of both families as the family of its first does', () => {
    expect(sortedDestinations(['f001:db8::1', 80], ['10.0.0.11', 80], ['1001:db8::1', 80])).toEqual(
      ['[f001:db8::1]:80', '10.0.0.11:80', '[1001:db8::1]:80'],
    );
  });
});
