import { formatIp } from './ip.ts';
import { uapi } from './uapi.ts';

/**
 * Reads a link-layer address: pairs of hexadecimal digits with colons, six of them for Ethernet.
 *
 * @throws TypeError when it is not a string, RangeError when it is no such address.
 */
export function parseLinkLayerAddress(text: string, what: string): Uint8Array {
  if (typeof text !== 'string') throw new TypeError(`${what} must be a string`);
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){0,31}$/i.test(text)) {
    throw new RangeError(
      `${what} ${JSON.stringify(text)} is not a link-layer address such as 02:00:00:00:00:01`,
    );
  }
  return Uint8Array.from(text.split(':'), (pair) => Number.parseInt(pair, 16));
}

/** Prints a link-layer address as pairs of hexadecimal digits with colons. */
export function formatLinkLayerAddress(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

const hardwareWithIpv4: readonly number[] = [
  uapi.ARPHRD_TUNNEL,
  uapi.ARPHRD_SIT,
  uapi.ARPHRD_IPGRE,
];
const hardwareWithIpv6: readonly number[] = [uapi.ARPHRD_TUNNEL6, uapi.ARPHRD_IP6GRE];

/** Prints the address of a link: for a tunnel that is its local IP address. */
export function formatHardwareAddress(bytes: Uint8Array, hardwareType: number): string {
  const isIp =
    (bytes.length === 4 && hardwareWithIpv4.includes(hardwareType)) ||
    (bytes.length === 16 && hardwareWithIpv6.includes(hardwareType));
  return isIp ? formatIp(bytes) : formatLinkLayerAddress(bytes);
}
