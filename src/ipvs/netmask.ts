import { checkInteger } from '../check.ts';
import { formatIp, parseIp } from '../net/ip.ts';

/**
 * The number a persistence netmask has in a record: the mask itself for IPv4, the length for IPv6.
 *
 * @param netmask A prefix length, a dotted IPv4 mask, or absent for the whole address.
 */
export function netmaskNumber(netmask: number | string | undefined, ipv6: boolean): number {
  if (netmask === undefined) return ipv6 ? 128 : 0xffffffff;
  if (typeof netmask === 'string') {
    const mask = parseIp(netmask, 'persistence netmask');
    if (ipv6 || mask.family === 'ipv6') {
      throw new RangeError(
        `persistence netmask ${JSON.stringify(netmask)} must be ${ipv6 ? 'a prefix length for an IPv6 service' : 'an IPv4 mask or a prefix length'}`,
      );
    }
    return new DataView(mask.bytes.buffer).getUint32(0);
  }
  if (ipv6) {
    checkInteger(netmask, 1, 128, 'persistence netmask');
    return netmask;
  }
  checkInteger(netmask, 0, 32, 'persistence netmask');
  return netmask === 0 ? 0 : (0xffffffff << (32 - netmask)) >>> 0;
}

/** The prefix length of a netmask in a record; a mask with holes as dotted text. */
export function netmaskOf(value: number, ipv6: boolean): number | string {
  if (ipv6) return value;
  const length = Math.clz32(~value);
  const contiguous = netmaskNumber(length, false) === value;
  if (contiguous) return length;
  return formatIp(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value));
}
