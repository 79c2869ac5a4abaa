import type { DestinationState, ServiceState } from '../../ipvs/table.ts';
import { parseIpInto } from '../../net/ip.ts';
import { isIpv6Service } from './service-text.ts';

/** Less than 0 when the first of two belongs before the second, by their places. */
export type Compare = (first: number, second: number) => number;

/**
 * Puts the places from 0 to the count of `places` in order, and leaves them there.
 *
 * ipvsadm compares addresses by a difference that turns round at 2^31, so 10.0.0.1 is before
 * 127.0.0.1, that before 192.0.0.1, and that before 10.0.0.1. What comes out of an order with
 * circles depends on which pairs are compared: this is the merge sort of the C library's `qsort`,
 * that takes its halves from the top down and the first of two equals first.
 *
 * @param merged Room for as many.
 */
export function mergeSort(
  places: Uint32Array,
  merged: Uint32Array,
  count: number,
  compare: Compare,
): void {
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
    for (let place = from; place < at; place++) places[place] = merged[place] ?? 0;
  };
  for (let place = 0; place < count; place++) places[place] = place;
  sort(0, count);
}

/**
 * What is compared of services and destinations. A table has thousands of services with few
 * destinations each, so the arrays are used again and again.
 */
class SortKeys {
  places: Uint32Array = new Uint32Array(0);
  merged: Uint32Array = new Uint32Array(0);
  marks: Uint32Array = new Uint32Array(0);
  /** Family and protocol as one number, since small ones have no turn. */
  kinds: Uint32Array = new Uint32Array(0);
  ports: Uint16Array = new Uint16Array(0);
  /** The 32-bit words of addresses, four for each, in the host's order; IPv4 has the first. */
  words: Uint32Array = new Uint32Array(0);
  ipv6: Uint8Array = new Uint8Array(0);
  readonly bytes: Uint8Array = new Uint8Array(16);
  readonly view: DataView = new DataView(this.bytes.buffer);

  /** Makes room for `count` keys. */
  reserve(count: number): void {
    if (this.places.length >= count) return;
    const room = Math.max(64, count);
    this.places = new Uint32Array(room);
    this.merged = new Uint32Array(room);
    this.marks = new Uint32Array(room);
    this.kinds = new Uint32Array(room);
    this.ports = new Uint16Array(room);
    this.words = new Uint32Array(room * 4);
    this.ipv6 = new Uint8Array(room);
  }

  setAddress(place: number, address: string): void {
    const { words, view } = this;
    const family = parseIpInto(address, this.bytes, 0, 'address');
    this.ipv6[place] = family === 'ipv6' ? 1 : 0;
    words[place * 4] = view.getUint32(0);
    for (let word = 1; word < 4; word++) {
      words[place * 4 + word] = family === 'ipv6' ? view.getUint32(word * 4) : 0;
    }
  }

  /** As the family of the first has it, whatever that of the second is. */
  compareAddresses(first: number, second: number): number {
    const { words } = this;
    const count = this.ipv6[first] === 1 ? 4 : 1;
    for (let word = 0; word < count; word++) {
      const left = words[first * 4 + word] ?? 0;
      const right = words[second * 4 + word] ?? 0;
      if (left !== right) return (left - right) | 0;
    }
    return 0;
  }

  comparePorts(first: number, second: number): number {
    return (this.ports[first] ?? 0) - (this.ports[second] ?? 0);
  }

  /** The items in the order of the places. */
  ordered<Item>(items: readonly Item[], compare: Compare): readonly Item[] {
    mergeSort(this.places, this.merged, items.length, compare);
    const ordered: Item[] = [];
    for (let at = 0; at < items.length; at++) ordered.push(items[this.places[at] ?? 0] as Item);
    return ordered;
  }
}

const keys = new SortKeys();

const compareDestinations: Compare = (first, second) =>
  keys.compareAddresses(first, second) || keys.comparePorts(first, second);

/** Destinations in the order ipvsadm prints them: by address, by port, then as they are. */
export function sortDestinations(
  destinations: readonly DestinationState[],
): readonly DestinationState[] {
  const { length } = destinations;
  if (length < 2) return destinations;
  keys.reserve(length);
  for (let place = 0; place < length; place++) {
    const { address, port } = (destinations[place] as DestinationState).key;
    keys.setAddress(place, address);
    keys.ports[place] = port;
  }
  return keys.ordered(destinations, compareDestinations);
}

const protocolNumbers: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** The number of a protocol, also of one that has no name (`ip-47`). */
function protocolNumber(name: string): number {
  return protocolNumbers[name] ?? Number(name.slice('ip-'.length));
}

const compareServices: Compare = (first, second) =>
  ((keys.marks[first] ?? 0) - (keys.marks[second] ?? 0)) | 0 ||
  (keys.kinds[first] ?? 0) - (keys.kinds[second] ?? 0) ||
  keys.compareAddresses(first, second) ||
  keys.comparePorts(first, second);

/**
 * Services in the order ipvsadm prints them: by firewall mark, family, protocol, address, port, then
 * as they are.
 */
export function sortServices(services: readonly ServiceState[]): readonly ServiceState[] {
  const { length } = services;
  if (length < 2) return services;
  keys.reserve(length);
  for (let place = 0; place < length; place++) {
    const { key } = services[place] as ServiceState;
    const marked = key.firewallMark !== undefined;
    const family = isIpv6Service(key) ? 0x10000 : 0;
    keys.marks[place] = marked ? key.firewallMark : 0;
    keys.kinds[place] = family + (marked ? 0 : protocolNumber(key.protocol));
    keys.setAddress(place, marked ? '0.0.0.0' : key.address);
    keys.ports[place] = marked ? 0 : key.port;
  }
  return keys.ordered(services, compareServices);
}
