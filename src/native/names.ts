/**
 * Names as the C library finds them. Names are bytes, one character of the string for each. The
 * calls block, for as long as a name server takes.
 */
export interface NamesAddon {
  /** The first IPv4 address that `gethostbyname()` has, 4 bytes. */
  hostAddress(name: string): Uint8Array | undefined;
  /** What `gethostbyaddr()` has for an address of 4 or 16 bytes. */
  hostName(address: Uint8Array): string | undefined;
  /** What `getservbyname()` has. */
  servicePort(name: string, protocol: string): number | undefined;
  /** What `getservbyport()` has. */
  serviceName(port: number, protocol: string): string | undefined;
  /** What `strerror()` says of an error number. */
  errorText(errno: number): string;
}
