/**
 * The packed records of `native/ipvs/records.h`: sizes and byte offsets. All integers are in host
 * order and naturally aligned, so typed arrays read and write them; addresses are in network order.
 */

export const statisticsRecord = {
  size: 80,
} as const;

export const serviceRecord = {
  size: 80,
  family: 0,
  protocol: 2,
  port: 4,
  firewallMark: 8,
  flags: 12,
  timeout: 16,
  netmask: 20,
  address: 24,
  scheduler: 40,
  engine: 56,
  destinationCount: 76,
} as const;

export const destinationRecord = {
  size: 64,
  family: 0,
  port: 2,
  forwarding: 4,
  weight: 8,
  upperThreshold: 12,
  lowerThreshold: 16,
  activeConnections: 20,
  inactiveConnections: 24,
  persistentConnections: 28,
  address: 32,
  tunnelType: 48,
  tunnelPort: 50,
  tunnelFlags: 52,
} as const;

export const daemonRecord = {
  size: 48,
  state: 0,
  syncId: 4,
  maxLength: 8,
  port: 10,
  ttl: 12,
  groupFamily: 14,
  interface: 16,
  group: 32,
} as const;

export const requestRecord = {
  size: 152,
  command: 0,
  hasService: 4,
  service: 8,
  destination: 88,
  daemon: 8,
  timeouts: 8,
} as const;

/** `IPVS_CMD_*` of `<linux/ip_vs.h>`: those a batch may hold. `getService` changes nothing. */
export const command = {
  newService: 1,
  setService: 2,
  delService: 3,
  getService: 4,
  newDest: 5,
  setDest: 6,
  delDest: 7,
  newDaemon: 9,
  delDaemon: 10,
  setConfig: 12,
  zero: 16,
  flush: 17,
} as const;

export type Command = (typeof command)[keyof typeof command];

/** Address families as Linux numbers them. */
export const AF_INET = 2;
export const AF_INET6 = 10;
