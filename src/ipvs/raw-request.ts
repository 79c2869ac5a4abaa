import {
  AF_INET,
  daemonRecord,
  destinationRecord,
  requestRecord,
  serviceRecord,
} from '../native/ipvs-records.ts';
import type { RecordView } from './record-view.ts';
import { commandOf } from './request-type.ts';
import type { Timeouts } from './timeouts.ts';

// Requests as the kernel takes them, for programs that pass on what they are told and leave it to the
// kernel to refuse. `change.ts` has the ones that are checked. Texts are bytes, one character each.

/** A service with everything that a request about it may carry. */
export interface RawService {
  /** `AF_INET` or `AF_INET6`. */
  family: number;
  protocol: number;
  /** 16 bytes, of which IPv4 is the first four. */
  address: Uint8Array;
  port: number;
  /** When not 0, the service is this mark alone, without protocol, address and port. */
  firewallMark: number;
  /** At most 15 bytes. */
  scheduler: string;
  /** At most 16 bytes. */
  engine: string;
  flags: number;
  timeoutSeconds: number;
  /** IPv4: the mask as a number; IPv6: the length of the prefix. */
  netmask: number;
}

export interface RawDestination {
  family: number;
  address: Uint8Array;
  port: number;
  /** `IP_VS_CONN_F_*`, as `ipvs-records.ts` has them. */
  forwarding: number;
  weight: number;
  upperThreshold: number;
  lowerThreshold: number;
  tunnelType: number;
  tunnelPort: number;
  tunnelFlags: number;
}

/** A sync daemon; 0 and absent ask for what the kernel has for a default. */
export interface RawDaemon {
  /** 1 the master, 2 the backup. */
  state: number;
  /** At most 15 bytes. */
  interface: string;
  syncId: number;
  maxLength: number;
  port: number;
  ttl: number;
  group: { readonly family: number; readonly address: Uint8Array } | undefined;
}

export type RawRequest =
  | {
      readonly type: 'add-service' | 'edit-service' | 'remove-service';
      readonly service: Readonly<RawService>;
    }
  | {
      readonly type: 'add-destination' | 'edit-destination' | 'remove-destination';
      readonly service: Readonly<RawService>;
      readonly destination: Readonly<RawDestination>;
    }
  | { readonly type: 'flush' }
  | { readonly type: 'zero'; readonly service: Readonly<RawService> | undefined }
  | { readonly type: 'set-timeouts'; readonly timeouts: Timeouts }
  | {
      readonly type: 'start-sync-daemon' | 'stop-sync-daemon';
      readonly daemon: Readonly<RawDaemon>;
    };

/** Writes a request into its record, which is all zeros. */
export function writeRawRequest(view: RecordView, at: number, request: RawRequest): void {
  view.setU32(at + requestRecord.command, commandOf[request.type]);
  if ('destination' in request) {
    writeDestination(view, at + requestRecord.destination, request.destination);
  }
  if ('service' in request && request.service !== undefined) {
    view.setU32(at + requestRecord.hasService, 1);
    writeRawService(view, at + requestRecord.service, request.service);
  }
  if ('daemon' in request) writeDaemon(view, at + requestRecord.daemon, request.daemon);
  if ('timeouts' in request) {
    const { tcp, tcpFin, udp } = request.timeouts;
    view.setU32(at + requestRecord.timeouts, tcp);
    view.setU32(at + requestRecord.timeouts + 4, tcpFin);
    view.setU32(at + requestRecord.timeouts + 8, udp);
  }
}

/** Writes a service into its record, which is all zeros. */
export function writeRawService(view: RecordView, at: number, service: Readonly<RawService>): void {
  view.setU16(at + serviceRecord.family, service.family);
  view.setU16(at + serviceRecord.protocol, service.protocol);
  view.setU16(at + serviceRecord.port, service.port);
  view.setU32(at + serviceRecord.firewallMark, service.firewallMark);
  view.setU32(at + serviceRecord.flags, service.flags);
  view.setU32(at + serviceRecord.timeout, service.timeoutSeconds);
  view.setU32(at + serviceRecord.netmask, service.netmask);
  writeAddress(view, at + serviceRecord.address, service);
  view.setText(at + serviceRecord.scheduler, service.scheduler);
  view.setText(at + serviceRecord.engine, service.engine);
}

function writeDestination(
  view: RecordView,
  at: number,
  destination: Readonly<RawDestination>,
): void {
  view.setU16(at + destinationRecord.family, destination.family);
  view.setU16(at + destinationRecord.port, destination.port);
  view.setU32(at + destinationRecord.forwarding, destination.forwarding);
  view.setU32(at + destinationRecord.weight, destination.weight);
  view.setU32(at + destinationRecord.upperThreshold, destination.upperThreshold);
  view.setU32(at + destinationRecord.lowerThreshold, destination.lowerThreshold);
  writeAddress(view, at + destinationRecord.address, destination);
  view.setU8(at + destinationRecord.tunnelType, destination.tunnelType);
  view.setU16(at + destinationRecord.tunnelPort, destination.tunnelPort);
  view.setU16(at + destinationRecord.tunnelFlags, destination.tunnelFlags);
}

function writeDaemon(view: RecordView, at: number, daemon: Readonly<RawDaemon>): void {
  view.setU32(at + daemonRecord.state, daemon.state);
  view.setU32(at + daemonRecord.syncId, daemon.syncId);
  view.setU16(at + daemonRecord.maxLength, daemon.maxLength);
  view.setU16(at + daemonRecord.port, daemon.port);
  view.setU8(at + daemonRecord.ttl, daemon.ttl);
  view.setText(at + daemonRecord.interface, daemon.interface);
  if (daemon.group === undefined) return;
  view.setU16(at + daemonRecord.groupFamily, daemon.group.family);
  writeAddress(view, at + daemonRecord.group, daemon.group);
}

function writeAddress(
  view: RecordView,
  at: number,
  { family, address }: { readonly family: number; readonly address: Uint8Array },
): void {
  view.u8.set(family === AF_INET ? address.subarray(0, 4) : address.subarray(0, 16), at);
}
