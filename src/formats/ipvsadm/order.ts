import type { DestinationState, ServiceState } from '../../ipvs/table.ts';
import { parseIpInto } from '../../net/ip.ts';
import { isIpv6Service } from './service-text.ts';

/** Less than 0 when the first of two belongs before the second, by their places. */
export type Compare = (first: number, second: number) => number;

/**
 * The places 0 to `count` in order.
 *
 * ipvsadm compares addresses by a difference that turns round at 2^31, so 10.0.0.1 is before
 * 127.0.0.1, that before 192.0.0.1, and that before 10.0.0.1. What comes out of an order with
 * circles depends on which pairs are compared: this is the merge sort of the C library's `qsort`,
 * that takes its halves from the top down and the first of two equals first.
 */
export function mergeSort(count: number, compare: Compare): Uint32Array {
  const places = Uint32Array.from({ length: count }, (_, place) => place);
  const merged = new Uint32Array(count);
  const sort = (from: number, to: number): void => {
    if (to - from < 2) return;
    const middle = from + ((to - from) >> 1);
    sort(from, middle);
    sort(middle, to);
    let left = from;
    let right = middle;
    let at = from;
    while (left < middle && right < to) {
      const first = places[left] ?? 0;
      const second = places[right] ?? 0;
      if (compare(first, second) <= 0) {
        merged[at++] = first;
        left++;
      } else {
        merged[at++] = second;
        right++;
      }
    }
    // What is left of the right half is where it belongs already.
    while (left < middle) merged[at++] = places[left++] ?? 0;
    places.set(merged.subarray(from, at), from);
  };
  sort(0, count);
  return places;
}

/** The 32-bit words of addresses, four for each, in the host's order; 0 behind the one of IPv4. */
class Addresses {
  readonly #words: Uint32Array;
  readonly #ipv6: Uint8Array;
  readonly #bytes: Uint8Array = new Uint8Array(16);
  readonly #view: DataView = new DataView(this.#bytes.buffer);

  constructor(count: number) {
    this.#words = new Uint32Array(count * 4);
    this.#ipv6 = new Uint8Array(count);
  }

  set(place: number, address: string): void {
    if (parseIpInto(address, this.#bytes, 0, 'address') === 'ipv4') {
      this.#words[place * 4] = this.#view.getUint32(0);
      return;
    }
    this.#ipv6[place] = 1;
    for (let word = 0; word < 4; word++) {
      this.#words[place * 4 + word] = this.#view.getUint32(word * 4);
    }
  }

  /** As the family of the first has it, whatever that of the second is. */
  compare(first: number, second: number): number {
    const words = this.#words;
    const count = this.#ipv6[first] === 1 ? 4 : 1;
    for (let word = 0; word < count; word++) {
      const left = words[first * 4 + word] ?? 0;
      const right = words[second * 4 + word] ?? 0;
      if (left !== right) return (left - right) | 0;
    }
    return 0;
  }
}

/** Destinations in the order ipvsadm prints them: by address, by port, then as they are. */
export function sortDestinations(
  destinations: readonly DestinationState[],
): readonly DestinationState[] {
  const { length } = destinations;
  if (length < 2) return destinations;
  const addresses = new Addresses(length);
  const ports = new Uint16Array(length);
  for (let place = 0; place < length; place++) {
    const { address, port } = (destinations[place] as DestinationState).key;
    addresses.set(place, address);
    ports[place] = port;
  }
  const order = mergeSort(
    length,
    (first, second) =>
      addresses.compare(first, second) || (ports[first] ?? 0) - (ports[second] ?? 0),
  );
  return Array.from(order, (place) => destinations[place] as DestinationState);
}

const protocolNumbers: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** The number of a protocol, also of one that has no name (`ip-47`). */
function protocolNumber(name: string): number {
  return protocolNumbers[name] ?? Number(name.slice('ip-'.length));
}

/**
 * Services in the order ipvsadm prints them: by firewall mark, family, protocol, address, port, then
 * as they are.
 */
export function sortServices(services: readonly ServiceState[]): readonly ServiceState[] {
  const { length } = services;
  if (length < 2) return services;
  const addresses = new Addresses(length);
  const marks = new Uint32Array(length);
  // Family and protocol are one number, since small ones have no turn.
  const kinds = new Uint32Array(length);
  const ports = new Uint16Array(length);
  for (let place = 0; place < length; place++) {
    const { key } = services[place] as ServiceState;
    const family = isIpv6Service(key) ? 0x10000 : 0;
    if (key.firewallMark === undefined) {
      kinds[place] = family + protocolNumber(key.protocol);
      addresses.set(place, key.address);
      ports[place] = key.port;
    } else {
      kinds[place] = family;
      marks[place] = key.firewallMark;
    }
  }
  const order = mergeSort(
    length,
    (first, second) =>
      ((marks[first] ?? 0) - (marks[second] ?? 0)) | 0 ||
      (kinds[first] ?? 0) - (kinds[second] ?? 0) ||
      addresses.compare(first, second) ||
      (ports[first] ?? 0) - (ports[second] ?? 0),
  );
  return Array.from(order, (place) => services[place] as ServiceState);
}
