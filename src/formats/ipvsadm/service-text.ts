import { netmaskNumber } from '../../ipvs/netmask.ts';
import type { Protocol, ServiceKey } from '../../ipvs/service.ts';
import type { ServiceState } from '../../ipvs/table.ts';

/** Whether a service is of IPv6, by its address or, with a firewall mark, by its family. */
export function isIpv6Service(key: ServiceKey): boolean {
  return key.firewallMark === undefined ? key.address.includes(':') : key.family === 'ipv6';
}

/** The protocol whose names its ports have; none for a firewall mark. */
export function portProtocol(key: ServiceKey): Protocol | undefined {
  return key.firewallMark === undefined ? key.protocol : undefined;
}

/** A firewall mark as ipvsadm prints it, signed. */
export function markText(firewallMark: number): string {
  return `${firewallMark | 0}`;
}

/** Whether any bit of the scheduler is set, be there a name for it or not. */
export function hasSchedulerFlags(service: ServiceState): boolean {
  return service.schedulerFlags.length > 0;
}

/** The flags that the scheduler has names for. Those of sh and mh have two, so their third is lost. */
export function schedulerFlagsText({ scheduler, schedulerFlags }: ServiceState): string {
  const named = scheduler === 'sh' || scheduler === 'mh';
  return schedulerFlags.filter((flag) => !named || !flag.startsWith('flag-')).join();
}

/** The netmask of a persistent service; undefined where every client counts by itself. */
export function netmaskText(service: ServiceState): string | undefined {
  const { persistence } = service;
  if (persistence === undefined) return undefined;
  const { netmask } = persistence;
  if (isIpv6Service(service.key)) return netmask === 128 ? undefined : `${netmask}`;
  const mask = netmaskNumber(netmask, false);
  if (mask === 0xffffffff) return undefined;
  return `${mask >>> 24}.${(mask >>> 16) & 0xff}.${(mask >>> 8) & 0xff}.${mask & 0xff}`;
}
